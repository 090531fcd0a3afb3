"""The exercises of 08_uncertainty: a variance, the most pixels to keep, the most doubtful class."""

from __future__ import annotations

from typing import Any

import numpy as np

from segnet_nb.course.answers import kind_of
from segnet_nb.course.rankings import largest
from segnet_nb.course.values import number
from segnet_nb.course.verdicts import Exercise, Unreadable, Verdict, missing, right, wrong

ENOUGH = 0.98  # of the kept pixels of all images
FIRST = ("variance", 0.8)  # measure and share of a lens that nobody has touched


def judge_lens(lens: Any) -> Verdict:
    """Judge a lens that should keep as many pixels as possible, by the entropy of all samples."""
    if not all(hasattr(lens, name) for name in ("measure", "samples", "kept", "curves", "counts")):
        raise Unreadable(f"the lens above is needed, and this is {kind_of(lens)}")
    seen = (lens.measure, lens.samples, lens.kept)
    if seen == (FIRST[0], max(lens.counts), FIRST[1]):
        return missing("there is no answer to check yet, the lens is as it was")
    if lens.measure != "entropy":
        return wrong(f"the lens shows the {lens.measure.replace('_', ' ')}, not the entropy", seen)
    if lens.samples != max(lens.counts):
        return wrong(f"the lens shows {lens.samples} samples, not all {max(lens.counts)}", seen)
    shares = np.array(lens.curves[str(lens.samples)]["entropy"]["all"], float)  # of 5 %, 10 % ... 100 %
    possible = np.flatnonzero(shares >= ENOUGH)
    here = shares[round(lens.kept * len(shares)) - 1]
    if not possible.size:
        return missing("no share of these pixels is 98 % right; use other images, or other weights")
    if here < ENOUGH:
        return wrong(f"{lens.kept:.0%} are kept, and of these {here:.1%} are right, too few", seen)
    if round(lens.kept * len(shares)) - 1 < possible.max():
        return wrong(f"{lens.kept:.0%} are kept, {here:.1%} of them right; more can be kept", seen)
    return right(f"{lens.kept:.0%} are kept, {here:.1%} of them right")


def mean_variances(found: Any, data: Any) -> dict[str, float]:
    """For each class the mean variance of its true pixels; NaN for a class that does not occur."""
    ids, count = np.asarray(data.labels).ravel(), len(data.classes.names)
    counted = ids < count
    sums = np.bincount(ids[counted], np.asarray(found.variance).ravel()[counted].astype(float), count)
    every = np.bincount(ids[counted], minlength=count)
    means = np.divide(sums, every, out=np.full(count, np.nan), where=every > 0)
    return dict(zip(data.classes.names, means.tolist(), strict=True))


_SAMPLES = (0.9, 0.9, 0.3)
_MEAN = sum(_SAMPLES) / 3
_SQUARES = [(each - _MEAN) ** 2 for each in _SAMPLES]

EXERCISES = {
    "08.1": Exercise(
        number(
            sum(_SQUARES) / 3,
            tolerance=5e-3,
            mistakes={
                "that divides by one less than the number of samples; here it is the mean of the squares": (
                    sum(_SQUARES) / 2
                ),
                "that is the standard deviation, the square root of the variance": (sum(_SQUARES) / 3) ** 0.5,
                "that is the sum of the squares, not their mean": sum(_SQUARES),
                "that is the mean of the samples": _MEAN,
                "those are distances from the mean that were not squared": (
                    sum(abs(each - _MEAN) for each in _SAMPLES) / 3
                ),
                "that is the mean of the squares, without the square of the mean": (
                    sum(each**2 for each in _SAMPLES) / 3
                ),
                "that is the variance of the two values 0.9 and 0.3; 0.9 occurs twice": 0.09,
            },
        ),
        (
            "What is the mean of the three? And how far is each from it?",
            "The mean is 0.7; the variance is the mean of the three squared distances from it.",
        ),
    ),
    "08.2": Exercise(
        judge_lens,
        (
            "The lens prints two shares of right pixels; the one of all images must not be below 98 %.",
            'lens.curves[str(samples)]["entropy"]["all"] has the share for 5 %, 10 %, ... kept.',
        ),
    ),
    "08.3": Exercise(
        largest(
            mean_variances,
            told=lambda variance: f"its mean variance is {variance:.4f}, and another class has a larger one",
            noun="class",
            absent="there is no pixel of it in these images",
        ),
        (
            "Which pixels belong to a class is in data.labels; how much samples disagree, in found.variance.",
            "The mean of found.variance[data.labels == i], for every class i that occurs.",
        ),
    ),
}
