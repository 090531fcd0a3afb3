"""Answers of readers as numbers and words: whatever form is reasonable is read."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import numpy as np

from segnet_nb.course.verdicts import Unreadable

_WORD_ENDINGS = (("ies", "y"), ("es", ""), ("s", ""))


def is_missing(answer: Any) -> bool:
    """Whether nothing was answered: None, an Ellipsis, or something empty.

    Example:
        >>> [is_missing(answer) for answer in (None, ..., [], "", 0, [0])]
        [True, True, True, True, False, False]
    """
    if answer is None or answer is Ellipsis:
        return True
    if isinstance(answer, str):
        return not answer.strip()
    if isinstance(answer, list | tuple) and answer:
        return all(each is None or each is Ellipsis for each in answer)
    try:
        return len(answer) == 0
    except Exception:  # a number, a tensor without a shape, anything that has no length
        return False


def kind_of(answer: Any) -> str:
    """What an answer is, for a message.

    Example:
        >>> kind_of("four"), kind_of([1, 2]), kind_of(print)
        ("the text 'four'", 'a list', 'a function')
    """
    if isinstance(answer, str):
        return f"the text {shortened(answer)}"
    if answer is None:
        return "None"
    if callable(answer):
        return "a function"
    name = type(answer).__name__
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"


def shortened(answer: Any, most: int = 60) -> str:
    """An answer as text of at most ``most`` characters."""
    text = " ".join(repr(answer).split())
    return text if len(text) <= most else f"{text[: most - 4]} ..."


def to_numbers(answer: Any) -> np.ndarray:
    """Read numbers from a number, nested lists, an array or a tensor of the framework.

    Returns:
        An array of float64 with the shape of the answer.

    Raises:
        Unreadable: if these are no numbers, not finite, or rows of different lengths.

    Example:
        >>> to_numbers([[1, 2], (3, 4)]).shape, float(to_numbers(7))
        ((2, 2), 7.0)
    """
    if isinstance(answer, set | frozenset | dict):
        raise Unreadable(f"numbers in an order are needed, such as a list, and this is {kind_of(answer)}")
    if callable(answer):
        raise Unreadable(f"a value is needed, and this is {kind_of(answer)}; call it")
    try:
        array = np.asarray(answer)
        if array.dtype.kind == "O":  # fractions, tensors in a list
            array = np.array([float(each) for each in array.ravel()]).reshape(array.shape)
    except Exception:
        raise Unreadable(f"numbers are needed, and this is {kind_of(answer)}") from None
    if array.dtype.kind not in "iuf":
        words = {"b": "True or False", "c": "complex numbers", "U": "text"}
        raise Unreadable(f"numbers are needed, and this is {words.get(array.dtype.kind, kind_of(answer))}")
    numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise Unreadable("a result that is not finite (nan or infinity) cannot be right")
    return numbers


def to_number(answer: Any) -> float:
    """Read a single number; an array with one element is one.

    Raises:
        Unreadable: if there are several numbers, or none.
    """
    numbers = to_numbers(answer)
    if numbers.size != 1:
        raise Unreadable(f"a single number is needed, and these are {numbers.size}")
    return float(numbers.ravel()[0])


def forms(word: Any) -> set[str]:
    """All spellings under which a name counts as the same one.

    Case, spaces, underscores, dashes of every kind and a plural ending make no difference.

    Raises:
        Unreadable: if the answer is no text.

    Example:
        >>> bool(forms("SELECT_V2") & forms("SelectV2")), bool(forms("Poles") & forms("pole"))
        (True, True)
    """
    if not isinstance(word, str | np.str_):
        raise Unreadable(f"a name in quotes is needed, and this is {kind_of(word)}")
    plain = unicodedata.normalize("NFKC", str(word)).casefold()
    plain = re.sub(r"[^\w]|_", "", plain)
    found = {plain}
    for ending, instead in _WORD_ENDINGS:
        if plain.endswith(ending) and len(plain) > len(ending) + 1:
            found.add(plain.removesuffix(ending) + instead)
    return found


def same_word(one: Any, other: str) -> bool:
    """Whether two names are the same but for case, separators and a plural.

    Example:
        >>> same_word("Column - Poles", "column_pole"), same_word("road", "sky")
        (True, False)
    """
    return bool(forms(one) & forms(other))
