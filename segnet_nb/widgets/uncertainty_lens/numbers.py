"""The pictures and numbers of the uncertainty lens as pure functions of its state.

``images.js`` paints the same pictures in the browser, in the same integers.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from segnet_nb.metrics.calibration import calibration, selective_accuracy

SHARES = tuple(round(i / 20, 2) for i in range(1, 21))
"""Shares of the pixels that may be kept: 5 % to 100 %."""

RIGHT, WRONG = (226, 226, 226), (213, 94, 0)
RIGHT_LEFT_OUT, WRONG_LEFT_OUT = (152, 190, 219), (0, 87, 148)
VOID = (60, 60, 60)
HATCH = ((236, 236, 236), (176, 176, 176))


@cache
def color_map() -> np.ndarray:
    """256 colours from dark to bright, uint8, shape ``(256, 3)``; in grey it rises evenly too."""
    import matplotlib

    return (matplotlib.colormaps["magma"](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def brightest(values: np.ndarray) -> float:
    """The value that gets the brightest colour: of all, one in 200 is above it."""
    found = float(np.quantile(values, 0.995))
    return found if found > 0 else 1.0


def levels(values: np.ndarray, top: float) -> np.ndarray:
    """Uncertainty in 256 steps, uint8: 255 from ``top`` on."""
    return np.minimum(np.round(values / top * 255), 255).astype(np.uint8)


def kept_levels(level: np.ndarray, known: np.ndarray) -> list[int]:
    """For each of ``SHARES`` the level up to which pixels are kept, so that at least that share is."""
    counts = np.cumsum(np.bincount(level[known], minlength=256))
    if not counts[-1]:
        return [255] * len(SHARES)
    return [int(np.searchsorted(counts, share * counts[-1] - 1e-6)) for share in SHARES]


def kept_curve(
    level: np.ndarray, labels: np.ndarray, predicted: np.ndarray, void_id: int
) -> list[float | None]:
    """Accuracy of the most certain pixels for each of ``SHARES``; None where there is no ground truth."""
    if (labels == void_id).all():
        return [None] * len(SHARES)
    return selective_accuracy(level, labels, predicted, coverages=SHARES, void_id=void_id).tolist()


def calibration_of(
    confidence: np.ndarray, labels: np.ndarray, predicted: np.ndarray, void_id: int
) -> dict[str, object]:
    """Confidence, accuracy and error as plain numbers; None in empty bins."""
    if (labels == void_id).all():
        return {"confidence": [], "accuracy": [], "error": None}
    found = calibration(confidence, labels, predicted, void_id=void_id)
    plain = [[None if np.isnan(v) else float(v) for v in part] for part in (found.confidence, found.accuracy)]
    return {"confidence": plain[0], "accuracy": plain[1], "error": found.error}


def compose(
    labels: np.ndarray, predicted: np.ndarray, level: np.ndarray, limit: int, palette: np.ndarray
) -> dict[str, np.ndarray]:
    """The pictures beside the image.

    Args:
        labels: uint8 ids, void last, shape ``(height, width)``.
        predicted: uint8 ids, same shape.
        level: uncertainty in 256 steps, same shape.
        limit: pixels above this level are left out.
        palette: uint8, shape ``(num_classes + 1, 3)``.

    Returns:
        uint8 RGB pictures ``prediction``, ``errors`` and ``uncertainty``, shape ``(height, width, 3)``.
    """
    left_out, void_id = level > limit, len(palette) - 1
    rows, columns = np.indices(labels.shape)
    hatch = np.array(HATCH, np.uint8)[(rows + columns) // 3 % 2]
    prediction = np.where(left_out[..., None], hatch, palette[predicted])
    wrong, void = labels != predicted, labels == void_id
    kinds = np.where(void, 4, wrong + 2 * left_out)
    errors = np.array([RIGHT, WRONG, RIGHT_LEFT_OUT, WRONG_LEFT_OUT, VOID], np.uint8)[kinds]
    return {"prediction": prediction, "errors": errors, "uncertainty": color_map()[level]}
