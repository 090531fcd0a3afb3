"""All scores of a network on a dataset, in one pass: what the paper's tables hold, and JSON to keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb import metrics
from segnet_nb.datasets.base import Dataset

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of a network on a dataset; pixels whose ground truth is void are left out.

    Attributes:
        matrix: confusion matrix pooled over all images, int64, rows ground truth.
        scores: global accuracy (G), class average (C), mean IoU, and per class.
        boundary_f1: BF in the paper's convention, 0..1; None if it was not asked for.
        names: of the classes.
        images: how many were evaluated.
        seconds: wall time of the predictions alone.
    """

    matrix: np.ndarray
    scores: metrics.Scores
    boundary_f1: float | None
    names: tuple[str, ...]
    images: int
    seconds: float

    def __str__(self) -> str:
        lines = [self.scores.table(self.names)]
        if self.boundary_f1 is not None:
            lines.append(f"boundary F1 {100 * self.boundary_f1:.1f} %")
        lines.append(f"{self.images} images, {self.seconds / self.images:.2f} s each to predict")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""
        return {
            **self.scores.to_dict(),
            "boundary_f1": self.boundary_f1,
            "class_names": list(self.names),
            "confusion_matrix": self.matrix.tolist(),
            "images": self.images,
            "seconds_per_image": self.seconds / self.images,
        }


def evaluate(
    model: keras.Model,
    data: Dataset,
    *,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    boundary: bool = True,
    batch_size: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Predict every image of a dataset and score the predictions.

    Args:
        model: a network of this package with as many classes as the data.
        data: images and ground truth; images are predicted at their own size.
        flip: average each prediction with that of the mirrored image.
        scales: sizes to predict at, as shares of the image's, and to average.
        boundary: whether to compute the boundary F1 too, the slowest of the scores.
        batch_size: images at a time.
        progress: called with the images done and to do.

    Returns:
        An ``Evaluation``.

    Raises:
        ValueError: if the network has another number of classes, or there are no images.

    Example:
        >>> from segnet_nb import datasets, pretrained
        >>> data = datasets.load("synthetic", "val", image_size=(48, 64), count=2)
        >>> evaluate(pretrained.load_pretrained("small-synthetic"), data).images
        2
    """
    from segnet_nb.prediction import predict

    classes = data.classes
    if not len(data):
        raise ValueError("no images came. Pass at least one image.")
    if model.output_shape[-1] != classes.num_classes:
        raise ValueError(
            f"the network tells {model.output_shape[-1]} classes apart, the data {classes.num_classes}. "
            "Evaluate a network that was trained on these classes."
        )
    matrix = np.zeros((classes.num_classes, classes.num_classes), np.int64)
    outlines, seconds = [], 0.0
    for start in range(0, len(data), batch_size):
        labels = data.labels[start : start + batch_size]
        began = time.perf_counter()
        guesses = predict(
            model, data.images[start : start + batch_size], batch_size=batch_size, flip=flip, scales=scales
        )
        seconds += time.perf_counter() - began
        matrix += metrics.confusion_matrix(labels, guesses, classes.num_classes, classes.void_id)
        if boundary:
            found = metrics.boundary_f1(labels, guesses, classes.num_classes, classes.void_id)
            outlines += found.image_scores.tolist()
        if progress is not None:
            progress(start + len(labels), len(data))
    # An image without a scored class has no outline to meet, and does not count.
    known = [score for score in outlines if not np.isnan(score)]
    return Evaluation(
        matrix=matrix,
        scores=metrics.scores(matrix),
        boundary_f1=(float(np.mean(known)) if known else 0.0) if boundary else None,
        names=tuple(classes.names),
        images=len(data),
        seconds=seconds,
    )
