"""Checks of single fields of a configuration: from the name and the value of a field to the value to keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

from segnet_nb import datasets
from segnet_nb._shared.errors import UserError, UserTypeError

Check = Callable[[str, Any], Any]

SMALLEST_SIDE = 16
# A batch of larger images fits into no memory; a mistyped size is told before anything is made.
_MOST_PIXELS = 100_000_000


def one_of(choices: Iterable[str], hint: str = "") -> Check:
    """Accept the choices that exist when the check runs.

    Args:
        choices: may grow later.
        hint: added to the error message.

    Example:
        >>> one_of(("adam", "sgd"))("optimizer", "sgd")
        'sgd'
    """

    def check(name: str, value: Any) -> Any:
        # A tuple, in which a value that cannot be hashed is just another wrong one.
        if value not in tuple(choices):
            raise UserError(f"{name} must be one of {', '.join(choices)}, but got {value!r}.{hint}")
        return value

    return check


def dataset(name: str, value: Any) -> Any:
    """Accept the name of a dataset or the path of a folder."""
    if not isinstance(value, str) or not (value in datasets.NAMES or datasets.is_folder(value)):
        raise UserError(
            f"{name} must be one of {', '.join(datasets.NAMES)}, or the path of a folder, but got {value!r}."
        )
    return value


def true_or_false(name: str, value: Any) -> bool:
    """Accept a bool and nothing that merely has a truth value."""
    if not isinstance(value, bool):
        raise UserTypeError(f"{name} must be True or False, but got {value!r}.")
    return value


def name_or_path(name: str, value: Any) -> str:
    """Accept text."""
    if not isinstance(value, str):
        raise UserTypeError(f"{name} must be a name or a path, but got {value!r}.")
    return value


def names(name: str, value: Any) -> tuple[str, ...]:
    """Accept a list or tuple of texts, without repetition.

    Example:
        >>> names("hold_out", ["0006R0"])
        ('0006R0',)
    """
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise UserTypeError(f"{name} must be a tuple of names, but got {value!r}. For example ('0006R0',).")
    if not all(isinstance(each, str) and each for each in value) or len(set(value)) != len(value):
        raise UserError(f"{name} must be names, each once, but got {value!r}.")
    return tuple(value)


def number(low: float, high: float) -> Check:
    """Accept a number in ``low`` .. ``high``, NumPy's included.

    Example:
        >>> number(0, 1)("dropout", 0.5)
        0.5
    """

    def check(name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, Real):
            raise UserTypeError(f"{name} must be a number, but got {value!r}.")
        # Python's own numbers, which can be written as JSON.
        value = int(value) if isinstance(value, Integral) else float(value)
        _check_bounds(name, value, low, high)
        return value

    return check


def integer(low: int, high: int) -> Check:
    """Accept an integer in ``low`` .. ``high``, NumPy's included."""

    def check(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise UserTypeError(f"{name} must be an integer, but got {value!r}.")
        _check_bounds(name, int(value), low, high)
        return int(value)

    return check


def optional(check: Check) -> Check:
    """Accept None as well."""
    return lambda name, value: None if value is None else check(name, value)


def size(name: str, value: Any) -> tuple[int, int]:
    """Accept height and width in pixels, as a tuple or a list.

    Example:
        >>> size("image_size", [32, 48])
        (32, 48)
    """
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise UserTypeError(f"{name} must be (height, width) in pixels, but got {value!r}.")
    height, width = value
    if not all(_is_side(side) for side in value):
        raise UserError(f"{name} must be two integers of at least {SMALLEST_SIDE}, but got {value}.")
    if int(height) * int(width) > _MOST_PIXELS:
        raise UserError(
            f"{name} must have at most {_MOST_PIXELS:,} pixels, but {height} x {width} has "
            f"{height * width:,}."
        )
    return int(height), int(width)


def _is_side(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= SMALLEST_SIDE


def _check_bounds(name: str, value: float, low: float, high: float) -> None:
    # Written so that NaN, which is in no range, fails too.
    if not low <= value <= high:
        raise UserError(f"{name} must be in {low:g}..{high:g}, but got {value}.")
