"""A sweep whose processes are killed at random moments: ``Chaos`` starts, kills and starts again."""

from __future__ import annotations

import json
import random
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil

from segnet_nb.sweeps.store import Store
from tests.report_helpers import write_notebook

CELLS = (
    "import time\ntime.sleep(pause)\nprint(seed * seed)",
    "from segnet_nb.sweeps import record\nrecord(scores={'mean_iou': seed / 100})",
)
CHANGING = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC · [^<]*|id=\S+")  # in reports: time, ids of cells
STEP_SECONDS = 240  # within which something must happen, on a busy machine


def write_sweep(folder: Path, runs: int, pause: float = 1.5) -> None:
    write_notebook(folder, *CELLS, parameters=f"seed: int = 0\npause: float = {pause}", path="n.ipynb")
    (folder / "s.yml").write_text(f"notebook: n.ipynb\nseeds: {runs}\n")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(arguments: list[str], folder: Path, log: str) -> subprocess.Popen[bytes]:
    """A process in a session of its own, which takes SIGINT whoever started this one."""
    with (folder / log).open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
        )  # fmt: skip


def family(process: subprocess.Popen[bytes] | psutil.Process) -> list[psutil.Process]:
    """The living descendants of a process."""
    with suppress(psutil.Error):
        found = psutil.Process(process.pid).children(recursive=True)
        return [each for each in found if _words(each)]
    return []


def _words(process: psutil.Process) -> str:
    try:
        return "" if process.status() == psutil.STATUS_ZOMBIE else " ".join(process.cmdline())
    except psutil.Error:
        return ""


def kinds(roots: list[subprocess.Popen[bytes]]) -> dict[str, list[psutil.Process]]:
    """What can be killed: processes of runs, kernels, workers; the roots have names of their own."""
    found: dict[str, list[psutil.Process]] = {}
    for each in (child for root in roots for child in family(root)):
        words = _words(each)
        if "segnet_nb.sweeps.child" in words:
            kind = "run"
        elif "ipykernel" in words:
            kind = "kernel"
        elif "multiprocessing" in words and "spawn_main" in words:
            kind = "worker"
        else:
            continue
        found.setdefault(kind, []).append(each)
    return found


class Cluster:
    """A scheduler and workers as a person starts them by hand; ``repair`` starts what has died."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes] | None] = [None] * workers

    def repair(self) -> None:
        if self.scheduler is None or self.scheduler.poll() is not None:
            options = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
            self.scheduler = start(["dask", "scheduler", *options], self.folder, "scheduler.log")
        for number, worker in enumerate(self.workers):
            if worker is None or worker.poll() is not None:
                options = ["--nthreads", "1", "--no-dashboard", "--local-directory", str(self.folder)]
                self.workers[number] = start(
                    ["dask", "worker", self.address, *options], self.folder, "worker.log"
                )

    @property
    def nannies(self) -> list[subprocess.Popen[bytes]]:
        return [each for each in self.workers if each is not None and each.poll() is None]

    def close(self) -> None:
        roots = [each for each in (self.scheduler, *self.workers) if each is not None]
        end_all(roots)


def end_all(roots: list[subprocess.Popen[bytes]]) -> None:
    """Kill processes and all that they started."""
    members = [child for root in roots for child in family(root)]
    for each in (*roots, *members):
        with suppress(psutil.Error, ProcessLookupError):
            each.kill()
    for root in roots:
        root.wait()
    psutil.wait_procs(members, timeout=20)


class Chaos:
    """Runs the command again and again until a sweep is complete, and kills in between.

    Args:
        folder: with ``s.yml``.
        kills: how many.
        seed: of the moments and the victims.
        over_tcp: on a scheduler and workers started by hand.
    """

    def __init__(self, folder: Path, kills: int, seed: int, over_tcp: bool) -> None:
        self.folder, self.kills, self.rng = folder, kills, random.Random(seed)
        self.cluster = Cluster(folder) if over_tcp else None
        self.killed: Counter[str] = Counter()
        self.commands = 0
        self.problems: list[str] = []
        self.seen: dict[str, int] = {}

    def run(self) -> None:
        """Until the command says that all runs have finished."""
        try:
            while True:
                command = self._start()
                try:
                    self._disturb(command)
                    if command.wait(STEP_SECONDS * 2) == 0:
                        assert not self.kills, f"all runs had finished with {self.kills} kills to come"
                        return
                finally:
                    end_all([command])
        finally:
            if self.cluster:
                self.cluster.close()

    def summary(self) -> str:
        """What was killed how often."""
        kills = ", ".join(f"{kind} {count}" for kind, count in sorted(self.killed.items()))
        return f"{sum(self.killed.values())} kills ({kills}); the command was started {self.commands} times"

    def _start(self) -> subprocess.Popen[bytes]:
        options = ["--workers", "2"]
        if self.cluster:
            self.cluster.repair()
            options = ["--scheduler", self.cluster.address]
        self.commands += 1
        return start(["segnet_nb.cli", "sweep", "s.yml", *options], self.folder, "command.log")

    def _disturb(self, command: subprocess.Popen[bytes]) -> None:
        """Kill until the command ends, or until it was enough."""
        while command.poll() is None:
            roots = self.cluster.nannies if self.cluster else [command]
            self._check_store()
            if not self.kills:
                time.sleep(0.5)
                if self.cluster:
                    self.cluster.repair()
                continue
            if not self._wait_for_a_run(command, roots):
                return
            time.sleep(self.rng.uniform(0, 4))
            self._kill(command, roots)
            if self.cluster:
                self.cluster.repair()

    def _wait_for_a_run(self, command: subprocess.Popen[bytes], roots: list[subprocess.Popen[bytes]]) -> bool:
        end = time.monotonic() + STEP_SECONDS
        while time.monotonic() < end:
            if command.poll() is not None:
                return False
            if kinds(roots).get("run"):
                return True
            if self.cluster:
                self.cluster.repair()
                roots = self.cluster.nannies
            time.sleep(0.2)
        raise AssertionError(f"no run started within {STEP_SECONDS} s")

    def _kill(self, command: subprocess.Popen[bytes], roots: list[subprocess.Popen[bytes]]) -> None:
        with suppress(psutil.NoSuchProcess):  # it has just ended by itself
            victims = dict(kinds(roots))
            if command.poll() is None:
                victims["command"] = [psutil.Process(command.pid)]
            if self.cluster and self.cluster.scheduler:
                victims["nanny"] = [psutil.Process(each.pid) for each in self.cluster.nannies]
                victims["scheduler"] = [psutil.Process(self.cluster.scheduler.pid)]
            if possible := sorted(kind for kind, each in victims.items() if each):
                kind = self.rng.choice(possible)
                self.rng.choice(victims[kind]).kill()
                self.killed[kind] += 1
                self.kills -= 1

    def _check_store(self) -> None:
        """What has finished stays as it is."""
        for path in (self.folder / "reports" / "s" / "runs").glob("[!p]*/run.json"):
            when = path.stat().st_mtime_ns
            state = json.loads(path.read_text())["state"]
            if state == "finished" and self.seen.setdefault(path.parent.name, when) != when:
                self.problems.append(f"{path.parent.name} was written twice")


def without_times(folder: Path) -> dict[str, dict]:
    """The runs of a sweep by key, as they must be the same on every machine at any time."""
    found = {}
    store = Store(folder / "reports" / "s")
    for path in sorted(store.runs.iterdir()):
        record = store.record(path.name)
        assert record is not None, f"{path.name} is not whole"
        for name in ("seconds", "started", "worker"):
            del record[name]
        record["files"] = sorted(record["files"])
        cells = json.loads((path / "notebook.ipynb").read_text())["cells"]
        outputs = [[cell["source"], cell.get("outputs")] for cell in cells]
        page = (path / "report.html").read_text()
        record |= {"outputs": outputs, "page": CHANGING.sub("", page)}
        found[path.name] = record
    return found
