"""The kept results of sweeps in ``data/results``: the parameters that vary and the scores of each run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import MissingFileError

# A clone keeps them beside the package, an installed wheel inside it.
_PLACES = (Path(__file__).parents[2] / "data" / "results", Path(__file__).parents[1] / "results")


def kept_file(name: str) -> Path:
    """The path of the kept results of a sweep, which may not exist."""
    paths = [place / f"{name}.json" for place in _PLACES]
    return next((path for path in paths if path.is_file()), paths[0])


def kept_runs(name: str) -> list[dict[str, Any]]:
    """The runs of a sweep whose results are kept; ``python tools/keep_sweep.py NAME`` makes them again.

    Args:
        name: of the sweep, such as ``"learning_rates"``: that of its file in ``data/sweeps``.

    Returns:
        For each run the parameters that vary, and its validation scores in 0..1; None for a run that failed.

    Raises:
        FileNotFoundError: if no results of this name are kept.

    Example:
        >>> sorted({each["seed"] for each in kept_runs("learning_rates")})
        [0, 1]
    """
    path = kept_file(name)
    if not path.is_file():
        names = ", ".join(sorted(each.stem for place in _PLACES for each in place.glob("*.json")))
        raise MissingFileError(f"no results are kept of a sweep called {name!r}. There are: {names}.")
    return json.loads(path.read_text(encoding="utf-8"))
