"""Read a sweep from its folder: what is damaged or missing is told, and all the rest is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.sweeps.gallery.records import Run, Sweep
from segnet_nb.sweeps.gallery.run_files import KEY, DamagedRunError, read_json, read_run

NAMED = 3


def read_sweep(folder: str | Path) -> Sweep:
    """The sweep in a folder.

    Args:
        folder: that holds ``sweep.json`` and ``runs``.

    Returns:
        The runs that can be read, in the order of the plan, and one sentence for each that cannot.

    Raises:
        FileNotFoundError: if there is no ``sweep.json``.
        ValueError: if ``sweep.json`` is damaged.
    """
    folder = Path(folder)
    path = folder / "sweep.json"
    if not path.is_file():
        raise MissingFileError(
            f"{folder} has no sweep.json, so it is not the folder of a sweep. Pass the folder that the sweep "
            "wrote, such as reports/NAME."
        )
    try:
        plan = read_json(path)
        keys = _keys(plan)
    except DamagedRunError as error:
        raise UserError(f"{path} {error}. Run the sweep again; runs that are done are kept.") from error
    runs, problems = _read_runs(folder / "runs", keys)
    axes = plan.get("axes")
    seed = plan.get("seeds_parameter")
    return Sweep(
        folder=folder,
        name=_text(plan, "name") or folder.resolve().name,
        kind=_text(plan, "kind"),
        source=_text(plan, "source"),
        maximize=_text(plan, "maximize"),
        seed=seed if isinstance(seed, str) else None,
        planned=len(keys),
        axes={name: v for name, v in axes.items() if isinstance(v, list)} if isinstance(axes, dict) else {},
        runs=runs,
        problems=problems,
    )


def _keys(plan: dict[str, Any]) -> list[str]:
    if plan.get("schema") != 1:
        raise DamagedRunError(f"has schema {plan.get('schema')!r}, but this version reads schema 1")
    keys = plan.get("runs")
    if not isinstance(keys, list) or not all(isinstance(key, str) and KEY.fullmatch(key) for key in keys):
        raise DamagedRunError("has no list of runs by their keys of 16 hexadecimal digits")
    return list(dict.fromkeys(keys))


def _read_runs(folder: Path, keys: list[str]) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    runs, missing, problems = [], [], []
    for key in keys:
        if not (folder / key).is_dir():
            missing.append(key)
            continue
        try:
            runs.append(read_run(folder / key))
        except DamagedRunError as error:
            problems.append(f"Run {key} is left out: its run.json {error}.")
    if missing:
        problems.insert(0, _missing(missing, len(keys)))
    return tuple(runs), tuple(problems)


def _missing(keys: list[str], planned: int) -> str:
    names = ", ".join(keys[:NAMED]) + (", ..." if len(keys) > NAMED else "")
    verb = "has" if len(keys) == 1 else "have"
    return f"{len(keys)} of {planned} runs {verb} no folder yet, or lost it: {names}."


def _text(plan: dict[str, Any], name: str) -> str:
    value = plan.get(name)
    return value if isinstance(value, str) else ""
