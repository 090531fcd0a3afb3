"""Quality against cost, one marker per decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from segnet_nb._shared.errors import UserError
from segnet_nb.visualizers.figures import NotebookFigure

_MARKERS = "osD^v<>Pph*"
_COLORS = {"nothing": "#666666", "indices": "#0072b2", "maps": "#d55e00", "indices and maps": "#8a3a73"}
# The second decoder that keeps nothing, as lightness apart as a grey marker needs.
_LIGHT_GREY = "#b0b0b0"
# Shape tells what is kept, too, for readers who do not see the colours.
_KEPT_MARKERS = {"nothing": "o", "indices": "s", "maps": "^", "indices and maps": "D"}


def show_costs(
    rows: Sequence[Mapping[str, object]], *, quality: str = "mean IoU (%)", title: str = ""
) -> Figure:
    """Quality against the memory that the decoder needs from the encoder, and against the time per image.

    Args:
        rows: one mapping per decoder with ``name``, ``quality`` (percent), ``megabytes``, ``milliseconds``
            and ``keeps`` (``"nothing"``, ``"indices"``, ``"maps"`` ...), which determines the colour.
        quality: label of the quality axis.
        title: title of the figure.

    Returns:
        The figure.

    Raises:
        ValueError: if there are no rows.

    Example:
        >>> row = {"name": "SegNet", "quality": 50.0, "megabytes": 1.0, "milliseconds": 20.0}
        >>> row["keeps"] = "indices"
        >>> len(show_costs([row]).axes)
        2
    """
    if not rows:
        raise UserError("rows is empty. Pass at least one row.")
    figure = NotebookFigure(10, 4.6)
    figure.suptitle(title, fontsize=13)
    for axes, name, label in zip(
        figure.subplots(1, 2, sharey=True),
        ("megabytes", "milliseconds"),
        ("memory for encoder outputs per image (MB)", "time per image (ms)"),
        strict=True,
    ):
        greys = iter(("#555555",))
        for number, row in enumerate(rows):
            kind = _kind(row)
            color = next(greys, _LIGHT_GREY) if kind == "nothing" else _COLORS.get(kind, "#000000")
            axes.plot(
                [row[name]],
                [row["quality"]],
                marker=_MARKERS[number % len(_MARKERS)],
                color=color,
                markeredgecolor="#333333",
                markeredgewidth=0.8,
                markersize=9,
                linestyle="none",
                clip_on=False,  # markers on the axis are drawn completely
                zorder=3,
                label=str(row["name"]),
            )
        axes.set_xlabel(label)
        axes.set_xlim(left=-0.03 * max(float(str(row[name])) for row in rows))
        axes.margins(y=0.15)
        axes.grid(color="#dddddd", linewidth=0.6)
    axes_left = figure.axes[0]
    axes_left.set_ylabel(quality)
    figure.legend(
        *axes_left.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=3,
        fontsize=11,
        frameon=False,
    )
    return figure


def show_seeds(
    rows: Sequence[Mapping[str, Any]], scores: Mapping[str, str], *, title: str = "", width: float = 10.0
) -> Figure:
    """Scores of decoders trained with several seeds: each seed, the mean, and the spread.

    Args:
        rows: one mapping per decoder with ``name``, ``keeps`` (which determines colour and marker), and the
            values of each score (percent), one per seed.
        scores: the scores to show, one chart each: key in the rows, and label.
        title: title of the figure.
        width: width of the figure in inches.

    Returns:
        The figure. A small dot is a seed, a large marker the mean, and the bar goes from the lowest to the
        highest seed. Decoders are in the order of the mean of the first score, best first.

    Raises:
        ValueError: if there are no rows, no scores, or a row without values.

    Example:
        >>> rows = [{"name": "SegNet", "keeps": "indices", "mean_iou": [31.6, 33.7]}]
        >>> show_seeds(rows, {"mean_iou": "mean IoU (%)"}).axes[0].get_xlabel()
        'mean IoU (%)'
    """
    if not rows or not scores or not all(len(row[score]) for row in rows for score in scores):
        raise UserError("rows or scores are empty. Pass a row with values for each decoder.")
    first = next(iter(scores))
    ordered = sorted(rows, key=lambda row: float(np.mean(row[first])))
    figure = NotebookFigure(width, 0.36 * len(rows) + 1.9)
    figure.suptitle(title, fontsize=13)
    charts = figure.subplots(1, len(scores), sharey=True, squeeze=False)[0]
    for axes, (score, label) in zip(charts, scores.items(), strict=True):
        for place, row in enumerate(ordered):
            _draw_seeds(axes, place, np.asarray(row[score], float), _kind(row))
        axes.set_xlabel(label, fontsize=12)
        axes.margins(x=0.06, y=0.05)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    charts[0].set_yticks(range(len(ordered)), [str(row["name"]) for row in ordered], fontsize=11)
    kinds = [kind for kind in _COLORS if kind in {_kind(row) for row in rows}]
    handles = [
        Line2D([], [], color=_COLORS[kind], marker=_KEPT_MARKERS[kind], linestyle="-", markersize=8)
        for kind in kinds
    ]
    labels = [f"keeps {kind}" for kind in kinds]
    handles.append(Line2D([], [], color="#333333", marker="o", linestyle="none", markersize=4))
    figure.legend(
        handles, [*labels, "one seed"], loc="outside lower center", ncols=5, fontsize=11, frameon=False
    )
    return figure


def _kind(row: Mapping[str, Any]) -> str:
    return "maps" if row["keeps"] == "reduced maps" else str(row["keeps"])


def _draw_seeds(axes: Axes, place: int, values: np.ndarray, kind: str) -> None:
    """One decoder: bar, mean and seeds."""
    color, marker = _COLORS.get(kind, "#000000"), _KEPT_MARKERS.get(kind, "o")
    axes.plot([values.min(), values.max()], [place, place], color=color, linewidth=2.5)
    axes.plot([values.mean()], [place], marker=marker, color=color, markersize=10, clip_on=False, zorder=3)
    if len(values) > 1:
        below = [place - 0.25] * len(values)
        axes.plot(values, below, ".", color="#333333", markersize=5, clip_on=False, zorder=4)
