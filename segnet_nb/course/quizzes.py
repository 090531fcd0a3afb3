"""The self-test of each lesson and the test before and after the course, with what is kept of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segnet_nb._shared.errors import UserError, UserIndexError
from segnet_nb.course import progress_file
from segnet_nb.course.bank import LESSONS, Question, form, lesson_number, self_test
from segnet_nb.course.gains import gain
from segnet_nb.widgets.quiz import Quiz
from segnet_nb.widgets.quiz.marks import mark
from segnet_nb.widgets.quiz.text import verdict

_HEADINGS = {"before": "Test before the course", "after": "Test after the course"}

# The quiz of each lesson that is on a page of this session, so that answers from a cell appear in it.
_shown: dict[str, Quiz] = {}


def quiz(lesson: str) -> Quiz:
    """The questions at the end of a lesson; each is graded by its own button.

    Answers are kept in the reader's progress, see ``progress``. Without a browser the questions are shown as
    text, and ``answer`` grades.

    Args:
        lesson: its number, such as ``"04"``.

    Raises:
        UserError: if the lesson has no questions.

    Example:
        >>> quiz("04").heading
        'Check yourself: 04 Losses and metrics'
    """
    name, questions = lesson_number(lesson), self_test(lesson)
    kept = progress_file.load()["self_tests"]
    answers = {one["id"]: kept[one["id"]]["answer"] for one in questions if one["id"] in kept}
    made = Quiz(
        f"Check yourself: {name} {LESSONS[name][1]}",
        questions,
        graded=_keep_self_test,
        answers=answers,
        checked=list(answers),
    )
    _say_notices(made)
    _shown[name] = made
    return made


def answer(lesson: str, number: int, given: str | float) -> None:
    """Answer a question of a lesson from a cell, and print whether it is right.

    Args:
        lesson: its number, such as ``"04"``.
        number: of the question, from 1.
        given: a letter, or a number.

    Raises:
        UserError: if the lesson has no questions.
        UserIndexError: if it has no question of this number.

    Example:
        >>> answer("04", 2, "b")
        Right: b. In accuracy the object is one pixel in a hundred; in mean IoU it is one class of two.
    """
    questions = self_test(lesson)
    if not (isinstance(number, int) and 1 <= number <= len(questions)):
        raise UserIndexError(
            f"number is {number!r}, it must be from 1 to {len(questions)}, a question of the lesson"
        )
    question, text = questions[number - 1], _as_text(given)
    print(verdict(question, text, reveal=False))
    if mark(question, text).right is None:
        return
    shown = _shown.get(lesson_number(lesson))
    if shown is None:
        _keep(question, text)
        return
    name = question["id"]
    shown.checked = [each for each in shown.checked if each != name]
    shown.answers = {**shown.answers, name: text}
    shown.checked = [*shown.checked, name]


def test(which: str, answers: Sequence[str | float | None] | None = None) -> Quiz:
    """Twelve questions from all lessons, graded together; after the course the normalized gain is shown.

    The test before the course and the one after it have the same twelve topics and other questions. The first
    result of each counts: ``progress().reset("before", sure=True)`` begins it again.

    Args:
        which: ``"before"`` or ``"after"``.
        answers: twelve letters and numbers, to grade the test from a cell; None where there is no answer.

    Raises:
        UserError: if ``which`` is another name, there are not twelve answers, or the test is graded already.

    Example:
        >>> [question["topic"] for question in test("before").questions[:2]]
        ['Where SegNet is used', 'VGG16 and ImageNet']
    """
    questions = form(which)
    kept = progress_file.load()["tests"].get(which)
    if answers is not None and kept:
        raise UserError(
            f"the test {which} the course is graded already ({kept['right']} of {kept['of']} right); "
            f'course.progress().reset("{which}", sure=True) removes its result'
        )
    made = Quiz(
        _HEADINGS[which],
        questions,
        at_once=True,
        graded=_keep_test,
        answers=kept["answers"] if kept else {},
        checked=[question["id"] for question in questions] if kept else [],
        note=_note(which) if kept else "",
    )
    _say_notices(made)
    if answers is not None:
        _grade(made, answers)
    return made


test.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


def _grade(made: Quiz, answers: Sequence[str | float | None]) -> None:
    ids = [question["id"] for question in made.questions]
    given = list(answers)
    if len(given) != len(ids):
        raise UserError(
            f"there are {len(given)} answers, they must be {len(ids)}, one for each question or None"
        )
    made.answers = {name: _as_text(each) for name, each in zip(ids, given, strict=True) if each is not None}
    made.checked = ids


def _as_text(given: Any) -> str:
    return str(given).strip()


def _keep_self_test(made: Quiz) -> str:
    kept = progress_file.load()["self_tests"]
    for question in made.questions:
        name = question["id"]
        text = made.answers.get(name, "")
        if name in made.checked and kept.get(name, {}).get("answer") != text:
            _keep(question, text)
    _say_notices(made)
    return ""


def _keep(question: Question, text: str) -> None:
    right = mark(question, text).right
    if right is None:
        return
    name = question["id"]

    def edit(content: dict[str, Any]) -> None:
        before = content["self_tests"].get(name)
        first = before["first_right"] if before else right
        content["self_tests"][name] = {
            "answer": text,
            "right": right,
            "first_right": first,
            "when": progress_file.now(),
        }

    progress_file.change(edit)


def _keep_test(made: Quiz) -> str:
    which = made.questions[0]["id"].split(".")[0]
    result = {
        "answers": dict(made.answers),
        "right": sum(made.marks.values()),
        "of": len(made.questions),
        "when": progress_file.now(),
    }
    # The first result counts, also where a second copy of the test is on a page.
    progress_file.change(lambda content: content["tests"].setdefault(which, result))
    _say_notices(made)
    return _note(which)


def _note(which: str) -> str:
    """What is said below a graded test."""
    tests = progress_file.load()["tests"]
    if which == "before":
        return "The test after the course has other questions of the same topics."
    if "before" not in tests:
        return "There is no result from before the course, so there is no gain to show."
    before, after = tests["before"], tests["after"]
    return (
        f"Before the course {before['right']} of {before['of']} were right. "
        f"{gain(before['right'], after['right'], after['of'])}"
    )


def _say_notices(made: Quiz) -> None:
    """Show what there is to tell about the progress file."""
    made.error = " ".join(progress_file.notices())
