"""What is known of a sweep and its runs, as plain values."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

STATES = ("finished", "failed", "timed_out", "out_of_memory", "pruned")
"""How a run can end."""

Number = float | int


@dataclass(frozen=True)
class Mask:
    """The predicted classes of one image.

    Attributes:
        image: key of the image, 16 hexadecimal digits.
        name: of the image.
        path: of the PNG file with the class ids.
        digest: SHA-256 of the file, or None where the record has none.
    """

    image: str
    name: str
    path: Path
    digest: str | None = None


@dataclass(frozen=True)
class Classes:
    """Names and colours of classes; the ids of a mask count them from 0.

    Attributes:
        names: one for each class.
        colors: red, green and blue in 0..255, one for each class.
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Run:
    """One run of a sweep, as its ``run.json`` tells.

    Attributes:
        key: 16 hexadecimal digits, the name of its folder.
        state: one of ``STATES``.
        parameters: all of them, by name.
        error: why it did not finish, one sentence, or None.
        scores: numbers, or None where there is none, by name.
        class_scores: the same by metric and class.
        classes: those of its masks, or None.
        history: one dictionary for each epoch.
        masks: predictions of the images that all runs share.
        seconds: how long it took, or None.
        started: time in ISO format, or an empty text.
        worker: where it ran, or an empty text.
        report: whether there is a live report.
        notebook: whether there is an executed notebook.
    """

    key: str
    state: str
    parameters: dict[str, Any]
    error: str | None = None
    scores: dict[str, Number | None] = field(default_factory=dict)
    class_scores: dict[str, dict[str, Number | None]] = field(default_factory=dict)
    classes: Classes | None = None
    history: tuple[dict[str, Number | None], ...] = ()
    masks: tuple[Mask, ...] = ()
    seconds: Number | None = None
    started: str = ""
    worker: str = ""
    report: bool = False
    notebook: bool = False

    @property
    def finished(self) -> bool:
        """Whether its scores are final."""
        return self.state == "finished"


@dataclass(frozen=True)
class Parameter:
    """A parameter that is not the same in all runs.

    Attributes:
        name: of the parameter.
        values: each value once, in the order of the axis or as they come.
        axis: whether the plan of the sweep varies it.
    """

    name: str
    values: tuple[Any, ...]
    axis: bool

    @cached_property
    def _places(self) -> dict[str, int]:
        return {identity(value): number for number, value in enumerate(self.values)}

    def place(self, run: Run) -> int:
        """Which of the values a run has; -1 where it has none."""
        return self._places[identity(run.parameters[self.name])] if self.name in run.parameters else -1


@dataclass(frozen=True)
class Sweep:
    """A sweep as it is on disk.

    Attributes:
        folder: that holds ``sweep.json``.
        name: of the sweep.
        kind: ``"notebook"`` or ``"training"``.
        source: name of the notebook, or an empty text.
        maximize: the score that runs are ranked by, or an empty text.
        seed: the parameter that only repeats a run, or None.
        planned: number of runs in the plan.
        axes: the values of each parameter that the plan varies.
        runs: those that can be read, in the order of the plan.
        problems: one sentence for each thing that is missing or damaged.
    """

    folder: Path
    name: str
    kind: str
    source: str
    maximize: str
    seed: str | None
    planned: int
    axes: dict[str, list[Any]]
    runs: tuple[Run, ...]
    problems: tuple[str, ...]

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that differ between runs: those of the plan first."""
        names = dict.fromkeys((*self.axes, *(name for run in self.runs for name in run.parameters)))
        found = (self._parameter(name) for name in names)
        return tuple(one for one in found if one.axis or len(one.values) > 1 or self._lacking(one.name))

    @cached_property
    def fixed(self) -> dict[str, Any]:
        """The parameters that are the same in all runs."""
        varied = {parameter.name for parameter in self.parameters}
        first = self.runs[0].parameters if self.runs else {}
        return {name: value for name, value in first.items() if name not in varied}

    @cached_property
    def score_names(self) -> tuple[str, ...]:
        """Names of the scores, the one that runs are ranked by first."""
        names = dict.fromkeys(name for run in self.runs for name in run.scores)
        return tuple(sorted(names, key=lambda name: name != self.maximize))

    @cached_property
    def class_columns(self) -> tuple[tuple[str, str], ...]:
        """Metric and class of each score of a class."""
        pairs = ((m, name) for run in self.runs for m, scores in run.class_scores.items() for name in scores)
        found = dict.fromkeys(pairs)
        order = list(dict.fromkeys(metric for metric, _ in found))
        return tuple(sorted(found, key=lambda pair: order.index(pair[0])))

    def _parameter(self, name: str) -> Parameter:
        given = (
            *self.axes.get(name, ()),
            *(run.parameters[name] for run in self.runs if name in run.parameters),
        )
        values = {identity(value): value for value in reversed(given)}
        order = dict.fromkeys(identity(value) for value in given)
        return Parameter(name, tuple(values[one] for one in order), name in self.axes)

    def _lacking(self, name: str) -> bool:
        return any(name not in run.parameters for run in self.runs)


def identity(value: Any) -> str:
    """A text that two values share when they are the same in JSON; ``True`` and ``1`` are not.

    Example:
        >>> identity(True) == identity(1), identity({"a": 1, "b": 2}) == identity({"b": 2, "a": 1})
        (False, True)
    """
    return json.dumps(value, sort_keys=True)
