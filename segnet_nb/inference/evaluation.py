"""All scores of a network on a dataset, in one pass: those of the paper's tables, and JSON to keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from segnet_nb import metrics
from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import LabelledImages, batches
from segnet_nb.datasets.groups import group_names
from segnet_nb.inference.monte_carlo import MonteCarlo, MonteCarloScores

if TYPE_CHECKING:
    import keras


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
        groups: the same scores of each group of images, by name, with ``by``.
    """

    matrix: np.ndarray
    scores: metrics.Scores
    boundary_f1: float | None
    names: tuple[str, ...]
    images: int
    seconds: float
    monte_carlo: MonteCarloScores | None = None
    groups: dict[str, Evaluation] = field(default_factory=dict)

    def __str__(self) -> str:
        lines = [self.scores.table(self.names)]
        if self.boundary_f1 is not None:
            lines.append(f"boundary F1 {100 * self.boundary_f1:.1f} %")
        if self.monte_carlo is not None:
            lines.append(str(self.monte_carlo))
        lines += self._group_lines()
        lines.append(f"{self.images} images, {self.seconds / self.images:.2f} s per image for inference")
        return "\n".join(lines)

    def _group_lines(self) -> list[str]:
        """A table of the groups, scores in percent."""
        if not self.groups:
            return []
        width = max(len("group"), *map(len, self.groups))
        lines = [f"{'group':<{width}}  images      G      C   mIoU     BF"]
        for name, part in self.groups.items():
            values = (part.scores.global_accuracy, part.scores.class_average, part.scores.mean_iou)
            cells = [f"{100 * value:6.1f}" for value in values]
            cells.append("     -" if part.boundary_f1 is None else f"{100 * part.boundary_f1:6.1f}")
            lines.append(f"{name:<{width}}  {part.images:6d} {' '.join(cells)}")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, for JSON."""
        groups = {name: part.to_dict() for name, part in self.groups.items()}
        return {
            **self.scores.to_dict(),
            "boundary_f1": self.boundary_f1,
            "class_names": list(self.names),
            "confusion_matrix": self.matrix.tolist(),
            "images": self.images,
            "seconds_per_image": self.seconds / self.images,
            **({"monte_carlo": asdict(self.monte_carlo)} if self.monte_carlo else {}),
            **({"groups": groups} if groups else {}),
        }


def evaluate(
    model: keras.Model,
    data: LabelledImages,
    *,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    samples: int = 0,
    boundary: bool = True,
    by: str | None = None,
    absent: Literal["zero", "ignore"] = "zero",
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
            scored; 0: one prediction with dropout off.
        boundary: whether to compute the boundary F1 too, the slowest of the scores.
        by: score each group of images too: ``"drive"`` or a regular expression, see
            ``segnet_nb.datasets.groups.group_names``. A class that a group does not contain counts as 0
            in its C and mIoU, as in the scores of the whole.
        absent: classes without a pixel in the ground truth count as ``"zero"`` in the means, or ``"ignore"``
            leaves them out; the table says so. See ``segnet_nb.metrics.scores``.
        batch_size: images per batch.
        progress: called with the number of finished images and of all images.

    Returns:
        An ``Evaluation``.

    Raises:
        ValueError: if the network has another number of classes or, with ``samples``, no dropout; if there
            are no images; if ``samples`` comes with ``flip`` or ``scales``; or if ``by`` does not match.

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
    groups = group_names(data.names, by) if by else ("",) * len(data)
    tallies = {name: _Tally(data, boundary, absent) for name in sorted(set(groups))}
    monte_carlo = MonteCarlo(model, samples, data.classes.void_id) if samples else None
    start = 0
    for images, labels in batches(data, batch_size):
        began = time.perf_counter()
        if monte_carlo is not None:
            predictions = monte_carlo.add(images, labels, start)
        else:
            predictions = predict(model, images, batch_size=batch_size, flip=flip, scales=scales)
        seconds = (time.perf_counter() - began) / len(labels)
        for i in range(len(labels)):
            tallies[groups[start + i]].add(start + i, labels[i : i + 1], predictions[i : i + 1], seconds)
        start += len(labels)
        if progress is not None:
            progress(start, len(data))
    return replace(
        _Tally.total(tallies.values(), data, boundary, absent).evaluation(),
        monte_carlo=None if monte_carlo is None else monte_carlo.scores(),
        groups={name: tally.evaluation() for name, tally in tallies.items()} if by else {},
    )


class _Tally:
    """The counts of some images, from which their scores follow."""

    def __init__(self, data: LabelledImages, boundary: bool, absent: Literal["zero", "ignore"]) -> None:
        self._classes, self._boundary, self.seconds = data.classes, boundary, 0.0
        self._absent: Literal["zero", "ignore"] = absent
        self.matrix = np.zeros((data.classes.num_classes, data.classes.num_classes), np.int64)
        self.boundary_scores: dict[int, float] = {}  # by number of the image

    def add(self, number: int, labels: np.ndarray, predictions: np.ndarray, seconds: float) -> None:
        """Count one image, ground truth and prediction of shape ``(1, height, width)``."""
        count, void = self._classes.num_classes, self._classes.void_id
        self.matrix += metrics.confusion_matrix(labels, predictions, count, void)
        scores = metrics.boundary_f1(labels, predictions, count, void).image_scores if self._boundary else [0]
        self.boundary_scores[number] = float(scores[0])
        self.seconds += seconds

    @classmethod
    def total(
        cls,
        tallies: Iterable[_Tally],
        data: LabelledImages,
        boundary: bool,
        absent: Literal["zero", "ignore"],
    ) -> _Tally:
        """All images of some tallies together."""
        whole = cls(data, boundary, absent)
        for tally in tallies:
            whole.matrix += tally.matrix
            whole.seconds += tally.seconds
            whole.boundary_scores |= tally.boundary_scores
        return whole

    def evaluation(self) -> Evaluation:
        """The scores of the counted images."""
        in_order = [self.boundary_scores[number] for number in sorted(self.boundary_scores)]
        return Evaluation(
            matrix=self.matrix,
            scores=metrics.scores(self.matrix, self._absent),
            boundary_f1=_mean_of_known(in_order) if self._boundary else None,
            names=tuple(self._classes.names),
            images=len(in_order),
            seconds=self.seconds,
        )


def _check_data(model: keras.Model, data: LabelledImages) -> None:
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
