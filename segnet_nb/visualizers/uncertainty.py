"""Uncertainty next to errors, selective accuracy, and a reliability diagram, as a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
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
    """Four images, the selective accuracy over the coverage, and a reliability diagram.

    Args:
        pictures: uint8 RGB ``photo``, ``prediction``, ``errors`` and ``uncertainty``.
        measure: name of the shown measure of uncertainty.
        top: its value at the brightest colour.
        title: title of the figure.
        shares: coverages, 0..1: fractions of the pixels that are kept, the most certain ones.
        kept: accuracy at each coverage, 0..1, of ``"all images"`` and ``"this image"``.
        chosen: the coverage of the shown images.
        calibration: ``confidence`` and ``accuracy`` of the bins, for ``"all images"`` and ``"this image"``.
        colors: legend of the error image.
        color_map: 256 RGB colours of the uncertainty.

    Returns:
        The figure.
    """
    figure = NotebookFigure(11, 6.8, photographic=True)
    figure.suptitle(title, fontsize=11)
    rows = figure.add_gridspec(3, 1, height_ratios=(1, 0.16, 1.35))
    above, between, below = (rows[i].subgridspec(1, columns) for i, columns in enumerate((4, 4, 2)))
    name_of_measure = f"{measure.replace('_', ' ')}{UNITS.get(measure, '')}"
    titles = {"photo": "image", "prediction": "prediction (hatched: left out)", "errors": "errors"}
    for column, name in enumerate(("photo", "prediction", "errors", "uncertainty")):
        axes = figure.add_subplot(above[column])
        axes.imshow(pictures[name])
        axes.set_title(titles.get(name, name_of_measure), fontsize=9)
        axes.set_axis_off()
    handles = [Patch(facecolor=tuple(np.array(color) / 255), label=text) for text, color in colors.items()]
    legend = figure.add_subplot(between[:3])
    legend.legend(handles=handles, loc="center right", ncols=len(handles), fontsize=8, frameon=False)
    legend.set_axis_off()
    _draw_color_bar(figure, figure.add_subplot(between[3]), top, color_map)
    left, right = (figure.add_subplot(below[i]) for i in (0, 1))
    _draw_selective_accuracy(left, shares, kept, chosen)
    _draw_reliability(right, calibration)
    for axes in (left, right):
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.legend(fontsize=8)
    return figure


def _draw_color_bar(figure: Figure, axes: Axes, top: float, color_map: np.ndarray) -> None:
    """A horizontal colour bar from 0 to ``top`` inside otherwise empty axes."""
    axes.set_axis_off()
    scale = ScalarMappable(Normalize(0, top), ListedColormap(color_map / 255))
    inset = axes.inset_axes((0.05, 0.6, 0.75, 0.4))
    bar = figure.colorbar(scale, cax=inset, orientation="horizontal")
    bar.set_ticks([0, top / 2, top], labels=["0", f"{top / 2:.3f}", f"≥ {top:.3f}"], fontsize=8)


def _draw_selective_accuracy(
    axes: Axes, coverages: Sequence[float], curves: Mapping[str, Sequence[float | None]], chosen: float
) -> None:
    """Accuracy of the most certain pixels over the coverage, and a line at the chosen coverage."""
    for name, values in curves.items():
        color, dashes = _LINES[name]
        known = [(100 * x, 100 * y) for x, y in zip(coverages, values, strict=True) if y is not None]
        if known:
            axes.plot(*zip(*known, strict=True), color=color, linestyle=dashes, label=name)
    axes.axvline(100 * chosen, color="#555555", linewidth=1, linestyle=":")
    axes.set(xlabel="coverage: most certain pixels kept (%)", ylabel="accuracy of the kept pixels (%)")
    axes.set(title="selective prediction", xlim=(0, 100))
    axes.title.set_fontsize(9)


def _draw_reliability(axes: Axes, calibration: Mapping[str, Mapping[str, Any]]) -> None:
    """A reliability diagram: accuracy over confidence, and the diagonal of perfect calibration."""
    axes.plot([0, 100], [0, 100], color="#999999", linewidth=1, label="perfectly calibrated")
    for name, found in calibration.items():
        color, dashes = _LINES[name]
        pairs = zip(found["confidence"], found["accuracy"], strict=True)
        known = [(100 * x, 100 * y) for x, y in pairs if x is not None]
        if known:
            xs, ys = zip(*known, strict=True)
            axes.plot(xs, ys, color=color, linestyle=dashes, marker="o", markersize=3, label=name)
    axes.set(xlabel="confidence (%)", ylabel="accuracy (%)", xlim=(0, 100), ylim=(0, 100))
    axes.set(title="reliability diagram")
    axes.title.set_fontsize(9)
