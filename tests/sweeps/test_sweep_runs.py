"""Sweeps that run: on local workers, with failures, kills and a second start."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from segnet_nb import TaskFailedError, UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.sweeps import execute, sweep
from segnet_nb.sweeps.record import contents
from segnet_nb.sweeps.store import Store
from tests.report_helpers import write_notebook

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

CELLS = (
    "import time\ntime.sleep(pause)\nif seed == 2:\n    raise KeyError('two')",
    "from segnet_nb.sweeps import record\nrecord(scores={'mean_iou': 0.1 + seed / 10})",
)


def archive_of(key, record=None, **members):
    """An archive as a worker makes it, with its digest."""
    files = {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}
    record = {"schema": 1, "key": key, "state": "finished", "files": files} | (record or {})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run/run.json", json.dumps(record))
        for name, data in members.items():
            archive.writestr(f"run/{name}", data)
    return file.getvalue(), hashlib.sha256(file.getvalue()).hexdigest()


class TestStore:
    KEY = "0123456789abcdef"

    def prepared(self, folder):
        store = Store(folder)
        store.prepare({"runs": [self.KEY]})
        return store

    def test_what_is_stored_is_whole(self, tmp_path):
        store = self.prepared(tmp_path)
        assert store.state(self.KEY) is None
        store.put(self.KEY, *archive_of(self.KEY, page=b"hello"))
        assert store.state(self.KEY) == "finished"
        assert [path.name for path in store.runs.iterdir()] == [self.KEY]

    def test_damage_on_the_way_is_refused(self, tmp_path):
        store = self.prepared(tmp_path)
        archive, digest = archive_of(self.KEY, page=b"hello")
        with pytest.raises(TaskFailedError, match="damaged on the way"):
            store.put(self.KEY, archive[:-1] + b"x", digest)
        assert not list(store.runs.iterdir())

    def test_a_file_that_changed_or_went_makes_the_run_missing(self, tmp_path):
        store = self.prepared(tmp_path)
        store.put(self.KEY, *archive_of(self.KEY, page=b"hello", other=b"1"))
        (store.runs / self.KEY / "page").write_bytes(b"hellO")
        assert store.state(self.KEY) is None
        (store.runs / self.KEY / "page").write_bytes(b"hello")
        assert store.state(self.KEY) == "finished"
        (store.runs / self.KEY / "other").unlink()
        assert store.state(self.KEY) is None

    def test_half_written_runs_are_removed(self, tmp_path):
        store = self.prepared(tmp_path)
        (store.runs / f"part-{self.KEY}").mkdir()
        (store.runs / f"part-{self.KEY}" / "run.json").write_text("{")
        self.prepared(tmp_path)
        assert not list(store.runs.iterdir())

    def test_a_full_disk_leaves_nothing(self, tmp_path, monkeypatch):
        store = self.prepared(tmp_path)

        def full(*_args, **_options):
            raise OSError(28, os.strerror(28))

        monkeypatch.setattr("segnet_nb.sweeps.store.write_whole", full)
        with pytest.raises(OSError, match="No space left"):
            store.put(self.KEY, *archive_of(self.KEY, page=b"hello"))
        assert not list(store.runs.iterdir())


class TestRecord:
    CLASSES = ClassList(("a", "b"), ((0, 0, 0), (9, 9, 9), (1, 1, 1)))

    def test_pictures_are_ids_with_void_as_255(self):
        import base64

        from PIL import Image

        image = np.zeros((1, 3, 3), np.uint8)
        found = contents(
            images=[image], masks=[np.array([[0, 1, 1]])], truth=[np.array([[0, 1, 2]])], classes=self.CLASSES
        )["pictures"][0]
        read = {
            name: np.asarray(Image.open(io.BytesIO(base64.b64decode(found[name])))).tolist()
            for name in ("mask", "truth")
        }
        assert read == {"mask": [[0, 1, 1]], "truth": [[0, 1, 255]]}
        assert found["image"] == hashlib.sha256(bytes(9)).hexdigest()[:16]

    def test_numbers_are_those_of_json(self):
        found = contents(scores={"a": np.float32(0.5), "b": float("nan")}, history=[{"epoch": np.int64(1)}])
        assert found["scores"] == {"a": 0.5, "b": None}
        assert json.dumps(found["history"]) == '[{"epoch": 1}]'

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"scores": {"mean_iou": 71}}, "must be in 0..1, got 71"),
            ({"images": [np.zeros((2, 2, 3), np.uint8)]}, "1 images, 0 masks"),
            ({"images": [np.zeros((2, 2, 3))], "masks": [np.zeros((2, 2), int)]}, "images must be uint8"),
            ({"images": [np.zeros((2, 2, 3), np.uint8)], "masks": [np.zeros((2, 3), int)]}, "of the size"),
        ],
        ids=["percent", "count", "float", "size"],
    )
    def test_what_is_refused(self, options, message):
        with pytest.raises(UserError, match=message):
            contents(**options)


class Workers:
    """A client whose workers answer with what they have."""

    def __init__(self, **answers):
        self.answers = answers

    def run(self, function, on_error):
        assert on_error == "return"
        return {
            address: function() | change if isinstance(change, dict) else change
            for address, change in self.answers.items()
        }


def test_workers_with_other_packages_are_refused_by_name():
    execute.check_workers(Workers(a={}, b={}))
    with pytest.raises(
        UserError, match=r"^the worker b has keras 3\.0, but here it is .*Install the same\.$"
    ):
        execute.check_workers(Workers(a={}, b={"keras": "3.0"}))
    missing = ModuleNotFoundError("No module named 'segnet_nb'")
    with pytest.raises(UserError, match="worker a cannot run segnet-nb: No module named 'segnet_nb'"):
        execute.check_workers(Workers(a=missing))


@pytest.mark.notebook
def test_three_runs_of_which_one_fails(tmp_path, capfd):
    notebook = write_notebook(tmp_path, *CELLS, parameters="seed: int = 0\npause: float = 0.0")
    content = {"notebook": notebook, "seeds": 3, "run": {"retries": 1}}
    done = sweep(content, tmp_path / "out", workers=2)
    assert sorted(done.states.values()) == ["failed", "finished", "finished"]
    assert not done.is_complete
    assert "failed, run again" in capfd.readouterr().out
    records = [json.loads(path.read_text()) for path in (tmp_path / "out" / "runs").glob("*/run.json")]
    by_seed = {record["parameters"]["seed"]: record for record in records}
    # 0.1 + seed / 10
    assert by_seed[0]["scores"] == {"mean_iou": 0.1}
    assert by_seed[1]["scores"] == {"mean_iou": 0.2}
    assert by_seed[2]["error"] == "KeyError: 'two'"
    partial = tmp_path / "out" / "runs" / by_seed[2]["key"] / "notebook.ipynb"
    assert "KeyError" in partial.read_text()
    assert (tmp_path / "out" / "index.html").is_file()

    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "runs").glob("*/run.json")}
    sweep(content | {"run": {}}, tmp_path / "out", workers=1, progress=False)
    changed = [path for path, when in before.items() if path.stat().st_mtime_ns != when]
    assert [json.loads(path.read_text())["parameters"]["seed"] for path in changed] == [2]


def test_a_dry_run_writes_nothing(tmp_path, capsys):
    plan = {"training": True, "grid": {"epochs": [1, 2]}, "seeds": 2}
    assert sweep(plan, tmp_path / "out", dry_run=True).planned == 4
    assert "sweep: 4 runs, 0 of them done" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.notebook
@pytest.mark.skipif(sys.platform == "win32", reason="kills by signals")
def test_kills_of_a_worker_and_of_the_command_lose_nothing(tmp_path):
    import psutil

    write_notebook(
        tmp_path,
        CELLS[0].replace("== 2", "== 99"),
        parameters="seed: int = 0\npause: float = 1.0",
        path="n.ipynb",
    )
    (tmp_path / "s.yml").write_text("notebook: n.ipynb\nseeds: 4\n")
    command = [sys.executable, "-m", "segnet_nb.cli", "sweep", "s.yml", "--workers", "2"]
    runs = tmp_path / "reports" / "s" / "runs"

    def wait_for(condition, process):
        end = time.monotonic() + 300
        while True:
            # A process that ends while it is looked at: look again.
            with contextlib.suppress(psutil.NoSuchProcess):
                if condition():
                    return
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.1)

    def children(process):
        found = psutil.Process(process.pid).children(recursive=True)
        return [each for each in found if each.status() != psutil.STATUS_ZOMBIE]

    def runners(process):
        return [each for each in children(process) if "segnet_nb.sweeps.child" in " ".join(each.cmdline())]

    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: runners(process), process)
    os.kill(runners(process)[0].ppid(), signal.SIGKILL)  # a worker
    wait_for(lambda: len(list(runs.glob("[!p]*/run.json"))) >= 1, process)
    family = children(process)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive  # neither workers nor kernels stay behind
    stored = {path: path.stat().st_mtime_ns for path in runs.glob("[!p]*/run.json")}
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=500, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert {path: path.stat().st_mtime_ns for path in stored} == stored
    found = [json.loads(path.read_text()) for path in runs.glob("*/run.json")]
    assert sorted(record["parameters"]["seed"] for record in found) == [0, 1, 2, 3]
    assert all(Store(runs.parent).state(record["key"]) == "finished" for record in found)
    assert len(list(runs.iterdir())) == 4


@pytest.mark.slow
@pytest.mark.notebook
def test_limits_end_a_run_and_keep_its_partial_notebook(tmp_path):
    notebook = write_notebook(
        tmp_path,
        "print('before')",
        "import time\nif seed == 0:\n    time.sleep(600)",
        "if seed == 1:\n    big = bytearray(b'x') * 1_500_000_000",
        "time.sleep(600 if seed == 1 else 0)",
        parameters="seed: int = 0",
    )
    limits = {"timeout_seconds": 60, "memory_gb": 1}
    done = sweep({"notebook": notebook, "seeds": 3, "run": limits}, tmp_path / "out", workers=2)
    records = [json.loads(path.read_text()) for path in (tmp_path / "out" / "runs").glob("*/run.json")]
    by_seed = {record["parameters"]["seed"]: record for record in records}
    assert [by_seed[seed]["state"] for seed in range(3)] == ["timed_out", "out_of_memory", "finished"]
    assert by_seed[1]["error"] == "the run used more than 1 GB of memory"
    assert "time limit of 60 s" in by_seed[0]["error"]
    for seed in range(2):
        partial = tmp_path / "out" / "runs" / by_seed[seed]["key"] / "notebook.ipynb"
        assert "before" in partial.read_text()
    assert not done.is_complete
