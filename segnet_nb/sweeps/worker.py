"""What a Dask worker does with a run: a process with limits, and its files as one archive."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from segnet_nb._shared.files import digest_of
from segnet_nb._shared.versions import versions_of

POLL_SECONDS = 0.2
GRACE_SECONDS = 60  # for a run to write what it has after its time limit
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
CHECKED = ("segnet-nb", "keras", "tensorflow", "numpy")


def versions_here() -> dict[str, str]:
    """Versions of Python and of the packages that decide the numbers."""
    return versions_of(*CHECKED)


def run_job(job: dict[str, Any]) -> tuple[bytes, str]:
    """Run a job in a process of its own.

    Returns:
        The files of the run as a ZIP archive, and its SHA-256; also of a run that failed.
    """
    from distributed import get_worker

    worker = get_worker()
    task = worker.get_current_task()

    def is_wanted() -> bool:
        # Dask marks a running task that nobody waits for any more, such as after Ctrl-C.
        state = worker.state.tasks.get(task)
        return state is not None and state.state != "cancelled"

    worker.log_event(job["topic"], {"key": job["key"], "state": "running"})
    with tempfile.TemporaryDirectory(dir=worker.local_directory, ignore_cleanup_errors=True) as name:
        record = _run_in(Path(name), job, is_wanted, f"{platform.node()} {worker.name}")
        archive = _packed(Path(name), record)
    return archive, hashlib.sha256(archive).hexdigest()


def _run_in(folder: Path, job: dict[str, Any], is_wanted: Callable[[], bool], where: str) -> dict[str, Any]:
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    stopped, returncode = _supervised(folder, job, is_wanted)
    result = {"state": "failed", "error": _last_words(folder, returncode)}
    with suppress(OSError, ValueError):
        result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    if stopped is not None:
        result |= stopped
    (folder / "run").mkdir(exist_ok=True)
    for partial in (folder / "out").glob("*.running-*.ipynb"):  # of a run that was killed
        partial.replace(folder / "run" / "notebook.ipynb")
    return {
        "schema": 1,
        "key": job["key"],
        "parameters": job["parameters"],
        "scores": {},
        "class_scores": {},
        "classes": None,
        "history": [],
        "masks": [],
        "versions": versions_here(),
        **result,
        "seconds": round(time.monotonic() - clock, 3),
        "started": started,
        "worker": where,
    }


def _supervised(
    folder: Path, job: dict[str, Any], is_wanted: Callable[[], bool]
) -> tuple[dict[str, Any] | None, int]:
    """Run the process to its end or to its limits; why it was stopped, and its exit status."""
    threads = {name: str(job["threads"]) for name in THREADS}
    place = Path(job["cwd"])
    stopped: dict[str, Any] | None = None
    deadline = time.monotonic() + job["timeout_seconds"] + GRACE_SECONDS
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 (this package's own module)
            [sys.executable, "-m", "segnet_nb.sweeps.child", str(folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=place if place.is_dir() else folder,
            env=os.environ | threads,
            start_new_session=True,
        )
    family: dict[int, psutil.Process] = {}
    try:
        while process.poll() is None:
            memory = _memory(process.pid, family)
            if not is_wanted():
                break
            if time.monotonic() > deadline:
                error = f"the time limit of {job['timeout_seconds']:g} s for the run was reached"
                stopped = {"state": "timed_out", "error": error}
                break
            limit = job["memory_gb"]
            if stopped is None and limit is not None and memory > limit * 1e9:
                stopped = {
                    "state": "out_of_memory",
                    "error": f"the run used more than {limit:g} GB of memory",
                }
                deadline = time.monotonic() + GRACE_SECONDS
                if not _kill_kernels(process.pid, family):
                    break
            time.sleep(POLL_SECONDS)
    finally:
        _kill(process, family)
    return stopped, process.returncode


def _memory(pid: int, family: dict[int, psutil.Process]) -> int:
    """Bytes that a process and all its children hold; the children are added to the family."""
    total = 0
    with suppress(psutil.Error):
        parent = psutil.Process(pid)
        for each in (parent, *parent.children(recursive=True)):
            family[each.pid] = each
            with suppress(psutil.Error):
                total += each.memory_info().rss
    return total


def _kill_kernels(pid: int, family: dict[int, psutil.Process]) -> bool:
    """Kill the children alone, so that the run can still write its partial notebook."""
    children = [each for each in family.values() if each.pid != pid and each.is_running()]
    for each in children:
        with suppress(psutil.Error):
            each.kill()
    return bool(children)


def _kill(process: subprocess.Popen[bytes], family: dict[int, psutil.Process]) -> None:
    """Kill a process, its group and every child that was seen, and wait for its end."""
    _memory(process.pid, family)
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
    for each in family.values():
        with suppress(psutil.Error):
            if each.pid != process.pid and each.is_running():
                each.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _last_words(folder: Path, returncode: int) -> str:
    lines = (folder / "log.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    if returncode == -9:
        return "the process of the run was killed, often because memory ran out"
    return f"the process of the run ended with exit status {returncode}: {lines[-1][:300] if lines else ''}"


def _packed(folder: Path, record: dict[str, Any]) -> bytes:
    run = folder / "run"
    names = sorted(path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file())
    record["files"] = {name: digest_of(run / name) for name in names}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(run / name, f"run/{name}")
        archive.writestr("run/run.json", json.dumps(record, indent=1, allow_nan=False) + "\n")
        for path in sorted((folder / "images").glob("*")):
            archive.write(path, f"images/{path.name}")
    return file.getvalue()
