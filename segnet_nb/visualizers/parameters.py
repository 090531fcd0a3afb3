"""How a parameter of a sweep decides a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from segnet_nb._shared.errors import UserError
from segnet_nb.visualizers.figures import NotebookFigure

_COLOR = "#0072b2"


def show_parameter(
    runs: Sequence[Mapping[str, Any]],
    parameter: str,
    score: str = "mean_iou",
    *,
    label: str = "mean IoU (%)",
    title: str = "",
    width: float = 5.0,
) -> Figure:
    """A score over the values of a parameter: each run, and the mean of each value.

    Args:
        runs: one mapping per run with the parameter, a number, and the score in 0..1; None: the run failed.
        parameter: to show from left to right, by powers of ten if its values span them.
        score: to show from bottom to top, in percent.
        label: of the score.
        title: of the figure.
        width: of the figure in inches.

    Returns:
        The figure.

    Raises:
        ValueError: if there are no runs with a score.

    Example:
        >>> runs = [{"rate": 0.001, "mean_iou": 0.2}, {"rate": 0.01, "mean_iou": 0.4}]
        >>> show_parameter(runs, "rate").axes[0].get_xscale()
        'log'
    """
    by_value: dict[float, list[float]] = {}
    for run in runs:
        if run[score] is not None:
            by_value.setdefault(float(run[parameter]), []).append(100 * run[score])
    if not by_value:
        raise UserError(f"no run has a {score}. Pass runs that have finished.")
    values = sorted(by_value)
    figure = NotebookFigure(width, 2.8)
    axes = figure.subplots()
    means = [float(np.mean(by_value[value])) for value in values]
    axes.plot(values, means, "-o", color=_COLOR, markersize=8, label="mean")
    points = [(value, each) for value in values for each in by_value[value]]
    axes.plot(*zip(*points, strict=True), ".", color="#333333", markersize=7, zorder=3, label="one run")
    if values[0] > 0 and values[-1] / values[0] >= 10:
        axes.set_xscale("log")
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
    axes.set_xlabel(parameter.replace("_", " "))
    axes.set_ylabel(label)
    axes.set_title(title, fontsize=12)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure
