"""All scores of a network on a dataset, in one pass: those of the paper's tables, and JSON to keep."""

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


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Scores of a network on a dataset; pixels whose ground truth is void are ignored.

    Attributes:
        matrix: confusion matrix pooled over all images, int64, rows ground truth.
        scores: global accuracy (G), class average (C), mean IoU, and per class.
        boundary_f1: boundary F1 (BF) as in the paper, 0..1; None if it was not computed.
        names: names of the classes.
        images: number of images.
        seconds: wall time of the predictions only.
        monte_carlo: scores of Monte Carlo dropout; None without ``samples``.
    """

    matrix: np.ndarray
    scores: metrics.Scores
    boundary_f1: float | None
    names: tuple[str, ...]
    images: int
    seconds: float
    monte_carlo: MonteCarloScores | None = None

    def __str__(self) -> str:
        lines = [self.scores.table(self.names)]
        if self.boundary_f1 is not None:
            lines.append(f"boundary F1 {100 * self.boundary_f1:.1f} %")
        if self.monte_carlo is not None:
            lines.append(str(self.monte_carlo))
        lines.append(f"{self.images} images, {self.seconds / self.images:.2f} s per image for inference")
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
            **({"monte_carlo": asdict(self.monte_carlo)} if self.monte_carlo else {}),
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
        data: images and ground truth; inference runs at the size of the images.
        flip: average each prediction with that of the mirrored image.
        scales: average predictions at these multiples of the image size.
        samples: for Monte Carlo dropout, predictions per image with dropout on, 2 or more, whose mean is
            scored; 0: one prediction with dropout off. Needs about 20 bytes per pixel of the dataset.
        boundary: whether to compute the boundary F1 too, the slowest of the scores.
        batch_size: images per batch.
        progress: called with the number of finished images and of all images.

    Returns:
        An ``Evaluation``.

    Raises:
        ValueError: if the network has another number of classes or, with ``samples``, no dropout; if there
            are no images; or if ``samples`` is combined with ``flip`` or ``scales``.

    Example:
        >>> from segnet_nb import datasets
        >>> from segnet_nb.inference import pretrained
        >>> data = datasets.load("synthetic", "val", image_size=(48, 64), count=2)
        >>> evaluate(pretrained.load_pretrained("small-synthetic"), data).images
        2
    """
    from segnet_nb.inference.prediction import predict

    if samples and (flip or tuple(scales) != (1.0,)):
        raise UserError("samples are predicted at the size of the image: pass them without flip and scales.")
    _check_data(model, data)
    classes = data.classes
    matrix = np.zeros((classes.num_classes, classes.num_classes), np.int64)
    boundary_scores, seconds = [], 0.0
    monte_carlo = _MonteCarlo(model, samples, data) if samples else None
    for start in range(0, len(data), batch_size):
        images, labels = (part[start : start + batch_size] for part in (data.images, data.labels))
        began = time.perf_counter()
        if monte_carlo is not None:
            predictions = monte_carlo.add(images, start)
        else:
            predictions = predict(model, images, batch_size=batch_size, flip=flip, scales=scales)
        seconds += time.perf_counter() - began
        matrix += metrics.confusion_matrix(labels, predictions, classes.num_classes, classes.void_id)
        if boundary:
            found = metrics.boundary_f1(labels, predictions, classes.num_classes, classes.void_id)
            boundary_scores += found.image_scores.tolist()
        if progress is not None:
            progress(start + len(labels), len(data))
    return Evaluation(
        matrix=matrix,
        scores=metrics.scores(matrix),
        boundary_f1=_mean_of_known(boundary_scores) if boundary else None,
        names=tuple(classes.names),
        images=len(data),
        seconds=seconds,
        monte_carlo=None if monte_carlo is None else monte_carlo.scores(),
    )


def _check_data(model: keras.Model, data: Dataset) -> None:
    if not len(data):
        raise UserError("got no images. Pass at least one image.")
    if model.output_shape[-1] != data.classes.num_classes:
        raise UserError(
            f"the network has {model.output_shape[-1]} classes, the data {data.classes.num_classes}. "
            "Evaluate a network that was trained on these classes."
        )


def _mean_of_known(scores: Sequence[float]) -> float:
    """The mean boundary F1; an image without a scored class has no boundary, so its NaN is left out."""
    known = [score for score in scores if not np.isnan(score)]
    return float(np.mean(known)) if known else 0.0


class _MonteCarlo:
    """Predictions and uncertainties of all pixels of a dataset."""

    def __init__(self, model: keras.Model, samples: int, data: Dataset) -> None:
        self._model, self._samples, self._data = model, samples, data
        shape = data.labels.shape
        self._uncertainty = {name: np.empty(shape, np.float32) for name in (*MEASURES, "single")}
        self._labels = {name: np.empty(shape, np.uint8) for name in ("mean", "single")}

    def add(self, images: np.ndarray, start: int) -> np.ndarray:
        """Predict these images, the first of which is number ``start``; the labels of the mean."""
        from segnet_nb.inference.prediction import predict_probabilities
        from segnet_nb.inference.uncertainty import predict_with_uncertainty

        place = slice(start, start + len(images))
        sampled = predict_with_uncertainty(self._model, images, samples=self._samples, seed=start)
        for name in MEASURES:
            self._uncertainty[name][place] = getattr(sampled, name)
        single = predict_probabilities(self._model, images)
        self._uncertainty["single"][place] = 1 - single.max(-1)
        self._labels["mean"][place], self._labels["single"][place] = sampled.labels, single.argmax(-1)
        return sampled.labels

    def scores(self) -> MonteCarloScores:
        """The scores, after all images were added."""

        def accuracy(measure: str, labels: str, share: float) -> float:
            (value,) = calibration.selective_accuracy(
                self._uncertainty[measure],
                self._data.labels,
                self._labels[labels],
                coverages=(share,),
                void_id=self._data.classes.void_id,
            )
            return float(value)

        return MonteCarloScores(
            samples=self._samples,
            retained_accuracy={name: accuracy(name, "mean", RETAINED_SHARE) for name in MEASURES},
            single_accuracy=accuracy("single", "single", 1.0),
            single_retained_accuracy=accuracy("single", "single", RETAINED_SHARE),
        )
