"""Plans of sweeps: how many runs, with which parameters, and what is refused before any of them starts."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys

import pytest
import yaml
from hypothesis import given, settings, strategies as st

from segnet_nb import UserError
from segnet_nb.sweeps.plan import plain, read_plan
from segnet_nb.sweeps.sampling import Range, draw_rows
from tests.report_helpers import PARAMETERS, write_notebook

TRAINING = {"training": True, "grid": {"epochs": [1, 2]}}


def parameters_of(plan):
    return [run.parameters for run in plan.runs]


def test_grid_times_seeds_in_the_order_of_the_file():
    # 2 decoders x 3 rates x 4 seeds = 24 runs; the seed changes fastest.
    plan = read_plan(
        {
            "training": True,
            "fixed": {"network": "basic"},
            "grid": {"decoder": ["segnet", "bilinear"], "learning_rate": [1, 2, 3]},
            "seeds": 4,
        }
    )
    assert plan.count == 24
    assert [run["seed"] for run in parameters_of(plan)[:5]] == [0, 1, 2, 3, 0]
    assert parameters_of(plan)[4] == {
        "network": "basic",
        "decoder": "segnet",
        "learning_rate": 2.0,
        "seed": 0,
    }
    record = plan.record(plan.runs)
    assert record["axes"] == {
        "decoder": ["segnet", "bilinear"],
        "learning_rate": [1.0, 2.0, 3.0],
        "seed": [0, 1, 2, 3],
    }
    assert (record["fixed"], record["seeds_parameter"]) == ({"network": "basic"}, "seed")
    assert len(set(record["runs"])) == 24


def test_rows_times_random_times_seeds():
    # 2 rows x 3 drawn x 2 seeds = 12
    plan = read_plan(
        {
            "training": True,
            "rows": [{"epochs": 3}, {"epochs": 4, "batch_size": 2}],
            "random": {"runs": 3, "seed": 5, "parameters": {"dropout": {"uniform": [0.1, 0.4]}}},
            "seeds": {"values": [7, 9]},
        }
    )
    assert plan.count == 12
    assert {run["seed"] for run in parameters_of(plan)} == {7, 9}
    assert len({run["dropout"] for run in parameters_of(plan)}) == 3
    assert all(0.1 <= run["dropout"] <= 0.4 for run in parameters_of(plan))


def test_the_same_run_twice_is_one():
    rows = [{"epochs": 1}, {"epochs": "1"}, {"epochs": 2}]
    assert read_plan({"training": True, "rows": rows}).count == 2


def test_a_recipe_is_the_base_and_fixed_values_change_it():
    plan = read_plan({"recipe": "paper", "fixed": {"epochs": 2}, "seeds": [4]})
    config = plan.subject.config(plan.runs[0].parameters)
    assert (config["optimizer"], config["epochs"], config["seed"]) == ("sgd", 2, 4)


def test_fields_that_only_fit_together():
    # final_epochs without final_size would be refused
    plan = read_plan({"training": True, "fixed": {"final_epochs": 1}, "grid": {"final_size": ["90x120"]}})
    assert parameters_of(plan) == [{"final_epochs": 1, "final_size": [90, 120]}]


class TestNotebooks:
    def test_types_are_those_that_the_notebook_declares(self, tmp_path):
        notebook = write_notebook(tmp_path, "1", parameters=PARAMETERS)
        (tmp_path / "a.yml").write_text(
            "notebook: in/lesson.ipynb\nfixed: {size: 90x120}\ngrid: {rate: [1e-3, 1], limit: [null, 4]}\n"
        )
        plan = read_plan(tmp_path / "a.yml")
        assert (plan.name, plan.subject.kind, plan.subject.source) == ("a", "notebook", notebook.name)
        assert parameters_of(plan)[0] == {"size": [90, 120], "rate": 0.001, "limit": None}
        assert parameters_of(plan)[3] == {"size": [90, 120], "rate": 1.0, "limit": 4}

    def test_all_runs_are_checked_before_the_first(self, tmp_path):
        notebook = write_notebook(tmp_path, "1", parameters=PARAMETERS)
        with pytest.raises(UserError, match=r"run 3 of 3: .*'epochs': expected int, got 'many'\.$"):
            read_plan({"notebook": notebook, "grid": {"epochs": [1, 2, "many"]}})

    def test_keys_change_with_the_source_and_not_with_outputs(self, tmp_path):
        import nbformat

        def key(notebook):
            return read_plan({"notebook": notebook, "grid": {"epochs": [1]}}).runs[0].key

        notebook = write_notebook(tmp_path, "1 + 1", parameters=PARAMETERS)
        before = key(notebook)
        nb = nbformat.read(notebook, as_version=4)
        nb.cells[1].outputs = [nbformat.v4.new_output("stream", text="hello")]
        nbformat.write(nb, notebook)
        assert key(notebook) == before
        nb.cells[1].source = "1 + 2"
        nbformat.write(nb, notebook)
        assert key(notebook) != before


def test_keys_are_the_same_in_another_process_and_for_another_order():
    plan = read_plan({"training": True, "grid": {"epochs": [1, 2], "batch_size": [2]}})
    code = (
        "from segnet_nb.sweeps.plan import read_plan; import json;"
        "plan = read_plan({'training': True, 'grid': {'batch_size': ['2'], 'epochs': ['1', 2]}});"
        "print(json.dumps([run.key for run in plan.runs]))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert json.loads(other.stdout) == [run.key for run in plan.runs]
    assert all(len(run.key) == 16 and int(run.key, 16) >= 0 for run in plan.runs)


def test_a_default_that_is_given_is_the_same_training():
    default = read_plan({"training": True, "seeds": 1}).runs[0]
    given_too = read_plan({"training": True, "fixed": {"epochs": 20}, "seeds": 1}).runs[0]
    assert default.key == given_too.key


BAD = {
    "no such field": ({"grdi": {"epochs": [1]}}, "no field 'grdi'. Did you mean 'grid'?"),
    "nothing to run": ({"training": None}, "got none of them"),
    "two to run": ({"recipe": "paper"}, "got training and recipe"),
    "training off": ({"training": False}, "training: expected true, got False"),
    "no axis": ({"grid": {}}, "nothing is varied"),
    "empty axis": ({"grid": {"epochs": []}}, "grid: epochs: expected a list"),
    "axis of one value": ({"grid": {"epochs": 5}}, "grid: epochs: expected a list"),
    "unknown parameter": ({"grid": {"epoch": [1]}}, "no parameter 'epoch'. Did you mean 'epochs'?"),
    "set twice": ({"fixed": {"epochs": 5}}, "'epochs' is set in fixed and in grid"),
    "seed in two places": ({"grid": {"seed": [1]}, "seeds": 2}, "'seed' is set in grid and in seeds"),
    "impossible value": ({"grid": {"epochs": [1, 0]}}, "run 2 of 2: epochs"),
    "date": ({"grid": {"hold_out": [[datetime.date(2026, 1, 1)]]}}, "run 1 of 1"),
    "no seeds": ({"seeds": 0}, "seeds: expected a whole number of at least 1"),
    "negative seed": ({"seeds": [-1]}, "seeds: expected a whole number of at least 0"),
    "range": (
        {"random": {"runs": 2, "parameters": {"dropout": {"normal": [0, 1]}}}},
        "expected one of uniform",
    ),
    "bounds": (
        {"random": {"runs": 2, "parameters": {"dropout": {"uniform": [1, 0]}}}},
        "expected low <= high",
    ),
    "log of 0": ({"random": {"runs": 2, "parameters": {"dropout": {"log_uniform": [0, 1]}}}}, "above 0"),
    "int bounds": (
        {"random": {"runs": 2, "parameters": {"batch_size": {"int": [1, 2.5]}}}},
        "two whole numbers",
    ),
    "no runs": ({"random": {"parameters": {}}}, "random: runs: expected a whole number"),
    "timeout": ({"run": {"timeout_seconds": 0}}, "timeout_seconds must be a number above 0, got 0"),
    "retries": ({"run": {"retries": 1.5}}, "retries must be a whole number"),
    "unknown limit": ({"run": {"memory": 4}}, "there is no 'memory'"),
    "name": ({"name": "../x"}, "name: expected letters"),
    "too many seeds": ({"seeds": 2_000_000_000}, "at most 10,000"),
    "too many": ({"grid": {"epochs": list(range(1, 200)), "batch_size": list(range(1, 200))}}, "39,601 runs"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_told_in_a_sentence(case):
    change, expected = BAD[case]
    with pytest.raises(UserError) as caught:
        read_plan({**TRAINING, **change})
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- 1", "expected names with values"),
        ("grid: [", "is not valid YAML"),
        ("fixed: {epochs: 1, epochs: 2}", "'epochs' stands twice"),
        ("training: !!python/object:os.system {}", "is not valid YAML"),
        ("a\x00b: 1", "is not valid YAML"),
    ],
    ids=["list", "broken", "twice", "object", "control"],
)
def test_files_that_are_no_sweep(tmp_path, text, expected):
    path = tmp_path / "s.yml"
    path.write_text(text)
    with pytest.raises(UserError, match=expected):
        read_plan(path)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_plain_values_survive_json_or_are_refused(value):
    try:
        kept = plain("x", value)
    except UserError as error:
        assert "x: expected" in str(error)
    else:
        assert json.loads(json.dumps(kept, allow_nan=False)) == kept


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["fixed", "grid", "rows", "random", "seeds", "run"]), VALUES))
def test_any_yaml_is_a_plan_or_a_sentence(content):
    text = yaml.safe_dump({"training": True, **content})
    try:
        plan = read_plan(yaml.safe_load(text))
    except UserError as error:
        assert str(error)
    else:
        assert plan.count >= 1


@given(st.floats(1e-6, 1e3), st.floats(1, 1e3), st.integers(0, 2**31))
def test_drawn_values_are_in_their_range(low, factor, seed):
    high = low * factor
    ranges = {"a": Range("uniform", (low, high)), "b": Range("log_uniform", (low, high))}
    rows = draw_rows(ranges | {"c": Range("int", (-2, 2)), "d": Range("choice", ("x", "y"))}, 5, seed)
    for row in rows:
        assert low <= row["a"] <= high
        assert low <= row["b"] <= high
        assert row["c"] in (-2, -1, 0, 1, 2)
        assert row["d"] in ("x", "y")


def test_drawn_values_are_spread_as_their_kind_says():
    ranges = {"a": Range("uniform", (0.0, 1.0)), "b": Range("log_uniform", (1e-4, 1.0))}
    rows = draw_rows(ranges | {"c": Range("int", (1, 2))}, 2000, seed=1)
    # By hand: a quarter below 0.25, half of the decades below 0.01, half are 1. Four sigma of 2000: 0.045.
    assert abs(sum(row["a"] < 0.25 for row in rows) / 2000 - 0.25) < 0.045
    assert abs(sum(row["b"] < 0.01 for row in rows) / 2000 - 0.5) < 0.045
    assert abs(sum(row["c"] == 1 for row in rows) / 2000 - 0.5) < 0.045
