"""What the page holds: a table of all runs, read at once, and a block for each run, read when it is shown."""

from __future__ import annotations

import contextlib
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets import ClassList
from segnet_nb.datasets.colors import safe_colors
from segnet_nb.sweeps.gallery.masks import SharedImage
from segnet_nb.sweeps.gallery.records import Classes, Number, Run, Sweep
from segnet_nb.sweeps.gallery.statistics import Effect, Group, Spread, effects, groups

EPOCHS = 200
"""Points of a learning curve at most; of a longer one every second, third ... epoch is kept."""

_REPORT, _NOTEBOOK = 1, 2


def table(sweep: Sweep) -> dict[str, Any]:
    """All that the page needs for its tables and plots; ``types.d.ts`` names the parts.

    Args:
        sweep: as ``read_sweep`` returns it.
    """
    classes = list(dict.fromkeys(run.classes for run in sweep.runs if run.classes))
    return {
        "name": sweep.name,
        "kind": sweep.kind,
        "source": sweep.source,
        "maximize": sweep.maximize,
        "seed": sweep.seed,
        "planned": sweep.planned,
        "fixed": [[name, _exact(value)] for name, value in sweep.fixed.items()],
        "parameters": [
            {"name": one.name, "values": list(map(_exact, one.values)), "axis": one.axis}
            for one in sweep.parameters
        ],
        "scores": list(sweep.score_names),
        "classScores": [list(pair) for pair in sweep.class_columns],
        "classLists": [_class_list(one) for one in classes],
        "runs": [_run(sweep, run, classes) for run in sweep.runs],
        "groups": [_group(group) for group in groups(sweep)],
        "effects": [[_effect(one) for one in effects(sweep, name)] for name in sweep.score_names],
        "curves": list(
            dict.fromkeys(n for run in sweep.runs for e in run.history for n in e if n != "epoch")
        ),
    }


def image(of: SharedImage) -> dict[str, Any]:
    """What the page knows of an image before its masks are read."""
    height, width = of.size
    return {
        **{"key": of.key, "name": of.name, "file": of.file, "height": height, "width": width},
        **{"truth": bool(of.truth), "runs": list(of.masks)},
    }


def block(run: Run, images: list[SharedImage]) -> dict[str, Any]:
    """The learning curves and the masks of one run."""
    masks = {one.key: one.masks[run.key] for one in images if run.key in one.masks}
    return {"history": _history(run), "masks": masks}


def _run(sweep: Sweep, run: Run, classes: list[Classes]) -> list[Any]:
    return [
        run.key,
        run.state,
        run.error or "",
        [parameter.place(run) for parameter in sweep.parameters],
        [_rounded(run.scores.get(name)) for name in sweep.score_names],
        [_rounded(run.class_scores.get(metric, {}).get(name)) for metric, name in sweep.class_columns],
        _rounded(run.seconds),
        run.started,
        run.worker,
        _REPORT * run.report + _NOTEBOOK * run.notebook,
        classes.index(run.classes) if run.classes else -1,
    ]


def _class_list(classes: Classes) -> dict[str, Any]:
    safe = None
    with contextlib.suppress(UserError):  # too many classes for the safe palette
        listed = ClassList(classes.names, (*classes.colors, (0, 0, 0)))
        safe = [list(color) for color in safe_colors(listed).colors[:-1]]
    return {"names": list(classes.names), "colors": [list(c) for c in classes.colors], "safe": safe}


def _group(group: Group) -> list[Any]:
    scores = [_spread(one) for one in (*group.scores, *group.class_scores)]
    return [list(group.places), list(group.runs), group.finished, scores]


def _effect(effect: Effect) -> list[Any]:
    return [effect.parameter, _rounded(effect.range), [_spread(one) for one in effect.values]]


def _spread(one: Spread | None) -> list[Any] | None:
    if one is None:
        return None
    return [one.count, *(_rounded(value) for value in (one.mean, one.deviation, one.low, one.high))]


def _history(run: Run) -> dict[str, list[Any]]:
    """Column by column, with the last epoch kept."""
    step = -(-len(run.history) // EPOCHS)
    kept = [epoch for i, epoch in enumerate(reversed(run.history)) if i % step == 0][::-1] if step else []
    names = dict.fromkeys(name for epoch in kept for name in epoch)
    found: dict[str, list[Any]] = {name: [_rounded(epoch.get(name)) for epoch in kept] for name in names}
    if kept and "epoch" not in found:
        found["epoch"] = [len(run.history) - step * i for i in range(len(kept))][::-1]
    return found


def _rounded(value: Number | None) -> Number | None:
    return None if value is None else value if isinstance(value, int) else float(f"{value:.9g}")


def _exact(value: Any) -> Any:
    """A value that a browser shows as it is: it rounds whole numbers beyond 2**53."""
    return str(value) if isinstance(value, int) and abs(value) > 2**53 else value
