"""The answers of a lesson as a page to print: each exercise, its solution, what it prints, and why."""

from __future__ import annotations

import re

import nbformat
from nbformat import NotebookNode

from segnet_nb.reports.html import STYLE, page_of
from segnet_nb.teaching.cells import fresh_notebook
from segnet_nb.teaching.lessons import Lesson, Question
from segnet_nb.teaching.links import moved_links

_BEGIN = re.compile(r"^\*\*(?:Exercise )?(\d+)\.", re.M)

PRINT = """
.jp-InputPrompt, .jp-OutputPrompt { display: none; }
.jp-Cell { break-inside: avoid; }
.jp-Cell:has(h2) { break-after: avoid; }
main { max-width: 820px; margin: 0 auto; padding: 0 16px; }
@media print {
  @page { margin: 18mm; }
  body, .jp-Notebook { background: #fff; color: #000; overflow: visible !important; }
  main { max-width: none; padding: 0; }
  pre, code { white-space: pre-wrap !important; }
}
"""


def answers_notebook(lesson: Lesson) -> NotebookNode:
    """The exercises of a lesson with their answers alone, with the outputs that the solution has stored.

    Args:
        lesson: a lesson with exercises.
    """
    assert lesson.solution is not None, "only lessons with exercises have answers"
    cells = [nbformat.v4.new_markdown_cell(f"# {lesson.title}: answers", id="answers-title")]
    for question in lesson.questions:
        cells += _answered(question, lesson.solution.cells)
    return fresh_notebook(cells)


def answers_page(lesson: Lesson) -> str:
    """The same as an HTML page that needs no network and prints on paper of any size."""
    return page_of(answers_notebook(lesson), title=f"{lesson.title}: answers", style=STYLE + PRINT)


def question_text(source: str) -> str:
    r"""What an exercise asks, without the text before it in the same cell.

    Example:
        >>> question_text("What it means.\n\n## Exercises\n\n**1.** How many?")
        '**1.** How many?'
    """
    found = list(_BEGIN.finditer(source))
    return source[found[-1].start() :] if found else source


def _answered(question: Question, source: list[NotebookNode]) -> list[NotebookNode]:
    name = question.name.replace("_", "-")
    asked = moved_links(question_text(source[question.start].source), lambda _: None)
    cells = [nbformat.v4.new_markdown_cell(f"## Exercise {question.number}\n\n{asked}", id=f"{name}-asked")]
    answer, check = source[question.answer], source[question.check]
    for cell, tag in ((answer, "a"), (check, "c")):
        new = nbformat.v4.new_code_cell(cell.source, id=f"{name}-{tag}", outputs=cell.outputs)
        cells.append(new)
    for cell in source[question.check + 1 : question.end]:
        cells.append(
            nbformat.v4.new_markdown_cell(moved_links(cell.source, lambda _: None), id=f"{name}-{cell.id}")
        )
    return cells
