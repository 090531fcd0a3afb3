"""The exercises of 07_inspect_predictions: the thinnest class, a state of the inspector, a threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from segnet_nb.course.answers import is_missing, kind_of, same_word, shortened, to_number
from segnet_nb.course.rankings import largest
from segnet_nb.course.verdicts import Exercise, Unreadable, Verdict, missing, right, wrong

REACH = 2  # pixels
ENOUGH = 0.95  # of the remaining pixels
SHOWN = ("Pole", "SignSymbol")


def near_outlines(labels: np.ndarray, reach: int = REACH) -> np.ndarray:
    """Pixels within ``reach`` of one that has a neighbor of another class: dilation by a disc."""
    padded = np.pad(labels.astype(int), 1, mode="edge")
    center = padded[1:-1, 1:-1]
    outline = np.zeros(labels.shape, bool)
    for neighbor in (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]):
        outline |= neighbor != center
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return ndimage.binary_dilation(outline, y**2 + x**2 <= reach**2)


def near_shares(data: Any) -> dict[str, float]:
    """For each class the share of its true pixels near an outline; NaN for a class that does not occur."""
    count, ids = len(data.classes.names), np.asarray(data.labels)
    inside, every = np.zeros(count), np.zeros(count)
    for labels in ids:
        near = near_outlines(labels)
        every += np.bincount(labels[labels < count], minlength=count)[:count]
        inside += np.bincount(labels[near & (labels < count)], minlength=count)[:count]
    shares = np.divide(inside, every, out=np.full(count, np.nan), where=every > 0)
    return dict(zip(data.classes.names, shares.tolist(), strict=True))


def judge_inspector(inspector: Any) -> Verdict:
    """Judge a mask inspector that should show two classes, as outlines, over the ground truth."""
    if not all(hasattr(inspector, name) for name in ("hidden", "class_names", "drawing", "overlay")):
        raise Unreadable(f"the inspector above is needed, and this is {kind_of(inspector)}")
    shown = [each for each in inspector.class_names if each not in inspector.hidden]
    if not inspector.hidden and inspector.drawing == "fill":
        return missing("there is no answer to check yet, all classes are colored as areas")
    faults = []
    if extra := [each for each in shown if not any(same_word(each, one) for one in SHOWN)]:
        faults.append(f"{len(extra)} other {'class is' if len(extra) == 1 else 'classes are'} colored")
    faults += [f"{one} is hidden" for one in SHOWN if not any(same_word(each, one) for each in shown)]
    if inspector.drawing != "outline":
        faults.append(f"classes are drawn as {inspector.drawing!r}, not as outlines")
    if inspector.overlay != "truth":
        faults.append(f"{inspector.overlay!r} is shown, not the ground truth")
    return wrong(", and ".join(faults), faults) if faults else right()


def right_shares(predictions: Any) -> np.ndarray:
    """For thresholds of 0 to 100 percent the share of right ones among pixels that reach it; 1 if none."""
    known = np.asarray(predictions.labels) != predictions.classes.void_id
    confidence = np.asarray(predictions.top_probabilities)[..., 0][known].astype(float)
    correct = (np.asarray(predictions.top_classes)[..., 0] == predictions.labels)[known]
    order = np.argsort(confidence)
    hits = np.append(np.cumsum(correct[order][::-1])[::-1], 0)
    first = np.searchsorted(confidence[order], np.arange(101) / 100, side="left")
    left = len(order) - first
    return np.where(left > 0, hits[first] / np.maximum(left, 1), 1.0)


def judge_threshold(threshold: Any, predictions: Any) -> Verdict:
    """Judge the smallest threshold in percent at which enough of the remaining pixels are right."""
    if is_missing(threshold):
        return missing()
    if isinstance(threshold, str):
        raise Unreadable(f"a number of percent is needed, and this is the text {shortened(threshold)}")
    percent, shares = to_number(threshold), right_shares(predictions)
    needed = int(np.argmax(shares >= ENOUGH))
    if percent == needed:
        return right(f"{shares[needed]:.1%} are right")
    if 0 < percent < 1:
        return wrong("that is a share; percent are asked for, a whole number", percent)
    if percent != round(percent):
        return wrong(f"{percent:g} is not a whole number of percent", percent)
    if not 0 <= percent <= 100:
        return wrong(f"{percent:g} % is not between 0 and 100 %", percent)
    share = shares[int(percent)]
    if share >= ENOUGH:
        return wrong(f"{share:.1%} are right there, but a smaller threshold is enough as well", percent)
    return wrong(f"only {share:.1%} of the remaining pixels are right there", percent)


EXERCISES = {
    "07.1": Exercise(
        largest(
            near_shares,
            told=lambda share: f"{share:.0%} of its pixels are that near, and another class has more",
            noun="class",
            absent="there is no pixel of it in these images",
        ),
        (
            "`near` tells of every pixel whether it is near an outline. Which share of a class is?",
            "The mean of near[data.labels == i] is that share for class i; data.classes.names has the names.",
        ),
    ),
    "07.2": Exercise(
        judge_inspector,
        (
            "`hidden` lists classes that are not colored; `drawing` and `overlay` are the other two traits.",
            'The drawing is "outline", the overlay "truth"; hide every name of class_names but two.',
        ),
    ),
    "07.3": Exercise(
        judge_threshold,
        (
            "Among the pixels with `confidence >= percent / 100`, which share is not `wrong`?",
            "Go through the percents from 0 on; stop at the first with a share of 0.95 or more.",
        ),
    ),
}
