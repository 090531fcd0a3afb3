"""Uncertainty beside errors, and what both are worth, as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from segnet_nb.visualizers.figures import NotebookFigure

UNITS = {"variance": "", "entropy": " (nats)", "mutual_information": " (nats)"}
_LINES = {"all images": ("#0072b2", "-"), "this image": ("#d55e00", "--")}


def show_uncertainty(
    pictures: Mapping[str, np.ndarray],
    *,
    measure: str,
    top: float,
    title: str,
    shares: Sequence[float],
    kept: Mapping[str, Sequence[float | None]],
    chosen: float,
    calibration: Mapping[str, Mapping[str, Any]],
    colors: Mapping[str, tuple[int, int, int]],
    color_map: np.ndarray,
) -> Figure:
    """Four pictures of an image, the accuracy of the kept pixels, and calibration.

    Args:
        pictures: uint8 RGB ``photo``, ``prediction``, ``errors`` and ``uncertainty``.
        measure: which measure of uncertainty is shown.
        top: its value at the brightest colour.
        title: of the figure.
        shares: shares of pixels kept, 0..1.
        kept: accuracy for each share, 0..1, of ``"all images"`` and ``"this image"``.
        chosen: the share that is kept in the pictures.
        calibration: ``confidence`` and ``accuracy`` in bins, of the same two.
        colors: what the colours of the error picture mean.
        color_map: 256 RGB colours of the uncertainty.

    Returns:
        The figure.
    """
    figure = NotebookFigure(11, 6.8, photographic=True)
    figure.suptitle(title, fontsize=11)
    rows = figure.add_gridspec(3, 1, height_ratios=(1, 0.16, 1.35))
    above, between = (rows[i].subgridspec(1, 4) for i in (0, 1))
    words = measure.replace("_", " ")
    titles = {"photo": "image", "prediction": "prediction (hatched: left out)", "errors": "errors"}
    for place, name in enumerate(("photo", "prediction", "errors", "uncertainty")):
        axes = figure.add_subplot(above[place])
        axes.imshow(pictures[name])
        axes.set_title(titles.get(name, f"{words}{UNITS.get(measure, '')}"), fontsize=9)
        axes.set_axis_off()
    handles = [Patch(facecolor=np.array(color) / 255, label=text) for text, color in colors.items()]
    legend = figure.add_subplot(between[:3])
    legend.legend(handles=handles, loc="center right", ncols=len(handles), fontsize=8, frameon=False)
    legend.set_axis_off()
    scale = ScalarMappable(Normalize(0, top), ListedColormap(color_map / 255))
    ramp = figure.add_subplot(between[3])
    ramp.set_axis_off()
    bar = figure.colorbar(scale, cax=ramp.inset_axes((0.05, 0.6, 0.75, 0.4)), orientation="horizontal")
    bar.set_ticks([0, top / 2, top], labels=["0", f"{top / 2:.3f}", f"{top:.3f} and more"], fontsize=8)
    below = rows[2].subgridspec(1, 2)
    left, right = (figure.add_subplot(below[i]) for i in (0, 1))
    for name, values in kept.items():
        color, dashes = _LINES[name]
        known = [(x, 100 * y) for x, y in zip(shares, values, strict=True) if y is not None]
        if known:
            xs, ys = zip(*known, strict=True)
            left.plot([100 * x for x in xs], ys, color=color, linestyle=dashes, label=name)
    left.axvline(100 * chosen, color="#555555", linewidth=1, linestyle=":")
    left.set(xlabel="most certain pixels kept (%)", ylabel="global accuracy of them (%)", xlim=(0, 100))
    right.plot([0, 100], [0, 100], color="#999999", linewidth=1, label="as sure as right")
    for name, found in calibration.items():
        color, dashes = _LINES[name]
        pairs = zip(found["confidence"], found["accuracy"], strict=True)
        known = [(100 * x, 100 * y) for x, y in pairs if x is not None]
        if known:
            xs, ys = zip(*known, strict=True)
            right.plot(xs, ys, color=color, linestyle=dashes, marker="o", markersize=3, label=name)
    right.set(xlabel="mean confidence in a bin (%)", ylabel="right (%)", xlim=(0, 100), ylim=(0, 100))
    for axes in (left, right):
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.legend(fontsize=8)
    return figure
