"""The exercises of 11_your_own_data: a fault, the scores if nothing is found, a count of cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from segnet_nb.course.functions import function
from segnet_nb.course.values import name, number
from segnet_nb.course.verdicts import Exercise


def _shares(rng: np.random.Generator) -> Iterator[tuple[float]]:
    """Shares of the background in thousandths, rare and frequent ones."""
    yield from ((each,) for each in (0.92, 0.5, 0.999))
    yield from ((float(each) / 1000,) for each in rng.integers(30, 990, 12))


def _nothing_found(share: float) -> np.ndarray:
    """Accuracy and mean IoU from the confusion matrix of a thousand pixels, a row for each true class."""
    background = 1000 * share
    matrix = np.array([[background, 0.0], [1000 - background, 0.0]])
    found = np.diag(matrix)
    either = matrix.sum(0) + matrix.sum(1) - found
    return np.array([found.sum() / matrix.sum(), (found / either).mean()])


def components(mask: np.ndarray, *, corners: bool = False) -> int:
    """Connected parts of a mask, by a graph whose edges are pairs of neighbors.

    Args:
        mask: bool, shape ``(height, width)``.
        corners: whether pixels that touch at a corner are neighbors too.
    """
    number_of = np.cumsum(mask.ravel()).reshape(mask.shape) - 1
    pairs = [(np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])]
    if corners:
        pairs += [(np.s_[:-1, :-1], np.s_[1:, 1:]), (np.s_[:-1, 1:], np.s_[1:, :-1])]
    both = [mask[one] & mask[other] for one, other in pairs]
    ends = [
        np.concatenate([number_of[pair[side]][joined] for pair, joined in zip(pairs, both, strict=True)])
        for side in (0, 1)
    ]
    count = int(mask.sum())
    graph = coo_matrix((np.ones(len(ends[0]), bool), (ends[0], ends[1])), shape=(count, count))
    return int(connected_components(graph, directed=False)[0]) if count else 0


def _mask(out: Path, summary: Mapping[str, Any], image: int = 0) -> np.ndarray:
    """The pixels of class 1 in a mask that ``predict_files`` wrote."""
    with Image.open(Path(out) / summary["images"][image]["mask"]) as opened:
        return np.asarray(opened) == 1


EXERCISES = {
    "11.1": Exercise(
        name(
            "exif",
            "exif metadata",
            "exif data",
            "exif orientation",
            mistakes={
                "masks": "then all images would be named, not those of one camera",
                "split": "that would make validation too good, but no mask would be mirrored",
            },
        ),
        (
            "What do the images that are named have in common, and which of the three depends on it?",
            "A front camera stores its images with a note that says how they are to be turned or mirrored.",
        ),
    ),
    "11.2": Exercise(
        function(
            _nothing_found,
            arguments=("share",),
            cases=_shares,
            kinds="f",
            kind_words="fractions",
            mistakes={
                "the accuracy is right; the mean IoU is a mean over two classes, that of the cells is 0": (
                    lambda share: (share, share)
                ),
                "these are the right numbers in another order: the accuracy comes first": lambda share: (
                    share / 2,
                    share,
                ),
                "the second is the mean of the class accuracies; an IoU counts more pixels": lambda share: (
                    share,
                    0.5,
                ),
                "both are those of the cells' share; share is that of the background": lambda share: (
                    1 - share,
                    (1 - share) / 2,
                ),
                "these are percentages; both are between 0 and 1": lambda share: (100 * share, 50 * share),
                "the accuracy is that of all pixels, not a mean over the classes": lambda share: (
                    share / 2,
                    share / 2,
                ),
            },
        ),
        (
            "Of 100 pixels, 92 are background. Draw the confusion matrix: which pixels are right?",
            "The accuracy is the background's share, and so is its IoU. Take the mean over both classes.",
        ),
    ),
    "11.3": Exercise(
        number(
            lambda out, summary: components(_mask(out, summary)),
            whole=True,
            mistakes={
                "that is the number of pixels; connected ones are one cell": lambda out, summary: int(
                    _mask(out, summary).sum()
                ),
                "the background is among them; it is not a cell": lambda out, summary: (
                    components(_mask(out, summary)) + 1
                ),
                "that joins cells that touch at a corner only; `ndimage.label` does not by itself": (
                    lambda out, summary: components(_mask(out, summary), corners=True)
                ),
                "those are the parts of the background": lambda out, summary: components(
                    ~_mask(out, summary)
                ),
                "that is the number of classes": 2,
            },
        ),
        (
            "np.asarray(Image.open(...)) gives the class of every pixel; the cells are class 1.",
            "`ndimage.label(mask == 1)` returns two things: a map of numbers, and how many there are.",
        ),
    ),
}
