"""Small variables for the exercises of lessons 06 to 11: nothing is trained, predictions are made up."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from segnet_nb import comparison, datasets, keras, probes, segnet_basic
from segnet_nb.course.lesson07 import near_outlines
from segnet_nb.networks.catalogue import DECODERS
from segnet_nb.widgets import (
    IndexAblation,
    IndexMicroscope,
    MaskInspector,
    PoolingPlayground,
    UncertaintyLens,
)


@cache
def _small_streets() -> Any:
    return datasets.load("synthetic", "val", image_size=(32, 48), count=3)


@cache
def _small_segnet() -> keras.Model:
    keras.utils.set_random_seed(1)
    return segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)


def lesson06() -> dict[str, Any]:
    model, data = _small_segnet(), _small_streets()
    bench = probes.AblationBench(model, data.images, data.labels, data.classes)
    trace = probes.trace_unpooling(model, data.images[0])
    return {
        "playground": PoolingPlayground(),
        "rows": 32,
        "columns": 48,
        "microscope": IndexMicroscope([trace], stage=2),
        "bench": bench,
        "ablation": IndexAblation(bench, modes=["random"] * len(bench.stages), share=1.0),
    }


def lesson07() -> dict[str, Any]:
    data = _small_streets()
    predictions = probes.probe_predictions(_small_segnet(), data)
    # Of the probabilities those that are above a hundredth, in its steps: nothing was trained.
    rng = np.random.default_rng(3)
    sure = rng.uniform(0.3, 1, data.labels.shape)
    correct = (rng.random(sure.shape) < sure) & (data.labels < data.classes.num_classes)
    top = predictions.top_probabilities.copy()
    top[..., 0] = sure
    ids = predictions.top_classes.copy()
    ids[..., 0] = np.where(correct, data.labels, (data.labels + 1) % data.classes.num_classes)
    predictions = replace(predictions, top_probabilities=top, top_classes=ids)
    known = data.labels != data.classes.void_id
    return {
        "data": data,
        "known": known,
        "near": known & np.array([near_outlines(labels) for labels in data.labels]),
        "predictions": predictions,
        "confidence": predictions.top_probabilities[..., 0].astype(float),
        "wrong": known & (predictions.predicted_labels != data.labels),
        "inspector": MaskInspector(predictions),
    }


def lesson08() -> dict[str, Any]:
    data = _small_streets()
    sampled = _certain_of_all_but_a_tenth()
    variance = np.where(data.labels == 1, 0.02, 0.001) + np.where(data.labels == 5, 0.04, 0)
    return {
        "data": data,
        "lens": UncertaintyLens(sampled),
        "samples": 4,
        "found": SimpleNamespace(variance=variance),
    }


@cache
def _certain_of_all_but_a_tenth() -> Any:
    """Samples with an entropy that is larger at the tenth of the pixels that are wrong."""
    data, rng = _small_streets(), np.random.default_rng(5)
    off = rng.random(data.labels.shape) < 0.1
    predicted = np.where(off, (data.labels + 1) % 11, data.labels % 11).astype("uint8")
    level = np.where(off, 0.9, 0.1) + 0.3 * rng.random(off.shape)
    shape = (2, *off.shape)
    return probes.SampledPredictions(
        images=data.images,
        labels=data.labels,
        classes=data.classes,
        names=data.names,
        counts=(2, 4),
        predictions=np.broadcast_to(predicted, shape).copy(),
        confidence=np.full(shape, 0.9, "float16"),
        measures={
            name: np.broadcast_to(level, shape).astype("float16")
            for name in ("variance", "entropy", "mutual_information")
        },
    )


def lesson09() -> dict[str, Any]:
    return {"DECODERS": DECODERS, "comparison": comparison}


def lesson10() -> dict[str, Any]:
    operators = ("ADD", "ARG_MAX", "CONCATENATION", "CONV_2D", "GREATER", "MAXIMUM", "MUL", "PACK", "SUB")
    return {
        "exported": {"tflite": SimpleNamespace(operators=operators)},
        "sizes": [(60, 80), (120, 160), (240, 320)],
        "seconds": [0.01, 0.03, 0.1],
    }


def lesson11() -> dict[str, Any]:
    from PIL import Image
    from scipy import ndimage

    out = Path(tempfile.mkdtemp())
    # Two cells that touch at a corner, one that is bent, and one pixel at the edge.
    rows = ("11000000", "11000001", "00110000", "00110110", "00000010", "00000011")
    mask = np.array([[int(each) for each in row] for row in rows], "uint8")
    Image.fromarray(mask).save(out / "first.png")
    summary = {"images": [{"mask": "first.png"}]}
    return {"out": out, "summary": summary, "Image": Image, "ndimage": ndimage}
