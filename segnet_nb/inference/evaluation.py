"""All scores of a network on a dataset, in one pass: what the paper's tables hold, and JSON to keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb import metrics
from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import Dataset
from segnet_nb.metrics import calibration

if TYPE_CHECKING:
    import keras


MEASURES = ("variance", "entropy", "mutual_information")
KEPT_SHARE = 0.8


@dataclass(frozen=True)
class Certainty:
    """What asking a Bayesian SegNet many times is worth on a dataset; all figures are shares of pixels, 0..1.

    Attributes:
        samples: predictions per image.
        kept: global accuracy of the most certain 80 % of all pixels, by each of ``MEASURES``.
        once: global accuracy of one prediction with dropout off.
        once_kept: the same of the 80 % to whose class it gives the highest probability.
    """

    samples: int
    kept: dict[str, float]
    once: float
    once_kept: float

    def __str__(self) -> str:
        by = ", ".join(f"{name.replace('_', ' ')} {100 * right:.1f} %" for name, right in self.kept.items())
        return (
            f"mean of {self.samples} samples; of the most certain {KEPT_SHARE:.0%} right, by {by}\n"
            f"one prediction without dropout: {100 * self.once:.1f} %, of the most confident "
            f"{KEPT_SHARE:.0%} {100 * self.once_kept:.1f} %"
        )


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
        certainty: if each image was predicted many times, what that is worth.
    """

    matrix: np.ndarray
    scores: metrics.Scores
    boundary_f1: float | None
    names: tuple[str, ...]
    images: int
    seconds: float
    certainty: Certainty | None = None

    def __str__(self) -> str:
        lines = [self.scores.table(self.names)]
        if self.boundary_f1 is not None:
            lines.append(f"boundary F1 {100 * self.boundary_f1:.1f} %")
        if self.certainty is not None:
            lines.append(str(self.certainty))
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
            **({"certainty": asdict(self.certainty)} if self.certainty else {}),
        }


def evaluate(
    model: keras.Model,
    data: Dataset,
    *,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    samples: int = 0,
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
        samples: predict each image so many times with dropout on and score the mean, 2 or more; 0: once, with
            dropout off. About 20 bytes a pixel of the whole dataset are held meanwhile.
        boundary: whether to compute the boundary F1 too, the slowest of the scores.
        batch_size: images at a time.
        progress: called with the images done and to do.

    Returns:
        An ``Evaluation``.

    Raises:
        ValueError: if the network has another number of classes or, with ``samples``, no dropout; if there
            are no images; or if ``samples`` comes with ``flip`` or ``scales``.

    Example:
        >>> from segnet_nb import datasets
        >>> from segnet_nb.inference import pretrained
        >>> data = datasets.load("synthetic", "val", image_size=(48, 64), count=2)
        >>> evaluate(pretrained.load_pretrained("small-synthetic"), data).images
        2
    """
    from segnet_nb.inference.prediction import predict

    if samples and (flip or tuple(scales) != (1.0,)):
        raise UserError("samples are drawn at the image's own size: pass them without flip and scales.")
    classes = data.classes
    if not len(data):
        raise UserError("no images came. Pass at least one image.")
    if model.output_shape[-1] != classes.num_classes:
        raise UserError(
            f"the network tells {model.output_shape[-1]} classes apart, the data {classes.num_classes}. "
            "Evaluate a network that was trained on these classes."
        )
    matrix = np.zeros((classes.num_classes, classes.num_classes), np.int64)
    outlines, seconds = [], 0.0
    doubts = _Doubts(model, samples, data) if samples else None
    for start in range(0, len(data), batch_size):
        labels = data.labels[start : start + batch_size]
        began = time.perf_counter()
        images = data.images[start : start + batch_size]
        if doubts is not None:
            guesses = doubts.add(images, start)
        else:
            guesses = predict(model, images, batch_size=batch_size, flip=flip, scales=scales)
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
        certainty=None if doubts is None else doubts.worth(),
    )


class _Doubts:
    """Measures of doubt and predictions of all pixels of a dataset."""

    def __init__(self, model: keras.Model, samples: int, data: Dataset) -> None:
        self._model, self._samples, self._data = model, samples, data
        shape = data.labels.shape
        self._values = {name: np.empty(shape, np.float32) for name in (*MEASURES, "once")}
        self._labels = {name: np.empty(shape, np.uint8) for name in ("mean", "once")}

    def add(self, images: np.ndarray, start: int) -> np.ndarray:
        """Ask for these images, the first of which is number ``start``; the labels by the mean."""
        from segnet_nb.inference.prediction import predict_probabilities
        from segnet_nb.inference.uncertainty import predict_with_uncertainty

        place = slice(start, start + len(images))
        drawn = predict_with_uncertainty(self._model, images, samples=self._samples, seed=start)
        for name in MEASURES:
            self._values[name][place] = getattr(drawn, name)
        once = predict_probabilities(self._model, images)
        self._values["once"][place] = 1 - once.max(-1)
        self._labels["mean"][place], self._labels["once"][place] = drawn.labels, once.argmax(-1)
        return drawn.labels

    def worth(self) -> Certainty:
        """After all images: how right the most certain pixels are."""

        def right(name: str, guess: str, share: float) -> float:
            truth, void = self._data.labels, self._data.classes.void_id
            (found,) = calibration.selective_accuracy(
                self._values[name], truth, self._labels[guess], coverages=(share,), void_id=void
            )
            return float(found)

        return Certainty(
            samples=self._samples,
            kept={name: right(name, "mean", KEPT_SHARE) for name in MEASURES},
            once=right("once", "once", 1.0),
            once_kept=right("once", "once", KEPT_SHARE),
        )
