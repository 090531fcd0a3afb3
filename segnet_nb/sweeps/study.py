"""A search as a source of runs: Optuna chooses them, and the folder of the sweep remembers them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from segnet_nb._shared.errors import MissingPackageError, UserError
from segnet_nb._shared.files import write_whole
from segnet_nb.sweeps.plan import Plan, PlannedRun
from segnet_nb.sweeps.sampling import DIGITS, Range
from segnet_nb.sweeps.store import DONE, Store

if TYPE_CHECKING:
    import optuna

FILE = "study.json"
TRIES = 50  # to find a run that has not been chosen before
FIRST_RANDOM = 10  # runs before Optuna's estimator takes over
FULL_RUNS = 4  # that end before others are compared with their median
FULL_EPOCHS = 2  # of every run


def chosen(plan: Plan, store: Store) -> list[PlannedRun]:
    """The runs that a search has chosen so far, by ``study.json``; those of another notebook are left out."""
    found = []
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        for entry in json.loads((store.folder / FILE).read_text(encoding="utf-8"))["chosen"]:
            with suppress(UserError):
                run = plan.run(entry["parameters"])
                found += [run] if run.key == entry["key"] else []
    return found


class Study:
    """Chooses runs by a tree-structured Parzen estimator, and ends those below the median.

    What was chosen is in ``study.json``; what came of it is in the folders of the runs. Optuna's study is
    made of both whenever a sweep starts, so a killed sweep leaves nothing that contradicts them.

    Args:
        plan: of a search.
        store: with the runs so far.

    Raises:
        ModuleNotFoundError: if Optuna is not installed.
    """

    def __init__(self, plan: Plan, store: Store) -> None:
        assert plan.search is not None
        try:
            import optuna
        except ImportError as error:
            raise MissingPackageError(
                "a search needs Optuna. Run: pip install 'segnet-nb[search]'"
            ) from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.plan, self.store, self.search = plan, store, plan.search
        self.runs = chosen(plan, store)
        self._names = {run.key for run in self.runs}
        self._optuna = optuna
        self._distributions = {name: _distribution(each) for name, each in self.search.ranges.items()}
        self._study = optuna.create_study(
            direction="maximize",
            # Another seed after a restart: the first random runs would be the same again.
            sampler=optuna.samplers.TPESampler(
                seed=self.search.seed + len(self.runs), n_startup_trials=FIRST_RANDOM, constant_liar=True
            ),
            # Optuna counts steps from 0, and epochs start at 1.
            pruner=optuna.pruners.MedianPruner(n_startup_trials=FULL_RUNS, n_warmup_steps=FULL_EPOCHS + 1),
        )
        self._trials: dict[str, optuna.trial.Trial] = {}
        records = {run.key: store.record(run.key) for run in self.runs}
        self._again = [run for run in self.runs if (records[run.key] or {}).get("state") not in DONE]
        for run in self.runs:
            if run not in self._again:
                self._add(run, records[run.key] or {})

    @property
    def left(self) -> int:
        """How many runs are to be started."""
        return max(0, self.search.runs - len(self.runs)) + len(self._again)

    def side_by_side(self, threads: int) -> int:
        """How many runs to start for so many threads: no more, since each choice learns from the last."""
        return threads

    def next(self) -> PlannedRun | None:
        """The next run, or None if there is no more."""
        if self._again:
            run = self._again.pop(0)
            self._study.enqueue_trial(self._values(run.parameters))
            self._trials[run.key] = self._study.ask(self._distributions)
            return run
        for _ in range(TRIES if len(self.runs) < self.search.runs else 0):
            trial = self._study.ask(self._distributions)
            run = self._planned(trial)
            if run is not None and run.key not in self._names:
                self._trials[run.key] = trial
                self._remember(run)
                return run
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        return None

    def is_worse(self, key: str, epoch: Mapping[str, Any]) -> bool:
        """Take the scores of an epoch; whether the run should be ended, as it is below the median."""
        trial, value = self._trials.get(key), epoch.get(self.plan.maximize)
        if not self.search.prune or trial is None or value is None:
            return False
        trial.report(float(value), int(epoch["epoch"]))
        return bool(trial.should_prune())

    def ended(self, run: PlannedRun, record: Mapping[str, Any]) -> None:
        """Take the result of a run."""
        trial, states = self._trials.pop(run.key, None), self._optuna.trial.TrialState
        value = record["scores"].get(self.plan.maximize)
        if trial is None:  # run again by hand
            self._add(run, record)
        elif record["state"] == "finished" and value is not None:
            self._study.tell(trial, value)
        else:
            self._study.tell(trial, state=states.PRUNED if record["state"] == "pruned" else states.FAIL)

    def _planned(self, trial: optuna.trial.Trial) -> PlannedRun | None:
        values = {name: _value(each, trial.params[name]) for name, each in self.search.ranges.items()}
        with suppress(UserError):  # values that only fit alone
            return self.plan.run(values)
        return None

    def _values(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters of a run as Optuna has them: a choice is its number."""
        return {
            name: [self._as_checked(name, value) for value in each.values].index(parameters[name])
            if each.kind == "choice"
            else parameters[name]
            for name, each in self.search.ranges.items()
        }

    def _as_checked(self, name: str, value: Any) -> Any:
        first = next(self.search.corners())
        return self.plan.run(first | {name: value}).parameters[name]

    def _add(self, run: PlannedRun, record: Mapping[str, Any]) -> None:
        states = self._optuna.trial.TrialState
        value = record.get("scores", {}).get(self.plan.maximize)
        pruned = record.get("state") == "pruned"
        if not pruned and value is None:
            return
        history = record.get("history", ())
        reported = {
            entry["epoch"]: entry[self.plan.maximize]
            for entry in history
            if entry.get(self.plan.maximize) is not None and "epoch" in entry
        }
        with suppress(ValueError):  # the ranges have become others
            self._study.add_trial(
                self._optuna.trial.create_trial(
                    params=self._values(run.parameters),
                    distributions=self._distributions,
                    intermediate_values=reported,
                    value=None if pruned else value,
                    state=states.PRUNED if pruned else states.COMPLETE,
                )
            )

    def _remember(self, run: PlannedRun) -> None:
        self.runs.append(run)
        self._names.add(run.key)
        entries = [
            {"key": each.key, "parameters": {name: each.parameters[name] for name in self.search.ranges}}
            for each in self.runs
        ]
        text = json.dumps({"schema": 1, "chosen": entries}, allow_nan=False)
        write_whole(self.store.folder / FILE, text + "\n", durable=True)
        self.store.write_plan(self.plan.record(self.runs))


def _value(each: Range, chosen: Any) -> Any:
    """What a run gets: a choice by its number, and no more digits than can be typed again.

    Example:
        >>> _value(Range("uniform", (0.0, 1.0)), 0.123456789), _value(Range("choice", ("x", "y")), 1)
        (0.123457, 'y')
    """
    if each.kind == "choice":
        return each.values[chosen]
    if each.kind == "int":
        return chosen
    low, high = each.values
    return min(max(float(f"{chosen:.{DIGITS}g}"), low), high)


def _distribution(each: Range) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if each.kind == "choice":
        return CategoricalDistribution(list(range(len(each.values))))
    low, high = each.values
    if each.kind == "int":
        return IntDistribution(low, high)
    return FloatDistribution(low, high, log=each.kind == "log_uniform")
