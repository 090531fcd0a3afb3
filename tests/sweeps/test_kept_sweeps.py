"""The sweeps of the lessons: their plans, and what is kept of them."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from segnet_nb.sweeps.plan import read_plan
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.decoder_scores import SCORES, kept_scores
from segnet_nb.training.kept_sweeps import kept_runs
from tests.sweeps.generated import run_record, write_run
from tools import keep_sweep

ROOT = Path(__file__).parents[2]
SWEEPS = ROOT / "data" / "sweeps"


def config_of(run, plan):
    return TrainConfig.from_dict(plan.subject.config(run.parameters))


def test_the_decoders_are_trained_as_lesson_09_says():
    plan = read_plan(SWEEPS / "decoders.yml")
    decoders = [each.decoder for each in kept_scores()]
    pairs = [(run.parameters["decoder"], run.parameters["seed"]) for run in plan.runs]
    assert pairs == [(decoder, seed) for decoder in decoders for seed in (0, 1, 2)]
    lesson = nbformat.read(ROOT / "notebooks" / "solutions" / "09_decoder_comparison.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in lesson.cells)
    assert "python tools/keep_sweep.py decoders" in text and "data/sweeps/decoders.yml" in text
    # The settings of the lesson, with all of CamVid at 120 x 160 for 12 epochs.
    (call,) = [
        node
        for cell in lesson.cells
        if cell.cell_type == "code" and "sn.TrainConfig(" in cell.source
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "sn.TrainConfig"
    ]
    values = {each.arg: each.value for each in call.keywords}
    fixed: dict[str, Any] = {
        str(name): node.value for name, node in values.items() if isinstance(node, ast.Constant)
    }
    assert fixed.keys() == {"loss", "class_weights", "scale_min", "scale_max"}
    config = TrainConfig(
        dataset="camvid", network="basic16", epochs=12, image_size=(120, 160), learning_rate=0.004,
        decoder="bilinear", seed=0, **fixed,
    )  # fmt: skip
    assert config_of(plan.runs[0], plan) == config


def test_the_learning_rates_are_those_of_their_sweep():
    plan = read_plan(SWEEPS / "learning_rates.yml")
    names = ("learning_rate", "seed")
    found = [[each[name] for name in names] for each in kept_runs("learning_rates")]
    assert found == [[run.parameters[name] for name in names] for run in plan.runs]


def test_results_that_are_not_kept():
    with pytest.raises(FileNotFoundError, match="There are: decoders, learning_rates"):
        kept_runs("nothing")


class TestKeptScores:
    def sweep(self, folder, states):
        records = []
        for seed, state in enumerate(states):
            record, _ = run_record({"decoder": "segnet", "seed": seed}, [])
            record |= {"state": state, "scores": dict.fromkeys(SCORES, 0.12345 + seed)}
            write_run(folder / "runs" / record["key"], record, {})
            records.append(record)
        (folder / "sweep.json").write_text(
            json.dumps({"runs": [each["key"] for each in records], "axes": {"decoder": 0, "seed": 0}})
        )

    def test_they_are_read_by_the_lesson(self, tmp_path):
        self.sweep(tmp_path, ["finished"])
        rows = keep_sweep.kept(tmp_path)
        (tmp_path / "kept.json").write_text(keep_sweep.text_of(rows))
        (found,) = kept_scores(tmp_path / "kept.json")
        assert (found.decoder, found.seeds, found.boundary_f1) == ("segnet", (0,), (0.123,))

    def test_a_run_that_failed_is_no_score(self, tmp_path):
        self.sweep(tmp_path, ["finished", "failed"])
        with pytest.raises(SystemExit, match="has not finished"):
            keep_sweep.kept(tmp_path)

    @pytest.mark.parametrize("name", ["decoders", "learning_rates"])
    def test_the_files_have_the_format_that_is_written(self, name):
        text = (keep_sweep.RESULTS / f"{name}.json").read_text()
        assert keep_sweep.text_of(json.loads(text)) == text
