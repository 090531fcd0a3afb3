"""Every check, as it stands in its lesson, tells right answers from wrong ones, and says why."""

from __future__ import annotations

import ast
import re

import pytest

from segnet_nb import course
from tests.course.lessons import LESSONS, code_of, exercises, namespace, printed
from tests.course.table import TABLE as FIRST
from tests.course.table_inspected import TABLE as SECOND

TABLE = FIRST | SECOND

NUMBERS = [number for lesson in LESSONS for number in course.exercise_ids(lesson)]


@pytest.fixture(autouse=True)
def _no_attempts():
    course.forget()


def test_every_exercise_of_these_lessons_has_a_check_and_is_in_the_table():
    assert [number for lesson in LESSONS for number in exercises(lesson)] == NUMBERS == list(TABLE)
    assert [f"{number:02}" for number in range(1, 12)] == LESSONS
    for alternatives, tempting in TABLE.values():
        assert len(alternatives) >= 1  # beside the solution
        assert len(tempting) >= 2


@pytest.mark.parametrize("number", NUMBERS)
def test_without_an_answer_nothing_is_given_away(number):
    lesson = number[:2]
    variables = namespace(lesson)
    for _ in range(3):  # not an attempt, however often
        told = printed(lesson, number, exercises(lesson)[number].unsolved, variables)
        assert re.fullmatch(r"Not yet: there is no answer to check yet[^\n]*\.\n", told)
    for other in ("None", "...", "lambda *_: None"):
        (name,) = answer_names(number)
        told = printed(lesson, number, f"{name} = {other}", variables)
        assert told.startswith("Not yet") and ("Hint" not in told or other.startswith("lambda"))


@pytest.mark.parametrize("number", NUMBERS)
def test_the_solution_is_right_however_often(number):
    lesson = number[:2]
    for _ in range(2):
        assert printed(lesson, number, exercises(lesson)[number].solution).startswith("Right")


@pytest.mark.parametrize(
    ("number", "answer"), [(number, answer) for number, (right, _) in TABLE.items() for answer in right]
)
def test_another_right_answer(number, answer):
    assert printed(number[:2], number, answer).startswith("Right")


@pytest.mark.parametrize(
    ("number", "answer", "reason"),
    [(number, answer, why) for number, (_, wrong) in TABLE.items() for answer, why in wrong.items()],
)
def test_a_tempting_wrong_answer(number, answer, reason):
    told = printed(number[:2], number, answer)
    first, *hints = told.splitlines()
    assert first.startswith("Not yet: ") and reason in first
    assert len(hints) == 1 and hints[0].startswith("Hint: ")


def call_of(number: str) -> ast.Call:
    """The one call of a check cell."""
    (statement,) = ast.parse(exercises(number[:2])[number].check).body
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    return statement.value


def answer_names(number: str) -> list[str]:
    return [call_of(number).args[1].id]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_check_cell_holds_no_answer(number):
    call = call_of(number)
    assert ast.unparse(call.func) == "course.check" and not call.keywords
    assert isinstance(call.args[0], ast.Constant) and call.args[0].value == number
    assert all(isinstance(each, ast.Name) for each in call.args[1:])
    for line in exercises(number[:2])[number].check.splitlines():
        assert line.startswith("course.check") or line == "# NBVAL_IGNORE_OUTPUT"


@pytest.mark.parametrize("number", NUMBERS)
def test_the_answer_is_what_the_cell_before_makes(number):
    (name,) = answer_names(number)
    cells = exercises(number[:2])[number]
    assert name in cells.unsolved and name in cells.solution


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_checks_nothing_in_another_way(lesson):
    code = code_of(lesson)
    assert code.count("course.check(") == len(exercises(lesson))
    assert "Not yet" not in code and re.search(r"from segnet_nb import .*\bcourse\b", code)
