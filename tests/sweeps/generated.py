"""Folders of sweeps as the engine writes them, made up: no training, no notebook."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

NAMES = ("Sky", "Building", "Pole", "Road")
COLORS = [[128, 128, 128], [128, 0, 0], [192, 192, 128], [128, 64, 128]]
AXES = {"learning_rate": [0.001, 0.01, 0.1], "decoder": ["indices", "bilinear"], "seed": [0, 1, 2]}
VOID = 255


def key_of(parameters: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()[:16]


def png(ids: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(ids).save(file, "PNG", optimize=True)
    return file.getvalue()


def scene(seed: int, size: tuple[int, int], classes: int = len(NAMES)) -> np.ndarray:
    """True ids of a street: bands that bend, a few boxes, a strip of void at the right."""
    rng = np.random.default_rng(seed)
    height, width = size
    rows, columns = np.mgrid[:height, :width]
    wave = height * (0.06 * np.sin(columns / width * 9 + seed) + rng.uniform(-0.05, 0.05))
    ids = np.select([rows < height * 0.35 + wave, rows < height * 0.65 + wave], [0, 1], classes - 1)
    for _ in range(max(3, classes)):
        top, left = rng.integers(0, height * 3 // 4), rng.integers(0, width * 7 // 8)
        ids[top : top + height // 6, left : left + max(2, width // 20)] = rng.integers(0, classes)
    ids[:, width - max(1, width // 16) :] = VOID
    return ids.astype(np.uint8)


def predicted(
    truth: np.ndarray, quality: float, seed: int, classes: int = len(NAMES), speckle: float = 0.0
) -> np.ndarray:
    """The truth with patches of wrong classes, fewer the better the run, and single wrong pixels."""
    rng = np.random.default_rng(seed)
    ids = np.where(truth == VOID, classes - 1, truth).astype(np.uint8)
    height, width = ids.shape
    ids = np.roll(ids, int(rng.integers(-2, 3)), axis=1)  # edges are never exact
    for _ in range(int(60 * (1 - quality))):
        top, left = rng.integers(0, height), rng.integers(0, width)
        ids[top : top + height // 10, left : left + width // 10] = rng.integers(0, classes)
    wrong = rng.random(ids.shape) < speckle
    ids[wrong] = rng.integers(0, classes, int(wrong.sum()))
    return ids


def photo(truth: np.ndarray, seed: int) -> np.ndarray:
    shades = np.random.default_rng(seed).integers(40, 220, (256, 3))
    return shades[truth].astype(np.uint8)


def iou(truth: np.ndarray, ids: np.ndarray, label: int) -> float | None:
    known = truth != VOID
    either = ((truth == label) | (ids == label)) & known
    return float((((truth == label) & (ids == label)) & known).sum() / either.sum()) if either.any() else None


def write_images(
    folder: Path, count: int, size: tuple[int, int], classes: int
) -> list[tuple[str, np.ndarray]]:
    """Images and true classes that all runs share."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(count):
        truth = scene(number, size, classes)
        picture = photo(truth, number)
        key = hashlib.sha256(picture.tobytes()).hexdigest()[:16]
        Image.fromarray(picture).save(folder / "images" / f"{key}.jpg", quality=85)
        (folder / "images" / f"{key}-truth.png").write_bytes(png(truth))
        made.append((key, truth))
    return made


def quality_of(parameters: dict[str, Any]) -> float:
    """How good a run is, 0.2..0.95: by the first of its parameters most, by the seed least."""
    names = sorted(name for name in parameters if name != "seed")
    shares = [0.4, 0.2, 0.1, *[0.0] * len(names)]
    digits = [int(key_of({name: parameters[name]})[:6], 16) / 0xFFFFFF for name in reversed(names)]
    chance = int(key_of(parameters)[:6], 16) / 0xFFFFFF
    return 0.2 + sum(share * digit for share, digit in zip(shares, digits, strict=False)) + 0.05 * chance


def history_of(quality: float, epochs: int) -> list[dict[str, float]]:
    return [
        {
            "epoch": e + 1,
            "loss": round(2.2 * np.exp(-e / 4) + 0.4 - 0.3 * quality, 5),
            "mean_iou": round(quality * (1 - np.exp(-(e + 1) / 5)), 5),
        }
        for e in range(epochs)
    ]


def write_run(folder: Path, record: dict[str, Any], files: dict[str, bytes], *, report: bool = True) -> None:
    """One run's folder, with a small report."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    record["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    if report:
        title = f"report of {record['key']}"
        (folder / "report.html").write_text(
            f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1>"
        )
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")


def run_record(
    parameters: dict[str, Any],
    images: list[tuple[str, np.ndarray]],
    *,
    names: tuple[str, ...] = NAMES,
    colors: list[list[int]] | None = None,
    epochs: int = 12,
    speckle: float = 0.0,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The record and the files of a run that has finished."""
    key, quality = key_of(parameters), quality_of(parameters)
    classes = len(names)
    files, masks, scores = {}, [], {name: [] for name in names}
    for number, (image, truth) in enumerate(images):
        ids = predicted(truth, quality, int(key[:8], 16) + number, classes, speckle)
        path = f"masks/{number + 1:04d}.png"
        files[path] = png(ids)
        masks.append({"image": image, "name": f"{number + 1:04d}", "mask": path})
        for label, name in enumerate(names):
            scores[name].append(iou(truth, ids, label))
    found = {n: [v for v in values if v is not None] for n, values in scores.items()}
    by_class = {name: float(np.mean(values)) if values else None for name, values in found.items()}
    known = [value for value in by_class.values() if value is not None]
    record = {
        "schema": 1,
        "key": key,
        "parameters": parameters,
        "state": "finished",
        "error": None,
        "scores": {
            "mean_iou": float(np.mean(known)) if known else quality,
            "global_accuracy": 0.5 + quality / 2,
        },
        "class_scores": {"iou": by_class},
        "classes": {"names": list(names), "colors": colors or COLORS[:classes]},
        "history": history_of(quality, epochs),
        "masks": masks,
        "seconds": round(20 + 40 * quality, 2),
        "started": "2026-11-26T09:00:00+00:00",
        "worker": "worker-0",
        "versions": {"segnet-nb": "0.1.0"},
    }
    return record, files


def write_sweep(
    folder: Path,
    *,
    axes: dict[str, list[Any]] | None = None,
    fixed: dict[str, Any] | None = None,
    images: int = 2,
    size: tuple[int, int] = (48, 64),
    names: tuple[str, ...] = NAMES,
    colors: list[list[int]] | None = None,
    epochs: int = 12,
    failed: int = 1,
    speckle: float = 0.0,
    title: str = "rates and decoders",
) -> dict[str, dict[str, Any]]:
    """A whole sweep, the product of its axes; the last ``failed`` runs have no score.

    Returns the records by key, in the order of the plan.
    """
    axes = AXES if axes is None else axes
    fixed = {"epochs": epochs, "dataset": "synthetic"} if fixed is None else fixed
    folder.mkdir(parents=True, exist_ok=True)
    shared = write_images(folder, images, size, len(names))
    plans = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    records = {}
    for number, plan in enumerate(plans):
        parameters = {**fixed, **plan}
        if number >= len(plans) - failed:
            record, files = failed_record(parameters), {}
        else:
            record, files = run_record(
                parameters, shared, names=names, colors=colors, epochs=epochs, speckle=speckle
            )
        write_run(folder / "runs" / record["key"], record, files)
        records[record["key"]] = record
    plan = {
        **{"schema": 1, "name": title, "kind": "notebook", "source": "09_decoder_comparison.ipynb"},
        **{"fixed": fixed, "axes": axes, "seeds_parameter": "seed" if "seed" in axes else None},
        **{"maximize": "mean_iou", "runs": list(records)},
    }
    (folder / "sweep.json").write_text(json.dumps(plan), encoding="utf-8")
    return records


def failed_record(parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        **{"schema": 1, "key": key_of(parameters), "parameters": parameters, "state": "failed"},
        **{"error": "the loss was not finite in epoch 3. Use a smaller learning rate.", "scores": {}},
        **{"class_scores": {}, "classes": None, "history": [], "masks": [], "seconds": 4.5},
        **{"started": "2026-11-26T09:10:00+00:00", "worker": "worker-1", "versions": {}},
    }
