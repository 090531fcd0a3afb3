"""A lesson as a master notebook of Otter Assign.

The format: https://otter-grader.readthedocs.io
"""

from __future__ import annotations

import ast

from nbformat import NotebookNode

from segnet_nb.teaching.cells import code_cell, fresh_notebook, raw_cell
from segnet_nb.teaching.lessons import Lesson, Question
from segnet_nb.teaching.links import Places, moved_cell
from segnet_nb.teaching.nbgrader import grade_call


def master_notebook(lesson: Lesson, *, points: float, places: Places) -> NotebookNode:
    """The notebook that ``otter assign`` makes the students' version and the autograder of.

    Args:
        lesson: a lesson with exercises.
        points: of each exercise.
        places: where links lead, see ``links.moved_links``.

    Returns:
        A notebook without outputs. Each exercise is a question with one test, which raises if the answer is
        not right.
    """
    assert lesson.solution is not None, "only lessons with exercises are exported"
    source = lesson.solution.cells
    starts = {question.start: question for question in lesson.questions}
    cells, place = [raw_cell(_assignment(lesson.name), "assignment-config")], 0
    while place < len(source):
        question = starts.get(place)
        if question is not None:
            cells += _question(question, source, points, places)
            place = question.end
            continue
        if "solution" not in source[place].metadata.get("tags", ()):
            cells.append(_plain(source[place], places))
        place += 1
    return fresh_notebook(cells)


def answer_cell_source(unsolved: str, answer: str) -> str:
    """The text of an answer cell: the prompt for students, then the region that Otter takes out.

    Example:
        >>> print(answer_cell_source("w = None  # your turn", "w = 9"))
        \"\"\" # BEGIN PROMPT
        w = None  # your turn
        \"\"\" # END PROMPT
        # BEGIN SOLUTION NO PROMPT
        w = 9
        # END SOLUTION
    """
    quotes = "'''" if '"""' in unsolved else '"""'
    return "\n".join(
        [
            f"{quotes} # BEGIN PROMPT",
            unsolved,
            f"{quotes} # END PROMPT",
            "# BEGIN SOLUTION NO PROMPT",
            answer,
            "# END SOLUTION",
        ]
    )


def test_source(question: Question) -> str:
    """The test of an exercise, in Otter's exception-based format.

    Its parameters are variables of the notebook; one that does not exist is None.

    Example:
        >>> print(test_source(Question("03.2", 0, 1, 2, 3, ("accuracy", "train"))))
        def test_exercise_03_2(accuracy, train):
            from segnet_nb import course
            course.grade("03.2", accuracy, train)
    """
    names = {
        node.id: None
        for argument in question.arguments
        for node in ast.walk(ast.parse(argument, mode="eval"))
        if isinstance(node, ast.Name)
    }
    return "\n".join(
        [
            f"def test_{question.name}({', '.join(names)}):",
            "    from segnet_nb import course",
            f"    {grade_call(question)}",
        ]
    )


def _question(
    question: Question, source: list[NotebookNode], points: float, places: Places
) -> list[NotebookNode]:
    name = question.name.replace("_", "-")
    answer, check = source[question.answer], source[question.check]
    text = answer_cell_source(answer.metadata["unsolved"], answer.source)
    return [
        raw_cell(f"# BEGIN QUESTION\nname: {question.name}\npoints: {points:g}", f"{name}-begin"),
        *(_plain(cell, places) for cell in source[question.start : question.answer]),
        raw_cell("# BEGIN SOLUTION", f"{name}-solution"),
        code_cell(answer, text),
        raw_cell("# END SOLUTION", f"{name}-solution-end"),
        raw_cell("# BEGIN TESTS", f"{name}-tests"),
        code_cell(check, test_source(question)),
        raw_cell("# END TESTS", f"{name}-tests-end"),
        raw_cell("# END QUESTION", f"{name}-end"),
    ]


def _plain(cell: NotebookNode, places: Places) -> NotebookNode:
    return code_cell(cell, cell.source) if cell.cell_type == "code" else moved_cell(cell, places)


def _assignment(name: str) -> str:
    """The configuration at the top. PDFs are left out: they would need LaTeX."""
    return "\n".join(
        [
            "# ASSIGNMENT CONFIG",
            f"name: {name}",
            "requirements: requirements.txt",
            "export_cell:",
            "  pdf: false",
            "tests:",
            "  files: true",
            "  ok_format: false",
        ]
    )
