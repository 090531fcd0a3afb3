"""What a Dask worker does with a run: a process with limits, and its files as one archive."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.files import digest_of
from segnet_nb._shared.versions import versions_of
from segnet_nb.sweeps import outputs, supervising
from segnet_nb.sweeps.supervising import Supervisor

CHECKED = ("segnet-nb", "keras", "tensorflow", "numpy")


def versions_here() -> dict[str, str]:
    """Versions of Python and of the packages that decide the numbers."""
    return versions_of(*CHECKED)


def other_version(wanted: dict[str, str], found: dict[str, str]) -> str | None:
    """What a worker has other than the command, in a few words; None if it has the same.

    Example:
        >>> other_version({"keras": "3.15", "numpy": "2.4"}, {"keras": "3.14", "numpy": "2.4"})
        'keras 3.14, but here it is 3.15'
    """
    for name, version in wanted.items():
        if found.get(name) != version:
            return f"{name} {found.get(name, 'none')}, but here it is {version}"
    return None


def run_job(job: dict[str, Any]) -> tuple[bytes, str]:
    """Run a job in another process, with its limits.

    Returns:
        The files of the run as a ZIP archive, and its SHA-256; also of a run that failed. The archive is
        empty if it went to the address of the sweep.
    """
    from distributed import get_worker

    worker = get_worker()
    task = worker.get_current_task()
    # Checked before the first run too, but this worker may have come later.
    if other := other_version(job["versions"], versions_here()):
        raise UserError(f"the worker {worker.address} has {other}. Install the same.")

    def is_wanted() -> bool:
        # Dask marks a running task that nobody waits for any more, such as after Ctrl-C.
        state = worker.state.tasks.get(task)
        return state is not None and state.state != "cancelled"

    def tell(state: str, **more: Any) -> None:
        worker.log_event(job["topic"], {"key": job["key"], "state": state, "address": worker.address, **more})

    supervising.take_stop(job["key"])
    tell("running")
    with tempfile.TemporaryDirectory(dir=worker.local_directory, ignore_cleanup_errors=True) as name:
        where = f"{platform.node()} {worker.name}"
        record = _run_in(Path(name), job, is_wanted, where, lambda told: tell("epoch", **told))
        archive = _packed(Path(name), record)
    digest = hashlib.sha256(archive).hexdigest()
    if job["outputs"]:
        outputs.put(job["outputs"], job["key"], archive, digest)
        archive = b""
    return archive, digest


def _run_in(
    folder: Path, job: dict[str, Any], is_wanted: Callable[[], bool], where: str, tell: Callable[[Any], None]
) -> dict[str, Any]:
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    stopped, returncode = Supervisor(folder, job, is_wanted, tell).run()
    result = {"state": "failed", "error": _last_words(folder, returncode)}
    with suppress(OSError, ValueError):
        result = json.loads((folder / supervising.RESULT_FILE).read_text(encoding="utf-8"))
    if stopped is not None and result["state"] != "finished":
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
