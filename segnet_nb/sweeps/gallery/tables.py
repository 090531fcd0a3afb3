"""The runs as CSV and JSON, for other programs."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from typing import Any

from segnet_nb.sweeps.gallery.records import Parameter, Run, Sweep
from segnet_nb.sweeps.gallery.statistics import effects, groups

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: texts that start like one get an apostrophe in front.

    Args:
        value: numbers stay numbers, None becomes an empty cell, lists and dictionaries become JSON.

    Example:
        >>> harmless("=1+1"), harmless(-0.5), harmless(None), harmless([1, 2]), harmless(True)
        ("'=1+1", -0.5, '', '[1, 2]', 'true')
    """
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


def csv_text(sweep: Sweep) -> str:
    """One line a run: key, state, parameters, scores, scores of classes, time, error.

    Args:
        sweep: as ``read_sweep`` returns it.
    """
    names = [*(one.name for one in sweep.parameters), *sweep.fixed]
    head = [
        *("key", "state", *names, *sweep.score_names),
        *(f"{metric} {name}" for metric, name in sweep.class_columns),
        *("seconds", "started", "worker", "error"),
    ]
    rows = [
        [
            *(run.key, run.state),
            *(run.parameters.get(name) for name in names),
            *(run.scores.get(name) for name in sweep.score_names),
            *(run.class_scores.get(metric, {}).get(name) for metric, name in sweep.class_columns),
            *(run.seconds, run.started, run.worker, run.error),
        ]
        for run in sweep.runs
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([harmless(cell) for cell in row] for row in (head, *rows))
    return text.getvalue()


def json_text(sweep: Sweep, problems: tuple[str, ...]) -> str:
    """The runs, their groups over seeds and the effects of parameters.

    Args:
        sweep: as ``read_sweep`` returns it.
        problems: what is missing or damaged.
    """
    others = [one for one in sweep.parameters if one.name != sweep.seed]
    content = {
        "schema": 1,
        "name": sweep.name,
        "kind": sweep.kind,
        "source": sweep.source,
        "maximize": sweep.maximize,
        "seeds_parameter": sweep.seed,
        "planned": sweep.planned,
        "runs": [_run(run) for run in sweep.runs],
        "groups": [
            {
                "parameters": _values(others, group.places),
                "runs": [sweep.runs[number].key for number in group.runs],
                "finished": group.finished,
                "scores": _named(sweep.score_names, group.scores),
            }
            for group in groups(sweep)
        ],
        "effects": {name: _effects(sweep, name) for name in sweep.score_names},
        "problems": list(problems),
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _run(run: Run) -> dict[str, Any]:
    return {
        **{name: getattr(run, name) for name in ("key", "state", "error", "parameters", "scores")},
        **{name: getattr(run, name) for name in ("class_scores", "seconds", "started", "worker")},
        "report": f"runs/{run.key}/report.html" if run.report else None,
    }


def _values(parameters: list[Parameter], places: tuple[int, ...]) -> dict[str, Any]:
    return {one.name: one.values[place] for one, place in zip(parameters, places, strict=True) if place >= 0}


def _named(names: tuple[str, ...], spreads: tuple[Any, ...]) -> dict[str, Any]:
    return {name: dataclasses.asdict(one) if one else None for name, one in zip(names, spreads, strict=True)}


def _effects(sweep: Sweep, score: str) -> list[dict[str, Any]]:
    return [
        {
            "parameter": sweep.parameters[effect.parameter].name,
            "range": effect.range,
            "values": [
                {"value": value, "scores": dataclasses.asdict(one) if one else None}
                for value, one in zip(sweep.parameters[effect.parameter].values, effect.values, strict=True)
            ],
        }
        for effect in effects(sweep, score)
    ]
