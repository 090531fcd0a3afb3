"""All scores of a network on a dataset, in one pass: those of the paper's tables, and JSON to keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from segnet_nb import metrics
from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import LabelledImages, batches
from segnet_nb.datasets.groups import group_names
from segnet_nb.inference.counts import Counts, Scoring, Tally
from segnet_nb.inference.monte_carlo import MonteCarloScores

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
    scoring = Scoring(data.classes, flip, tuple(scales), samples, boundary, by, absent)
    check_request(model, data, scoring)
    groups, counts, start = groups_of(data, by), Counts(scoring), 0
    for images, labels in batches(data, batch_size):
        stop = start + len(labels)
        counts.add(model, images, labels, start, groups[start:stop])
        start = stop
        if progress is not None:
            progress(start, len(data))
    return evaluation_of(counts)


def groups_of(data: LabelledImages, by: str | None) -> tuple[str, ...]:
    """The group of each image; all are in one named "" if ``by`` is None.

    Raises:
        ValueError: if ``by`` does not match a name.
    """
    return group_names(data.names, by) if by else ("",) * len(data)


def evaluation_of(counts: Counts) -> Evaluation:
    """The scores that follow from counts."""
    groups = {name: _scored(counts.tallies[name], counts.scoring) for name in sorted(counts.tallies)}
    return replace(
        _scored(counts.total(), counts.scoring),
        monte_carlo=None if counts.monte_carlo is None else counts.monte_carlo.scores(),
        groups=groups if counts.scoring.by else {},
    )


def _scored(tally: Tally, scoring: Scoring) -> Evaluation:
    in_order = [tally.boundary_scores[number] for number in sorted(tally.boundary_scores)]
    return Evaluation(
        matrix=tally.matrix,
        scores=metrics.scores(tally.matrix, scoring.absent),
        boundary_f1=_mean_of_known(in_order) if scoring.boundary else None,
        names=tuple(scoring.classes.names),
        images=len(in_order),
        seconds=tally.seconds,
    )


def check_request(model: keras.Model, data: LabelledImages, scoring: Scoring) -> None:
    """Raise for what cannot be evaluated.

    Raises:
        ValueError: see ``evaluate``.
    """
    if scoring.samples and (scoring.flip or tuple(scoring.scales) != (1.0,)):
        raise UserError("samples are predicted at the size of the image: pass them without flip and scales.")
    _check_data(model, data)


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
