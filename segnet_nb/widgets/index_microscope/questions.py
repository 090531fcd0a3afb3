"""The question of the index microscope: where does the decoder put a value back?"""

from __future__ import annotations

from typing import Any

import numpy as np

from segnet_nb.probes.unpooling import PixelPath, UnpoolingTrace
from segnet_nb.widgets.shared.predicting import Question

_TRIES = 40  # pixels that are looked at until one comes back to another position


def where_it_returns(
    trace: UnpoolingTrace, random: np.random.Generator, *, name: str, shown: dict[str, Any]
) -> Question:
    """Ask where the decoder puts the value of a pixel.

    Args:
        trace: of the image that is shown.
        random: chooses the pixel and the order of the choices.
        name: of the image.
        shown: ``image``, ``stage`` and ``channel``, which are looked at.

    Returns:
        The question; the choices are positions, one of them the pixel's own where there is room.
    """
    height, width, _ = trace.image.shape
    for _ in range(_TRIES):
        pixel = int(random.integers(height)), int(random.integers(width))
        path = trace.path(*pixel, stage=shown["stage"], channel=shown["channel"])
        if path.returned != pixel:
            break
    places = _places(path, (height, width))
    order = [places[number] for number in random.permutation(len(places))]
    upwards = [step.returned for step in reversed(path.steps)]
    indices = ", ".join(str(2 * (y % 2) + x % 2) for y, x in upwards)
    return Question(
        f"In {name}, stage {path.stage}, channel {path.channel}, pixel {path.pixel} goes down to window "
        f"{path.bottleneck} at the bottleneck. Where will the decoder put the value back?",
        order.index(path.returned),
        f"From the bottleneck up, the indices are {indices}: each says at which of four positions the "
        "maximum was, and the value goes there, wherever it came from.",
        choices=tuple(str(place) for place in order),
        before=shown,
        after={"pixel": list(path.pixel)},
    )


def _places(path: PixelPath, size: tuple[int, int]) -> list[tuple[int, int]]:
    """Where the value may return to, the right position first: at most four that differ and exist."""
    depth, (y, x) = len(path.steps), path.bottleneck
    (top, left), (row, column) = path.steps[0].source, path.returned
    found = [
        path.returned,
        path.pixel,
        (y << depth, x << depth),  # if all indices were 0
        (4 * top + 1 - row, 4 * left + 1 - column),  # the opposite corner of the last window
        *((2 * top + dy, 2 * left + dx) for dy in (0, 1) for dx in (0, 1)),
    ]
    inside = [place for place in dict.fromkeys(found) if place[0] < size[0] and place[1] < size[1]]
    return inside[:4]
