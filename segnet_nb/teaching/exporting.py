"""Chosen lessons for a class: a release and a solution version for a grader, with answers and slides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

from nbformat import NotebookNode

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.versions import __version__
from segnet_nb.teaching import nbgrader, otter
from segnet_nb.teaching.answers import answers_page
from segnet_nb.teaching.cells import code_cell
from segnet_nb.teaching.folders import made_folder
from segnet_nb.teaching.lessons import Lesson, find_notebooks, read_lessons
from segnet_nb.teaching.links import Places, moved_cell
from segnet_nb.teaching.readmes import readme
from segnet_nb.teaching.reveal import FOLDER, copy_reveal, find_reveal
from segnet_nb.teaching.slides import slides_page
from segnet_nb.teaching.writing import (
    GLOSSARY,
    like,
    places_of,
    read_glossary,
    write_lessons,
    write_notebook,
    write_text,
)

Grader = Literal["nbgrader", "otter", "plain"]
GRADERS: tuple[Grader, ...] = get_args(Grader)


def export_course(
    out: str | Path,
    grader: Grader,
    lessons: Sequence[str] = (),
    *,
    notebooks: str | Path | None = None,
    points: float = 1.0,
    slides: bool = False,
    reveal: str | Path | None = None,
) -> Path:
    """Export lessons for nbgrader, for Otter, or as plain notebooks.

    Every export has the answers of each lesson as a page to print, ``answers/NAME.html``.

    Args:
        out: the folder to write; one of an earlier export for the same grader is updated.
        grader: ``"nbgrader"``: a course directory. ``"otter"``: master notebooks for Otter Assign.
            ``"plain"``: the lessons and their solutions, for no tool.
        lessons: numbers or names; none: all, or for a grader all with exercises.
        notebooks: the folder of the lessons, see ``lessons.find_notebooks``.
        points: of each exercise.
        slides: also write each lesson as slides, ``slides/NAME.slides.html``.
        reveal: the folder of reveal.js that is copied beside the slides, see ``reveal.find_reveal``; where
            there is none, the slides load it from the network.

    Returns:
        The folder.

    Raises:
        UserError: if the grader or a lesson is unknown, a chosen lesson has no exercises to grade, the
            points are not a number above 0, or the folder cannot be used, see ``folders.made_folder``.
        MissingFileError: if the lessons, or the given reveal.js, are not found.

    Example:
        >>> export_course("course", "moodle")
        Traceback (most recent call last):
            ...
        segnet_nb.UserError: there is no export for 'moodle'. Choose from: nbgrader, otter, plain.
    """
    if grader not in GRADERS:
        raise UserError(f"there is no export for {grader!r}. Choose from: {', '.join(GRADERS)}.")
    if not 0 < points < float("inf"):
        raise UserError(f"points must be a number above 0, but got {points}.")
    folder = find_notebooks(notebooks)
    chosen = read_lessons(folder, lessons)
    if grader != "plain":
        chosen = _with_exercises(chosen, grader, named=bool(lessons))
    glossary = read_glossary(folder)
    copied = find_reveal(reveal) if slides else None
    with made_folder(out, grader) as temporary:
        _WRITERS[grader](temporary, chosen, points, glossary)
        for lesson in chosen:
            if lesson.questions:
                write_text(temporary / "answers" / f"{lesson.name}.html", answers_page(lesson))
            if slides:
                page = slides_page(lesson, reveal=FOLDER if copied else None)
                write_text(temporary / "slides" / f"{lesson.name}.slides.html", page)
        if copied:
            copy_reveal(copied, temporary / "slides")
        write_text(temporary / "README.md", readme(grader, chosen, slides=slides, offline=bool(copied)))
    return Path(out)


def _with_exercises(lessons: list[Lesson], grader: str, *, named: bool) -> list[Lesson]:
    without = [lesson.name for lesson in lessons if not lesson.questions]
    if without and named:
        raise UserError(f"{without[0]} has no exercises, so {grader} has nothing to grade: leave it out.")
    return [lesson for lesson in lessons if lesson.questions]


def _write_nbgrader(folder: Path, lessons: list[Lesson], points: float, glossary: str | None) -> None:
    places = places_of(lessons, "../NAME/NAME.ipynb", glossary)
    versions = {"source": nbgrader.source_notebook, "release": nbgrader.release_notebook}
    for lesson in lessons:
        for name, make in versions.items():
            place = folder / name / lesson.name
            write_notebook(place / f"{lesson.name}.ipynb", make(lesson, points=points, places=places))
            write_text(place / GLOSSARY, glossary)
    write_text(folder / "nbgrader_config.py", nbgrader.CONFIG)


def _write_otter(folder: Path, lessons: list[Lesson], points: float, glossary: str | None) -> None:
    for lesson in lessons:
        # Each students' version is a folder of its own: links to others would lead nowhere.
        notebook = otter.master_notebook(lesson, points=points, places=lambda _: None)
        write_notebook(folder / "master" / f"{lesson.name}.ipynb", notebook)
    write_text(folder / "master" / "requirements.txt", f"segnet-nb=={__version__}\n")


def _write_plain(folder: Path, lessons: list[Lesson], points: float, glossary: str | None) -> None:
    write_lessons(folder / "release", lessons, glossary)
    to_lesson = places_of(lessons, "../release/NAME.ipynb", None)
    for lesson in lessons:
        if lesson.solution is not None:
            cells = [_solved(cell, to_lesson) for cell in lesson.solution.cells]
            path = folder / "solutions" / f"{lesson.name}.ipynb"
            write_notebook(path, like(lesson.solution, cells))


def _solved(cell: NotebookNode, places: Places) -> NotebookNode:
    """A cell of a solution with its outputs, but without the text for students."""
    if cell.cell_type != "code":
        return moved_cell(cell, places)
    new = code_cell(cell, cell.source)
    new.outputs, new.execution_count = cell.outputs, cell.execution_count
    return new


_WRITERS: dict[str, Callable[[Path, list[Lesson], float, str | None], None]] = {
    "nbgrader": _write_nbgrader,
    "otter": _write_otter,
    "plain": _write_plain,
}
