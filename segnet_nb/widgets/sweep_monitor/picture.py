"""The figure of the sweep monitor, as a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from segnet_nb.visualizers.figures import NotebookFigure

MOST_LINES = 15


def draw_sweep(runs: Sequence[Mapping[str, Any]], done: int, total: int) -> Figure:
    """The runs of a sweep as lines of text.

    Args:
        runs: see ``SweepMonitor.runs``.
        done: how many have ended.
        total: how many there are.
    """
    lines = [line_of(run) for run in runs[:MOST_LINES]]
    if len(runs) > MOST_LINES:
        lines.append(f"... and {len(runs) - MOST_LINES} more")
    figure = NotebookFigure(10, 0.6 + 0.25 * max(1, len(lines)))
    axis = figure.add_subplot()
    axis.set_axis_off()
    axis.set_title(f"{done} of {total} runs done", loc="left")
    text = "\n".join(lines) or "no run has been started"
    axis.text(0, 1, text, transform=axis.transAxes, va="top", family="monospace", fontsize=9)
    return figure


def line_of(run: Mapping[str, Any]) -> str:
    """A run in one line.

    Example:
        >>> line_of({"label": "seed=1", "state": "running", "epoch": 2, "epochs": 5, "score": 0.25})
        'running        epoch 2 of 5   0.250  seed=1'
    """
    epoch = f"epoch {run['epoch']} of {run['epochs']}" if run.get("epochs") else ""
    score = "" if run.get("score") is None else f"{run['score']:.3f}"
    return f"{run['state'].replace('_', ' '):<14} {epoch:<13} {score:>6}  {run['label']}"
