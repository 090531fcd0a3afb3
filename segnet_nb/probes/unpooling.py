"""Trace of the poolings and unpoolings of a SegNet for one image. NumPy only."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np

from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb.probes.pixel_paths import PathStep, PixelPath, Place, freeze

__all__ = ["PathStep", "PixelPath", "StageTrace", "UnpoolingTrace"]


def _checked(name: str, value: int, low: int, high: int, hint: str) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise UserTypeError(f"{name} must be an integer, but got {value!r}. {hint}") from None
    if not low <= number <= high:
        raise UserError(f"{name} must be in {low}..{high}, but got {number}. {hint}")
    return number


def _placed(window: Place, index: int) -> Place:
    """The position of an index of a window."""
    return 2 * window[0] + index // 2, 2 * window[1] + index % 2


@dataclass(frozen=True, eq=False)
class StageTrace:
    """One pooling, and the unpooling that uses its indices.

    Attributes:
        number: 1 is the outermost stage, at the size of the image.
        features: float32 ``(height, width, channels)``, input of the pooling.
        pooled: float32 ``(rows, columns, channels)``, its maxima; ``rows = ceil(height / 2)``.
        indices: uint8, same shape as ``pooled``, offsets in 0..3, ``2 * dy + dx`` inside the window.
        values: float32, same shape as ``pooled``, input of the unpooling.
        unpooled: float32, same shape as ``features``: each value at its index, zeros elsewhere.
        dense: float32 ``(height, width, dense channels)``, output of the first convolution after the
            unpooling, before normalisation and ReLU.
    """

    number: int
    features: np.ndarray
    pooled: np.ndarray
    indices: np.ndarray
    values: np.ndarray
    unpooled: np.ndarray
    dense: np.ndarray

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        height, width, channels = self.features.shape
        return f"StageTrace({self.number}: {height}x{width}, {channels} channels)"

    @property
    def size(self) -> Place:
        """Height and width of the pooled feature map."""
        return self.features.shape[0], self.features.shape[1]

    @property
    def channels(self) -> int:
        """Number of channels of the pooled feature map."""
        return self.features.shape[2]

    def check_channel(self, channel: int) -> int:
        """The channel as an int.

        Raises:
            TypeError: if it is not an integer.
            ValueError: if this stage has no such channel.
        """
        hint = f"Stage {self.number} has {self.channels} channels."
        return _checked("channel", channel, 0, self.channels - 1, hint)

    def dense_channel(self, channel: int) -> int:
        """The channel of ``dense`` that is shown next to a channel of ``features``.

        The convolution mixes all channels, so its outputs do not correspond to its inputs; this is
        ``channel`` itself, or its remainder if there are fewer outputs.
        """
        return self.check_channel(channel) % self.dense.shape[2]

    def zero_share_before(self, channel: int) -> float:
        """Fraction of exact zeros in a channel of the unpooled feature map, in 0..1: at least 0.75."""
        return float(np.mean(self.unpooled[..., self.check_channel(channel)] == 0))

    def zero_share_after(self, channel: int) -> float:
        """Fraction of exact zeros in channel ``dense_channel(channel)`` after the convolution, in 0..1."""
        return float(np.mean(self.dense[..., self.dense_channel(channel)] == 0))


@dataclass(frozen=True, eq=False)
class UnpoolingTrace:
    """All poolings and unpoolings of a network for one image.

    Attributes:
        image: uint8 RGB ``(height, width, 3)``, of the size of the first stage: half that of the image that
            went into a network which reduces it before the first pooling, as ``segnet_realtime`` does.
        stages: outermost first; stage ``n`` is ``stages[n - 1]``.
        probabilities: float32 in 0..1, ``(height, width, num_classes)`` of the image that went in.

    Example:
        >>> x = np.array([[1, 5], [2, 3]], np.float32).reshape(2, 2, 1)
        >>> put_back = np.array([[0, 7], [0, 0]], np.float32).reshape(2, 2, 1)
        >>> stage = StageTrace(
        ...     number=1,
        ...     features=x,
        ...     pooled=np.full((1, 1, 1), 5, np.float32),
        ...     indices=np.ones((1, 1, 1), np.uint8),
        ...     values=np.full((1, 1, 1), 7, np.float32),
        ...     unpooled=put_back,
        ...     dense=put_back + 1,
        ... )
        >>> trace = UnpoolingTrace(np.zeros((2, 2, 3), np.uint8), (stage,), np.ones((2, 2, 1), np.float32))
        >>> step = trace.path(1, 0).steps[0]
        >>> step.winner, step.won, step.returned, step.value
        ((0, 1), False, (0, 1), 7.0)
        >>> stage.zero_share_before(0), stage.zero_share_after(0)
        (0.75, 0.0)
    """

    image: np.ndarray
    stages: tuple[StageTrace, ...]
    probabilities: np.ndarray

    def __post_init__(self) -> None:
        freeze(self)

    def __repr__(self) -> str:
        height, width, _ = self.image.shape
        return f"UnpoolingTrace({height}x{width}, {len(self.stages)} stages)"

    def stage(self, number: int) -> StageTrace:
        """A stage by its number; 1 is the outermost.

        Raises:
            TypeError: if the number is not an integer.
            ValueError: if there is no such stage.
        """
        count = len(self.stages)
        return self.stages[_checked("stage", number, 1, count, f"The network has {count} stages.") - 1]

    def path(self, y: int, x: int, *, stage: int = 1, channel: int = 0) -> PixelPath:
        """Follow one pixel of the image down to the bottleneck and back up.

        On the way down, the pixel is in one window at each stage. On the way up, the decoder starts from the
        last window and writes its value to the position of its index, then from there to the position of the
        next index, and so on; the path may end at another pixel. At ``stage`` the values are those of
        ``channel``. At the other stages they are those of the channel with the largest pooled value at the
        window on the way down.

        Args:
            y: row in the image.
            x: column in the image.
            stage: stage of the chosen channel.
            channel: the chosen channel.

        Raises:
            TypeError: if a number is not an integer.
            ValueError: if the pixel, the stage or the channel does not exist.
        """
        height, width, _ = self.image.shape
        hint = f"The image has {height} x {width} pixels."
        y, x = _checked("y", y, 0, height - 1, hint), _checked("x", x, 0, width - 1, hint)
        chosen = self.stage(stage)
        channel = chosen.check_channel(channel)
        steps: list[PathStep] = []
        source = y >> len(self.stages), x >> len(self.stages)
        for at in reversed(self.stages):
            pixel, window = (y >> (at.number - 1), x >> (at.number - 1)), (y >> at.number, x >> at.number)
            strongest = channel if at is chosen else int(at.pooled[window].argmax())
            index = int(at.indices[(*window, strongest)])
            winner = _placed(window, index)
            returned = _placed(source, int(at.indices[(*source, strongest)]))
            step = PathStep(
                stage=at.number,
                channel=strongest,
                pixel=pixel,
                window=window,
                numbers=_window(at.features[..., strongest], window),
                index=index,
                winner=winner,
                won=pixel == winner,
                source=source,
                returned=returned,
                value=float(at.values[(*source, strongest)]),
            )
            steps.append(step)
            source = returned
        return PixelPath((y, x), chosen.number, channel, tuple(reversed(steps)))


def _window(features: np.ndarray, window: Place) -> np.ndarray:
    """The values of one 2 x 2 window, NaN beyond an odd edge."""
    y, x = 2 * window[0], 2 * window[1]
    inside = features[y : y + 2, x : x + 2]
    numbers = np.full((2, 2), np.nan, np.float32)
    numbers[: inside.shape[0], : inside.shape[1]] = inside
    return numbers
