"""Random values of parameters, the same for the same seed on every machine."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segnet_nb._shared.errors import UserError

KINDS = ("uniform", "log_uniform", "int", "choice")
DIGITS = 6  # of drawn numbers, so that they can be read and typed again


@dataclass(frozen=True)
class Range:
    """What the values of a parameter are drawn from.

    Attributes:
        kind: ``uniform``, ``log_uniform``, ``int`` (both bounds included) or ``choice``.
        values: lower and upper bound, or what to choose from.
    """

    kind: str
    values: tuple[Any, ...]

    def draw(self, rng: random.Random) -> Any:
        """One value.

        Example:
            >>> Range("int", (3, 3)).draw(random.Random(0))
            3
        """
        if self.kind == "choice":
            return self.values[int(rng.random() * len(self.values))]
        low, high = self.values
        if self.kind == "int":
            return low + int(rng.random() * (high - low + 1))
        if self.kind == "log_uniform":
            value = math.exp(math.log(low) + rng.random() * (math.log(high) - math.log(low)))
        else:
            value = low + rng.random() * (high - low)
        return min(max(float(f"{value:.{DIGITS}g}"), low), high)


def read_range(name: str, value: Any) -> Range:
    """The range that a sweep file gives for a parameter.

    Args:
        name: of the parameter, for messages.
        value: such as ``{"uniform": [0, 0.5]}``.

    Raises:
        ValueError: if it is not a kind with its values.

    Example:
        >>> read_range("rate", {"log_uniform": [1e-4, 1e-2]}).kind
        'log_uniform'
    """
    if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in KINDS:
        raise UserError(
            f"{name}: expected one of {', '.join(KINDS)} with its values, got {value!r}. Write for example "
            f"{name}: {{uniform: [0, 0.5]}}."
        )
    kind, given = next(iter(value.items()))
    if not isinstance(given, list | tuple) or not given:
        raise UserError(f"{name}: expected a list of values for {kind}, got {given!r}. Write [low, high].")
    if kind == "choice":
        return Range(kind, tuple(given))
    return Range(kind, _bounds(name, kind, given))


def _bounds(name: str, kind: str, given: Any) -> tuple[Any, ...]:
    numbers = [_number(item) for item in given]
    whole = kind != "int" or all(isinstance(item, float) and item.is_integer() for item in numbers)
    if len(numbers) != 2 or None in numbers or not whole:
        what = "two whole numbers" if kind == "int" else "two finite numbers"
        raise UserError(f"{name}: expected {what}, low and high, for {kind}, got {given!r}. Change the list.")
    low, high = (item or 0.0 for item in numbers)
    if low > high or (kind == "log_uniform" and low <= 0):
        above = " above 0" if kind == "log_uniform" else ""
        raise UserError(f"{name}: expected low <= high{above} for {kind}, got {given!r}. Change the bounds.")
    return (int(low), int(high)) if kind == "int" else (low, high)


def _number(value: Any) -> float | None:
    """A finite number; YAML reads 1e-3 as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def draw_rows(ranges: Mapping[str, Range], count: int, seed: int) -> list[dict[str, Any]]:
    """Values of all parameters for a number of runs.

    Each parameter has a stream of its own, so adding one, or more runs, keeps the values of the others.

    Example:
        >>> rows = draw_rows({"size": Range("int", (1, 9))}, 3, seed=0)
        >>> rows == draw_rows({"size": Range("int", (1, 9))}, 4, seed=0)[:3]
        True
    """
    streams = {name: random.Random(f"{seed}/{name}") for name in ranges}  # noqa: S311 (no secrets)
    return [{name: one.draw(streams[name]) for name, one in ranges.items()} for _ in range(count)]
