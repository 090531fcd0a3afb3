"""A judge of answers that are functions: called with many random arguments, compared with a reference."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from segnet_nb.course.answers import is_missing, kind_of, shortened, to_numbers
from segnet_nb.course.verdicts import Unreadable, Verdict, missing, right, wrong

Cases = Callable[[np.random.Generator], Iterable[tuple[Any, ...]]]
_MOST_SHOWN = 6  # numbers of an argument; a larger one is described by its shape


def function(
    reference: Callable[..., Any],
    *,
    arguments: tuple[str, ...],
    cases: Cases,
    mistakes: Mapping[str, Callable[..., Any]] | None = None,
    kinds: str = "iuf",
    kind_words: str = "numbers",
    tolerance: float = 1e-4,
    seed: int = 20,
) -> Callable[..., Verdict]:
    """Judge a function by what it returns for random arguments.

    Args:
        reference: an independent implementation.
        arguments: names of the arguments, for messages.
        cases: gives the arguments of every call from a random generator: arrays, lists, numbers. Shapes
            should be odd ones too, since a function may be right for one shape only.
        mistakes: a reason to a function that makes a known mistake. Where the answer agrees with it on all
            cases, the reason is given.
        kinds: kinds of NumPy dtypes that a result may have, ``"iu"`` for whole numbers only.
        kind_words: the same in words.
        tolerance: allowed difference, relative to the largest expected number of a case.
        seed: of the generator: a check tries the same cases every time.

    Returns:
        A judge. The expected results are never shown.

    Example:
        >>> judge = function(
        ...     lambda x: 2 * x,
        ...     arguments=("x",),
        ...     cases=lambda rng: [(rng.random(n),) for n in (2, 3, 4)],
        ...     mistakes={"it is not doubled": lambda x: x},
        ... )
        >>> judge(lambda x: x + x).state, judge(lambda x: x).why, judge(lambda x: None).state
        ('right', 'it is not doubled', 'missing')
    """

    def same(result: Any, expected: Any) -> bool:
        if result is None or expected is None:
            return result is expected
        given, needed = to_numbers(result), np.asarray(expected, float)
        allowed = tolerance * max(1e-6, float(np.abs(needed).max(initial=0)))
        return given.shape == needed.shape and bool((np.abs(given - needed) <= allowed).all())

    def agrees(results: list[Any], tried: list[tuple[Any, ...]], mistake: Callable[..., Any]) -> bool:
        try:
            return all(same(r, mistake(*each)) for r, each in zip(results, tried, strict=True))
        except Exception:  # a known mistake may be one that fails on some inputs
            return False

    def judge(answer: Any, *_: Any) -> Verdict:
        if answer is None or answer is Ellipsis:
            return missing()
        if not callable(answer):
            return wrong(f"a function is needed, and this is {kind_of(answer)}", shortened(answer))
        tried = sorted(cases(np.random.default_rng(seed)), key=_size)
        results = []
        with _quiet():
            for each in tried:
                result, trouble = _call(answer, each, arguments)
                if trouble:
                    return wrong(trouble)
                results.append(result)
            expected = [reference(*copy.deepcopy(each)) for each in tried]
            if all(is_missing(result) for result in results):
                return missing("there is no answer to check yet, the function returns nothing")
            for result, each, needed in zip(results, tried, expected, strict=True):
                if trouble := _unfit(result, needed, _described(arguments, each), kinds, kind_words):
                    return wrong(trouble)
            fits = [same(result, needed) for result, needed in zip(results, expected, strict=True)]
            if all(fits):
                return right()
            for reason, mistake in (mistakes or {}).items():
                if agrees(results, tried, mistake):
                    return wrong(reason)
        first = fits.index(False)
        where = f"for {_described(arguments, tried[first])} it gives {_shown(results[first])}"
        if all(repr(result) == repr(results[0]) for result in results):
            return wrong(f"it gives {_shown(results[0])} whatever it is called with")
        share = f"right for {sum(fits)} of {len(fits)} inputs, but " if any(fits) else ""
        return wrong(f"{share}{where}, which is not right")

    return judge


@contextlib.contextmanager
def _quiet() -> Any:
    """What a function prints and warns of in a dozen calls would hide the verdict."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


def _call(answer: Callable[..., Any], case: tuple[Any, ...], names: tuple[str, ...]) -> tuple[Any, str]:
    """The result, and what went wrong."""
    given = copy.deepcopy(case)
    where = _described(names, case)
    try:
        result = answer(*given)
    except (Exception, SystemExit) as error:
        text = " ".join(str(error).split()).rstrip(".")
        return None, f"for {where} it raises {type(error).__name__}{': ' if text else ''}{text}"
    for label, before, after in zip(names, case, given, strict=True):
        if type(before) is not type(after) or not np.array_equal(np.asarray(before), np.asarray(after)):
            return None, f"it changes {label}, which belongs to the caller; work on a copy"
    # A result that shares memory with an argument would change with it.
    return copy.deepcopy(result) if isinstance(result, np.ndarray | list) else result, ""


def _unfit(result: Any, expected: Any, where: str, kinds: str, kind_words: str) -> str:
    """Why a result cannot be compared: of another type, shape or dtype."""
    if result is None or (expected is None and isinstance(result, int | float | np.number)):
        return ""
    try:
        numbers = to_numbers(result)
    except Unreadable as reason:
        return f"for {where} it gives {shortened(result)}: {reason}"
    needed = np.asarray(0 if expected is None else expected)
    if numbers.shape != needed.shape:
        form = f"shape {needed.shape}" if needed.shape else "a single number"
        return f"for {where} the result has shape {numbers.shape}, and {form} is needed"
    kind = np.asarray(result).dtype.kind
    if kind not in kinds and kind != "O":
        return f"for {where} the result is of type {np.asarray(result).dtype}, and {kind_words} are needed"
    return ""


def _size(case: tuple[Any, ...]) -> int:
    return sum(np.size(each) for each in case)


def _described(names: tuple[str, ...], case: tuple[Any, ...]) -> str:
    parts = []
    for label, value in zip(names, case, strict=True):
        if np.size(value) <= _MOST_SHOWN:
            parts.append(f"{label} = {_shown(value)}")
        else:
            shape = np.shape(value)
            parts.append(
                f"{label} of shape {shape}" if len(shape) > 1 else f"{label} of {np.size(value)} numbers"
            )
    return ", ".join(parts)


def _shown(value: Any) -> str:
    if value is None:
        return "None"
    if np.size(value) > _MOST_SHOWN:
        return f"an array of shape {np.shape(value)}"
    with contextlib.suppress(Exception):
        array = np.asarray(value)
        if array.dtype.kind == "f":
            rounded = np.vectorize(lambda each: float(f"{each:.4g}"), otypes=[float])(array)
            return str(rounded.tolist())
        return str(array.tolist())
    return shortened(value)
