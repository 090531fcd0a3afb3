"""Quality against cost, one marker per decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from segnet_nb._shared.errors import UserError
from segnet_nb.visualizers.figures import NotebookFigure

_MARKERS = "osD^v<>Pph*"
_COLORS = {"nothing": "#666666", "indices": "#0072b2", "maps": "#d55e00", "indices and maps": "#8a3a73"}


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
    figure.suptitle(title, fontsize=11)
    for axes, name, label in zip(
        figure.subplots(1, 2, sharey=True),
        ("megabytes", "milliseconds"),
        ("memory for encoder outputs per image (MB)", "time per image (ms)"),
        strict=True,
    ):
        for number, row in enumerate(rows):
            kind = "maps" if row["keeps"] == "reduced maps" else str(row["keeps"])
            axes.plot(
                [row[name]],
                [row["quality"]],
                marker=_MARKERS[number % len(_MARKERS)],
                color=_COLORS.get(kind, "#000000"),
                markersize=8,
                linestyle="none",
                clip_on=False,  # markers on the axis are drawn completely
                zorder=3,
                label=str(row["name"]),
            )
        axes.set_xlabel(label)
        axes.set_xlim(left=0)
        axes.margins(y=0.15)
        axes.grid(color="#dddddd", linewidth=0.6)
    axes_left = figure.axes[0]
    axes_left.set_ylabel(quality)
    figure.legend(
        *axes_left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8, frameon=False
    )
    return figure
