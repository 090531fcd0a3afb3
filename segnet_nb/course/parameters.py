"""Limits of a notebook's parameters: a value outside them is refused in one sentence."""

from __future__ import annotations

import math
import numbers
from typing import Any

from segnet_nb._shared.errors import UserError


def require(**limits: tuple[Any, ...]) -> None:
    """Refuse parameters that are out of range.

    Args:
        **limits: for each parameter its value, followed by what is allowed: ``(value, least, most)``, ends
            included, for a number (whole, if both ends are), or ``(value, (choice, ...))``. More choices may
            follow the ends: ``(count, 24, 400, (0,))`` also allows 0. A ``most`` of None is no limit.

    Raises:
        UserError: for the first that is out of range.

    Example:
        >>> height, dataset = 180, "kitti"
        >>> require(height=(height, 32, 480))
        >>> require(dataset=(dataset, ("synthetic", "camvid")))
        Traceback (most recent call last):
            ...
        segnet_nb.UserError: dataset is 'kitti', it must be 'synthetic' or 'camvid'
    """
    for name, (value, *allowed) in limits.items():
        ends = [each for each in allowed if not isinstance(each, tuple)]
        choices = [each for group in allowed if isinstance(group, tuple) for each in group]
        if any(type(value) is type(each) and value == each for each in choices):
            continue
        if ends and _between(value, *ends):
            continue
        raise UserError(f"{name} is {value!r}, it must be {_in_words(ends, choices)}")


def _between(value: Any, least: float, most: float | None) -> bool:
    kind = numbers.Integral if _is_whole(least, most) else numbers.Real
    if not isinstance(value, kind) or isinstance(value, bool):
        return False
    return least <= float(value) <= (math.inf if most is None else most)


def _is_whole(least: float, most: float | None) -> bool:
    return isinstance(least, int) and (most is None or isinstance(most, int))


def _in_words(ends: list[Any], choices: list[Any]) -> str:
    words = [repr(each) for each in choices]
    if ends:
        least, most = ends
        noun = "a whole number" if _is_whole(least, most) else "a number"
        top = f"{least} or more" if most is None else f"from {least} to {most}"
        words.insert(0, f"{noun} {top}")
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
