"""Predictions and uncertainty of a Bayesian SegNet for increasing numbers of Monte Carlo dropout samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.uncertainty import Uncertainty, uncertainty_at
from segnet_nb.probes.page_parts import PageNetwork, page_network
from segnet_nb.probes.predictions import check_images, check_num_classes

MEASURES = ("variance", "entropy", "mutual_information")


@dataclass(frozen=True, eq=False)
class SampledPredictions:
    """Predictions and their uncertainty after increasing numbers of Monte Carlo dropout samples.

    Attributes:
        images: uint8 RGB in 0..255, shape ``(count, height, width, 3)``.
        labels: uint8 class ids, void last, shape ``(count, height, width)``.
        classes: names and colours of the ids.
        names: one short name per image.
        counts: numbers of samples, increasing.
        predictions: uint8 ids, the most probable class by the mean, shape ``(len(counts), count, height,
            width)``.
        confidence: mean probability of that class, float32 in 0..1, same shape.
        measures: ``variance``, ``entropy`` (total uncertainty) and ``mutual_information`` (epistemic
            uncertainty), float32, each of the same shape; see
            ``segnet_nb.inference.uncertainty.Uncertainty``.
        model: the network that was sampled; None: unknown, and it cannot be sampled again.

    Raises:
        ValueError: if the shapes are inconsistent.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: ClassList
    names: tuple[str, ...]
    counts: tuple[int, ...]
    predictions: np.ndarray
    confidence: np.ndarray
    measures: dict[str, np.ndarray]
    model: keras.Model | None = None

    def __post_init__(self) -> None:
        shape = (len(self.counts), *self.labels.shape)
        parts = {"predictions": self.predictions, "confidence": self.confidence, **self.measures}
        if {*self.measures} != {*MEASURES}:
            raise UserError(f"measures must be {', '.join(MEASURES)}, but got {', '.join(self.measures)}.")
        for name, part in parts.items():
            if part.shape != shape:
                raise UserError(f"{name} must have shape {shape}, but got {part.shape}.")
        check_images(self.images, self.labels, self.names)

    def again(self, seed: int) -> SampledPredictions:
        """The same images and numbers of samples with other dropout masks.

        Args:
            seed: of the masks.

        Raises:
            ValueError: if the network is not known.
        """
        found = uncertainty_at(self._network, self.images, self.counts, seed=seed)
        return replace(self, **_sampled(found))

    def page_network(self) -> PageNetwork:
        """The network with dropout on, as a page holds it.

        Raises:
            ValueError: if the network is not known, or a page cannot hold it.
        """
        return page_network(self._network, sampling=True)

    @property
    def _network(self) -> keras.Model:
        if self.model is None:
            raise UserError(
                "these predictions do not know their network, so it cannot be sampled again. Make them with "
                "segnet_nb.probes.probe_uncertainty(model, data)."
            )
        return self.model

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.images.shape[1:3]
        return f"SampledPredictions({len(self)} images, {height}x{width}, up to {self.counts[-1]} samples)"


def probe_uncertainty(
    model: keras.Model,
    data: Dataset,
    counts: Sequence[int] = (2, 4, 8, 16),
    *,
    batch_size: int = 4,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> SampledPredictions:
    """Run Monte Carlo dropout on every image, and record predictions and uncertainty.

    Args:
        model: a network with dropout and as many classes as the data.
        data: images and labels.
        counts: numbers of samples after which to record, increasing, the first at least 2.
        batch_size: predictions per batch.
        seed: seed of the dropout masks.
        progress: called with the number of finished predictions and their total.

    Raises:
        ValueError: if there are no images, they do not match the network, it has no dropout, the numbers of
            classes differ, or ``counts`` are invalid.

    Example:
        >>> from segnet_nb import datasets
        >>> from segnet_nb.networks.model import segnet_basic
        >>> data = datasets.load("synthetic", "val", image_size=(32, 48), count=2)
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3, dropout=0.5)
        >>> probe_uncertainty(model, data, counts=(2, 3))
        SampledPredictions(2 images, 32x48, up to 3 samples)
    """
    check_num_classes(model, data.classes)
    found = uncertainty_at(model, data.images, counts, batch_size=batch_size, seed=seed, progress=progress)
    return SampledPredictions(
        data.images,
        data.labels,
        data.classes,
        data.names,
        tuple(counts),
        **_sampled(found),
        model=model,
    )


def _sampled(found: Sequence[Uncertainty]) -> dict[str, Any]:
    """What ``SampledPredictions`` holds of the results after each number of samples."""
    return {
        "predictions": np.stack([each.labels for each in found]),
        "confidence": np.stack([each.mean.max(-1) for each in found]),
        "measures": {name: np.stack([getattr(each, name) for each in found]) for name in MEASURES},
    }
