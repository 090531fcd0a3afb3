"""What a check finds out about an answer, and what an exercise is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Verdict:
    """The result of judging one answer.

    Attributes:
        state: ``"right"``, ``"wrong"``, or ``"missing"`` if there is no answer yet.
        why: the reason, without a full stop at the end; empty if there is nothing to add.
        seen: what tells this answer from another one, so that running a cell twice is one attempt.
    """

    state: Literal["right", "wrong", "missing"]
    why: str = ""
    seen: str = ""


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson.

    Attributes:
        judge: gets the answer, then what else the check cell passes, and returns the verdict. It may raise an
            ``Unreadable`` for an answer that is of the wrong kind.
        hints: shown after the first and after the second wrong attempt.
        note: a sentence that is printed after ``Right``; may be empty.
    """

    judge: Callable[..., Verdict]
    hints: tuple[str, str]
    note: str = ""


class Unreadable(Exception):
    """An answer that is not of the kind asked for; the message says what it is and what is needed."""


def right(why: str = "") -> Verdict:
    """The verdict on a right answer."""
    return Verdict("right", why)


def wrong(why: str, seen: Any = "") -> Verdict:
    """The verdict on a wrong answer, with the reason."""
    return Verdict("wrong", why, f"{why} {seen!r}")


def missing(why: str = "there is no answer to check yet") -> Verdict:
    """The verdict where nothing was answered."""
    return Verdict("missing", why)
