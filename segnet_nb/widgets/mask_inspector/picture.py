"""The picture of the mask inspector as a pure function of its state.

``picture.js`` does the same in the browser, in the same integer arithmetic, so that both give the same
pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

OVERLAYS = ("prediction", "truth", "compare", "errors", "none")
DRAWINGS = ("fill", "outline")
NEED_LABELS = ("truth", "compare", "errors")
HIGHLIGHT = (240, 228, 66)
USUAL_THRESHOLD = 90
"""What "certain" means, in percent, while no threshold is set."""
_NOTHING = 255


@dataclass(frozen=True, eq=False)
class MaskData:
    """One image as the browser has it too.

    Attributes:
        photo: uint8 RGB, shape ``(height, width, 3)``.
        truth: uint8 ids, shape ``(height, width)``; all void where there are no labels.
        predicted: uint8 ids, the likeliest class, shape ``(height, width)``.
        percent: its probability in whole percent, uint8, shape ``(height, width)``.
        has_labels: whether there are labels.
    """

    photo: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray
    percent: np.ndarray
    has_labels: bool = True


@dataclass(frozen=True)
class MaskState:
    """How it is shown.

    Attributes:
        overlay: one of ``OVERLAYS``.
        drawing: one of ``DRAWINGS``.
        opacity: 0 shows the photo, 1 the colours.
        threshold: predictions less probable than this, in whole percent, are hatched instead.
        curtain: with ``compare``: truth to the left of this share of the width, prediction to the right.
        hidden: ids of classes that are not coloured.
        cell: ``(truth, prediction)``, whose pixels light up; None: none.
    """

    overlay: str = "prediction"
    drawing: str = "fill"
    opacity: float = 0.55
    threshold: int = 0
    curtain: float = 0.5
    hidden: frozenset[int] = field(default_factory=frozenset)
    cell: tuple[int, int] | None = None


def compose(data: MaskData, state: MaskState, palette: np.ndarray) -> np.ndarray:
    """The picture: photo, colours over it, hatching, and the pixels of one cell lit up.

    Args:
        data: the image.
        state: how to show it.
        palette: uint8 RGB per id, void last, shape ``(num_classes + 1, 3)``.

    Returns:
        uint8 RGB, shape ``(height, width, 3)``.
    """
    height, width = data.truth.shape
    y, x = np.mgrid[:height, :width]
    void = len(palette) - 1
    base = data.photo.astype(np.int32)
    if state.overlay == "errors":
        base = np.repeat((base @ np.array([77, 151, 28]) >> 8)[..., None], 3, axis=-1)

    shown = shown_classes(data, state, void)
    uncertain = _uncertain(data, state, x) & ((x + y) & 3 == 0)
    out = np.where(uncertain[..., None], base >> 1, base)
    colored, alpha = shown != _NOTHING, 256
    if state.drawing == "outline":
        colored &= _outlines(shown)
    else:
        alpha = round_half_up(256 * state.opacity)
    colors = palette.astype(np.int32)[np.where(shown == _NOTHING, 0, shown)]
    out = np.where(colored[..., None], (out * (256 - alpha) + colors * alpha + 128) >> 8, out)
    if state.cell is not None:
        lit = cell_pixels(data, state.cell)[..., None]
        out = np.where(lit, (out * 32 + np.array(HIGHLIGHT) * 224 + 128) >> 8, (out * 90 + 128) >> 8)
    return out.astype(np.uint8)


def shown_classes(data: MaskData, state: MaskState, void: int) -> np.ndarray:
    """The class that colours each pixel; 255 where none does."""
    visible = np.array([i not in state.hidden for i in range(void)] + [False])
    truth = np.where(visible[data.truth], data.truth, _NOTHING)
    certain = visible[data.predicted] & (data.percent >= state.threshold)
    predicted = np.where(certain, data.predicted, _NOTHING)
    if state.overlay == "truth":
        return truth
    if state.overlay == "prediction":
        return predicted
    if state.overlay == "compare":
        return np.where(np.arange(data.truth.shape[1]) < _curtain_at(data, state), truth, predicted)
    if state.overlay == "errors":
        return np.where((data.truth != void) & (data.truth != data.predicted), predicted, _NOTHING)
    return np.full_like(data.truth, _NOTHING)


def cell_pixels(data: MaskData, cell: tuple[int, int]) -> np.ndarray:
    """Where the truth is the first class of a cell and the prediction the second: bool."""
    return (data.truth == cell[0]) & (data.predicted == cell[1])


def certain_pixels(data: MaskData, threshold: int, void: int) -> tuple[float, float]:
    """Of the pixels with a class: the share at least so certain (percent), and the share of those right.

    Without labels all pixels count, and the second share, which nobody knows, is 0.
    """
    known = (data.truth != void) | (not data.has_labels)
    certain = known & (data.percent >= threshold)
    right = certain & (data.truth == data.predicted)
    return float(certain.sum() / max(known.sum(), 1)), float(right.sum() / max(certain.sum(), 1))


def class_certainty(data: MaskData, threshold: int, class_id: int) -> tuple[float, float, float] | None:
    """How certain one predicted class is; None where it is predicted nowhere.

    Returns:
        Its share of the image, the mean of its probability, and the share of its pixels that are at least so
        certain (percent).
    """
    percent = data.percent[data.predicted == class_id]
    if not percent.size:
        return None
    shares = percent.size / data.percent.size, percent.mean() / 100, (percent >= threshold).mean()
    return shares[0], float(shares[1]), float(shares[2])


def round_half_up(value: float) -> int:
    """Round like a browser's ``Math.round``."""
    return int(np.floor(value + 0.5))


def _curtain_at(data: MaskData, state: MaskState) -> int:
    return round_half_up(state.curtain * data.truth.shape[1])


def _uncertain(data: MaskData, state: MaskState, x: np.ndarray) -> np.ndarray:
    uncertain = data.percent < state.threshold
    if state.overlay == "compare":
        return uncertain & (x >= _curtain_at(data, state))
    return uncertain if state.overlay in ("prediction", "errors") else np.zeros_like(uncertain)


def _outlines(shown: np.ndarray) -> np.ndarray:
    """Pixels with another class to the left, right, above or below; the edge of the image is none."""
    padded = np.pad(shown, 1, mode="edge")
    middle = padded[1:-1, 1:-1]
    around = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    return np.logical_or.reduce([side != middle for side in around])
