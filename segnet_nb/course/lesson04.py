"""The exercises of 04_losses_and_metrics: a Dice loss, a high accuracy with a low IoU, a weight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from segnet_nb.course.answers import kind_of
from segnet_nb.course.functions import function
from segnet_nb.course.values import number
from segnet_nb.course.verdicts import Exercise, Unreadable, Verdict, missing, right, wrong

_SHAPES = ((1,), (2, 2), (7,), (3, 5), (1, 9), (6, 1), (4, 3, 2), (11, 13))


def _images(rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Probabilities and labels of odd shapes, with at least one pixel of the object each."""
    for number_of, shape in enumerate(_SHAPES):
        p = rng.uniform(0.05, 0.95, shape)
        y = (rng.random(shape) < rng.uniform(0.2, 0.8)).astype(int)
        y.ravel()[rng.integers(y.size)] = 1
        yield (p.astype("float32"), y.astype("float32")) if number_of % 2 else (p, y)


def _dice(p: np.ndarray, y: np.ndarray) -> float:
    """One minus the overlap over the mean of both sizes."""
    overlap = float(np.vdot(p.astype(float), y.astype(float)))
    return 1 - overlap / (0.5 * (float(p.astype(float).sum()) + float(y.astype(float).sum())))


def _ratio(upper: Any, lower: Any) -> float:
    return 1 - float(upper) / float(lower)


def judge_lab(lab: Any, *_: Any) -> Verdict:
    """Judge a loss lab whose prediction should be accurate and yet miss the object.

    Scores are computed from its labels and probabilities, not read from its display.
    """
    if not (hasattr(lab, "labels") and hasattr(lab, "probabilities")):
        raise Unreadable(f"the loss lab above is needed, and this is {kind_of(lab)}")
    truth = np.asarray(lab.labels) == 1
    predicted = np.asarray(lab.probabilities)[..., 1] > 0.5
    accuracy = float((truth == predicted).mean())
    either = int((truth | predicted).sum())
    iou = int((truth & predicted).sum()) / either if either else 0.0
    seen = (round(accuracy, 4), round(iou, 4))
    if not truth.any():
        return wrong("there is no object at all; paint one, or raise its share", seen)
    if (truth == predicted).all():
        return missing("there is no answer to check yet, the prediction is correct at every pixel")
    if accuracy <= 0.97 and iou >= 0.2:
        return wrong(f"the accuracy is {accuracy:.1%}, and the IoU of the object {iou:.1%}", seen)
    if accuracy <= 0.97:
        return wrong(f"the IoU of {iou:.1%} is low enough, but the accuracy is {accuracy:.1%}", seen)
    if iou >= 0.2:
        return wrong(f"the accuracy of {accuracy:.1%} is high enough, but the IoU is {iou:.1%}", seen)
    return right(f"the accuracy is {accuracy:.1%} and the IoU of the object {iou:.1%}")


EXERCISES = {
    "04.1": Exercise(
        function(
            _dice,
            arguments=("p", "y"),
            cases=_images,
            kinds="f",
            kind_words="fractions",
            mistakes={
                "this is the value without the factor 2": lambda p, y: _ratio(
                    (p * y).sum(), p.sum() + y.sum()
                ),
                "this is the Dice ratio itself; the loss is 1 minus it": lambda p, y: 1 - _dice(p, y),
                "this is the ratio with a minus sign; the loss is 1 minus it": lambda p, y: _dice(p, y) - 1,
                "this is 1 - IoU: the overlap is not in both sizes to be taken out": lambda p, y: _ratio(
                    (p * y).sum(), (p + y - p * y).sum()
                ),
                "the denominator has squares; here it is the form without": lambda p, y: _ratio(
                    2 * (p * y).sum(), (p**2).sum() + (y**2).sum()
                ),
                "the true size is missing in the denominator": lambda p, y: _ratio(
                    2 * (p * y).sum(), p.sum()
                ),
                "the predicted size is missing in the denominator": lambda p, y: _ratio(
                    2 * (p * y).sum(), y.sum()
                ),
                "the true size is taken to be 1, as in the image above; it is y.sum()": lambda p, y: _ratio(
                    2 * (p * y).sum(), p.sum() + 1
                ),
                "1 is added above and below, as a smoothing; it changes the value": lambda p, y: _ratio(
                    2 * (p * y).sum() + 1, p.sum() + y.sum() + 1
                ),
                "the probabilities are rounded to a mask; the loss takes them as they are": lambda p, y: (
                    _ratio(2 * ((p > 0.5) * y).sum(), (p > 0.5).sum() + y.sum())
                ),
                "both sizes are taken to be the number of pixels": lambda p, y: _ratio(
                    2 * (p * y).sum(), 2 * p.size
                ),
            },
        ),
        (
            "Three sums over all pixels: of p * y, of p and of y.",
            "Twice the overlap is divided by the sum of both sizes, and the loss is 1 minus the ratio.",
        ),
    ),
    "04.2": Exercise(
        judge_lab,
        (
            "A smaller object makes mistakes about it cheaper.",
            "Make the object 2 or 3 % of the image, and let the prediction miss most of it.",
        ),
        "The accuracy hides it, because the background is nearly all there is.",
    ),
    "04.3": Exercise(
        number(
            0.9 / 0.1,
            mistakes={
                "that is the share of the background; the ratio of the two shares is needed": 0.9,
                "that weight would make the object count even less": 0.1 / 0.9,
                "that is 1 divided by the object's share, and the background would then need 1 / 0.9": 10,
                "that is its weight in median frequency balancing, where the background has less than 1": 5,
                "that is the square root, which balances only halfway": 3,
                "a weight multiplies the gradient once; that is its square": 81,
            },
        ),
        (
            "Of 100 pixels, 90 pull one way and 10 the other.",
            "The total of a class is its pixels times its weight times 1/2. Make the two totals equal.",
        ),
    ),
}
