"""What are pooling indices worth? Take them away, stage by stage, and look at what is left.

A ``SegNet`` decoder sees nothing of the encoder but its indices, so they can be replaced without training
anything again. PAPER = arXiv 1511.00561, section 3, keeps them as 2 bits per 2 x 2 window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.metrics.boundaries import boundary_f1
from segnet_nb.metrics.confusion import confusion_matrix, scores
from segnet_nb.probes import _interventions as change
from segnet_nb.probes._cache import LRUCache
from segnet_nb.probes._interventions import INTERVENTIONS, WITHOUT_INDICES
from segnet_nb.probes._segments import Encoded, SegmentedNetwork

if TYPE_CHECKING:
    import keras

__all__ = ["INTERVENTIONS", "AblationBench", "AblationResult"]

# Maps between stages that are kept: enough for some images of a small network, a few of a large one.
_KEPT_BYTES = 96 << 20
_KEPT_ENCODINGS = 16


@dataclass(frozen=True, eq=False)
class AblationResult:
    """What a network says with interfered indices, beside what it says with its own.

    Scores are of this one image: classes that it does not show are ignored, so they are not the figures
    of a whole set, and a small class counts as much as a large one.

    Attributes:
        image: number of the image.
        interventions: stage number to what was done to it, every stage, 1 the outermost.
        share: probability with which ``"random"`` replaced an index, 0..1.
        seed: of chance.
        other: number of the image whose indices ``"other"`` took, or None.
        prediction: uint8 ids, shape ``(height, width)``.
        reference: uint8 ids with the true indices everywhere, same shape.
        changed: share of pixels whose class differs between the two, 0..1.
        mean_iou: of ``prediction``, 0..1.
        boundary_f1: of ``prediction``, 0..1.
        reference_mean_iou: of ``reference``, 0..1.
        reference_boundary_f1: of ``reference``, 0..1.
        bytes_indices: memory for the indices that these interventions still need, 2 bits each, packed
            stage by stage; 0 for stages of zeros, nearest and bilinear.
        bytes_indices_true: memory for the indices of all stages.
        stage_sizes: height and width in pixels of the map that each stage unpools to, stage 1 first.
        stage_bytes: memory for the true indices of each stage; their sum is ``bytes_indices_true``.
        bytes_features: memory for the float32 maps before each pooling, which U-Net keeps instead.
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
    """A network on the bench: its decoder runs with whatever indices it is given.

    The network is cut at its unpoolings once. A run computes only from the innermost changed stage
    outwards; encodings and the maps between stages are kept for a while. Nothing is compiled for a
    combination of interventions.

    Args:
        model: a network of ``segnet_nb.model``, ending in softmax or in logits. Trained after the bench
            was made, it is another network: make another bench.
        images: uint8 RGB, shape ``(N, H, W, 3)``, in the range that the network takes.
        labels: integer ids, shape ``(N, H, W)``; ``classes.void_id`` where nothing is known.
        classes: names and colours.
        names: a name per image; None numbers them.

    Attributes:
        images: as given.
        labels: as given.
        classes: as given.
        names: a name per image.
        stages: the stage numbers ``(1, 2, ...)``, 1 the outermost, at the image's own size.

    Raises:
        TypeError: if ``model`` is no functional Keras model.
        ValueError: if its decoder gets more than indices or has none, or if the arrays do not fit.

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
        self._network = SegmentedNetwork(model)
        images, labels = np.asarray(images), np.asarray(labels)
        _check_arrays(model, images, labels, classes)
        names = [f"image {i}" for i in range(len(images))] if names is None else list(names)
        if len(names) != len(images):
            raise UserError(f"{len(names)} names came for {len(images)} images. Give one per image or None.")
        self.images, self.labels, self.classes, self.names = images, labels, classes, tuple(names)
        self.stages = tuple(range(1, self._network.stages + 1))
        self._encodings = LRUCache(_KEPT_BYTES, _KEPT_ENCODINGS)
        self._maps = LRUCache(_KEPT_BYTES, 1000)
        self._outcomes = LRUCache(_KEPT_BYTES, 1000)
        # Widgets call from whatever thread they like.
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
        """Segment an image with interfered indices.

        Args:
            image: number of the image, from 0.
            interventions: stage number to one of ``INTERVENTIONS``; stages left out are ``"true"``.

                - ``"true"``: the encoder's own indices;
                - ``"zeros"``: 0 everywhere, each value in its window's upper left corner;
                - ``"shuffled"``: each channel's indices dealt anew to its windows (whole windows among
                  each other, those cut by an odd edge among each other);
                - ``"random"``: each index with probability ``share`` replaced by one drawn uniformly from
                  the places of its window;
                - ``"other"``: the indices of the image ``other``;
                - ``"nearest"``: no unpooling, each value in all places of its window;
                - ``"bilinear"``: no unpooling, values interpolated with half-pixel centres.
            share: for ``"random"``, 0..1.
            seed: of chance; stage ``s`` draws from ``numpy.random.default_rng([seed, s])``. For one seed
                a larger share replaces all that a smaller one does.
            other: for ``"other"``; None: the next image, after the last the first.

        Returns:
            The prediction, the one with true indices, and their scores.

        Raises:
            IndexError: if an image or a stage does not exist.
            ValueError: if an intervention, the share or the seed is impossible.
        """
        steps = self._steps(image, interventions, share, seed, other)
        with self._lock:
            reference, *true_scores = self._outcome(image, (("true",),) * len(self.stages))
            prediction, *its_scores = self._outcome(image, steps)
            encoded = self._encoded(image)
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
            mean_iou=its_scores[0],
            boundary_f1=its_scores[1],
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
        """How mean IoU falls as more and more indices are random.

        Args:
            stages: the stages that are interfered with, together.
            shares: the shares of random indices, each in 0..1.
            images: numbers of images; None: all.
            seed: of chance.

        Returns:
            float64 in 0..1, one per share: the mean over the images of each image's mean IoU.

        Raises:
            IndexError: if an image or a stage does not exist.
            ValueError: if a share or the seed is impossible, or no image is asked for.
        """
        images = range(len(self.images)) if images is None else images
        if not len(images):
            raise UserError("no images to average over. Pass at least one number, or None for all.")
        done = dict.fromkeys(stages, "random")
        runs = [[self.run(i, done, share=share, seed=seed).mean_iou for i in images] for share in shares]
        return np.array(runs, dtype=np.float64).reshape(len(shares), len(images)).mean(axis=1)

    def _steps(
        self, image: int, interventions: Mapping[int, str], share: float, seed: int, other: int | None
    ) -> tuple[tuple, ...]:
        """What to do at each stage, innermost first, with all that it depends on: a key, too."""
        self._check_image(image)
        if not 0 <= share <= 1:
            raise UserError(f"share is a probability in 0..1, but {share} came.")
        if not isinstance(seed, int | np.integer) or seed < 0:
            raise UserError(f"seed must be a whole number of at least 0, but {seed!r} came.")
        for stage, name in interventions.items():
            if stage not in self.stages:
                raise IndexError(f"no stage {stage}: they are {', '.join(map(str, self.stages))}.")
            if name not in INTERVENTIONS:
                raise UserError(
                    f"no intervention is called {name!r}. Choose from: {', '.join(INTERVENTIONS)}."
                )
        if other is not None:
            self._check_image(other)
        elif "other" in interventions.values() and len(self.images) == 1:
            raise UserError(
                "'other' takes the indices of another image, but the bench holds one alone. Make the bench "
                "with more images."
            )
        lender = (image + 1) % len(self.images) if other is None else other
        details = {"shuffled": (seed,), "random": (float(share), seed), "other": (lender,)}
        names = [interventions.get(stage, "true") for stage in reversed(self.stages)]
        return tuple((name, *details.get(name, ())) for name in names)

    def _check_image(self, image: int) -> None:
        if not isinstance(image, int | np.integer) or not 0 <= image < len(self.images):
            raise IndexError(f"no image {image!r}: the bench holds {len(self.images)}, numbered from 0.")

    def _encoded(self, image: int) -> Encoded:
        found = self._encodings.get(image)
        if found is None:
            found = self._network.encode(self.images[image])
            size = found.bottleneck.nbytes + sum(item.nbytes for item in found.indices)
            self._encodings.put(image, found, size)
        return found

    def _values(self, image: int, steps: tuple[tuple, ...]) -> np.ndarray:
        """The values after some steps from the innermost stage outwards."""
        if not steps:
            return self._encoded(image).bottleneck
        found = self._maps.get((image, steps))
        if found is None:
            stage = len(self.stages) - len(steps) + 1
            before = self._values(image, steps[:-1])
            found = self._network.decode(stage, self._upsampled(image, stage, before, steps[-1]))
            self._maps.put((image, steps), found, found.nbytes)
        return found

    def _upsampled(self, image: int, stage: int, values: np.ndarray, step: tuple) -> np.ndarray:
        encoded = self._encoded(image)
        size = encoded.sizes[stage - 1]
        if step[0] in ("nearest", "bilinear"):
            return getattr(change, f"upsample_{step[0]}")(values, size)
        return change.unpool(values, self._indices(image, stage, step), size)

    def _indices(self, image: int, stage: int, step: tuple) -> np.ndarray:
        """The indices that a stage unpools with, uint8 ``(height, width, channels)``."""
        encoded = self._encoded(image)
        indices, size = encoded.indices[stage - 1], encoded.sizes[stage - 1]
        match step:
            case ("zeros",):
                return np.zeros_like(indices)
            case ("shuffled", seed):
                return change.shuffle(indices, size, np.random.default_rng([seed, stage]))
            case ("random", share, seed):
                return change.randomize(indices, size, share, np.random.default_rng([seed, stage]))
            case ("other", lender):
                return self._encoded(lender).indices[stage - 1]
        return indices

    def _outcome(self, image: int, steps: tuple[tuple, ...]) -> tuple[np.ndarray, float, float]:
        """Labels, mean IoU and boundary F1 after all steps."""
        found = self._outcomes.get((image, steps))
        if found is None:
            prediction = self._values(image, steps).argmax(-1).astype(np.uint8)
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
    fits = images.ndim == 4 and len(images) and images.dtype == np.uint8 and labels.shape == images.shape[:3]
    if not fits:
        raise UserError(
            "images must be uint8 (N, H, W, 3) and labels ids of shape (N, H, W), N at least 1, but "
            f"{images.dtype} {images.shape} and {labels.shape} came. A single image becomes images[None]."
        )
    wanted = model.input_shape[1:]
    if any(want not in (None, got) for want, got in zip(wanted, images.shape[1:], strict=True)):
        raise UserError(
            f"the network takes images of shape {wanted} (None: any), but {images.shape[1:]} came. Resize "
            "the images, or build the network with None for height and width."
        )
    if model.output_shape[-1] != classes.num_classes:
        raise UserError(
            f"the network tells {model.output_shape[-1]} classes apart, but the class list has "
            f"{classes.num_classes}. Pass the class list that the network was trained with."
        )
