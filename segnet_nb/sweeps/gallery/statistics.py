"""Mean and spread over seeds, and how much the score changes with each parameter."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from segnet_nb.sweeps.gallery.records import Number, Parameter, Run, Sweep


@dataclass(frozen=True)
class Spread:
    """Statistics of a few numbers.

    Attributes:
        count: how many there are.
        mean: their mean.
        deviation: sample standard deviation (divisor ``count - 1``); None for a single number.
        low: the smallest.
        high: the largest.
    """

    count: int
    mean: float
    deviation: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """Runs that differ in nothing but the seed.

    Attributes:
        places: for each parameter but the seed, which of its values the runs have (-1: none).
        runs: their numbers in the sweep.
        finished: how many of them have finished; only these count below.
        scores: of each score, in the order of ``score_names``; None where no run has it.
        class_scores: the same in the order of ``class_columns``.
    """

    places: tuple[int, ...]
    runs: tuple[int, ...]
    finished: int
    scores: tuple[Spread | None, ...]
    class_scores: tuple[Spread | None, ...]


@dataclass(frozen=True)
class Effect:
    """How a score changes with one parameter, all others taken as they come.

    Attributes:
        parameter: its number in ``parameters``.
        values: statistics of the runs with each of its values; None where none has finished.
        range: largest minus smallest mean; None with fewer than two means.
    """

    parameter: int
    values: tuple[Spread | None, ...]
    range: float | None


def spread(numbers: Iterable[Number | None]) -> Spread | None:
    """Statistics of the numbers that are there; None without any.

    Args:
        numbers: None stands for no number.

    Example:
        >>> spread([0.6, None, 0.8]).mean
        0.7
        >>> spread([0.5]).deviation is None
        True
    """
    found = [float(number) for number in numbers if number is not None]
    if not found:
        return None
    deviation = statistics.stdev(found) if len(found) > 1 else None
    return Spread(len(found), statistics.fmean(found), deviation, min(found), max(found))


def groups(sweep: Sweep) -> tuple[Group, ...]:
    """The runs grouped by every parameter but the seed, in the order of their first runs.

    Args:
        sweep: as ``read_sweep`` returns it.
    """
    others = [parameter for parameter in sweep.parameters if parameter.name != sweep.seed]
    members: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, run in enumerate(sweep.runs):
        members[tuple(parameter.place(run) for parameter in others)].append(number)
    return tuple(_group(sweep, places, numbers) for places, numbers in members.items())


def effects(sweep: Sweep, score: str) -> tuple[Effect, ...]:
    """How a score changes with each parameter, the largest change first.

    A mean here is over all runs with a value, whatever their other parameters are. Where runs have failed,
    the means of two values may be over different other parameters.

    Args:
        sweep: as ``read_sweep`` returns it.
        score: name of a score.
    """
    finished = [run for run in sweep.runs if run.finished]
    found = [_effect(number, one, finished, score) for number, one in enumerate(sweep.parameters)]
    return tuple(
        sorted(found, key=lambda effect: -1.0 if effect.range is None else effect.range, reverse=True)
    )


def _group(sweep: Sweep, places: tuple[int, ...], numbers: list[int]) -> Group:
    finished = [sweep.runs[number] for number in numbers if sweep.runs[number].finished]
    return Group(
        places,
        tuple(numbers),
        len(finished),
        tuple(spread(run.scores.get(name) for run in finished) for name in sweep.score_names),
        tuple(
            spread(run.class_scores.get(metric, {}).get(name) for run in finished)
            for metric, name in sweep.class_columns
        ),
    )


def _effect(number: int, parameter: Parameter, runs: list[Run], score: str) -> Effect:
    scores: list[list[Any]] = [[] for _ in parameter.values]
    for run in runs:
        place = parameter.place(run)
        if place >= 0:
            scores[place].append(run.scores.get(score))
    values = tuple(spread(of_value) for of_value in scores)
    means = [one.mean for one in values if one is not None]
    return Effect(number, values, max(means) - min(means) if len(means) > 1 else None)
