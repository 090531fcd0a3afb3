"""Figures that show themselves in a notebook, sharp and small, without pyplot."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_SCREEN_DPI = 72
_SHARPNESS = 1.6  # pixels per displayed pixel: text stays sharp on dense screens


class NotebookFigure(Figure):
    r"""A matplotlib figure that a notebook cell shows when it ends with it.

    Charts are stored as PNG, photographs as JPEG, which is several times smaller. No global state is
    touched, so figures can be made in callbacks and threads.

    Args:
        width: in inches.
        height: in inches.
        photographic: whether most of the figure is photographs.

    Example:
        >>> figure = NotebookFigure(2, 1)
        >>> figure._repr_png_()[0][:4]
        b'\x89PNG'
    """

    def __init__(self, width: float, height: float, *, photographic: bool = False) -> None:
        super().__init__(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(self)
        self._photographic = photographic

    def _encoded(self, kind: str, **options: Any) -> tuple[bytes, dict[str, int]]:
        buffer = io.BytesIO()
        self.savefig(buffer, format=kind, dpi=_SCREEN_DPI * _SHARPNESS, facecolor="white", **options)
        size = {
            side: round(inches * _SCREEN_DPI)
            for side, inches in zip(("width", "height"), self.get_size_inches(), strict=True)
        }
        return buffer.getvalue(), size

    def _repr_png_(self) -> tuple[bytes, dict[str, int]] | None:
        return None if self._photographic else self._encoded("png")

    def _repr_jpeg_(self) -> tuple[bytes, dict[str, int]] | None:
        if not self._photographic:
            return None
        return self._encoded("jpeg", pil_kwargs={"quality": 85, "optimize": True})

    def __repr__(self) -> str:
        width, height = self.get_size_inches()
        return f"Figure({width:.1f} x {height:.1f} inches)"
