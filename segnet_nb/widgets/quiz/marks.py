"""Whether an answer to a question is right, and why; ``marks.js`` is the same for the browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

LETTERS = "abcdefgh"
_NUMBER = re.compile(r"([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:\s*/\s*([0-9]+\.?[0-9]*|\.[0-9]+))?\s*(%?)")


@dataclass(frozen=True)
class Mark:
    """What is said about an answer.

    Attributes:
        right: whether it is right; None if there is no answer, or one that cannot be read.
        why: one sentence.
    """

    right: bool | None
    why: str


def mark(question: dict[str, Any], answer: str) -> Mark:
    """Judge an answer.

    Args:
        question: with ``choices`` (pairs of text and reason) and ``right``, the letter of the right one; or
            with ``number``, ``tolerance``, ``why`` and ``mistakes`` (pairs of a wrong number and the reason).
        answer: a letter, or a number such as ``0.25``, ``1/4`` or ``25 %``.

    Example:
        >>> mark({"choices": [["2", "It is odd."], ["3", "3 is odd."]], "right": "b"}, "B")
        Mark(right=True, why='3 is odd.')
        >>> mark({"number": 0.25, "tolerance": 0.01, "why": "A quarter.", "mistakes": []}, "1/4").right
        True
    """
    answer = answer.strip()
    if not answer:
        return Mark(None, "There is no answer yet.")
    return _mark_choice(question, answer) if "choices" in question else _mark_number(question, answer)


def _mark_choice(question: dict[str, Any], answer: str) -> Mark:
    letters = LETTERS[: len(question["choices"])]
    letter = answer.lower()
    if len(letter) != 1 or letter not in letters:
        return Mark(None, f"One of the letters {', '.join(letters)} is needed.")
    return Mark(letter == question["right"], question["choices"][letters.index(letter)][1])


def _mark_number(question: dict[str, Any], answer: str) -> Mark:
    value = number_of(answer)
    if value is None:
        return Mark(None, "A number is needed, such as 0.25, 1/4 or 25 %.")
    tolerance = question["tolerance"] * (1 + 1e-9) + 1e-12
    if abs(value - question["number"]) <= tolerance:
        return Mark(True, question["why"])
    for mistake, why in question["mistakes"]:
        if abs(value - mistake) <= tolerance:
            return Mark(False, why)
    return Mark(False, "It is another number.")


def number_of(text: str) -> float | None:
    """A number as readers write it; None for anything else.

    Example:
        >>> number_of("0,5"), number_of("3/7") == 3 / 7, number_of("25 %"), number_of("a half")
        (0.5, True, 0.25, None)
    """
    found = _NUMBER.fullmatch(text.strip().replace(",", ".").replace("−", "-"))
    if found is None or (found[2] is not None and float(found[2]) == 0):
        return None
    value = float(found[1]) / float(found[2] or 1)
    return value / 100 if found[3] else value


def right_answer(question: dict[str, Any]) -> str:
    """The right answer in words.

    Example:
        >>> right_answer({"choices": [["2", ""], ["3", ""]], "right": "b"}), right_answer({"number": 0.5})
        ('b (3)', '0.5')
    """
    if "choices" in question:
        letter = question["right"]
        return f"{letter} ({question['choices'][LETTERS.index(letter)][0]})"
    return f"{question['number']:.4g}"


def reason(question: dict[str, Any]) -> str:
    """Why the right answer is right.

    Example:
        >>> reason({"choices": [["2", "Even."], ["3", "Odd."]], "right": "b"}), reason({"why": "A half."})
        ('Odd.', 'A half.')
    """
    if "choices" in question:
        return question["choices"][LETTERS.index(question["right"])][1]
    return question["why"]
