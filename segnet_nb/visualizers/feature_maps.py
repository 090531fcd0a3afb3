"""One channel of a stage as small pictures: palette levels, exact zeros in a colour of their own."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from PIL import Image

from segnet_nb._shared.errors import UserError
from segnet_nb.visualizers.pooling import OFFSET_COLORS

if TYPE_CHECKING:
    from segnet_nb.probes.unpooling import StageTrace

ZERO_COLOR = "#1B1B1F"
"""What exact zeros are drawn in: neutral, and darker than anything in the scale."""

_SAMPLE = 20_000

OFFSET_NAMES = ("top left", "top right", "bottom left", "bottom right")


def _bytes(colors: np.ndarray) -> np.ndarray:
    return np.rint(np.asarray(colors) * 255).astype(np.uint8)


# Viridis without its darkest sixth, so that the smallest number still stands off from zero.
PALETTE = np.concatenate(
    [_bytes([to_rgb(ZERO_COLOR)]), _bytes(colormaps["viridis"](np.linspace(0.16, 1, 255))[:, :3])]
)
"""uint8 RGB ``(256, 3)``: level 0 is exact zero, 1..255 run from the low end of the scale to the high."""

OFFSET_PALETTE = _bytes([to_rgb(color) for color in OFFSET_COLORS])
"""uint8 RGB ``(4, 3)``: one colour per offset."""


@dataclass(frozen=True, eq=False)
class MapPicture:
    """A map as levels of a palette.

    Attributes:
        levels: uint8 ``(height, width)``.
        palette: uint8 RGB ``(levels, 3)``.
        span: the numbers at both ends of the scale; None for indices.
    """

    levels: np.ndarray
    palette: np.ndarray
    span: tuple[float, float] | None = None

    @property
    def rgb(self) -> np.ndarray:
        """uint8 RGB, shape ``(height, width, 3)``."""
        return self.palette[self.levels]

    def png(self) -> bytes:
        """The same as the bytes of a PNG file; fast rather than small."""
        picture = Image.fromarray(self.levels)
        picture.putpalette(self.palette.tobytes())
        buffer = io.BytesIO()
        # Run lengths suit zeros, and noise has nothing longer: half the time of the usual search.
        picture.save(buffer, "png", compress_level=1, compress_type=zlib.Z_RLE)
        return buffer.getvalue()


def robust_span(values: np.ndarray) -> tuple[float, float]:
    """The ends of a scale: all but the 0.5 % smallest and the 0.5 % largest numbers lie between them.

    Of a map with more than 40,000 numbers an even sample of about 20,000 decides: sorting them all would
    take as long as everything else together.

    Raises:
        ValueError: if a number is infinite or none at all.

    Example:
        >>> robust_span(np.arange(201.0))
        (1.0, 199.0)
    """
    if not np.isfinite(values).all():
        raise UserError(
            "this channel holds numbers that are infinite or not numbers at all: the network has diverged. "
            "Load other weights, or train with a smaller learning rate."
        )
    # An odd step does not walk down one column of a map of even width.
    step = max(1, values.size // _SAMPLE) | 1
    low, high = np.percentile(values.ravel()[::step] if values.size >= 2 * _SAMPLE else values, (0.5, 99.5))
    return float(low), float(high)


def map_picture(values: np.ndarray, span: tuple[float, float]) -> MapPicture:
    """A map as levels between the ends of a scale; what lies beyond is drawn as the end.

    Args:
        values: floats, shape ``(height, width)``.
        span: the numbers at both ends of the scale.

    Example:
        >>> map_picture(np.array([[0.0, 1.0, 2.0, 3.0, 9.0]]), (1, 3)).levels.tolist()
        [[0, 1, 128, 255, 255]]
    """
    low, high = span
    if high > low:
        levels = np.rint((np.clip(values, low, high) - low) * (254 / (high - low))).astype(np.uint8) + 1
    else:  # one number everywhere: the middle of the scale
        levels = np.full(values.shape, 128, np.uint8)
    return MapPicture(np.where(values == 0, np.uint8(0), levels), PALETTE, span)


def stage_pictures(stage: StageTrace, channel: int) -> dict[str, MapPicture]:
    """The five maps of one channel: features, pooled, indices, unpooled, dense.

    Features and maxima share a scale. The scale of the unpooled map is that of the values which the
    decoder places, without the zeros around them.

    Args:
        stage: one stage of a trace.
        channel: which channel of it.

    Raises:
        TypeError: if the channel is no whole number.
        ValueError: if there is no such channel, or it holds no finite numbers.
    """
    channel = stage.check_channel(channel)
    # A copy side by side is read several times; in the trace one number lies far from the next.
    features, values, dense = (
        np.ascontiguousarray(array[..., at])
        for array, at in (
            (stage.features, channel),
            (stage.values, channel),
            (stage.dense, stage.dense_channel(channel)),
        )
    )
    span = robust_span(features)
    return {
        "features": map_picture(features, span),
        "pooled": map_picture(stage.pooled[..., channel], span),
        "indices": MapPicture(stage.indices[..., channel], OFFSET_PALETTE),
        "unpooled": map_picture(stage.unpooled[..., channel], robust_span(values)),
        "dense": map_picture(dense, robust_span(dense)),
    }
