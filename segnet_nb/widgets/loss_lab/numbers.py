"""The numbers behind the loss lab: a toy object, a prediction made from it, losses and their gradients.

NumPy alone. Two classes, background 0 and object 1; the prediction is the object's logit per pixel, the
background's being 0. Conventions are those of ``segnet_nb.losses``: cross-entropy is divided by the number of
pixels, Dice is averaged over both classes without squares in the denominator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import ndimage

HEIGHT, WIDTH = 24, 32
LOSSES = ("cross_entropy", "weighted", "dice", "cross_entropy_dice")
PRESETS = {"disc": 0.1146, "pole": 0.03, "blobs": 0.1}
"""The shapes there are, with the share of the pixels that each takes at first."""
DICE_EPSILON = 1e-6

SAMPLES: dict[str, np.ndarray] = {
    "confidence": np.append(np.linspace(0.5, 0.99, 50), 0.999),
    "blur": np.linspace(0.0, 4.0, 41),
    "shift": np.arange(-8, 9),
    "missed": np.linspace(0.0, 1.0, 41),
    "share": np.linspace(0.01, 0.5, 50),
}
"""Where a curve is sampled, by what it is drawn against."""


def preset_field(name: str) -> np.ndarray:
    """In which order a shape takes its pixels: the smallest values first.

    Args:
        name: ``"disc"``, ``"pole"`` (one column after the other, from the middle) or ``"blobs"`` (a large
            one and a small one).

    Returns:
        float64, shape ``(24, 32)``.
    """
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    if name == "pole":
        return 2 * HEIGHT * np.abs(x - 15.75) + np.abs(y - 11.5)
    if name == "blobs":
        return np.minimum(_distance(y - 8.5, x - 9.5), _distance(y - 16.0, x - 24.0) + 2.5)
    return _distance(y - 11.5, x - 15.5)


def _distance(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """As the view computes it, to the last bit: hypot may round equal distances differently."""
    return np.sqrt(y * y + x * x)


def object_field(mask: np.ndarray) -> np.ndarray:
    """The same for a painted object: it is resized from its outline.

    Args:
        mask: 0 and 1, shape ``(24, 32)``.
    """
    if not mask.any():
        return preset_field("disc")
    inside = np.asarray(ndimage.distance_transform_edt(np.pad(mask, 1)))[1:-1, 1:-1]
    outside = np.asarray(ndimage.distance_transform_edt(mask == 0))
    return outside - inside


def object_at(field: np.ndarray, share: float) -> np.ndarray:
    """The object that takes this share of all pixels, rounded to whole pixels.

    Args:
        field: as ``preset_field`` and ``object_field`` give it.
        share: 0..1.

    Returns:
        uint8 0 and 1, shape ``(24, 32)``.

    Example:
        >>> int(object_at(preset_field("disc"), 0.125).sum())
        96
    """
    mask = np.zeros(field.size, np.uint8)
    mask[np.argsort(field, axis=None, kind="stable")[: round(share * field.size)]] = 1
    return mask.reshape(field.shape)


def predicted_logits(
    mask: np.ndarray, *, confidence: float, blur: float = 0.0, shift: int = 0, missed: float = 0.0
) -> np.ndarray:
    """An imperfect prediction of the object.

    Args:
        mask: the object, 0 and 1, shape ``(height, width)``.
        confidence: probability of its most confident pixels, 0.5..1, 1 excluded.
        blur: standard deviation in pixels of the Gaussian that softens the outline.
        shift: pixels by which everything lies too far to the right.
        missed: share of the object, from below, that is taken for background, 0..1.

    Returns:
        The object's logit, float64, shape ``(height, width)``: ``+logit(confidence)`` well inside,
        ``-logit(confidence)`` well outside.

    Example:
        >>> logits = predicted_logits(np.array([[0, 1]]), confidence=0.75)
        >>> np.round(np.exp(logits), 6).tolist()
        [[0.333333, 3.0]]
    """
    found = mask.astype(float)
    places = np.flatnonzero(mask)
    found.flat[places[len(places) - round(missed * len(places)) :]] = 0
    moved = np.zeros_like(found)
    width = found.shape[1]
    if abs(shift) < width:
        moved[:, max(0, shift) : width + min(0, shift)] = found[:, max(0, -shift) : width - max(0, shift)]
    soft = ndimage.gaussian_filter(moved, blur, mode="nearest")
    return np.log(confidence / (1 - confidence)) * (2 * soft - 1)


def probability(logits: np.ndarray) -> np.ndarray:
    """Of the object, 0..1.

    Example:
        >>> probability(np.array([0.0, np.log(3)])).round(6).tolist()
        [0.5, 0.75]
    """
    return np.exp(-np.logaddexp(0, -logits))


def balancing_weights(mask: np.ndarray) -> tuple[float, float]:
    """Median frequency balancing for this very mask: the median of the two shares over each share.

    Returns:
        Of background and object; 0 for a class that is not there.

    Example:
        Shares 3/4 and 1/4, median 1/2:

        >>> [round(weight, 4) for weight in balancing_weights(np.array([[0, 0, 0, 1]]))]
        [0.6667, 2.0]
    """
    shares = np.array([1 - mask.mean(), mask.mean()])
    there = shares > 0
    weights = np.where(there, np.median(shares[there]) / np.where(there, shares, 1), 0.0)
    return float(weights[0]), float(weights[1])


def loss_values(mask: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    """The four losses of a prediction.

    Args:
        mask: 0 and 1, shape ``(height, width)``.
        logits: the object's, same shape.

    Returns:
        ``cross_entropy``, ``weighted`` (cross-entropy with ``balancing_weights``), ``dice``, and their sum
        without weights, ``cross_entropy_dice``.

    Example:
        Both pixels get probability 0.75 of their own class: -ln 0.75 each; Dice 1 - 2 * 0.75 / 2.

        >>> mask = np.array([[0, 1]])
        >>> {name: round(value, 4) for name, value in loss_values(mask, mask * 2.197225 - 1.098612).items()}
        {'cross_entropy': 0.2877, 'weighted': 0.2877, 'dice': 0.25, 'cross_entropy_dice': 0.5377}
    """
    pixels = np.logaddexp(0, np.where(mask == 1, -logits, logits))
    weights = np.where(mask == 1, *reversed(balancing_weights(mask)))
    entropy = float(pixels.mean())
    dice = float(np.mean([1 - overlap / size for overlap, size in _dice_parts(mask, logits)]))
    return {
        "cross_entropy": entropy,
        "weighted": float((weights * pixels).mean()),
        "dice": dice,
        "cross_entropy_dice": entropy + dice,
    }


def _dice_parts(mask: np.ndarray, logits: np.ndarray) -> list[tuple[float, float]]:
    """Twice the overlap and the sum of the sizes, of background and object."""
    parts = []
    for truth, chance in ((mask == 0, probability(-logits)), (mask == 1, probability(logits))):
        overlap = 2 * float(chance[truth].sum())
        parts.append((overlap + DICE_EPSILON, float(chance.sum() + truth.sum()) + DICE_EPSILON))
    return parts


def loss_gradients(mask: np.ndarray, logits: np.ndarray) -> dict[str, np.ndarray]:
    """How each loss changes with the object's logit of each pixel, in closed form.

    Cross-entropy: ``weight * (p - y) / pixels``. Dice, per class ``1 - a / b`` with ``a = 2 sum(p y)`` and
    ``b = sum(p) + sum(y)``: ``(a - 2 y b) / b**2`` with respect to ``p``, and ``p (1 - p)`` from there to the
    logit; the background's ``p`` falls as the object's rises.

    Args:
        mask: 0 and 1, shape ``(height, width)``.
        logits: the object's, same shape.

    Returns:
        float64 of that shape, by the names of ``loss_values``. Where it is negative, a step of gradient
        descent makes the object more probable.
    """
    chance = probability(logits)
    entropy = (chance - mask) / mask.size
    weights = np.where(mask == 1, *reversed(balancing_weights(mask)))
    by_chance = []
    for truth, (a, b) in zip((1 - mask, mask), _dice_parts(mask, logits), strict=True):
        by_chance.append((a - 2 * truth.astype(float) * b) / b**2 / 2)
    dice = chance * (1 - chance) * (by_chance[1] - by_chance[0])
    return {
        "cross_entropy": entropy,
        "weighted": weights * entropy,
        "dice": dice,
        "cross_entropy_dice": entropy + dice,
    }


def pull_of_object(mask: np.ndarray, gradient: np.ndarray) -> float:
    """Share of all pull, ``sum(|gradient|)``, that comes from pixels of the object, 0..1."""
    total = float(np.abs(gradient).sum())
    return float(np.abs(gradient[mask == 1]).sum()) / total if total else 0.0


def loss_curves(
    field: np.ndarray, mask: np.ndarray, settings: Mapping[str, Any], against: str
) -> dict[str, list[list[float]]]:
    """Every loss as one setting runs through its range and the others stay.

    Args:
        field: of the object, for ``against="share"``.
        mask: the object.
        settings: keyword arguments of ``predicted_logits``.
        against: a key of ``SAMPLES``.

    Returns:
        ``[x, loss]`` pairs, by the names of ``loss_values``.
    """
    lines: dict[str, list[list[float]]] = {name: [] for name in LOSSES}
    for value in SAMPLES[against].tolist():
        truth = object_at(field, value) if against == "share" else mask
        changed = {**settings, against: value} if against != "share" else settings
        for name, loss in loss_values(truth, predicted_logits(truth, **changed)).items():
            lines[name].append([round(value, 4), round(loss, 5)])
    return lines


def diverging(values: np.ndarray, largest: float) -> np.ndarray:
    """Blue below 0, white at 0, vermilion above; told apart with every kind of colour vision.

    Args:
        values: any shape.
        largest: value of full colour.

    Returns:
        uint8 RGB, that shape with 3 at its end.

    Example:
        >>> diverging(np.array([-1.0, 0.0, 0.5]), 1.0).tolist()
        [[0, 114, 178], [255, 255, 255], [234, 174, 128]]
    """
    strength = np.clip(np.abs(values) / (largest or 1.0), 0, 1)[..., None]
    full = np.where((values < 0)[..., None], (0, 114, 178), (213, 94, 0))
    return np.rint(255 + strength * (full - 255)).astype(np.uint8)


def between(values: np.ndarray) -> np.ndarray:
    """The colours of mask and prediction: pale grey at 0, orange at 1, mixed in between.

    Example:
        >>> between(np.array([0, 1])).tolist()
        [[232, 232, 236], [230, 159, 0]]
    """
    low, high = np.array([232, 232, 236]), np.array([230, 159, 0])
    return np.rint(low + np.asarray(values, float)[..., None] * (high - low)).astype(np.uint8)
