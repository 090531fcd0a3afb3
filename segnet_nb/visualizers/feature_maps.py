"""Feature maps of one channel as palette images, with a separate colour for exact zeros."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from numpy.typing import ArrayLike
from PIL import Image

from segnet_nb._shared.errors import UserError
from segnet_nb.visualizers.pooling import OFFSET_COLORS

if TYPE_CHECKING:
    from segnet_nb.probes.unpooling import StageTrace

ZERO_COLOR = "#1B1B1F"
"""Colour of exact zeros: neutral, and darker than every colour of the scale."""

_SAMPLE = 20_000

OFFSET_NAMES = ("top left", "top right", "bottom left", "bottom right")


def _bytes(colors: ArrayLike) -> np.ndarray:
    return np.rint(np.asarray(colors) * 255).astype(np.uint8)


# Viridis without its darkest sixth, so that the smallest value is distinguishable from zero.
PALETTE = np.concatenate(
    [_bytes([to_rgb(ZERO_COLOR)]), _bytes(colormaps["viridis"](np.linspace(0.16, 1, 255))[:, :3])]
)
"""uint8 RGB ``(256, 3)``: level 0 is exact zero, 1..255 are the scale from low to high."""

OFFSET_PALETTE = _bytes([to_rgb(color) for color in OFFSET_COLORS])
"""uint8 RGB ``(4, 3)``: one colour per offset."""


@dataclass(frozen=True, eq=False)
class MapPicture:
    """A feature map as a palette image.

    Attributes:
        levels: uint8 ``(height, width)``.
        palette: uint8 RGB ``(levels, 3)``.
        span: values at both ends of the scale; None for indices.
    """

    levels: np.ndarray
    palette: np.ndarray
    span: tuple[float, float] | None = None

    @property
    def rgb(self) -> np.ndarray:
        """uint8 RGB, shape ``(height, width, 3)``."""
        return self.palette[self.levels]

    def png(self) -> bytes:
        """The bytes of a PNG file, encoded for speed rather than size."""
        picture = Image.fromarray(self.levels)
        picture.putpalette(self.palette.tobytes())
        buffer = io.BytesIO()
        # Run-length encoding suits zeros, and noise has no longer matches: half the time of the default.
        picture.save(buffer, "png", compress_level=1, compress_type=zlib.Z_RLE)
        return buffer.getvalue()


def robust_span(values: np.ndarray) -> tuple[float, float]:
    """The ends of a colour scale: the 0.5 and 99.5 percentiles of the values.

    For more than 40,000 values they are computed from a regular sample of about 20,000, because sorting all
    of them would dominate the run time.

    Raises:
        ValueError: if a value is infinite or NaN.

    Example:
        >>> robust_span(np.arange(201.0))
        (1.0, 199.0)
    """
    if not np.isfinite(values).all():
        raise UserError(
            "this channel contains infinite values or NaN: the network has diverged. "
            "Load other weights, or train with a smaller learning rate."
        )
    # An odd step does not sample a single column of a feature map with even width.
    step = max(1, values.size // _SAMPLE) | 1
    low, high = np.percentile(values.ravel()[::step] if values.size >= 2 * _SAMPLE else values, (0.5, 99.5))
    return float(low), float(high)


def map_picture(values: np.ndarray, span: tuple[float, float]) -> MapPicture:
    """A feature map as levels of a colour scale; values beyond its ends are clipped.

    Args:
        values: floats, shape ``(height, width)``.
        span: values at both ends of the scale.

    Example:
        >>> map_picture(np.array([[0.0, 1.0, 2.0, 3.0, 9.0]]), (1, 3)).levels.tolist()
        [[0, 1, 128, 255, 255]]
    """
    low, high = span
    if high > low:
        levels = np.rint((np.clip(values, low, high) - low) * (254 / (high - low))).astype(np.uint8) + 1
    else:  # constant: the middle of the scale
        levels = np.full(values.shape, 128, np.uint8)
    return MapPicture(np.where(values == 0, np.uint8(0), levels), PALETTE, span)


def stage_pictures(stage: StageTrace, channel: int) -> dict[str, MapPicture]:
    """The five feature maps of one channel: features, pooled, indices, unpooled, dense.

    Features and maxima share a scale. The scale of the unpooled map is computed from the unpooled values
    without the zeros around them.

    Args:
        stage: one stage of a trace.
        channel: channel of the stage.

    Raises:
        TypeError: if the channel is not an integer.
        ValueError: if there is no such channel, or its values are not finite.
    """
    channel = stage.check_channel(channel)
    # Contiguous copies, because they are read several times; in the trace the channels are interleaved.
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
