"""Sweeps read from disk: what is missing or damaged is one sentence, and the rest is kept."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from segnet_nb.sweeps.gallery.masks import shared_images
from segnet_nb.sweeps.gallery.reading import read_sweep
from tests.sweeps.generated import AXES, NAMES, failed_record, write_run, write_sweep


@pytest.fixture
def sweep(tmp_path):
    records = write_sweep(tmp_path)
    return tmp_path, records


def change(folder, run, /, **values):
    path = folder / "runs" / run / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_runs_come_in_the_order_of_the_plan(sweep):
    folder, records = sweep
    read = read_sweep(folder)
    assert [run.key for run in read.runs] == list(records)
    assert read.planned == 3 * 2 * 3
    assert read.problems == ()
    for run in read.runs:
        record = records[run.key]
        assert run.parameters == record["parameters"]
        assert run.scores == record["scores"]
        assert run.class_scores == record["class_scores"]
        assert list(run.history) == record["history"]
        assert run.error == record["error"]
        assert run.report
        assert not run.notebook
    assert [run.state for run in read.runs] == ["finished"] * 17 + ["failed"]


def test_parameters_that_vary_and_those_that_do_not(sweep):
    folder, _ = sweep
    read = read_sweep(folder)
    assert {one.name: list(one.values) for one in read.parameters} == AXES
    assert read.fixed == {"epochs": 12, "dataset": "synthetic"}
    assert read.score_names[0] == "mean_iou"
    assert read.class_columns == tuple(("iou", name) for name in NAMES)


def test_a_parameter_that_some_runs_lack_varies(sweep):
    folder, records = sweep
    first = next(iter(records))
    change(folder, first, parameters={**records[first]["parameters"], "extra": [1, {"a": None}]})
    extra = read_sweep(folder).parameters[-1]
    assert (extra.name, extra.values, extra.axis) == ("extra", ([1, {"a": None}],), False)
    assert [extra.place(run) for run in read_sweep(folder).runs[:2]] == [0, -1]


def test_true_is_not_one(sweep):
    folder, records = sweep
    keys = list(records)
    for key, value in zip(keys, [True, 1, 1.5, "1", None], strict=False):
        change(folder, key, parameters={**records[key]["parameters"], "flag": value})
    flag = next(one for one in read_sweep(folder).parameters if one.name == "flag")
    assert [repr(value) for value in flag.values] == ["True", "1", "1.5", "'1'", "None"]


def test_missing_folders_are_one_sentence(sweep):
    folder, records = sweep
    keys = list(records)
    for key in keys[:4]:
        (folder / "runs" / key).rename(folder / "runs" / f"gone-{key}")
    read = read_sweep(folder)
    assert [run.key for run in read.runs] == keys[4:]
    assert read.problems == (
        f"4 of 18 runs have no folder yet, or lost it: {keys[0]}, {keys[1]}, {keys[2]}, ....",
    )


def test_one_missing_folder(sweep):
    folder, records = sweep
    key = list(records)[-1]
    (folder / "runs" / key).rename(folder / "gone")
    assert read_sweep(folder).problems == (f"1 of 18 runs has no folder yet, or lost it: {key}.",)


DAMAGE = {
    "no-file": (None, "is missing"),
    "cut-off": ('{"schema": 1, "key": ', "is not JSON"),
    "not-text": (b"\xff\xfe\x00", "is not JSON"),
    "deep": ("[" * 100_000, "is not JSON"),
    "half-a-character": ('{"schema": 1, "name": "\\ud800"}', "is not JSON"),
    "list": ("[]", "is not a JSON object"),
    "schema": ({"schema": 2}, "has schema 2, but this version reads schema 1"),
    "key": ({"key": "0" * 16}, "is of run '0000000000000000'"),
    "state": ({"state": "done"}, "has the state 'done', which is none of finished, failed"),
    "parameters": ({"parameters": [1]}, "has parameters that are not a JSON object"),
    "history": ({"history": {"epoch": 1}}, "has history that is not a list"),
    "classes": ({"classes": {"names": ["a", "b"], "colors": [[0, 0, 0]]}}, "without a name and a colour"),
    "color": ({"classes": {"names": ["a"], "colors": [[0, 0, 256]]}}, "not three numbers in 0..255"),
    "mask-outside": ({"masks": [{"image": "0" * 16, "mask": "../x.png"}]}, "not a path in its folder"),
    "mask-absolute": ({"masks": [{"image": "0" * 16, "mask": "/x.png"}]}, "not a path in its folder"),
    "image-name": ({"masks": [{"image": "../../secret", "mask": "x.png"}]}, "not 16 hexadecimal digits"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_run_is_one_sentence_and_the_rest_is_read(sweep, name):
    folder, records = sweep
    content, words = DAMAGE[name]
    key, *others = records
    path = folder / "runs" / key / "run.json"
    if content is None:
        path.unlink()
    elif isinstance(content, dict):
        change(folder, key, **content)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    read = read_sweep(folder)
    assert [run.key for run in read.runs] == others
    (problem,) = read.problems
    assert problem.startswith(f"Run {key} is left out: its run.json ")
    assert words in problem
    assert problem.endswith(".")


def test_numbers_that_json_does_not_have(sweep):
    folder, records = sweep
    key = next(iter(records))
    path = folder / "runs" / key / "run.json"
    text = path.read_text().replace('"dataset": "synthetic"', '"dataset": NaN', 1)
    path.write_text(text.replace('"epochs": 12', '"epochs": 1e999', 1))
    change(folder, next(k for k in records if k != key), scores={"mean_iou": True, "global_accuracy": "high"})
    first, second = read_sweep(folder).runs[:2]
    assert first.parameters["dataset"] == "NaN"
    assert first.parameters["epochs"] == "1e999"
    assert second.scores == {"mean_iou": None, "global_accuracy": None}


class TestPlan:
    def test_no_sweep(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"has no sweep\.json.*Pass the folder"):
            read_sweep(tmp_path)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("{", "is not JSON"),
            ('{"schema": 9}', "has schema 9"),
            ('{"schema": 1, "runs": 3}', "has no list of runs"),
            ('{"schema": 1, "runs": ["../../etc"]}', "has no list of runs"),
        ],
        ids=["cut-off", "schema", "no-list", "outside"],
    )
    def test_a_damaged_one(self, tmp_path, content, words):
        (tmp_path / "sweep.json").write_text(content)
        with pytest.raises(ValueError, match=words):
            read_sweep(tmp_path)

    def test_a_key_twice_is_one_run(self, sweep):
        folder, records = sweep
        plan = json.loads((folder / "sweep.json").read_text())
        plan["runs"] += plan["runs"][:3]
        (folder / "sweep.json").write_text(json.dumps(plan))
        assert len(read_sweep(folder).runs) == len(records)


class TestMasks:
    def problems(self, folder):
        return shared_images(read_sweep(folder))[1]

    def test_all_are_read(self, sweep):
        folder, records = sweep
        images, problems = shared_images(read_sweep(folder))
        assert problems == []
        finished = [key for key, record in records.items() if record["state"] == "finished"]
        assert [list(image.masks) for image in images] == [finished, finished]
        assert all(image.truth and image.file for image in images)
        assert {image.size for image in images} == {(48, 64)}

    def test_one_that_is_gone(self, sweep):
        folder, records = sweep
        key = next(iter(records))
        (folder / "runs" / key / "masks/0002.png").unlink()
        assert self.problems(folder) == [f"Run {key}: 1 of 2 masks left out; that of 0002 is missing."]

    def test_one_that_was_changed(self, sweep):
        folder, records = sweep
        key = next(iter(records))
        path = folder / "runs" / key / "masks/0001.png"
        Image.fromarray(np.zeros((48, 64), np.uint8)).save(path)
        (problem,) = self.problems(folder)
        assert "that of 0001 is not the file that its record has the SHA-256 of" in problem

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (np.zeros((48, 64, 3), np.uint8), "is not a PNG with 8 bits of one channel"),
            (np.zeros((48, 64), np.uint16), "is not a PNG with 8 bits of one channel"),
            (np.zeros((24, 32), np.uint8), "has 24 x 32 pixels, but other runs have 48 x 64"),
            (b"no image", "cannot be read as a PNG"),
        ],
        ids=["colours", "16-bit", "size", "no-image"],
    )
    def test_one_of_another_kind(self, sweep, content, words):
        folder, records = sweep
        key = list(records)[1]
        path = folder / "runs" / key / "masks/0001.png"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            Image.fromarray(content).save(path)
        change(folder, key, files={})
        (problem,) = self.problems(folder)
        assert problem == f"Run {key}: 1 of 2 masks left out; that of 0001 {words}."

    def test_an_image_that_is_gone(self, sweep):
        folder, _ = sweep
        next((folder / "images").glob("*.jpg")).unlink()
        (problem,) = self.problems(folder)
        assert problem.startswith("No image file of 000")


def test_all_states_are_read(tmp_path):
    records = write_sweep(tmp_path, failed=0)
    for key, state in zip(records, ("timed_out", "out_of_memory", "pruned"), strict=False):
        record = {**failed_record(records[key]["parameters"]), "state": state, "error": f"{state} happened"}
        write_run(tmp_path / "runs" / key, record, {})
    found = [(run.state, run.error) for run in read_sweep(tmp_path).runs[:3]]
    assert found == [(s, f"{s} happened") for s in ("timed_out", "out_of_memory", "pruned")]
