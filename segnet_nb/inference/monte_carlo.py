"""Scores of Monte Carlo dropout on a dataset, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segnet_nb.metrics.selective import SelectiveAccuracy

if TYPE_CHECKING:
    import keras

MEASURES = ("variance", "entropy", "mutual_information")
RETAINED_SHARE = 0.8


@dataclass(frozen=True)
class MonteCarloScores:
    """Accuracy of Monte Carlo dropout on a dataset, and of its most certain pixels; shares of pixels, 0..1.

    Attributes:
        samples: predictions per image.
        retained_accuracy: global accuracy of the most certain 80 % of all pixels, by each of ``MEASURES``.
        single_accuracy: global accuracy of one prediction with dropout off.
        single_retained_accuracy: that of the 80 % of its pixels with the highest confidence.
    """

    samples: int
    retained_accuracy: dict[str, float]
    single_accuracy: float
    single_retained_accuracy: float

    def __str__(self) -> str:
        by_measure = ", ".join(
            f"by {name.replace('_', ' ')} {100 * value:.1f} %"
            for name, value in self.retained_accuracy.items()
        )
        return (
            f"mean of {self.samples} samples; accuracy of the most certain {RETAINED_SHARE:.0%}: "
            f"{by_measure}\n"
            f"one prediction without dropout: {100 * self.single_accuracy:.1f} %, of the most confident "
            f"{RETAINED_SHARE:.0%} {100 * self.single_retained_accuracy:.1f} %"
        )


class MonteCarlo:
    """Counts of the predictions and the uncertainties of the labelled pixels of a dataset.

    Args:
        samples: predictions per image, at least 2.
        void_id: id of unlabelled pixels, which are left out.
    """

    def __init__(self, samples: int, void_id: int) -> None:
        self._samples, self._void = samples, void_id
        self._by_measure = {name: SelectiveAccuracy() for name in MEASURES}
        self._single = SelectiveAccuracy()

    def add(self, model: keras.Model, images: np.ndarray, truth: np.ndarray, start: int) -> np.ndarray:
        """Predict images with a network that has dropout; the labels of the mean.

        Args:
            model: the network.
            images: uint8, shape ``(batch, height, width, 3)``.
            truth: uint8, shape ``(batch, height, width)``.
            start: number of the first image, which is the seed.
        """
        from segnet_nb.inference.prediction import predict_probabilities
        from segnet_nb.inference.uncertainty import predict_with_uncertainty

        sampled = predict_with_uncertainty(model, images, samples=self._samples, seed=start)
        single = predict_probabilities(model, images)
        known = truth != self._void
        right = (sampled.labels == truth)[known]
        for name, counted in self._by_measure.items():
            counted.add(getattr(sampled, name)[known], right)
        self._single.add(1 - single.max(-1)[known], (single.argmax(-1) == truth)[known])
        return sampled.labels

    def merge(self, other: MonteCarlo) -> None:
        """Add the counts of the images that follow."""
        for name, counted in self._by_measure.items():
            counted.merge(other._by_measure[name])
        self._single.merge(other._single)

    def scores(self) -> MonteCarloScores:
        """The scores, after all images were added."""
        certain, every = self._single.accuracies((RETAINED_SHARE, 1.0))
        return MonteCarloScores(
            samples=self._samples,
            retained_accuracy={
                name: float(counted.accuracies((RETAINED_SHARE,))[0])
                for name, counted in self._by_measure.items()
            },
            single_accuracy=float(every),
            single_retained_accuracy=float(certain),
        )
