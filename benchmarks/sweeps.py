"""A sweep against one report after the other: seconds, overhead of the engine, and memory of the command.

    python -m benchmarks.sweeps [--runs 60] [--workers 2] [--rounds 1] [--memory 10 60] [--trivial 10 60 500]

The notebook loads ``small-synthetic``, predicts a few scenes of 90 x 120 and records its score. The same runs
are made in turns, each in a process of its own: by ``segnet_nb.reports.run`` in a loop, which imports what it
needs once; by a sweep with one worker; and by one with several. All have one thread a run. The overhead is
what a run of the sweep with one worker takes longer than one of the loop, without the start and the end of
the workers, which are timed by a sweep of one run. ``--memory`` prints the peak memory of the command, but
not of its workers and kernels, for so many runs of this notebook; ``--trivial`` for so many runs that only
bring back a page of a megabyte. Prints medians over the rounds.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from segnet_nb import reports
from segnet_nb.sweeps import supervising, sweep, worker
from tests.large_folders import peak_memory
from tests.report_helpers import write_notebook

CELLS = (
    "from segnet_nb import datasets, evaluate, load_pretrained, sweeps\n"
    "data = datasets.load('synthetic', 'val', image_size=(90, 120), count=8, seed=seed)\n"
    "found = evaluate(load_pretrained('small-synthetic'), data)",
    "sweeps.record(scores={'mean_iou': found.scores.mean_iou})",
)
PAGE = 1_000_000  # bytes of a trivial run
START = "import sys; from benchmarks import sweeps; status = sweeps.command(sys.argv[1:])"


def plan_of(folder: Path, runs: int) -> dict[str, Any]:
    """The sweep of a notebook that is written to the folder."""
    notebook = write_notebook(folder, *CELLS, parameters="seed: int = 0")
    return {"notebook": str(notebook), "seeds": runs}


def trivial(job: dict[str, Any]) -> tuple[bytes, str]:
    """In place of ``worker.run_job``: a run that finishes at once, with a page that does not deflate."""
    page, file = np.random.default_rng().bytes(PAGE), io.BytesIO()
    record = {
        **{"schema": 1, "key": job["key"], "parameters": job["parameters"], "state": "finished"},
        **{"error": None, "scores": {"mean_iou": 0.5}, "class_scores": {}, "classes": None, "history": []},
        **{"masks": [], "seconds": 0.0, "started": "2026-11-26T09:00:00+00:00", "worker": "", "versions": {}},
        "files": {"report.html": hashlib.sha256(page).hexdigest()},
    }
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run/report.html", page)
        archive.writestr("run/run.json", json.dumps(record))
    return file.getvalue(), hashlib.sha256(file.getvalue()).hexdigest()


def command(arguments: list[str]) -> int:
    """What a process of its own does: ``HOW FOLDER RUNS WORKERS``."""
    how, folder, runs, workers = arguments[0], Path(arguments[1]), int(arguments[2]), int(arguments[3])
    plan = plan_of(folder, runs)
    if how == "loop":
        for seed in range(runs):
            reports.run(plan["notebook"], {"seed": seed}, folder / "out", name=str(seed), progress=False)
        return 0
    if how == "trivial":
        worker.run_job = trivial
    return 0 if sweep(plan, folder / "out", workers=workers, progress=False).is_complete else 1


def seconds_of(how: str, runs: int, workers: int) -> float:
    """Wall time of so many runs in a process of its own."""
    threads = dict.fromkeys(supervising.THREADS, "1")
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, "-c", START, how, folder, str(runs), str(workers)]
        began = time.perf_counter()
        subprocess.run(arguments, check=True, env=os.environ | threads)
        return time.perf_counter() - began


def compare_speed(runs: int, workers: int, rounds: int) -> None:
    """Print the seconds of all ways, their ratio, and the overhead."""
    several = f"sweep, {workers} workers"
    ways = {
        "start and one run": ("sweep", 1, 1),
        "one by one": ("loop", runs, 1),
        "sweep, 1 worker": ("sweep", runs, 1),
        several: ("sweep", runs, workers),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(seconds_of(*way))
    medians = {name: float(np.median(times)) for name, times in found.items()}
    print(f"{runs} runs of a notebook\n\n| way | s | s a run |\n|---|---|---|")
    for name, way in ways.items():
        print(f"| {name} | {medians[name]:.1f} | {medians[name] / way[1]:.2f} |")
    ratios = [one / many for one, many in zip(found["one by one"], found[several], strict=True)]
    print(f"\n{several}: {np.median(ratios):.2f} times as fast as one by one")
    if runs > 1:
        overheads = [
            (many - start) / (runs - 1) - one / runs
            for many, start, one in zip(
                *(found[name] for name in ("sweep, 1 worker", "start and one run", "one by one")), strict=True
            )
        ]
        print(f"overhead of the engine: {np.median(overheads):.2f} s a run")


def compare_memory(how: str, counts: list[int], workers: int) -> None:
    """Print the peak memory of the command for numbers of runs."""
    for runs in counts:
        with tempfile.TemporaryDirectory() as folder:
            peak = peak_memory(how, folder, runs, workers, code=START)
        print(f"| {how}, {runs} runs | {peak:.0f} MiB |", flush=True)


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--memory", type=int, nargs="*", default=[10, 60])
    parser.add_argument("--trivial", type=int, nargs="*", default=[10, 60, 500])
    options = parser.parse_args()
    if options.runs:
        compare_speed(options.runs, options.workers, options.rounds)
    print("\n| peak memory of the command | |\n|---|---|")
    compare_memory("sweep", options.memory, options.workers)
    compare_memory("trivial", options.trivial, options.workers)


if __name__ == "__main__":
    main()
