"""The plan of a sweep: every run with its parameters, all checked before the first one starts."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb.sweeps import sweep_file
from segnet_nb.sweeps.limits import MAX_RUNS, Limits
from segnet_nb.sweeps.search import Search
from segnet_nb.sweeps.subjects import Subject


@dataclass(frozen=True)
class PlannedRun:
    """One run of a plan.

    Attributes:
        key: 16 hexadecimal digits: of the notebook or the code, all parameters and the package's version.
        parameters: the given ones by name, fixed ones first, as JSON holds them.
    """

    key: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """A sweep with checked runs.

    Attributes:
        name: of the sweep.
        subject: the notebook or the training.
        fixed: parameters that are the same in all runs.
        runs: in order; of a search none, as it chooses them while it runs.
        seeds_parameter: the parameter of the random seed, or None if it is not varied.
        maximize: the score to compare runs by.
        limits: of each run.
        search: what chooses the runs; None: all are given.
        outputs: address that workers write archives to; None: they come through Dask.
    """

    name: str
    subject: Subject
    fixed: dict[str, Any]
    runs: tuple[PlannedRun, ...]
    seeds_parameter: str | None
    maximize: str
    limits: Limits
    search: Search | None = None
    outputs: str | None = None

    @property
    def count(self) -> int:
        """The number of runs."""
        return self.search.runs if self.search else len(self.runs)

    def run(self, values: Mapping[str, Any]) -> PlannedRun:
        """The run with these values of what is not fixed, checked.

        Raises:
            ValueError: if a value does not fit.
        """
        return planned_run(self.subject, self.fixed | dict(values))

    def record(self, runs: Iterable[PlannedRun]) -> dict[str, Any]:
        """What ``sweep.json`` holds, with these runs."""
        runs = list(runs)
        axes: dict[str, dict[str, Any]] = {}
        for run in runs:
            for name, value in run.parameters.items():
                if name not in self.fixed:  # by its text: 1, 1.0 and true are equal in Python
                    axes.setdefault(name, {}).setdefault(json.dumps(value), value)
        return {
            "schema": 1,
            "name": self.name,
            "kind": self.subject.kind,
            "source": self.subject.source,
            "fixed": self.fixed,
            "axes": {name: list(values.values()) for name, values in axes.items()},
            "seeds_parameter": self.seeds_parameter,
            "maximize": self.maximize,
            "runs": [run.key for run in runs],
        }


def planned_run(subject: Subject, values: Mapping[str, Any]) -> PlannedRun:
    """A run with checked parameters and its key.

    Raises:
        ValueError: if a parameter is unknown, or a value does not fit or cannot be stored as JSON.
    """
    checked = {name: plain(name, value) for name, value in subject.check(values).items()}
    text = json.dumps(subject.identity(checked), sort_keys=True, allow_nan=False)
    return PlannedRun(hashlib.sha256(text.encode()).hexdigest()[:16], checked)


def plain(name: str, value: Any) -> Any:
    """A value as JSON holds it: tuples become lists.

    Raises:
        ValueError: if JSON cannot hold it.

    Example:
        >>> plain("size", (180, 240))
        [180, 240]
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list | tuple):
        return [plain(name, item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain(name, item) for key, item in value.items()}
    raise UserError(
        f"{name}: expected finite numbers, texts, true, false, null, or lists of them, got {value!r}. Quote "
        "it if it is a text."
    )


def read_plan(source: str | Path | Mapping[str, Any]) -> Plan:
    """Read a sweep and check the parameters of all its runs.

    Args:
        source: path of a YAML file, or what it holds as a dict.

    Raises:
        FileNotFoundError: if there is no such file, or no such notebook.
        ValueError: if the sweep or a parameter of one of its runs is wrong; the message is one sentence.

    Example:
        >>> plan = read_plan({"training": True, "grid": {"epochs": [1, 2]}, "seeds": 3})
        >>> plan.count, plan.runs[1].parameters
        (6, {'epochs': 1, 'seed': 1})
    """
    content = sweep_file.read(source)
    subject = content.subject()
    content.check_names(subject.names())
    search = content.search
    checked = _corners(subject, content) if search else _runs(subject, content.fixed, content)
    fixed = {name: checked[0].parameters[name] for name in content.fixed}
    return Plan(
        content.name, subject, fixed, () if search else checked,
        content.seeds_parameter, content.maximize, content.limits, search, content.outputs,
    )  # fmt: skip


def _corners(subject: Subject, content: sweep_file.SweepFile) -> tuple[PlannedRun, ...]:
    """The runs at the ends of the ranges of a search, which are checked before the first run."""
    try:
        corners = content.search.corners() if content.search else ()
        return tuple(planned_run(subject, content.fixed | corner) for corner in corners)
    except UserError as error:
        raise UserError(f"search: {error}") from None


def _runs(subject: Subject, fixed: dict[str, Any], content: sweep_file.SweepFile) -> tuple[PlannedRun, ...]:
    parts = content.parts()
    count = math.prod(len(part) for part in parts)
    if count > MAX_RUNS:
        raise UserError(f"the sweep has {count:,} runs, more than {MAX_RUNS:,}. Shorten its axes.")
    found: dict[str, PlannedRun] = {}
    for number, rows in enumerate(itertools.product(*parts), start=1):
        values = fixed | {name: value for row in rows for name, value in row.items()}
        try:
            run = planned_run(subject, values)
        except UserError as error:
            raise UserError(f"run {number} of {count}: {error}") from None
        found.setdefault(run.key, run)
    return tuple(found.values())
