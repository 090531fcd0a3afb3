"""Training curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from segnet_nb._shared.errors import UserError
from segnet_nb.visualizers.colors import BLUE, GREEN, GREY, ORANGE
from segnet_nb.visualizers.figures import NotebookFigure


def show_history(
    history: Sequence[Mapping[str, float]], *, best_epoch: int | None = None, width: float = 10.0
) -> Figure:
    """Training loss on the left, validation scores on the right, per epoch.

    Args:
        history: one mapping per epoch with ``epoch``, ``loss``, ``mean_iou``, ``global_accuracy`` and
            ``class_average``, as in ``Run.history``.
        best_epoch: epoch to mark, or None.
        width: width of the figure in inches.

    Raises:
        ValueError: if the history is empty.
    """
    if not history:
        raise UserError("the history is empty. Complete at least one epoch of training first.")
    figure = NotebookFigure(width, 0.36 * width)
    left, right = figure.subplots(1, 2)
    draw_history(left, right, history, best_epoch)
    return figure


def draw_history(
    left: Axes, right: Axes, history: Sequence[Mapping[str, float]], best_epoch: int | None = None
) -> None:
    """Draw the two plots of ``show_history`` on the axes of another figure."""
    epochs = [entry["epoch"] for entry in history]
    marker = "o" if len(epochs) <= 30 else None
    left.plot(epochs, [entry["loss"] for entry in history], color=BLUE, marker=marker, markersize=3)
    left.set(title="training loss", xlabel="epoch", ylabel="loss")
    left.set_ylim(bottom=0)
    for name, label, color, dashes in (
        ("global_accuracy", "global accuracy", GREEN, (4, 2)),
        ("class_average", "class average", ORANGE, (1, 1.5)),
        ("mean_iou", "mean IoU", BLUE, ()),
    ):
        values = [100 * entry[name] for entry in history]
        right.plot(epochs, values, label=label, color=color, dashes=dashes, marker=marker, markersize=3)
    if best_epoch:
        right.axvline(best_epoch, color=GREY, linewidth=1, label=f"best epoch: {best_epoch}")
    right.set(title="validation", xlabel="epoch", ylabel="score (%)", ylim=(0, 100))
    right.legend(frameon=False, fontsize=9, loc="best")
    for axis in (left, right):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axis.grid(color="0.9")
        axis.spines[["top", "right"]].set_visible(False)


def show_curves(
    curves: Mapping[str, Sequence[float]], *, width: float = 8.0, same_scale: bool = False
) -> Figure:
    """One small plot per curve over the epochs, for example of ``keras.callbacks.History.history``.

    Args:
        curves: values per epoch, by name.
        width: width of the figure in inches.
        same_scale: whether the plots share the vertical axis, for values of the same quantity.

    Raises:
        ValueError: if there are no curves.
    """
    if not curves:
        raise UserError("curves is empty. Pass at least one name with its values.")
    figure = NotebookFigure(width, 0.36 * width)
    axes = figure.subplots(1, len(curves), squeeze=False, sharey=same_scale)[0]
    for axis, (name, values) in zip(axes, curves.items(), strict=True):
        axis.plot(range(1, len(values) + 1), values, color=BLUE, marker="o", markersize=3)
        axis.set(title=name, xlabel="epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axis.grid(color="0.9")
        axis.spines[["top", "right"]].set_visible(False)
    return figure
