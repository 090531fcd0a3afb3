"""What one run of a sweep may use."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from segnet_nb._shared.errors import UserError

MAX_RUNS = 10_000


@dataclass(frozen=True)
class Limits:
    """Limits of each run.

    Attributes:
        timeout_seconds: then the run is stopped.
        memory_gb: memory of the run with all its processes, in 10^9 bytes; None: no limit.
        retries: how often a run that failed is run again.
        threads: threads of each run; runs side by side are as many as fit the cores.
        resources: that a worker must have, see Dask's worker resources.
    """

    timeout_seconds: float = 3600.0
    memory_gb: float | None = None
    retries: int = 0
    threads: int = 1
    resources: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        _number("timeout_seconds", self.timeout_seconds, 0.0, above=True)
        if self.memory_gb is not None:
            _number("memory_gb", self.memory_gb, 0.0, above=True)
        for name, low in (("retries", 0), ("threads", 1)):
            _number(name, getattr(self, name), low, whole=True)
        if self.resources is not None:
            if not isinstance(self.resources, Mapping):
                raise UserError(
                    f"run: resources must be names with amounts, got {self.resources!r}. Write {{GPU: 1}}."
                )
            for name, amount in self.resources.items():
                _number(f"resources: {name}", amount, 0.0, above=True)


def _number(name: str, value: Any, low: float, *, above: bool = False, whole: bool = False) -> None:
    kinds = int if whole else int | float
    fine = isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)
    if not fine or value < low or (above and value == low):
        what = "a whole number" if whole else "a number"
        bound = f"above {low:g}" if above else f"of at least {low:g}"
        raise UserError(f"run: {name} must be {what} {bound}, got {value!r}. Change it in the sweep.")


def read_limits(values: Mapping[str, Any]) -> Limits:
    """Limits from the section ``run`` of a sweep.

    Raises:
        ValueError: if one is unknown or impossible.

    Example:
        >>> read_limits({"retries": 2}).retries
        2
    """
    known = [each.name for each in fields(Limits)]
    if unknown := [name for name in values if name not in known]:
        raise UserError(f"run: there is no {unknown[0]!r}. Use {', '.join(known)}.")
    return Limits(**values)
