"""Searches: which runs are chosen, which are ended early, and what a second start knows."""

from __future__ import annotations

import json
import sys

import pytest

from segnet_nb import UserError
from segnet_nb._shared.errors import MissingPackageError
from segnet_nb.sweeps import sweep
from segnet_nb.sweeps.plan import read_plan
from segnet_nb.sweeps.store import Store
from segnet_nb.sweeps.study import Study, chosen
from tests.report_helpers import write_notebook
from tests.sweeps.test_sweep_runs import archive_of

RATES = {"learning_rate": {"uniform": [0.1, 0.9]}}


def plan_of(parameters=RATES, runs=20, **fields):
    search = {"runs": runs, "seed": 3, "parameters": parameters}
    return read_plan({"training": True, "search": search | fields.pop("search", {}), **fields})


def record_of(score, state="finished", history=()):
    return {
        "state": state,
        "scores": {"mean_iou": score},
        "history": list(history),
        "seconds": 1,
        "error": None,
    }


def put(store, run, record):
    store.put(run.key, *archive_of(run.key, record=record | {"parameters": run.parameters}))


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "out")
    made.prepare({})
    return made


def follow(study, score_of, store=None):
    """Run what a study chooses; the runs in order."""
    found = []
    while run := study.next():
        record = record_of(score_of(run.parameters))
        if store:
            put(store, run, record)
        study.ended(run, record)
        found.append(run)
    return found


class TestPlan:
    def test_a_search_has_a_number_of_runs_and_none_is_known(self):
        plan = plan_of(fixed={"epochs": 2})
        assert (plan.count, plan.runs, plan.fixed) == (20, (), {"epochs": 2})
        assert plan.search.prune

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"grid": {"epochs": [1, 2]}}, "it chooses the runs alone"),
            ({"search": {"parameters": {}}}, "there are none to choose"),
            ({"search": {"parameters": {"rate": {"uniform": [0, 1]}}}}, "no parameter 'rate'"),
            ({"search": {"parameters": {"batch_size": {"int": [0, 4]}}}}, "search: batch_size"),
            ({"search": {"parameters": {"optimizer": {"choice": ["sgd", "x"]}}}}, "search: optimizer"),
            ({"search": {"runs": 0}}, "search: runs: expected a whole number of at least 1"),
            ({"search": {"prune": "yes"}}, "prune: expected true or false, got 'yes'"),
            ({"search": {"prune": True}, "maximize": "recall"}, "but not recall"),
            ({"fixed": {"learning_rate": 1}}, "set in fixed and in search"),
        ],
        ids=["grid", "none", "unknown", "low", "choice", "runs", "prune", "score", "twice"],
    )
    def test_what_is_wrong_is_told_before_the_first_run(self, change, expected):
        with pytest.raises(UserError, match=expected) as caught:
            plan_of(**change)
        assert "\n" not in str(caught.value)

    def test_notebooks_are_not_pruned(self, tmp_path):
        notebook = write_notebook(tmp_path, "1", parameters="rate: float = 0.1")
        search = {"runs": 2, "parameters": {"rate": {"uniform": [0, 1]}}}
        assert not read_plan({"notebook": notebook, "search": search}).search.prune
        with pytest.raises(UserError, match="only trainings tell their score"):
            read_plan({"notebook": notebook, "search": search | {"prune": True}})


class TestStudy:
    def test_later_runs_come_close_to_the_best(self, store):
        # 1 - (x - 0.7)^2 is largest at 0.7. The first 10 are drawn evenly from 0.1..0.9, whose mean distance
        # is (0.6^2 / 2 + 0.2^2 / 2) / 0.8 = 0.25.
        runs = follow(Study(plan_of(runs=40), store), lambda p: 1 - (p["learning_rate"] - 0.7) ** 2)
        assert len({run.key for run in runs}) == 40
        late = [abs(run.parameters["learning_rate"] - 0.7) for run in runs[20:]]
        assert sum(late) / len(late) < 0.125

    def test_values_are_in_their_ranges_and_readable(self, store):
        parameters = {
            "learning_rate": {"log_uniform": [1e-4, 1e-2]},
            "batch_size": {"int": [1, 3]},
            "optimizer": {"choice": ["adamw", "sgd"]},
        }
        for run in follow(Study(plan_of(parameters, runs=15), store), lambda p: 0.5):
            rate = run.parameters["learning_rate"]
            assert 1e-4 <= rate <= 1e-2
            assert float(f"{rate:.6g}") == rate
            assert run.parameters["batch_size"] in (1, 2, 3)
            assert run.parameters["optimizer"] in ("adamw", "sgd")

    def test_no_run_is_chosen_twice_and_a_small_space_ends(self, store):
        study = Study(plan_of({"batch_size": {"int": [1, 3]}}, runs=9), store)
        runs = follow(study, lambda p: 0.5)
        assert sorted(run.parameters["batch_size"] for run in runs) == [1, 2, 3]

    def test_a_second_start_goes_on_where_the_first_was_killed(self, store):
        plan = plan_of(runs=6)
        first = Study(plan, store)
        done, lost = first.next(), first.next()
        put(store, done, record_of(0.4))  # stored, but the study was not told; the other was at work
        second = Study(plan, store)
        assert [run.key for run in second.runs] == [done.key, lost.key]
        assert second.left == 5
        rest = follow(second, lambda p: 0.5, store)
        assert rest[0] == lost
        assert len({run.key for run in rest} | {done.key}) == 6
        assert Study(plan, store).left == 0
        assert json.loads((store.folder / "sweep.json").read_text())["runs"] == [
            run.key for run in chosen(plan, store)
        ]

    def test_a_damaged_file_or_one_of_another_notebook_is_no_study(self, store):
        study = Study(plan_of(), store)
        study.next()
        assert len(chosen(plan_of(), store)) == 1
        assert chosen(plan_of(fixed={"epochs": 7}), store) == []
        (store.folder / "study.json").write_text('{"chosen": [1')
        assert chosen(plan_of(), store) == []

    def test_runs_below_the_median_of_their_epoch_are_ended(self, store):
        study = Study(plan_of(), store)
        for score in (0.2, 0.4, 0.6, 0.8):  # all of them tell the same at each epoch
            run = study.next()
            assert not any(study.is_worse(run.key, {"epoch": e, "mean_iou": score}) for e in (1, 2, 3, 4))
            study.ended(run, record_of(score))
        bad, good = study.next(), study.next()
        # The median of 0.2, 0.4, 0.6 and 0.8 is 0.5; nothing is ended in the first two epochs.
        assert [study.is_worse(bad.key, {"epoch": e, "mean_iou": 0.49}) for e in (1, 2, 3)] == [
            False,
            False,
            True,
        ]
        assert not study.is_worse(good.key, {"epoch": 3, "mean_iou": 0.51})
        study.ended(bad, record_of(0.49, "pruned"))

    def test_curves_of_an_earlier_start_count_for_the_median(self, store):
        plan = plan_of()
        first = Study(plan, store)
        for score in (0.2, 0.4, 0.6, 0.8):
            run = first.next()
            put(store, run, record_of(score, history=[{"epoch": e, "mean_iou": score} for e in (1, 2, 3)]))
        second = Study(plan, store)
        run = second.next()
        assert second.is_worse(run.key, {"epoch": 3, "mean_iou": 0.49})

    def test_without_optuna_it_says_what_to_install(self, store, monkeypatch):
        monkeypatch.setitem(sys.modules, "optuna", None)
        with pytest.raises(MissingPackageError, match=r"pip install 'segnet-nb\[search\]'"):
            Study(plan_of(), store)


def test_a_dry_run_of_a_search_says_how_many_and_writes_nothing(tmp_path, capsys):
    plan = {"training": True, "search": {"runs": 7, "parameters": RATES}}
    assert sweep(plan, tmp_path / "out", dry_run=True).planned == 7
    assert "sweep: 7 runs chosen by a search, 0 of them done" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.notebook
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_search_over_a_notebook_that_is_started_twice(tmp_path):
    notebook = write_notebook(
        tmp_path,
        "from segnet_nb.sweeps import record\nrecord(scores={'mean_iou': 1 - (rate - 0.7) ** 2})",
        parameters="rate: float = 0.1",
    )
    content = {"notebook": notebook, "search": {"runs": 3, "parameters": {"rate": {"uniform": [0, 1]}}}}
    done = sweep(content, tmp_path / "out", workers=2, progress=False)
    assert done.is_complete
    assert len(done.states) == 3
    content["search"]["runs"] = 4
    more = sweep(content, tmp_path / "out", workers=2, progress=False)
    assert more.is_complete
    assert set(done.states) < set(more.states)
