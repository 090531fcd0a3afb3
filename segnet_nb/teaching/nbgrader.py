"""A lesson as an assignment of nbgrader, with cell metadata of schema version 3.

The format: https://nbgrader.readthedocs.io
"""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode

from segnet_nb.teaching.cells import code_cell, fresh_notebook
from segnet_nb.teaching.lessons import Lesson, Question
from segnet_nb.teaching.links import Places, moved_cell

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = "# YOUR CODE HERE"

CONFIG = f'''\
"""Settings of nbgrader for this course directory."""

c = get_config()

c.CourseDirectory.course_id = "segnet"
# What stands in place of a solution. The lines before it already give the answer's name a value, so the
# lesson runs on without an answer; nbgrader's own text would raise an error instead.
c.ClearSolutions.code_stub = {{"python": "{STUB}"}}
# release/ is here already; it is made anew from source/, which also tells the gradebook of the assignment.
c.GenerateAssignment.force = True
# Seconds for one cell: lesson 05 trains a network.
c.Execute.timeout = 1800
'''


def source_notebook(lesson: Lesson, *, points: float, places: Places) -> NotebookNode:
    """The instructor's version: each answer is a solution region, each check a test with points.

    Args:
        lesson: a lesson with exercises.
        points: of each exercise.
        places: where links lead, see ``links.moved_links``.

    Returns:
        A notebook without outputs for the folder ``source`` of a course directory.
    """
    return _notebook(lesson, points, places, solved=True)


def release_notebook(lesson: Lesson, *, points: float, places: Places) -> NotebookNode:
    """The students' version, with the text that ``nbgrader generate_assignment`` makes of the source."""
    return _notebook(lesson, points, places, solved=False)


def solution_cell_source(unsolved: str, answer: str, *, solved: bool) -> str:
    """The text of an answer cell: what students start from, then the region that nbgrader takes out.

    Example:
        >>> print(solution_cell_source("w = None  # your turn", "w = 9", solved=True))
        w = None  # your turn
        ### BEGIN SOLUTION
        w = 9
        ### END SOLUTION
        >>> print(solution_cell_source("w = None  # your turn", "w = 9", solved=False))
        w = None  # your turn
        # YOUR CODE HERE
    """
    region = [BEGIN, answer, END] if solved else [STUB]
    return "\n".join([unsolved, *region])


def _notebook(lesson: Lesson, points: float, places: Places, *, solved: bool) -> NotebookNode:
    assert lesson.solution is not None, "only lessons with exercises are exported"
    answers = {question.answer: question for question in lesson.questions}
    checks = {question.check: question for question in lesson.questions}
    cells = []
    for place, cell in enumerate(lesson.solution.cells):
        if "solution" in cell.metadata.get("tags", ()):
            continue
        if place in answers:
            text = solution_cell_source(cell.metadata["unsolved"], cell.source, solved=solved)
            cells.append(code_cell(cell, text, nbgrader=_answer_metadata(answers[place])))
        elif place in checks:
            text = grade_call(checks[place])
            cells.append(code_cell(cell, text, nbgrader=_check_metadata(checks[place], points)))
        elif cell.cell_type == "code":
            cells.append(code_cell(cell, cell.source))
        else:
            cells.append(moved_cell(cell, places))
    return fresh_notebook(cells)


def grade_call(question: Question) -> str:
    """The test of an exercise: it prints ``Right``, or raises with the reason.

    Example:
        >>> grade_call(Question("04.1", 0, 1, 2, 3, ("my_dice",)))
        'course.grade("04.1", my_dice)'
    """
    arguments = ", ".join([f'"{question.number}"', *question.arguments])
    return f"course.grade({arguments})"


def _answer_metadata(question: Question) -> dict[str, Any]:
    return {
        "schema_version": 3,
        "grade_id": question.name,
        "grade": False,
        "locked": False,
        "solution": True,
        "task": False,
    }


def _check_metadata(question: Question, points: float) -> dict[str, Any]:
    return {
        "schema_version": 3,
        "grade_id": f"{question.name}_test",
        "grade": True,
        "locked": True,
        "solution": False,
        "task": False,
        "points": points,
    }
