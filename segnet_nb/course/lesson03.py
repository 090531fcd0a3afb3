"""The exercises of 03_data: frequencies of classes, the baseline of the most frequent one, a fault."""

from __future__ import annotations

from typing import Any

import numpy as np

from segnet_nb.course.answers import kind_of
from segnet_nb.course.values import number, numbers
from segnet_nb.course.verdicts import Exercise, Unreadable, Verdict, missing, right, wrong
from segnet_nb.datasets import doctor


def _counts(train: Any, *, void: bool = False) -> np.ndarray:
    """Pixels of each class in all masks, and of void as the last number."""
    classes = train.classes
    found = [int((train.labels == each).sum()) for each in range(classes.num_classes)]
    return np.array([*found, int((train.labels == classes.void_id).sum())] if void else found)


def _baseline(train: Any) -> float:
    counts = _counts(train)
    return counts.max() / counts.sum()


def _mean_over_images(train: Any) -> float:
    most = _counts(train).argmax()
    void = train.classes.void_id
    return float(np.mean([(mask == most).sum() / max(1, (mask != void).sum()) for mask in train.labels]))


def judge_fault(patient: Any, train: Any) -> Verdict:
    """Judge a dataset in which one mask should be upside down.

    Args:
        patient: the reader's copy of the dataset.
        train: the dataset without the fault.
    """
    if not hasattr(patient, "labels"):
        raise Unreadable(f"a dataset like train is needed, and this is {kind_of(patient)}")
    before, after = np.asarray(train.labels), np.asarray(patient.labels)
    if np.shares_memory(before, after):
        return wrong("patient and train share their masks, so a fault in one is in both; copy them first")
    if before.shape != after.shape or len(patient.images) != len(after):
        return wrong(f"the masks have shape {after.shape}, and those of train {before.shape}", after.shape)
    changed = [n for n in range(len(before)) if not np.array_equal(before[n], after[n])]
    if not np.array_equal(patient.images, train.images):
        return wrong("images have changed; only a mask should have")
    if not changed:
        return missing("there is no answer to check yet, no mask differs from those of train")
    if len(changed) > 1:
        return wrong(f"{len(changed)} masks differ, and it should be one", changed)
    (number_of,) = changed
    old, new, which = before[number_of], after[number_of], f"mask {number_of}"
    if not np.array_equal(new, old[::-1]):
        for reason, other in {
            "is mirrored left to right; upside down the top row becomes the bottom row": old[:, ::-1],
            "is turned by 180 degrees, which mirrors it left to right too": old[::-1, ::-1],
            "has its rows moved, not in reverse order": np.roll(old, len(old) // 2, axis=0),
        }.items():
            if np.array_equal(new, other):
                return wrong(f"{which} {reason}", number_of)
        return wrong(f"{which} has changed, but it is not the old one upside down", number_of)
    found = [each for each in doctor.examine(patient) if train.names[number_of] in each.names]
    if not any(finding.kind == "mirrored" for finding in found):
        return wrong(
            f"{which} is upside down, but the doctor does not see it: it has few outlines; try another one",
            number_of,
        )
    return right(f"the doctor says {str(found[0]).rstrip('.')}" if found else "")


_ALL, _WITH_1 = 30, 10  # pixels of all images, and of the only one that contains class 1

EXERCISES = {
    "03.1": Exercise(
        numbers(
            [25 / _ALL, 5 / _WITH_1],
            places=("the frequency of class 0", "the frequency of class 1"),
            mistakes={
                "that divides both by all pixels; only images in which a class occurs count": [
                    25 / _ALL,
                    5 / _ALL,
                ],
                "these are percentages; a frequency is between 0 and 1": [2500 / _ALL, 500 / _WITH_1],
                "these are numbers of pixels; a frequency is a share of them": [25, 5],
                "these are weights: the median of the frequencies divided by each of them": [0.8, 4 / 3],
                "these are the shares within the third image": [5 / _WITH_1, 5 / _WITH_1],
            },
            tolerance=2e-3,
        ),
        (
            "In how many of the images does each class occur, and how many pixels do those images have?",
            "Divide by the pixels of the images that show the class, not by all pixels.",
        ),
    ),
    "03.2": Exercise(
        number(
            _baseline,
            mistakes={
                "void is among the pixels that you divided by": lambda train: (
                    _counts(train, void=True).max() / _counts(train, void=True).sum()
                ),
                "that is a percentage; the accuracy is a number between 0 and 1": lambda train: (
                    100 * _baseline(train)
                ),
                "that is the accuracy of the class with the fewest pixels": lambda train: (
                    _counts(train)[_counts(train) > 0].min() / _counts(train).sum()
                ),
                "that is what such a network gets wrong": lambda train: 1 - _baseline(train),
                "that is the mean over the images; pixels of all images count together": _mean_over_images,
                "that is a guess by chance; the network always says the same class": lambda train: (
                    1 / train.classes.num_classes
                ),
            },
        ),
        (
            "Which pixels are correct, if every pixel gets the same class? And which pixels do not count?",
            "The largest share, divided by the sum of all shares but that of void.",
        ),
    ),
    "03.3": Exercise(
        judge_fault,
        (
            "patient.labels[n] is one mask, an array of rows; its first row is the top of the image.",
            "A step of -1 in a slice reverses an axis. Choose a mask with many outlines.",
        ),
    ),
}
