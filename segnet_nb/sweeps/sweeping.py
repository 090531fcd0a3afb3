"""``sweep``: many runs of a notebook or a training, of which each is done once."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb.sweeps import execute, execution, outputs, study, terminal
from segnet_nb.sweeps.plan import Plan, PlannedRun, read_plan
from segnet_nb.sweeps.progress import Board, View
from segnet_nb.sweeps.store import DONE, Store
from segnet_nb.training import run_lock

MEGABYTES_OF_A_RUN = 3.0  # a notebook with its page, where no run is there to measure


@dataclass(frozen=True)
class SweepResult:
    """What a sweep did.

    Attributes:
        folder: with ``sweep.json``, ``runs`` and the gallery, ``index.html``.
        states: how each run of the plan ended, by key; runs that are missing are left out.
        planned: how many runs the plan has.
    """

    folder: Path
    states: dict[str, str]
    planned: int

    @property
    def is_complete(self) -> bool:
        """Whether all runs of the plan have finished."""
        return sum(state in DONE for state in self.states.values()) == self.planned


def sweep(
    source: str | Path | Mapping[str, Any],
    output_dir: str | Path | None = None,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    dry_run: bool = False,
    progress: bool = True,
    view: View | None = None,
) -> SweepResult:
    """Run a notebook or a training with many parameters, side by side.

    The parameters of all runs are checked before the first starts. A run that has finished is not run again;
    one that failed is. Workers need no shared disk. In a script, call it under
    ``if __name__ == "__main__":``, since local workers import the script.

    Args:
        source: path of a YAML file, or what it holds as a dict; see docs/sweeps.md.
        output_dir: folder of the runs and the gallery; None: ``reports/NAME``.
        scheduler: address of a Dask scheduler such as ``tcp://host:8786``; None: processes of this machine.
        workers: how many local processes; None: as many as cores and memory allow.
        dry_run: check, describe and stop.
        progress: print how far the runs are: in a terminal a live line for each run at work, elsewhere a line
            whenever a run starts or ends.
        view: shows it too: ``widgets.SweepMonitor`` passes its own.

    Returns:
        The folder and how each run ended.

    Raises:
        FileNotFoundError: if the file or the notebook does not exist.
        ValueError: if the sweep, a parameter or a worker is not as it must be.
        RuntimeError: if another process writes to the folder, or the scheduler is lost.

    Example:
        >>> plan = {"training": True, "grid": {"epochs": [1, 2]}, "seeds": 2}
        >>> sweep(plan, "reports/example", dry_run=True, progress=False).planned
        4
    """
    plan = read_plan(source)
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise UserError(f"workers must be at least 1, got {workers!r}. Omit it to use what the machine has.")
    folder = Path("reports") / plan.name if output_dir is None else Path(output_dir)
    store = Store(folder)
    known = study.chosen(plan, store) if plan.search else list(plan.runs)
    missing = [run for run in known if store.state(run.key) not in DONE]
    count = max(0, plan.count - len(known)) + len(missing)
    if progress:
        print(describe(plan, store, known, count, workers), flush=True)
    if not dry_run:
        views: list[View] = [terminal.view_for(sys.stdout)] if progress else []
        views += [view] if view else []
        known = run_plan(plan, missing, store, views, scheduler=scheduler, workers=workers)
        if progress:
            print(folder / "index.html", flush=True)
    states = {run.key: state for run in known if (state := store.state(run.key)) is not None}
    return SweepResult(folder, states, len(known) if not dry_run else plan.count)


def run_plan(
    plan: Plan,
    missing: list[PlannedRun],
    store: Store,
    views: Sequence[View],
    *,
    scheduler: str | None = None,
    workers: int | None = None,
) -> list[PlannedRun]:
    """Run what is missing, and write the gallery whatever happens.

    Args:
        plan: the sweep.
        missing: those of its runs to run; a search chooses others.
        store: where they go.
        views: that show it.
        scheduler: as for ``sweep``.
        workers: as for ``sweep``.

    Returns:
        All runs of the plan; of a search those that were chosen.
    """
    from segnet_nb.sweeps.gallery import write_gallery

    with run_lock.held(store.folder):
        store.prepare(plan.record(study.chosen(plan, store) if plan.search else plan.runs))
        if plan.outputs:
            missing = _fetch(plan.outputs, missing, store)
        source = study.Study(plan, store) if plan.search else execution.GivenRuns(missing)
        left = source.left if isinstance(source, study.Study) else len(missing)
        known = source.runs if isinstance(source, study.Study) else list(plan.runs)
        board = Board(plan.count, plan.count - left, plan.maximize, views)
        try:
            if left:
                with execute.connected(plan.limits, left, scheduler, workers) as client:
                    execute.check_workers(client)
                    at_work = execution.Execution(plan, source, store, client, board)
                    for view in views:
                        view.started(at_work, client.dashboard_link)
                    at_work.run()
        finally:
            board.close()
            write_gallery(store.folder)
    return known


def _fetch(address: str, missing: list[PlannedRun], store: Store) -> list[PlannedRun]:
    """Take runs that have finished from the address of the sweep, where a killed command left them.

    Returns:
        The runs that are still missing.
    """
    found = outputs.stored(address)
    for run in missing:
        for digest in found.get(run.key, ()):
            archive = outputs.get(address, run.key, digest)
            if outputs.is_whole(archive, digest) and store.put(run.key, archive, digest)["state"] in DONE:
                break
    return [run for run in missing if store.state(run.key) not in DONE]


def describe(plan: Plan, store: Store, known: list[PlannedRun], missing: int, workers: int | None) -> str:
    """How many runs there are, and about how much time and disk they need, in one line each."""
    records = [record for run in known if (record := store.record(run.key)) is not None]
    done = [record for record in records if record["state"] in DONE]
    searched = " chosen by a search" if plan.search else ""
    lines = [f"{plan.name}: {plan.count} runs{searched}, {plan.count - missing} of them done"]
    if done:
        seconds = sum(record["seconds"] for record in done) / len(done) * missing / (workers or 1)
        beside = f"with {workers} side by side" if workers else "one after the other"
        lines.append(f"time: about {seconds / 60:.0f} min {beside}")
    else:
        hours = plan.limits.timeout_seconds * missing / (workers or 1) / 3600
        lines.append(f"time: not known before the first run; at most {hours:.1f} h by the time limit of each")
    sizes = [_size(store.runs / record["key"]) for record in done]
    each = sum(sizes) / len(sizes) / 1e6 if sizes else MEGABYTES_OF_A_RUN
    place = next(path for path in (store.folder, *store.folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free / 1e6
    lines.append(f"disk: about {each * missing:.0f} MB, free are {free:.0f} MB")
    return "\n".join(lines)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
