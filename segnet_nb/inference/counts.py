"""Counts of the predictions of some images, from which their scores follow; those of parts add up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from segnet_nb import metrics
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.monte_carlo import MonteCarlo

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Scoring:
    """How images are predicted and what is counted; see ``segnet_nb.inference.evaluation.evaluate``."""

    classes: ClassList
    flip: bool = False
    scales: Sequence[float] = (1.0,)
    samples: int = 0
    boundary: bool = True
    by: str | None = None
    absent: Literal["zero", "ignore"] = "zero"


@dataclass(eq=False)
class Tally:
    """The counts of a group of images.

    Attributes:
        matrix: confusion matrix, int64, rows ground truth.
        boundary_scores: boundary F1 by number of the image, NaN without a boundary; 0 if not computed.
        seconds: wall time of the predictions.
    """

    matrix: np.ndarray
    boundary_scores: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0

    def merge(self, other: Tally) -> None:
        """Add the counts of other images."""
        self.matrix = self.matrix + other.matrix
        self.boundary_scores |= other.boundary_scores
        self.seconds += other.seconds


class Counts:
    """The counts of some images of a dataset.

    Args:
        scoring: what is counted.

    Attributes:
        tallies: by group of images; without ``by`` there is one, named "".
        monte_carlo: counts of Monte Carlo dropout; None without ``samples``.

    Example:
        >>> from segnet_nb import datasets
        >>> from segnet_nb.inference import pretrained
        >>> data = datasets.load("synthetic", "val", image_size=(48, 64), count=2)
        >>> first, second = Counts(Scoring(data.classes)), Counts(Scoring(data.classes))
        >>> model = pretrained.load_pretrained("small-synthetic")
        >>> first.add(model, data.images[:1], data.labels[:1], 0, [""])
        >>> second.add(model, data.images[1:], data.labels[1:], 1, [""])
        >>> first.merge(second)
        >>> int(first.total().matrix.sum()) == int((data.labels != 11).sum())
        True
    """

    def __init__(self, scoring: Scoring) -> None:
        self.scoring = scoring
        self.tallies: dict[str, Tally] = {}
        void = scoring.classes.void_id
        self.monte_carlo = MonteCarlo(scoring.samples, void) if scoring.samples else None

    def add(
        self, model: keras.Model, images: np.ndarray, labels: np.ndarray, start: int, groups: Sequence[str]
    ) -> None:
        """Predict a batch and count it.

        Args:
            model: the network.
            images: uint8, shape ``(batch, height, width, 3)``.
            labels: ground truth, uint8, shape ``(batch, height, width)``.
            start: number of the first image in the dataset.
            groups: the group of each image.
        """
        from segnet_nb.inference.prediction import predict

        began, how = time.perf_counter(), self.scoring
        if self.monte_carlo is not None:
            predictions = self.monte_carlo.add(model, images, labels, start)
        else:
            predictions = predict(model, images, batch_size=len(images), flip=how.flip, scales=how.scales)
        seconds = (time.perf_counter() - began) / len(labels)
        for i, group in enumerate(groups):
            tally = self._counted(start + i, labels[i : i + 1], predictions[i : i + 1], seconds)
            self._tally(group).merge(tally)

    def _counted(self, number: int, labels: np.ndarray, predictions: np.ndarray, seconds: float) -> Tally:
        count, void = self.scoring.classes.num_classes, self.scoring.classes.void_id
        matrix = metrics.confusion_matrix(labels, predictions, count, void)
        boundary = 0.0
        if self.scoring.boundary:
            boundary = float(metrics.boundary_f1(labels, predictions, count, void).image_scores[0])
        return Tally(matrix, {number: boundary}, seconds)

    def _tally(self, group: str) -> Tally:
        count = self.scoring.classes.num_classes
        return self.tallies.setdefault(group, Tally(np.zeros((count, count), np.int64)))

    def merge(self, other: Counts) -> None:
        """Add the counts of the images that follow in the dataset."""
        for group, tally in other.tallies.items():
            self._tally(group).merge(tally)
        if self.monte_carlo is not None and other.monte_carlo is not None:
            self.monte_carlo.merge(other.monte_carlo)

    def total(self) -> Tally:
        """The counts of all groups together."""
        whole = Counts(self.scoring)._tally("")
        for tally in self.tallies.values():
            whole.merge(tally)
        return whole
