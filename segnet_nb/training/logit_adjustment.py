"""What to add to a trained network's logits, one number per class, so that its masks score best.

A network learns from its training data how frequent each class is. Crops centred on rare classes and
weighted losses distort these frequencies, so it predicts some classes too often and others too rarely. One
offset per class, fitted on unaltered training images, corrects that at no cost: it is added to the
classifier's bias. (Menon et al., arXiv 2007.07314, derive such offsets from class frequencies; here a search
maximizes the mean IoU.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb import metrics
from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import LabelledImages
from segnet_nb.datasets.resizing import resize_image, resize_labels
from segnet_nb.inference.run_files import ADJUSTED, BEST, check_file
from segnet_nb.training import checkpoints, validation
from segnet_nb.training.run import Run

if TYPE_CHECKING:
    import keras

_STEPS = np.arange(-24, 25) / 8  # candidates: every eighth in -3..3, where exp(3) = 20 times as likely
_ROUNDS = 10
_LEAST_GAIN = 1e-5


@dataclass(frozen=True)
class Adjustment:
    """What was added to the logits, and what it did to the images it was fitted on.

    Attributes:
        offsets: one per class, in -3..3, as natural logarithms.
        before: mean IoU without them, 0..1.
        after: mean IoU with them, 0..1, never below ``before``.
    """

    offsets: tuple[float, ...]
    before: float
    after: float


def fit_offsets(scores: np.ndarray, labels: np.ndarray) -> Adjustment:
    """The offsets that raise the mean IoU of ``argmax(scores + offsets)``.

    Coordinate ascent: for one class at a time the best of 49 offsets is taken while the others are fixed,
    until no class improves. A pixel changes to a class at exactly one offset, so a single pass over the
    pixels scores all 49.

    Args:
        scores: logits or natural logarithms of probabilities, shape ``(pixels, num_classes)``.
        labels: class ids, shape ``(pixels,)``; none void.

    Returns:
        The ``Adjustment``. Classes without a pixel in ``labels`` do not count in its means.

    Raises:
        ValueError: if shapes or ids do not fit, or there is no pixel.

    Example:
        Two pixels of class 1, one of them predicted as class 0 by a margin of 0.55, and one of class 0. With
        an offset of -0.625 for class 0 all three are correct; among equally good offsets the smallest is
        taken:

        >>> scores = np.array([[0.0, -0.55], [0.0, 2.0], [4.0, 0.0]])
        >>> fit_offsets(scores, np.array([1, 1, 0]))
        Adjustment(offsets=(-0.625, 0.0), before=0.5, after=1.0)
    """
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise UserError(
            "scores must be (pixels, classes) and labels (pixels,) with at least one pixel, but got shapes "
            f"{scores.shape} and {labels.shape}."
        )
    count = scores.shape[1]
    if labels.min() < 0 or labels.max() >= count:
        raise UserError(
            f"labels must be ids in 0..{count - 1}, but run from {labels.min()} to {labels.max()}. "
            "Leave void pixels out."
        )
    labels = labels.astype(np.intp)
    offsets = np.zeros(count)
    predictions = scores.argmax(1)
    matrix = np.bincount(labels * count + predictions, minlength=count * count).reshape(count, count)
    before = best = _mean_iou(matrix)
    for _ in range(_ROUNDS):
        gained = False
        for one in range(count):
            found = [_mean_iou(matrix) for matrix in _matrices(scores + offsets, offsets[one], labels, one)]
            # Among equals the smallest offset.
            order = np.lexsort((np.abs(_STEPS), -np.round(found, 12)))
            if found[order[0]] > best + _LEAST_GAIN:
                offsets[one], best, gained = _STEPS[order[0]], found[order[0]], True
        if not gained:
            break
    return Adjustment(tuple(offsets.tolist()), before, best)


def _matrices(shifted: np.ndarray, now: float, labels: np.ndarray, one: int) -> np.ndarray:
    """The confusion matrix for every offset of one class, shape ``(49, classes, classes)``."""
    count, steps = shifted.shape[1], len(_STEPS)
    own = shifted[:, one] - now
    shifted[:, one] = -np.inf
    rivals = shifted.argmax(1)
    lacks = shifted.max(1) - own
    # The class wins a pixel at every offset above its deficit there; argmax resolves ties to the lower id.
    lacks = np.where(rivals > one, np.nextafter(lacks, -np.inf), lacks)
    wins_from = np.searchsorted(_STEPS, lacks, side="right")
    cells = (labels * count + rivals) * (steps + 1) + wins_from
    cells = np.bincount(cells, minlength=count * count * (steps + 1)).reshape(count, count, steps + 1)
    won = np.moveaxis(cells.cumsum(-1)[..., :steps], -1, 0)
    matrices = cells.sum(-1) - won
    matrices[:, :, one] += won.sum(-1)
    return matrices


def _mean_iou(matrix: np.ndarray) -> float:
    return metrics.scores(matrix, absent="ignore").mean_iou


def adjust_logits(
    model: keras.Model,
    data: LabelledImages,
    *,
    image_size: tuple[int, int] | None = None,
    images: int = 48,
    pixels: int = 40_000,
) -> Adjustment:
    """Fit offsets on images and add them to the bias of a network's classifier, in place.

    Args:
        model: a network of this package that ends in a convolution with a bias, and softmax or logits.
        data: training images, never those that the network is evaluated on. It makes fewer errors on them
            than on unseen images; the offsets correct the bias that both have in common.
        image_size: height and width to run inference at, those of later use; None: the size of the images.
        images: how many images to use, evenly spaced.
        pixels: how many pixels of each image to use, sampled with a fixed seed.

    Returns:
        The ``Adjustment``.

    Raises:
        ValueError: if the network has another last layer, or the images have no pixel with a class.

    Example:
        >>> from segnet_nb import datasets
        >>> from segnet_nb.inference import pretrained
        >>> model = pretrained.load_pretrained("small-synthetic")
        >>> found = adjust_logits(model, datasets.load("synthetic", "train", image_size=(48, 64), count=2))
        >>> found.after >= found.before
        True
    """
    from segnet_nb.inference import prediction

    # The last layer, with an activation of its own, or the one before softmax or logits.
    bias, copies = _class_bias(model)
    random = np.random.default_rng(0)
    scores, labels = [], []
    for i in np.unique(np.linspace(0, len(data) - 1, min(images, len(data))).round().astype(int)):
        image, truth = data.pair(int(i))
        size = image_size or data.image_size or (truth.shape[0], truth.shape[1])
        ids = resize_labels(truth, size).ravel()
        known = np.flatnonzero(ids != data.classes.void_id)
        chosen = random.choice(known, min(pixels, len(known)), replace=False)
        found = prediction.predict_probabilities(model, resize_image(image, size))[0]
        # Logarithms of probabilities are the logits up to a constant that all classes share.
        scores.append(np.log(np.maximum(found.reshape(len(ids), -1)[chosen], 1e-30)))
        labels.append(ids[chosen])
    found = fit_offsets(np.concatenate(scores), np.concatenate(labels))
    bias.assign_add(np.tile(np.asarray(found.offsets, "float32"), copies))
    return found


def _class_bias(model: keras.Model) -> tuple[Any, int]:
    """The bias of the classifier, and how often it holds each class: once, or once per pixel of a block."""
    from segnet_nb._shared.framework import keras
    from segnet_nb.networks.subpixel import DepthToSpace2D

    copies = 1
    for layer in reversed(model.layers):
        if isinstance(layer, DepthToSpace2D):
            copies = 4
        elif not isinstance(layer, keras.layers.Softmax | keras.layers.Activation):
            break
    bias = getattr(layer, "bias", None)
    if bias is None or tuple(bias.shape) != (copies * model.output_shape[-1],):
        raise UserError(
            f"{model.name} ends in {layer.name}, which has no bias for each class to add the offsets "
            "to. Use a network that ends in a classifier."
        )
    return bias, copies


def adjust_run(
    run: Run, train_data: LabelledImages, val_data: LabelledImages, *, progress: bool = True
) -> None:
    """Adjust the classes of a run's best network, validate it and write ``adjusted.keras``.

    Args:
        run: the run; its ``adjustment`` is set and its record saved.
        train_data: images to fit the offsets on.
        val_data: images to validate with, of the size to fit at.
        progress: print a line with the scores before and after.
    """
    from segnet_nb.inference.prediction import load_model

    model = load_model(check_file(run.directory, run.files, BEST))
    found = adjust_logits(model, train_data, image_size=val_data.image_size)
    scores = validation.validate(model, val_data)
    checkpoints.replace_model(run, ADJUSTED, model)
    run.adjustment = {"epoch": run.best_epoch, "offsets": list(found.offsets), "scores": scores}
    checkpoints.commit(run)
    if progress:
        print(
            f"classes adjusted  training mIoU {found.before:.3f} to {found.after:.3f}  "
            f"val mIoU {run.best_as_trained['mean_iou']:.3f} to {scores['mean_iou']:.3f}  "
            f"accuracy {scores['global_accuracy']:.3f}",
            flush=True,
        )
