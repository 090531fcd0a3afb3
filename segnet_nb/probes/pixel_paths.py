"""The path of a pixel down through the poolings and back up through the unpoolings. NumPy only."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

Place = tuple[int, int]


def freeze(record: Any) -> None:
    """Make the arrays of a dataclass read-only, since a trace is shared between users."""
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(value, np.ndarray):
            view = value.view()  # the original array stays writable
            view.setflags(write=False)
            object.__setattr__(record, field.name, view)


@dataclass(frozen=True, eq=False)
class PathStep:
    """The path of a pixel through one stage: down through the pooling, and up through the unpooling.

    Positions are ``(y, x)``. ``pixel``, ``winner`` and ``returned`` are positions in the input of the
    pooling, ``window`` and ``source`` in its output.

    Attributes:
        stage: 1 is the outermost.
        channel: channel of the values.
        pixel: position of the pixel on the way down.
        window: position of its 2 x 2 window.
        numbers: float32 ``(2, 2)``, values of the window; NaN beyond the edge.
        index: offset of the maximum, 0..3.
        winner: position of the maximum.
        won: whether the pixel itself was the maximum.
        source: position from which the decoder takes its value.
        returned: position to which the decoder writes it.
        value: the value written there.
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
        freeze(self)

    def as_dict(self) -> dict[str, Any]:
        """The attributes as ints, floats, lists and None, for JSON; NaN becomes None."""
        result: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name in ("pixel", "window", "winner", "source", "returned"):
            result[name] = list(result[name])
        result["numbers"] = [[_plain(number) for number in row] for row in self.numbers]
        result["value"] = _plain(self.value)
        return result


def _plain(number: float) -> float | None:
    # JSON supports neither NaN nor infinity.
    return float(number) if math.isfinite(number) else None


@dataclass(frozen=True, eq=False)
class PixelPath:
    """The path of a pixel down to the bottleneck and back up.

    Attributes:
        pixel: ``(y, x)`` in the image.
        stage: the stage of the requested channel.
        channel: the requested channel; at other stages the one with the largest pooled value is used.
        steps: one per stage, outermost first: the order of the way down, reversed for the way up.
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
        """Position in the image to which the decoder writes the value from the bottleneck."""
        return self.steps[0].returned

    def as_dict(self) -> dict[str, Any]:
        """The attributes as ints, floats, lists and None, for JSON.

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
