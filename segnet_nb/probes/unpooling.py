"""What a SegNet did to one image at its poolings and unpoolings: plain NumPy, no framework."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError, UserTypeError

Place = tuple[int, int]


def _freeze(record: Any) -> None:
    """Let a dataclass hold its arrays read-only: a trace is shared by all who look at it."""
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, np.ndarray):
            view = value.view()  # the array itself stays as its owner left it
            view.setflags(write=False)
            object.__setattr__(record, field.name, view)


def _checked(name: str, value: int, low: int, high: int, hint: str) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise UserTypeError(f"{name} must be a whole number, but {value!r} came. {hint}") from None
    if not low <= number <= high:
        raise UserError(f"{name} must be in {low}..{high}, but {number} came. {hint}")
    return number


def _placed(window: Place, index: int) -> Place:
    """The place inside a window that an index means."""
    return 2 * window[0] + index // 2, 2 * window[1] + index % 2


@dataclass(frozen=True, eq=False)
class StageTrace:
    """One pooling, and the unpooling that uses its indices.

    Attributes:
        number: 1 is the outermost stage, the one at the size of the image.
        features: float32 ``(height, width, channels)``, the map that is pooled.
        pooled: float32 ``(rows, columns, channels)``, its maxima; ``rows = ceil(height / 2)``.
        indices: uint8 like ``pooled``, offsets in 0..3, ``2 * dy + dx`` inside the window.
        values: float32 like ``pooled``, what the decoder unpools.
        unpooled: float32 like ``features``: each value at its index, zeros around it.
        dense: float32 ``(height, width, dense channels)``, what the first convolution after the unpooling
            makes of it, before normalisation and ReLU.
    """

    number: int
    features: np.ndarray
    pooled: np.ndarray
    indices: np.ndarray
    values: np.ndarray
    unpooled: np.ndarray
    dense: np.ndarray

    def __post_init__(self) -> None:
        _freeze(self)

    def __repr__(self) -> str:
        height, width, channels = self.features.shape
        return f"StageTrace({self.number}: {height}x{width}, {channels} channels)"

    @property
    def size(self) -> Place:
        """Height and width of the map that is pooled."""
        return self.features.shape[0], self.features.shape[1]

    @property
    def channels(self) -> int:
        """Channels of the map that is pooled."""
        return self.features.shape[2]

    def check_channel(self, channel: int) -> int:
        """The channel as an int.

        Raises:
            TypeError: if it is no whole number.
            ValueError: if this stage has no such channel.
        """
        hint = f"Stage {self.number} has {self.channels} channels."
        return _checked("channel", channel, 0, self.channels - 1, hint)

    def dense_channel(self, channel: int) -> int:
        """The channel of ``dense`` that stands beside a channel of ``features``.

        The convolution mixes all channels, so none of its outputs belongs to one of its inputs; this is
        ``channel`` itself, or its remainder where there are fewer outputs.
        """
        return self.check_channel(channel) % self.dense.shape[2]

    def zero_share_before(self, channel: int) -> float:
        """Share of exact zeros in a channel of the unpooled map, in 0..1: 0.75 and more."""
        return float(np.mean(self.unpooled[..., self.check_channel(channel)] == 0))

    def zero_share_after(self, channel: int) -> float:
        """Share of exact zeros in channel ``dense_channel(channel)`` after the convolution, in 0..1."""
        return float(np.mean(self.dense[..., self.dense_channel(channel)] == 0))


@dataclass(frozen=True, eq=False)
class PathStep:
    """A pixel's way through one stage: down through the pooling, and up through the unpooling.

    Places are ``(y, x)``. ``pixel``, ``winner`` and ``returned`` lie on the map that the stage pools,
    ``window`` and ``source`` on the pooled one.

    Attributes:
        stage: 1 is the outermost.
        channel: which channel the numbers are from.
        pixel: where the pixel is on the way down.
        window: the 2 x 2 window it falls into.
        numbers: float32 ``(2, 2)``, what the window holds; NaN where it reaches over the edge.
        index: offset of the maximum, 0..3.
        winner: where the maximum was.
        won: whether the pixel itself was the maximum.
        source: from where the decoder takes its value.
        returned: where the decoder puts it.
        value: the value that it puts there.
    """

    stage: int
    channel: int
    pixel: Place
    window: Place
    numbers: np.ndarray
    index: int
    winner: Place
    won: bool
    source: Place
    returned: Place
    value: float

    def __post_init__(self) -> None:
        _freeze(self)

    def as_dict(self) -> dict[str, Any]:
        """The same as ints, floats, lists and None, ready for JSON; NaN becomes None."""
        result: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("pixel", "window", "winner", "source", "returned"):
            result[name] = list(result[name])
        result["numbers"] = [[_plain(number) for number in row] for row in self.numbers]
        result["value"] = _plain(self.value)
        return result


def _plain(number: float) -> float | None:
    # JSON knows neither NaN nor infinity.
    return float(number) if math.isfinite(number) else None


@dataclass(frozen=True, eq=False)
class PixelPath:
    """A pixel's way down to the bottleneck and back up.

    Attributes:
        pixel: ``(y, x)`` in the image.
        stage: the stage whose channel was asked for.
        channel: that channel; at other stages the one with the largest pooled value there.
        steps: one per stage, outermost first. Read forwards they lead down, read backwards up.
    """

    pixel: Place
    stage: int
    channel: int
    steps: tuple[PathStep, ...]

    @property
    def bottleneck(self) -> Place:
        """The last window on the way down."""
        return self.steps[-1].window

    @property
    def returned(self) -> Place:
        """Where in the image the decoder puts the bottleneck's value."""
        return self.steps[0].returned

    def as_dict(self) -> dict[str, Any]:
        """The same as ints, floats, lists and None, ready for JSON.

        Example:
            >>> PixelPath(pixel=(3, 4), stage=1, channel=0, steps=()).as_dict()
            {'pixel': [3, 4], 'stage': 1, 'channel': 0, 'steps': []}
        """
        return {
            "pixel": list(self.pixel),
            "stage": self.stage,
            "channel": self.channel,
            "steps": [step.as_dict() for step in self.steps],
        }


@dataclass(frozen=True, eq=False)
class UnpoolingTrace:
    """All that a network pooled and unpooled while it segmented one image.

    Attributes:
        image: uint8 RGB ``(height, width, 3)``.
        stages: outermost first; stage ``n`` is ``stages[n - 1]``.
        probabilities: float32 in 0..1, ``(height, width, num_classes)``.

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
        _freeze(self)

    def __repr__(self) -> str:
        height, width, _ = self.image.shape
        return f"UnpoolingTrace({height}x{width}, {len(self.stages)} stages)"

    def stage(self, number: int) -> StageTrace:
        """A stage by its number, 1 the outermost.

        Raises:
            TypeError: if the number is no whole number.
            ValueError: if there is no such stage.
        """
        count = len(self.stages)
        return self.stages[_checked("stage", number, 1, count, f"The network has {count} stages.") - 1]

    def path(self, y: int, x: int, *, stage: int = 1, channel: int = 0) -> PixelPath:
        """Follow one pixel of the image down to the bottleneck and back up.

        Down, the pixel falls at each stage into one window. Up, the decoder starts from the last window
        and puts its value where that window's index says, then that one's where its index says, and so
        on; it may well come out at another pixel. At ``stage`` the numbers are those of ``channel``. A
        pixel has no channel of its own at the other stages: there they are those of the channel that
        speaks loudest, the one with the largest pooled value at the window on the way down.

        Args:
            y: row in the image.
            x: column in the image.
            stage: whose channel is chosen.
            channel: the chosen channel.

        Raises:
            TypeError: if a number is not whole.
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
            heard = channel if at is chosen else int(at.pooled[window].argmax())
            index = int(at.indices[(*window, heard)])
            winner = _placed(window, index)
            returned = _placed(source, int(at.indices[(*source, heard)]))
            step = PathStep(
                stage=at.number,
                channel=heard,
                pixel=pixel,
                window=window,
                numbers=_window(at.features[..., heard], window),
                index=index,
                winner=winner,
                won=pixel == winner,
                source=source,
                returned=returned,
                value=float(at.values[(*source, heard)]),
            )
            steps.append(step)
            source = returned
        return PixelPath((y, x), chosen.number, channel, tuple(reversed(steps)))


def _window(features: np.ndarray, window: Place) -> np.ndarray:
    """The numbers of one 2 x 2 window, NaN beyond an odd edge."""
    y, x = 2 * window[0], 2 * window[1]
    inside = features[y : y + 2, x : x + 2]
    numbers = np.full((2, 2), np.nan, np.float32)
    numbers[: inside.shape[0], : inside.shape[1]] = inside
    return numbers
