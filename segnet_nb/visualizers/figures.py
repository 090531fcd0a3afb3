"""Figures that a notebook displays, sharp and compact, without pyplot."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

_SCREEN_DPI = 72
# Image pixels per displayed pixel: sharp text on high-resolution screens; photographs benefit less.
_CHART_SHARPNESS, _PHOTO_SHARPNESS = 1.6, 1.15
_CHART_COLORS = 128


class NotebookFigure(Figure):
    r"""A matplotlib figure that a notebook displays if it is the last expression of a cell.

    Charts are stored as PNG, photographs as JPEG, which is several times smaller. No global state is
    changed, so that figures can be created in callbacks and threads.

    Args:
        width: width in inches.
        height: height in inches.
        photographic: whether the figure consists mostly of photographs.

    Example:
        >>> figure = NotebookFigure(2, 1)
        >>> figure._repr_png_()[0][:4]
        b'\x89PNG'
    """

    def __init__(self, width: float, height: float, *, photographic: bool = False) -> None:
        super().__init__(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(self)
        self._photographic = photographic

    def _pixels(self, sharpness: float) -> tuple[Image.Image, dict[str, int]]:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=_SCREEN_DPI * sharpness, facecolor="white")
        width, height = (round(inches * _SCREEN_DPI) for inches in self.get_size_inches())
        return Image.open(buffer).convert("RGB"), {"width": width, "height": height}

    def _repr_png_(self) -> tuple[bytes, dict[str, int]] | None:
        if self._photographic:
            return None
        pixels, size = self._pixels(_CHART_SHARPNESS)
        # A chart has few colours: with a palette it has a third of the size and looks the same.
        pixels = pixels.quantize(_CHART_COLORS, dither=Image.Dither.NONE)
        buffer = io.BytesIO()
        pixels.save(buffer, "png", optimize=True)
        return buffer.getvalue(), size

    def _repr_jpeg_(self) -> tuple[bytes, dict[str, int]] | None:
        if not self._photographic:
            return None
        pixels, size = self._pixels(_PHOTO_SHARPNESS)
        buffer = io.BytesIO()
        pixels.save(buffer, "jpeg", quality=75, optimize=True)
        return buffer.getvalue(), size

    def __repr__(self) -> str:
        width, height = self.get_size_inches()
        return f"Figure({width:.1f} x {height:.1f} inches)"
