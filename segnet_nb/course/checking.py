"""``check``: the line under every exercise, which prints whether the answer is right, and if not, why not.

``grade`` does the same for graders of notebooks such as nbgrader and Otter, and raises if it is not.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from typing import Any

from segnet_nb.course import progress_file
from segnet_nb.course.answers import is_missing
from segnet_nb.course.verdicts import Exercise, Unreadable, Verdict, missing, wrong

_NUMBER = re.compile(r"(\d{1,2})\.(\d+)")

# Wrong answers of this session, per exercise. Not written to a file; ``progress_file`` says what is.
_attempts: dict[str, list[str]] = {}


class NotRightError(AssertionError):
    """An answer that ``grade`` does not accept; the message says why.

    Example:
        >>> raise NotRightError("Not yet: 0.9 is too small.")
        Traceback (most recent call last):
            ...
        segnet_nb.course.checking.NotRightError: Not yet: 0.9 is too small.
    """

    def _render_traceback_(self) -> list[str]:
        # IPython shows this instead of the lines of the package, which say nothing about the answer.
        return str(self).splitlines()


def check(exercise: str, answer: Any = None, *context: Any) -> None:
    """Print ``Right``, or ``Not yet`` with the reason.

    A hint is given after a wrong answer, and a second one after another wrong answer. Running the same cell
    again does not count, and neither does a cell without an answer. Never raises. That an exercise is solved
    is kept in the reader's progress, once; see ``progress``.

    Args:
        exercise: lesson and number, such as ``"04.1"``.
        answer: the reader's answer; numbers in any form that NumPy reads, names in any spelling.
        *context: variables of the lesson that the answer depends on, as its check cell has them.

    Example:
        >>> check("04.3", None)
        Not yet: there is no answer to check yet.
        >>> check("04.3", 9)
        Right.
    """
    text = report(exercise, answer, *context)
    print(text)
    if text.startswith("Right"):
        _remember(exercise)


def grade(exercise: str, answer: Any = None, *context: Any) -> None:
    """Print ``Right``, or raise an error with what ``check`` would print: a test for graders of notebooks.

    Args:
        exercise: lesson and number, such as ``"04.1"``.
        answer: the reader's answer, as for ``check``.
        *context: variables of the lesson that the answer depends on.

    Raises:
        NotRightError: if the answer is missing or not right, or there is no such exercise.

    Example:
        >>> grade("04.3", 9)
        Right.
        >>> grade("04.3", None)
        Traceback (most recent call last):
            ...
        segnet_nb.course.checking.NotRightError: Not yet: there is no answer to check yet.
    """
    is_right, text = _outcome(exercise, answer, context)
    if not is_right:
        raise NotRightError(text)
    print(text)


def report(exercise: str, answer: Any = None, *context: Any) -> str:
    """The text that ``check`` prints.

    Example:
        >>> report("4.3", 9.0)
        'Right.'
    """
    return _outcome(exercise, answer, context)[1]


def _outcome(exercise: str, answer: Any, context: tuple[Any, ...]) -> tuple[bool, str]:
    """Whether an answer is right, and the text about it."""
    known = _find(exercise)
    if known is None:
        return False, f"Not yet: there is no exercise {exercise!r}; the numbers are such as '04.1'."
    name, found = known
    verdict = _judged(found, answer, context)
    if verdict.state == "right":
        return True, " ".join(part for part in (f"Right{_tail(verdict.why)}", found.note) if part)
    lines = [f"Not yet: {verdict.why}."]
    if verdict.state == "wrong":
        made = _attempts.setdefault(name, [])
        if verdict.seen not in made:
            made.append(verdict.seen)
        lines += [f"Hint: {hint}" for hint in found.hints[: len(made)]]
    return False, "\n".join(lines)


def forget(exercise: str | None = None) -> None:
    """Forget the attempts at an exercise, or at all, so that hints begin anew.

    Example:
        >>> forget()
    """
    if exercise is None:
        _attempts.clear()
    elif known := _find(exercise):
        _attempts.pop(known[0], None)


def exercise_ids(lesson: str) -> list[str]:
    """The exercises of a lesson that have a check.

    Args:
        lesson: its number, ``"04"``.

    Example:
        >>> exercise_ids("04")
        ['04.1', '04.2', '04.3']
    """
    return list(_exercises(lesson))


def _exercises(lesson: str) -> dict[str, Exercise]:
    module = f"segnet_nb.course.lesson{int(lesson):02d}"
    if importlib.util.find_spec(module) is None:
        return {}
    return importlib.import_module(module).EXERCISES


def _find(exercise: Any) -> tuple[str, Exercise] | None:
    match = _NUMBER.fullmatch(str(exercise).strip())
    if match is None:
        return None
    name = f"{int(match[1]):02d}.{int(match[2])}"
    found = _exercises(match[1]).get(name)
    return None if found is None else (name, found)


def _remember(exercise: Any) -> None:
    """Keep that an exercise is solved; whatever happens to the file must not disturb the lesson."""
    # A solution is right without the reader; Jupyter's server says which notebook a kernel runs.
    if "solutions" in os.environ.get("JPY_SESSION_NAME", "").replace("\\", "/").split("/"):
        return
    try:
        known = _find(exercise)
        if known is None or known[0] in progress_file.load()["exercises"]:
            return
        progress_file.change(lambda content: content["exercises"].setdefault(known[0], progress_file.now()))
        for sentence in progress_file.notices():
            print(sentence)
    except Exception:  # progress is worth less than the lesson
        return


def _judged(exercise: Exercise, answer: Any, context: tuple[Any, ...]) -> Verdict:
    try:
        if is_missing(answer):
            return missing()
        return exercise.judge(answer, *context)
    except Unreadable as reason:
        return wrong(str(reason))
    except Exception as error:
        text = " ".join(str(error).split()).rstrip(".")
        return missing(
            f"the answer could not be judged ({type(error).__name__}: {text}); "
            "run the cells above again, and see that none of their names is used for something else"
        )


def _tail(why: str) -> str:
    return f": {why}." if why else "."
