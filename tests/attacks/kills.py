"""Kills with SIGKILL: ``python -m tests.attacks.kills --trainings 80 --reports 10 --sweeps 10``.

A training is killed before, within or after one of its file operations, one after the other through the whole
run, the last step with logit adjustment included; a report and a sweep at random moments. Then the same is
started again. It has to end with what an unbroken one gives, byte for byte, and leave no other file.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.report_helpers import write_notebook

# What of a record depends on the clock.
TIMES = ("seconds", "started", "finished", "steps_per_second", "sessions", "date", "duration", "files")


class Fatal:
    """Counts file operations, and kills its process at one of them.

    Args:
        at: number of the operation.
        where: ``"before"``, ``"within"`` (half of what is written is) or ``"after"``.
    """

    def __init__(self, at: int, where: str) -> None:
        self.done, self._at, self._where = 0, at, where

    def wrap(self, owner: Any, name: str) -> None:
        """Replace a function by one that counts."""
        whole = getattr(owner, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            self.done += 1
            if self.done != self._at:
                return whole(*arguments, **options)
            if self._where == "within" and name == "write_bytes":
                path, content = arguments
                whole(path, content[: len(content) // 2])
            elif self._where == "after":
                whole(*arguments, **options)
            os.kill(os.getpid(), signal.SIGKILL)
            return None

        setattr(owner, name, counted)


def train(folder: Path, fatal: Fatal | None) -> int:
    """A tiny run of three epochs and logit adjustment in this process; how many file operations it did."""
    from segnet_nb.networks import model
    from segnet_nb.training import train as run
    from tests.training_helpers import tiny_config, tiny_network, tiny_pair

    fatal = fatal or Fatal(0, "")
    for owner, name in ((Path, "replace"), (Path, "unlink"), (Path, "write_bytes"), (os, "fsync")):
        fatal.wrap(owner, name)
    model.build_network = tiny_network
    config = tiny_config(epochs=3, ema_momentum=0.9, deterministic=True, logit_adjustment=True)
    run(config, directory=folder, resume=True, progress=False, data=tiny_pair())
    return fatal.done


def forked(work: Callable[[], object]) -> int:
    """Do something in a copy of this process, which has imported everything; its wait status."""
    sys.stdout.flush()
    process = os.fork()
    if process:
        return os.waitpid(process, 0)[1]
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def without_times(value: Any) -> Any:
    """JSON without what depends on the clock."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if not key.startswith(TIMES)}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def state_of(folder: Path) -> dict[str, str]:
    """The digest of each file of a run: of its weights, of its record without times and digests."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if path.name == "record.json":
                content = json.dumps(without_times(json.loads(content)), sort_keys=True).encode()
            if path.suffix == ".keras":  # a network that was loaded is described in other words
                content = zipfile.ZipFile(path).read("model.weights.h5")
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found


def trainings(count: int) -> list[str]:
    """Kill trainings; what differs."""
    import segnet_nb.training.loop  # noqa: F401  - before the forks
    from segnet_nb._shared.framework import keras  # noqa: F401

    faults = []
    with tempfile.TemporaryDirectory() as place:
        whole, counted = Path(place) / "whole", Path(place) / "count"
        assert forked(lambda: counted.write_text(str(train(whole, None)))) == 0
        operations, expected = int(counted.read_text()), state_of(whole)
        print(
            f"training: {operations} file operations, {len(expected)} files: {', '.join(expected)}",
            flush=True,
        )
        for number in range(count):
            folder = Path(place) / "run"
            at = 1 + number * operations // count
            where = ("before", "within", "after")[number % 3]
            status = forked(lambda at=at, where=where, to=folder: train(to, Fatal(at, where)))
            if os.WTERMSIG(status) != signal.SIGKILL:
                faults.append(f"training {at} {where}: was not killed, status {status}")
            if forked(lambda to=folder: train(to, None)) != 0:
                faults.append(f"training {at} {where}: did not go on")
            elif (found := state_of(folder)) != expected:
                differ = sorted({*found.items()} ^ {*expected.items()})
                faults.append(
                    f"training {at} {where}: {', '.join(dict.fromkeys(name for name, _ in differ))}"
                )
            shutil.rmtree(folder, ignore_errors=True)
            if (number + 1) % 4 == 0:
                print(f"training: {number + 1} kills, {len(faults)} faults", flush=True)
    return faults


def command(*arguments: str, cwd: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "segnet_nb.cli", *arguments],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def killed_and_repeated(cwd: Path, arguments: tuple[str, ...], seconds: float) -> tuple[bool, int]:
    """Kill a command after a time, then let it run to its end; whether it was killed, its status."""
    process = command(*arguments, cwd=cwd)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    was_running = process.poll() is None
    process.kill()
    process.wait()
    time.sleep(1.5)  # kernels see within a second that their parent has gone
    return was_running, command(*arguments, cwd=cwd).wait()


def reports(count: int, chance: random.Random) -> list[str]:
    """Kill reports; what is left or missing."""
    cells = ("import time", *["time.sleep(0.3)\nprint('x' * 1000)"] * 6)
    return _commands(
        "report", count, chance, cells, ("report", "in/lesson.ipynb", "--output-dir", "out"), _report
    )


def _report(out: Path) -> str:
    names = {path.name for path in out.iterdir()}
    return "" if names == {"lesson.ipynb", "lesson.html"} else f"left: {', '.join(sorted(names))}"


def sweeps(count: int, chance: random.Random) -> list[str]:
    """Kill sweeps; what is left or missing."""
    cells = (
        "import time\ntime.sleep(0.5)",
        "from segnet_nb.sweeps import record\nrecord(scores={'a': 0.1 + x / 10})",
    )
    return _commands("sweep", count, chance, cells, ("sweep", "s.yml", "--output-dir", "out"), _sweep)


def _sweep(out: Path) -> str:
    from segnet_nb.sweeps.store import Store

    store, seen = Store(out), []
    for folder in (out / "runs").iterdir():
        record = store.record(folder.name)
        if record is None or record["state"] != "finished":
            return f"not whole: {folder.name}"
        seen.append(
            (record["parameters"]["x"], round(record["scores"]["a"] - record["parameters"]["x"] / 10, 9))
        )
    others = [path.name for path in out.iterdir() if path.name.startswith(("part-", "."))]
    return "" if sorted(seen) == [(0, 0.1), (1, 0.1), (2, 0.1)] and not others else f"{seen} {others}"


def _commands(
    name: str,
    count: int,
    chance: random.Random,
    cells: tuple[str, ...],
    arguments: tuple[str, ...],
    fault: Callable[[Path], str],
) -> list[str]:
    faults, killed = [], 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_notebook(folder, *cells, parameters="x: int = 0")
        (folder / "s.yml").write_text("notebook: in/lesson.ipynb\ngrid: {x: [0, 1, 2]}\n")
        began = time.monotonic()
        assert command(*arguments, cwd=folder).wait() == 0
        whole = time.monotonic() - began
        for number in range(count):
            shutil.rmtree(folder / "out", ignore_errors=True)
            seconds = chance.uniform(0.1, 1.0) * whole
            was_running, status = killed_and_repeated(folder, arguments, seconds)
            killed += was_running
            found = f"status {status}" if status else fault(folder / "out")
            if found:
                faults.append(f"{name} {number} killed after {seconds:.1f} of {whole:.1f} s: {found}")
    print(f"{name}: {killed} of {count} were killed while they ran", flush=True)
    return faults


def main() -> int:
    """Kill the requested number and print what differs; 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("trainings", 80), ("reports", 10), ("sweeps", 10)):
        parser.add_argument(f"--{name}", type=int, default=default, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    chance, began = random.Random(options.seed), time.monotonic()
    faults = trainings(options.trainings) if options.trainings else []
    faults += reports(options.reports, chance) if options.reports else []
    faults += sweeps(options.sweeps, chance) if options.sweeps else []
    for fault in faults:
        print(fault)
    kills = options.trainings + options.reports + options.sweeps
    print(f"{kills} kills in {time.monotonic() - began:.0f} s, {len(faults)} differences or leftovers")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
