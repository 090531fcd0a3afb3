"""Ways to damage the folder of a training run of three epochs, one by one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Damage = Callable[[Path, Path], None]
"""From the folder to damage and the folder of another run of the same configuration."""


def record(change: Callable[[dict[str, Any]], Any]) -> Damage:
    """Change the parsed record."""

    def apply(folder: Path, other: Path) -> None:
        path = folder / "record.json"
        content = json.loads(path.read_text())
        changed = change(content)
        path.write_text(json.dumps(content if changed is None else changed))

    return apply


def raw(content: bytes) -> Damage:
    """Other bytes in place of the record."""
    return lambda folder, other: (folder / "record.json").write_bytes(content) and None


def cut(name: str, share: float) -> Damage:
    def apply(folder: Path, other: Path) -> None:
        path = folder / name
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return apply


def flip(name: str, share: float) -> Damage:
    """One flipped bit, at a share of the file's length."""

    def apply(folder: Path, other: Path) -> None:
        path = folder / name
        content = bytearray(path.read_bytes())
        content[int((len(content) - 1) * share)] ^= 4
        path.write_bytes(content)

    return apply


def gone(name: str) -> Damage:
    return lambda folder, other: (folder / name).unlink()


def copied(source: str, target: str) -> Damage:
    return lambda folder, other: shutil.copy(folder / source, folder / target) and None


def foreign(name: str) -> Damage:
    return lambda folder, other: shutil.copy(other / name, folder / name) and None


def folder_named(name: str) -> Damage:
    def apply(folder: Path, other: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return apply


def both(first: Damage, second: Damage) -> Damage:
    def apply(folder: Path, other: Path) -> None:
        first(folder, other)
        second(folder, other)

    return apply


def entry(number: int, **values: Any) -> Damage:
    return record(lambda content: content["history"][number - 1].update(values))


def field(**values: Any) -> Damage:
    return record(lambda content: content.update(values))


def _noise(folder: Path, other: Path) -> None:
    (folder / LAST).write_bytes(np.random.default_rng(0).bytes(4000))


def _without_epoch(content: dict[str, Any]) -> None:
    content["history"].pop(1)


LAST, BEFORE = "last-0003.keras", "last-0002.keras"
AVERAGE, BEFORE_AVERAGE = "average-0003.npz", "average-0002.npz"
BEST = "best.keras"

# Damage to the last epoch alone: the run goes on from the epoch before.
RECOVERED: dict[str, Damage] = {
    "last gone": gone(LAST),
    "last empty": cut(LAST, 0),
    "last cut": cut(LAST, 0.5),
    "last, a flipped bit": flip(LAST, 0.7),
    "last of noise": _noise,
    "last replaced by best": copied(BEST, LAST),
    "last replaced by the epoch before": copied(BEFORE, LAST),
    "last of another run": foreign(LAST),
    "average gone": gone(AVERAGE),
    "average cut": cut(AVERAGE, 0.5),
    "average, a flipped bit": flip(AVERAGE, 0.4),
    "average of the epoch before": copied(BEFORE_AVERAGE, AVERAGE),
    "average of another run": foreign(AVERAGE),
    "last and average cut": both(cut(LAST, 0.9), cut(AVERAGE, 0.9)),
}

# What cannot be repaired: one sentence that names the file.
REFUSED: dict[str, Damage] = {
    "last a folder": folder_named(LAST),
    "both epochs gone": both(gone(LAST), gone(BEFORE)),
    "both epochs cut": both(cut(LAST, 0.5), cut(BEFORE, 0.5)),
    "last and the average before": both(gone(LAST), gone(BEFORE_AVERAGE)),
    "best gone": gone(BEST),
    "best empty": cut(BEST, 0),
    "best cut": cut(BEST, 0.8),
    "best, a flipped bit": flip(BEST, 0.6),
    "best of another run": foreign(BEST),
    "best replaced by last": copied(LAST, BEST),
    "best a folder": folder_named(BEST),
    "record empty": raw(b""),
    "record cut": cut("record.json", 0.5),
    "record null": raw(b"null"),
    "record a list": raw(b"[1]"),
    "record a number": raw(b"3"),
    "record binary": raw(bytes(range(128, 256))),
    "record UTF-16": lambda folder, other: (
        (folder / "record.json").write_text((folder / "record.json").read_text(), encoding="utf-16") and None
    ),
    "record deep": raw(b'{"a":' * 100_000),
    "record a folder": folder_named("record.json"),
    "no history": record(lambda content: content.pop("history") and None),
    "no configuration": record(lambda content: content.pop("config") and None),
    "no best epoch": record(lambda content: content.pop("best_epoch") and None),
    "no status": record(lambda content: content.pop("status") and None),
    "history a number": field(history=3),
    "history of numbers": field(history=[1, 2, 3]),
    "history null": field(history=None),
    "history without an epoch": record(_without_epoch),
    "history reversed": record(lambda content: content["history"].reverse()),
    "an epoch twice": record(lambda content: content["history"].append(content["history"][-1])),
    "NaN in the history": entry(2, loss=float("nan")),
    "infinity in the history": entry(2, mean_iou=float("inf")),
    "text in the history": entry(1, mean_iou="high"),
    "a score above 1": entry(3, mean_iou=1.5),
    "a score below 0": entry(3, global_accuracy=-0.1),
    "a score missing": record(lambda content: content["history"][0].pop("class_average") and None),
    "best epoch too large": field(best_epoch=9),
    "best epoch negative": field(best_epoch=-1),
    "best epoch zero": field(best_epoch=0),
    "best epoch text": field(best_epoch="two"),
    "best epoch true": field(best_epoch=True),
    "status unknown": field(status="lost"),
    "configuration a list": field(config=[1]),
    "configuration null": field(config=None),
    "configuration with an unknown field": record(lambda content: content["config"].update(colour=1)),
    "configuration out of range": record(lambda content: content["config"].update(epochs=-3)),
    "classes a number": field(classes=7),
    "classes without names": field(classes={"names": [], "colors": []}),
    "digests a list": field(files=[1]),
    "digests of numbers": field(files={LAST: 1}),
    "images a list": field(images=[1]),
    "adjustment a list": field(adjustment=[1]),
    "adjustment of no epoch": field(adjustment={"offsets": [0.0], "scores": {}}),
    "speed-ups unknown": field(speed_ups={"used": ["magic"], "source": "measured", "seconds": {}}),
}
