"""Judges of answers that are a number, several numbers, or names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from segnet_nb.course.answers import (
    is_missing,
    kind_of,
    same_word,
    shortened,
    to_number,
    to_numbers,
)
from segnet_nb.course.verdicts import Unreadable, Verdict, missing, right, wrong

Judge = Callable[..., Verdict]


def _value(expected: Any, context: tuple[Any, ...]) -> Any:
    return expected(*context) if callable(expected) else expected


def number(
    expected: float | Callable[..., float],
    *,
    mistakes: Mapping[str, float | Callable[..., float]] | None = None,
    whole: bool = False,
    tolerance: float = 1e-4,
) -> Judge:
    """Judge a single number.

    Args:
        expected: the right number, or a function that computes it from what else the check cell passes.
        mistakes: a reason to the number that a known mistake gives; numbers as in ``expected``.
        whole: whether only a whole number can be right.
        tolerance: allowed difference, relative to the expected number.

    Example:
        >>> judge = number(9.0, mistakes={"this is the share": 0.9})
        >>> judge(9).state, judge(0.9).why, judge(None).state
        ('right', 'this is the share', 'missing')
    """

    def judge(answer: Any, *context: Any) -> Verdict:
        if is_missing(answer):
            return missing()
        given, needed = to_number(answer), _value(expected, context)
        allowed = tolerance * abs(needed) if not whole else 1e-9
        if abs(given - needed) <= allowed:
            return right()
        for reason, mistake in (mistakes or {}).items():
            other = _value(mistake, context)
            if abs(given - other) <= tolerance * max(abs(other), 1e-12) and abs(other - needed) > allowed:
                return wrong(reason, given)
        if whole and given != round(given):
            return wrong(f"{given:g} is not a whole number", given)
        return wrong(f"{given:g} is too {'large' if given > needed else 'small'}", given)

    return judge


def numbers(
    expected: npt.ArrayLike | Callable[..., npt.ArrayLike],
    *,
    places: Sequence[str],
    mistakes: Mapping[str, npt.ArrayLike | Callable[..., npt.ArrayLike]] | None = None,
    tolerance: float = 1e-4,
    ordered_pairs: str = "",
) -> Judge:
    """Judge several numbers in an order, in any shape with as many elements.

    Args:
        expected: the right numbers, or a function of what else the check cell passes.
        places: what each number belongs to, for messages: ``"the window at the top left"``.
        mistakes: a reason to the numbers that a known mistake gives.
        tolerance: allowed difference, relative to the expected numbers.
        ordered_pairs: said if the answer has two numbers for each place instead of one.

    Example:
        >>> judge = numbers([0, 1], places=["the first", "the second"])
        >>> judge([[0], [1]]).state, judge([0, 3]).why
        ('right', 'the second is not right')
    """

    def close(given: np.ndarray, needed: np.ndarray) -> np.ndarray:
        return np.isclose(given, needed, rtol=tolerance, atol=1e-9)

    def judge(answer: Any, *context: Any) -> Verdict:
        if is_missing(answer):
            return missing()
        given = to_numbers(answer)
        needed = np.asarray(_value(expected, context), float).ravel()
        if ordered_pairs and given.size == 2 * needed.size:
            return wrong(ordered_pairs, given.tolist())
        if given.size != needed.size:
            return wrong(f"{needed.size} numbers are needed, and there are {given.size}", given.tolist())
        given = given.ravel()
        if close(given, needed).all():
            return right()
        for reason, mistake in (mistakes or {}).items():
            if close(given, np.asarray(_value(mistake, context), float).ravel()).all():
                return wrong(reason, given.tolist())
        if close(np.sort(given), np.sort(needed)).all():
            return wrong("these are the right numbers in another order", given.tolist())
        off = [place for place, fits in zip(places, close(given, needed), strict=True) if not fits]
        if len(off) == needed.size:
            return wrong("none of the numbers is right", given.tolist())
        return wrong(f"{' and '.join(off)} {'is' if len(off) == 1 else 'are'} not right", given.tolist())

    return judge


def name(
    *accepted: str | Callable[..., Sequence[str]],
    mistakes: Mapping[str, str] | None = None,
) -> Judge:
    """Judge one name; case, separators and plurals make no difference.

    Args:
        accepted: all names that are right, or functions that give them from what else the check cell passes.
        mistakes: a wrong name to the reason why it is wrong.

    Example:
        >>> judge = name("SelectV2", mistakes={"where": "that is NumPy's name"})
        >>> judge("select_v2").state, judge(["SELECT-V2"]).state, judge("Where").why
        ('right', 'right', "that is NumPy's name")
    """

    def judge(answer: Any, *context: Any) -> Verdict:
        if is_missing(answer):
            return missing()
        if isinstance(answer, list | tuple | set | frozenset | np.ndarray) and len(answer) == 1:
            (answer,) = answer
        right_names: list[str] = []
        for each in accepted:
            right_names += [each] if isinstance(each, str) else list(each(*context))
        if any(same_word(answer, each) for each in right_names):
            return right()
        for mistake, reason in (mistakes or {}).items():
            if same_word(answer, mistake):
                return wrong(reason, answer)
        return wrong(f"{shortened(str(answer))} is not it", answer)

    return judge


def names(
    expected: Sequence[str] | Callable[..., Sequence[str]],
    *,
    ordered: bool = False,
    mistakes: Mapping[str, str] | None = None,
) -> Judge:
    """Judge several names: in any order, or in the right one.

    Args:
        expected: the right names, or a function that gives them from what else the check cell passes.
        ordered: whether the order counts.
        mistakes: a wrong name to the reason why it is wrong.

    Example:
        >>> judge = names(["pole", "sign"])
        >>> judge({"Signs", "Pole"}).state, judge(["pole"]).why
        ('right', '1 of 2 names is missing')
    """

    def judge(answer: Any, *context: Any) -> Verdict:
        if is_missing(answer):
            return missing()
        given = answer.split(",") if isinstance(answer, str) else answer
        try:
            given = list(given)
        except TypeError:
            raise Unreadable(f"several names are needed, and this is {kind_of(answer)}") from None
        needed = list(_value(expected, context))
        absent = [each for each in needed if not any(same_word(one, each) for one in given)]
        extra = [one for one in given if not any(same_word(one, each) for each in needed)]
        if not absent and not extra:
            in_order = all(same_word(one, each) for one, each in zip(given, needed, strict=False))
            if ordered and not in_order:
                return wrong("these are the right names in another order", given)
            return right()
        for one in extra:
            for mistake, reason in (mistakes or {}).items():
                if same_word(one, mistake):
                    return wrong(reason, given)
        if extra:
            return wrong(f"{shortened(str(extra[0]))} does not belong to them", given)
        verb = "is" if len(absent) == 1 else "are"
        return wrong(f"{len(absent)} of {len(needed)} names {verb} missing", given)

    return judge
