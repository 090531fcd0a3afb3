"""Processes that run jobs: one is kept for the next notebook, and what was killed or changed is not used."""

from __future__ import annotations

import json
import os
import time

import pytest

from segnet_nb.sweeps import run_process
from segnet_nb.sweeps.supervising import RESULT_FILE, Supervisor
from tests.report_helpers import write_notebook

CELL = "import os\nfrom segnet_nb.sweeps import record\nrecord(scores={'parent': os.getppid() / 1e8})"


@pytest.fixture(autouse=True)
def kept():
    """The processes without work, which end with the test."""
    yield run_process._kept
    while run_process._kept:
        run_process._kept.pop().end()


def run_in(folder, cell=CELL, threads=1):
    """Run a notebook of one cell as a worker does; returns its state, process and error."""
    folder.mkdir()
    path = write_notebook(folder, cell, parameters="seed: int = 0", path="n.ipynb")
    job = {
        **{"key": folder.name, "kind": "notebook", "parameters": {}, "timeout_seconds": 100.0},
        **{"memory_gb": None, "threads": threads, "cwd": str(folder)},
        **{"path": str(path), "content": path.read_text(encoding="utf-8")},
    }
    (folder / "job.json").write_text(json.dumps(job))
    stopped, _ = Supervisor(folder, job, lambda: True, lambda _: None).run()
    assert stopped is None, stopped
    result = json.loads((folder / RESULT_FILE).read_text())
    return result["state"], round(result.get("scores", {}).get("parent", 0) * 1e8), result["error"]


@pytest.mark.notebook
def test_notebooks_of_a_worker_share_a_process(tmp_path, kept):
    first = run_in(tmp_path / "a")
    (process,) = kept
    assert first == ("finished", process.pid, None)
    failed = run_in(tmp_path / "b", "print('here')\nraise KeyError('two')")
    assert failed == ("failed", 0, "KeyError: 'two'")
    assert kept == [process] and process.returncode is None
    # One that was killed meanwhile is not used, nor is one with other threads.
    os.kill(process.pid, 9)
    process._process.wait()
    third = run_in(tmp_path / "c")
    assert third[0] == "finished" and third[1] != process.pid
    fourth = run_in(tmp_path / "d", threads=2)
    assert fourth[0] == "finished" and fourth[1] not in (process.pid, third[1])
    assert [each.pid for each in kept] == [fourth[1]]


@pytest.mark.notebook
def test_it_ends_with_the_worker_in_the_middle_of_a_job(tmp_path):
    import psutil

    folder = tmp_path / "a"
    folder.mkdir()
    path = write_notebook(folder, "import time\ntime.sleep(300)", parameters="seed: int = 0", path="n.ipynb")
    job = {"kind": "notebook", "parameters": {}, "timeout_seconds": 400.0, "cwd": str(folder)}
    content = job | {"path": str(path), "content": path.read_text(encoding="utf-8")}
    (folder / "job.json").write_text(json.dumps(content))
    process = run_process.started(folder, {}, is_new=True)
    end = time.monotonic() + 100
    while not (family := psutil.Process(process.pid).children(recursive=True)):
        assert process.returncode is None and time.monotonic() < end
        time.sleep(0.1)
    process._close_pipe()  # as when the worker dies
    gone, alive = psutil.wait_procs([psutil.Process(process.pid), *family], timeout=100)
    assert not alive and len(gone) == 1 + len(family)
    assert not (folder / RESULT_FILE).exists()
    process.kill()


def test_one_that_cannot_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(run_process.sys, "executable", "/bin/false")
    process = run_process.started(tmp_path, {}, is_new=True)
    end = time.monotonic() + 100
    while process.returncode is None and time.monotonic() < end:
        time.sleep(0.01)
    assert process.returncode == 1
    process.kill()
