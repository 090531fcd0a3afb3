"""Segment frames one at a time, as they come from a video or a camera, and measure each step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.colors import colorize, overlay
from segnet_nb.datasets.resizing import resize_image, resize_labels
from segnet_nb.datasets.video_files import Frame
from segnet_nb.inference.prediction import check_scales, predict

if TYPE_CHECKING:
    import keras

VIEWS: dict[str, Callable[[np.ndarray, np.ndarray, ClassList], np.ndarray]] = {
    "overlay": overlay,
    "classes": lambda image, labels, classes: colorize(labels, classes),
    "beside": lambda image, labels, classes: np.hstack([image, overlay(image, labels, classes)]),
}


@dataclass(frozen=True, eq=False)
class SegmentedFrame:
    """A frame with its labels and the seconds that its steps took.

    Attributes:
        image: uint8 RGB, shape ``(height, width, 3)``.
        labels: uint8 class ids, shape ``(height, width)``.
        shown: uint8 RGB, the view; ``"beside"`` is twice as wide as the image.
        time: seconds since the first frame of the video.
        seconds: wall time of ``"decoding"``, ``"inference"`` and ``"drawing"``.
    """

    image: np.ndarray
    labels: np.ndarray
    shown: np.ndarray
    time: float
    seconds: dict[str, float]


@dataclass
class FrameTimes:
    """The wall time of each step, frame after frame.

    The first frame is left out of all figures: it includes preparing the network.

    Attributes:
        steps: seconds of each frame, by step, in the order of processing.

    Example:
        >>> times = FrameTimes()
        >>> for inference in (1.0, 0.03, 0.05):
        ...     times.add({"decoding": 0.01, "inference": inference})
        >>> times.medians()["inference"], round(times.frame_rate)
        (0.04, 20)
    """

    steps: dict[str, list[float]] = field(default_factory=dict)

    def add(self, seconds: dict[str, float]) -> None:
        """Add the times of a frame, by step."""
        for step, value in seconds.items():
            self.steps.setdefault(step, []).append(value)

    def medians(self) -> dict[str, float]:
        """The median seconds of each step without the first frame, or of the only frame."""
        return {step: float(np.median(values[1:] or values)) for step, values in self.steps.items()}

    @property
    def frame_rate(self) -> float:
        """Frames per second with all steps one after the other: frames over their whole time."""
        totals = np.sum(list(self.steps.values()), axis=0)
        rest = totals[1:] if len(totals) > 1 else totals
        return float(len(rest) / rest.sum())

    def __str__(self) -> str:
        parts = ", ".join(f"{step} {1000 * value:.1f} ms" for step, value in self.medians().items())
        return f"{self.frame_rate:.1f} frames a second ({parts})"


def segment(
    model: keras.Model,
    frames: Iterable[np.ndarray | Frame],
    classes: ClassList,
    *,
    view: str = "overlay",
    image_size: tuple[int, int] | None = None,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
) -> Iterator[SegmentedFrame]:
    """Segment frames one at a time, as they come.

    Args:
        model: a network of this package.
        frames: uint8 RGB images of shape ``(height, width, 3)``, or frames of a ``VideoReader``. Waiting for
            them counts as decoding.
        classes: the classes of the network.
        view: ``"overlay"``, the colours of the classes over the image; ``"classes"``, the colours alone;
            ``"beside"``, the image and the overlay.
        image_size: ``(height, width)`` in pixels to run inference at; the labels are enlarged to the size of
            the frame by nearest neighbour. None: no resizing.
        flip: average with the prediction of the mirrored image.
        scales: average predictions at these multiples of the size.

    Yields:
        One ``SegmentedFrame`` per frame.

    Raises:
        ValueError: before the first frame, if the view is unknown or the classes do not fit the network.

    Example:
        >>> from segnet_nb.datasets import CAMVID, clips
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> [each.shown.shape for each in segment(model, clips.frames(count=2, size=(24, 32)), CAMVID)]
        [(24, 32, 3), (24, 32, 3)]
    """
    check_video_request(model, classes, view, scales)
    return _segmented(model, frames, classes, VIEWS[view], image_size, {"flip": flip, "scales": scales})


def check_video_request(
    model: keras.Model, classes: ClassList, view: str, scales: Sequence[float] = (1.0,)
) -> None:
    """Raise unless a network can segment frames as requested.

    Raises:
        ValueError: if the view is unknown, the classes do not fit the network, or a scale is impossible.
    """
    if view not in VIEWS:
        raise UserError(f"view must be one of {', '.join(VIEWS)}, but got {view!r}.")
    if model.output_shape[-1] != classes.num_classes:
        raise UserError(
            f"the network has {model.output_shape[-1]} classes, but got {classes.num_classes} names. Pass "
            "the network's own."
        )
    check_scales(model, scales)


def _segmented(
    model: keras.Model,
    frames: Iterable[np.ndarray | Frame],
    classes: ClassList,
    draw: Callable[[np.ndarray, np.ndarray, ClassList], np.ndarray],
    image_size: tuple[int, int] | None,
    options: dict[str, Any],
) -> Iterator[SegmentedFrame]:
    began = time.perf_counter()
    for number, frame in enumerate(frames):
        image, at = (frame.image, float(frame.time)) if isinstance(frame, Frame) else (frame, float(number))
        decoded = time.perf_counter()
        resized = image if image_size is None else resize_image(image, image_size)
        labels = resize_labels(predict(model, resized, **options)[0], image.shape[:2])
        predicted = time.perf_counter()
        shown = draw(image, labels, classes)
        drawn = time.perf_counter()
        seconds = {
            "decoding": decoded - began,
            "inference": predicted - decoded,
            "drawing": drawn - predicted,
        }
        yield SegmentedFrame(image, labels, shown, at, seconds)
        began = time.perf_counter()
