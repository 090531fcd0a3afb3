"""Ablation of pooling indices: replace them, stage by stage, and measure the effect on the prediction.

The decoder of a SegNet receives only indices from the encoder, so they can be replaced without retraining.
PAPER = arXiv 1511.00561, section 3, stores them as 2 bits per 2 x 2 window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np

from segnet_nb._shared.errors import UserError, UserIndexError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.metrics.boundaries import boundary_f1
from segnet_nb.metrics.confusion import confusion_matrix, scores
from segnet_nb.probes._cache import LRUCache
from segnet_nb.probes._intervened import IntervenedNetwork, Step
from segnet_nb.probes._interventions import INTERVENTIONS, WITHOUT_INDICES
from segnet_nb.probes._segments import check_input_shape
from segnet_nb.probes.page_parts import PageNetwork, page_network
from segnet_nb.probes.predictions import check_num_classes

if TYPE_CHECKING:
    import keras

__all__ = ["INTERVENTIONS", "AblationBench", "AblationResult"]

_MAX_BYTES = 96 << 20  # of cached predictions


@dataclass(frozen=True, eq=False)
class AblationResult:
    """Prediction of a network with replaced indices, compared with the prediction with its true indices.

    Scores are of a single image: classes absent from it are ignored, so they differ from the scores of a
    whole dataset, and a rare class counts as much as a frequent one.

    Attributes:
        image: number of the image.
        interventions: intervention at every stage by its number, 1 is the outermost.
        share: probability with which ``"random"`` replaced an index, 0..1.
        seed: random seed.
        other: number of the image whose indices ``"other"`` used, or None.
        prediction: uint8 ids, shape ``(height, width)``.
        reference: uint8 ids with the true indices at all stages, same shape.
        changed: fraction of pixels whose class differs between the two, 0..1.
        mean_iou: mean IoU of ``prediction``, 0..1.
        boundary_f1: boundary F1 of ``prediction``, 0..1.
        reference_mean_iou: mean IoU of ``reference``, 0..1.
        reference_boundary_f1: boundary F1 of ``reference``, 0..1.
        bytes_indices: memory for the indices that these interventions require, 2 bits each, packed
            stage by stage; 0 for stages with zeros, nearest and bilinear.
        bytes_indices_true: memory for the indices of all stages.
        bytes_features: memory for the float32 feature maps before each pooling, which U-Net stores instead.
        stage_sizes: height and width of the unpooled feature map of each stage, stage 1 first.
        stage_bytes: memory for the true indices of each stage; their sum is ``bytes_indices_true``.
    """

    image: int
    interventions: dict[int, str]
    share: float
    seed: int
    other: int | None
    prediction: np.ndarray
    reference: np.ndarray
    changed: float
    mean_iou: float
    boundary_f1: float
    reference_mean_iou: float
    reference_boundary_f1: float
    bytes_indices: int
    bytes_indices_true: int
    bytes_features: int
    stage_sizes: tuple[tuple[int, int], ...]
    stage_bytes: tuple[int, ...]

    def __str__(self) -> str:
        return (
            f"mean IoU {100 * self.mean_iou:.1f} % (true indices {100 * self.reference_mean_iou:.1f} %), "
            f"boundary F1 {100 * self.boundary_f1:.1f} % ({100 * self.reference_boundary_f1:.1f} %), "
            f"{100 * self.changed:.1f} % of the pixels changed"
        )


class AblationBench:
    """A test bench for a network: runs its decoder with replaced indices.

    The network is split at its unpoolings once. A run computes only from the innermost changed stage
    outwards; encodings and intermediate feature maps are cached. Nothing is compiled for a
    combination of interventions.

    Args:
        model: a network of ``segnet_nb.model``, with softmax or logits as output. After further training of
            the model, create a new bench, because results are cached.
        images: uint8 RGB, shape ``(N, H, W, 3)``, in the input range of the network.
        labels: integer ids, shape ``(N, H, W)``; ``classes.void_id`` for unlabelled pixels.
        classes: names and colours.
        names: one name per image; None: numbered names.

    Attributes:
        images: the images.
        labels: the labels.
        classes: names and colours.
        names: one name per image.
        stages: the stage numbers ``(1, 2, ...)``; 1 is the outermost, at the size of the image.

    Raises:
        TypeError: if ``model`` is not a functional Keras model.
        ValueError: if its decoder receives more than indices, or none, or if the arrays do not match.

    Example:
        >>> import segnet_nb as sn
        >>> data = sn.datasets.load("synthetic", "val", image_size=(32, 48), count=2)
        >>> model = sn.segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> bench = AblationBench(model, data.images, data.labels, data.classes)
        >>> bench.run(0, {}).changed
        0.0
        >>> result = bench.run(0, {1: "zeros", 2: "bilinear"})
        >>> result.bytes_indices_true  # (16*24 + 8*12 + 4*6 + 2*3) windows x 4 channels x 2 bits
        510
        >>> result.bytes_indices
        30
    """

    def __init__(
        self,
        model: keras.Model,
        images: np.ndarray,
        labels: np.ndarray,
        classes: ClassList,
        *,
        names: Sequence[str] | None = None,
    ) -> None:
        images, labels = np.asarray(images), np.asarray(labels)
        self._network = IntervenedNetwork(model, images)
        _check_arrays(model, images, labels, classes)
        names = [f"image {i}" for i in range(len(images))] if names is None else list(names)
        if len(names) != len(images):
            raise UserError(
                f"names must have one entry per image, {len(images)}, or be None, but got {len(names)}."
            )
        self.images, self.labels, self.classes, self.names = images, labels, classes, tuple(names)
        self.stages = tuple(range(1, self._network.stages + 1))
        self._outcomes = LRUCache(_MAX_BYTES, 1000)
        # Widgets call from any thread.
        self._lock = RLock()

    def run(
        self,
        image: int,
        interventions: Mapping[int, str],
        *,
        share: float = 0.5,
        seed: int = 0,
        other: int | None = None,
    ) -> AblationResult:
        """Segment an image with replaced indices.

        Args:
            image: number of the image, from 0.
            interventions: stage number to one of ``INTERVENTIONS``; the default of a stage is ``"true"``.

                - ``"true"``: the encoder's own indices;
                - ``"zeros"``: 0 everywhere, each value in the upper left corner of its window;
                - ``"shuffled"``: a random permutation of the indices of each channel (complete windows
                  among each other, partial windows at an odd edge among each other);
                - ``"random"``: each index is replaced with probability ``share`` by a random one, uniform
                  over the positions of its window;
                - ``"other"``: the indices of the image ``other``;
                - ``"nearest"``: nearest-neighbour upsampling instead of unpooling;
                - ``"bilinear"``: bilinear upsampling with half-pixel centres instead of unpooling.
            share: for ``"random"``, 0..1.
            seed: random seed; stage ``s`` uses ``numpy.random.default_rng([seed, s])``. For the same seed
                a larger share replaces all indices that a smaller one does.
            other: for ``"other"``; None: the next image, the first after the last.

        Returns:
            The prediction, the prediction with true indices, and their scores.

        Raises:
            IndexError: if an image or a stage does not exist.
            ValueError: if an intervention, the share or the seed is invalid.
        """
        steps = self._steps(image, interventions, share, seed, other)
        with self._lock:
            reference, *true_scores = self._outcome(image, (("true",),) * len(self.stages))
            prediction, *new_scores = self._outcome(image, steps)
            encoded = self._network.encoded(image)
        done = {stage: steps[-stage][0] for stage in self.stages}
        needed = [2 * item.size + 7 >> 3 for item in encoded.indices]
        values = zip(encoded.sizes, self._network.feature_channels, strict=True)
        return AblationResult(
            image=image,
            interventions=done,
            share=float(share),
            seed=int(seed),
            other=next((step[1] for step in steps if step[0] == "other"), None),
            prediction=prediction,
            reference=reference,
            changed=float(np.mean(prediction != reference)),
            mean_iou=new_scores[0],
            boundary_f1=new_scores[1],
            reference_mean_iou=true_scores[0],
            reference_boundary_f1=true_scores[1],
            bytes_indices=sum(needed[s - 1] for s in self.stages if done[s] not in WITHOUT_INDICES),
            bytes_indices_true=sum(needed),
            bytes_features=sum(4 * height * width * channels for (height, width), channels in values),
            stage_sizes=encoded.sizes,
            stage_bytes=tuple(needed),
        )

    def sweep(
        self,
        stages: Sequence[int],
        shares: Sequence[float],
        *,
        images: Sequence[int] | None = None,
        seed: int = 0,
    ) -> np.ndarray:
        """Mean IoU as a function of the share of random indices.

        Args:
            stages: the stages whose indices are replaced, together.
            shares: shares of random indices, each in 0..1.
            images: numbers of the images; None: all.
            seed: random seed.

        Returns:
            float64 in 0..1, one per share: the mean over the images of each image's mean IoU.

        Raises:
            IndexError: if an image or a stage does not exist.
            ValueError: if a share or the seed is invalid, or ``images`` is empty.
        """
        images = range(len(self.images)) if images is None else images
        if not len(images):
            raise UserError("images is empty. Pass at least one number, or None for all.")
        done = dict.fromkeys(stages, "random")
        runs = [[self.run(i, done, share=share, seed=seed).mean_iou for i in images] for share in shares]
        return np.array(runs, dtype=np.float64).reshape(len(shares), len(images)).mean(axis=1)

    def page_network(self) -> PageNetwork:
        """The network as a page holds it.

        Raises:
            ValueError: if one of its layers cannot be put into a page.
        """
        return page_network(self._network.segments.model)

    def _steps(
        self, image: int, interventions: Mapping[int, str], share: float, seed: int, other: int | None
    ) -> tuple[Step, ...]:
        """The intervention at each stage, innermost first."""
        self._check_image(image)
        if not 0 <= share <= 1:
            raise UserError(f"share must be a probability in 0..1, but got {share}.")
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise UserError(f"seed must be an integer of at least 0, but got {seed!r}.")
        for stage, name in interventions.items():
            if stage not in self.stages:
                raise UserIndexError(
                    f"stage must be one of {', '.join(map(str, self.stages))}, but got {stage}."
                )
            if name not in INTERVENTIONS:
                raise UserError(f"unknown intervention {name!r}. Choose from: {', '.join(INTERVENTIONS)}.")
        if other is not None:
            self._check_image(other)
        elif "other" in interventions.values() and len(self.images) == 1:
            raise UserError(
                "'other' uses the indices of another image, but the bench has only one. Create the bench "
                "with more images."
            )
        source = (image + 1) % len(self.images) if other is None else other
        details = {"shuffled": (seed,), "random": (float(share), seed), "other": (source,)}
        names = [interventions.get(stage, "true") for stage in reversed(self.stages)]
        return tuple((name, *details.get(name, ())) for name in names)

    def _check_image(self, image: int) -> None:
        if not isinstance(image, int | np.integer) or not 0 <= image < len(self.images):
            raise UserIndexError(f"image must be in 0..{len(self.images) - 1}, but got {image!r}.")

    def _outcome(self, image: int, steps: tuple[Step, ...]) -> tuple[np.ndarray, float, float]:
        """Labels, mean IoU and boundary F1 after all steps."""
        found = self._outcomes.get((image, steps))
        if found is None:
            prediction = self._network.values(image, steps).argmax(-1).astype(np.uint8)
            prediction.setflags(write=False)
            labels, count, void = self.labels[image], self.classes.num_classes, self.classes.void_id
            matrix = confusion_matrix(labels, prediction, count, void)
            found = (
                prediction,
                scores(matrix, absent="ignore").mean_iou,
                boundary_f1(labels, prediction, count, void).score,
            )
            self._outcomes.put((image, steps), found, prediction.nbytes)
        return found


def _check_arrays(model: keras.Model, images: np.ndarray, labels: np.ndarray, classes: ClassList) -> None:
    if images.ndim != 4 or not len(images) or images.dtype != np.uint8 or labels.shape != images.shape[:3]:
        raise UserError(
            "images must be uint8 (N, H, W, 3) and labels ids of shape (N, H, W), N at least 1, but got "
            f"{images.dtype} {images.shape} and {labels.shape}. Pass a single image as images[None]."
        )
    check_input_shape(model, images.shape[1:])
    check_num_classes(model, classes)
