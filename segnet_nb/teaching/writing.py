"""Files of a folder for a class: lessons for students, the glossary they use, and texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from segnet_nb.teaching.cells import fresh_notebook
from segnet_nb.teaching.lessons import Lesson
from segnet_nb.teaching.links import Places, moved_cell, moved_links

GLOSSARY = "glossary.md"


def read_glossary(notebooks: Path) -> str | None:
    """The glossary, whose terms the lessons use, without links; None if it is not beside the lessons."""
    path = notebooks.parent / "docs" / GLOSSARY
    return moved_links(path.read_text(encoding="utf-8"), lambda _: None) if path.is_file() else None


def places_of(lessons: Sequence[Lesson], pattern: str, glossary: str | None) -> Places:
    """Where links lead: to other lessons of the folder, and to the glossary beside each notebook.

    Args:
        lessons: those in the folder.
        pattern: the address of a lesson, with ``NAME`` for its name.
        glossary: its text; None: there is none.
    """
    known = {f"{lesson.name}.ipynb": pattern.replace("NAME", lesson.name) for lesson in lessons}
    return {**known, **({} if glossary is None else {GLOSSARY: GLOSSARY})}.get


def write_lessons(folder: Path, lessons: Sequence[Lesson], glossary: str | None) -> None:
    """Write the lessons as students get them, with the outputs that are stored, and the glossary."""
    places = places_of(lessons, "NAME.ipynb", glossary)
    for lesson in lessons:
        cells = [moved_cell(cell, places) for cell in lesson.notebook.cells]
        write_notebook(folder / f"{lesson.name}.ipynb", like(lesson.notebook, cells))
    write_text(folder / GLOSSARY, glossary)


def like(notebook: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    """A notebook of these cells in the format of another."""
    new = fresh_notebook(cells)
    new.nbformat_minor = notebook.nbformat_minor
    return new


def write_notebook(path: Path, notebook: NotebookNode) -> None:
    """Validate a notebook and write it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


def write_text(path: Path, text: str | None) -> None:
    """Write a text, if there is one."""
    if text is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
