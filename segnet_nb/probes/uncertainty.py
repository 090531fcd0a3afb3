"""What a Bayesian SegNet says of some images after a few samples and after more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.uncertainty import uncertainty_at

MEASURES = ("variance", "entropy", "mutual_information")


@dataclass(frozen=True, eq=False)
class SampledPredictions:
    """Predictions and their uncertainty after rising numbers of samples.

    Attributes:
        images: uint8 RGB in 0..255, shape ``(count, height, width, 3)``.
        labels: uint8 class ids, void last, shape ``(count, height, width)``.
        classes: names and colours of the ids.
        names: one short name per image.
        counts: numbers of samples, rising.
        predictions: uint8 ids, the likeliest class by the mean, shape ``(len(counts), count, height, width)``.
        confidence: its mean probability, float32 in 0..1, same shape.
        measures: ``variance``, ``entropy`` and ``mutual_information``, float32, each of the same shape; see
            ``segnet_nb.inference.uncertainty.Uncertainty``.

    Raises:
        ValueError: if the shapes do not fit together.
    """

    images: np.ndarray
    labels: np.ndarray
    classes: ClassList
    names: tuple[str, ...]
    counts: tuple[int, ...]
    predictions: np.ndarray
    confidence: np.ndarray
    measures: dict[str, np.ndarray]

    def __post_init__(self) -> None:
        shape = (len(self.counts), *self.labels.shape)
        parts = {"predictions": self.predictions, "confidence": self.confidence, **self.measures}
        if {*self.measures} != {*MEASURES}:
            raise UserError(f"measures must be {', '.join(MEASURES)}, but {', '.join(self.measures)} came.")
        for name, part in parts.items():
            if part.shape != shape:
                raise UserError(f"{name} must have shape {shape}, but {part.shape} came.")
        if self.images.shape != (*self.labels.shape, 3) or len(self.names) != len(self.images):
            raise UserError(
                f"labels of shape {self.labels.shape} need RGB images of that size and as many names, but "
                f"images {self.images.shape} and {len(self.names)} names came."
            )

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
    """Sample a network's predictions of every image and keep what is worth looking at.

    Args:
        model: a network with dropout and as many classes as the data.
        data: images and labels.
        counts: numbers of samples after which to look, rising, the first at least 2.
        batch_size: predictions at a time.
        seed: decides what is dropped.
        progress: called with the predictions done and to do.

    Raises:
        ValueError: if there are no images, they do not fit the network, it has no dropout, the numbers of
            classes differ, or ``counts`` are impossible.

    Example:
        >>> from segnet_nb import datasets
        >>> from segnet_nb.networks.model import segnet_basic
        >>> data = datasets.load("synthetic", "val", image_size=(32, 48), count=2)
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3, dropout=0.5)
        >>> probe_uncertainty(model, data, counts=(2, 3))
        SampledPredictions(2 images, 32x48, up to 3 samples)
    """
    told, known = model.output_shape[-1], data.classes.num_classes
    if told != known:
        raise UserError(
            f"the network tells {told} classes apart, but the data has {known}: "
            f"{', '.join(data.classes.names)}. Pass a network trained on these classes."
        )
    found = uncertainty_at(model, data.images, counts, batch_size=batch_size, seed=seed, progress=progress)
    return SampledPredictions(
        data.images,
        data.labels,
        data.classes,
        data.names,
        tuple(counts),
        predictions=np.stack([each.labels for each in found]),
        confidence=np.stack([each.mean.max(-1) for each in found]),
        measures={name: np.stack([getattr(each, name) for each in found]) for name in MEASURES},
    )
