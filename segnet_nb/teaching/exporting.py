"""Chosen lessons for a class: a release and a solution version for a grader, with answers and slides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

import nbformat
from nbformat import NotebookNode

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.versions import __version__
from segnet_nb.teaching import nbgrader, otter
from segnet_nb.teaching.answers import answers_page
from segnet_nb.teaching.cells import code_cell, fresh_notebook
from segnet_nb.teaching.folders import made_folder
from segnet_nb.teaching.lessons import Lesson, find_notebooks, read_lessons
from segnet_nb.teaching.links import Places, moved_cell, moved_links
from segnet_nb.teaching.readmes import readme
from segnet_nb.teaching.reveal import FOLDER, copy_reveal, find_reveal
from segnet_nb.teaching.slides import slides_page

Grader = Literal["nbgrader", "otter", "plain"]
GRADERS: tuple[Grader, ...] = get_args(Grader)
GLOSSARY = "glossary.md"


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
    glossary = _glossary(folder)
    copied = find_reveal(reveal) if slides else None
    with made_folder(out, grader) as temporary:
        _WRITERS[grader](temporary, chosen, points, glossary)
        for lesson in chosen:
            if lesson.questions:
                _write_text(temporary / "answers" / f"{lesson.name}.html", answers_page(lesson))
            if slides:
                page = slides_page(lesson, reveal=FOLDER if copied else None)
                _write_text(temporary / "slides" / f"{lesson.name}.slides.html", page)
        if copied:
            copy_reveal(copied, temporary / "slides")
        _write_text(temporary / "README.md", readme(grader, chosen, slides=slides, offline=bool(copied)))
    return Path(out)


def _with_exercises(lessons: list[Lesson], grader: str, *, named: bool) -> list[Lesson]:
    without = [lesson.name for lesson in lessons if not lesson.questions]
    if without and named:
        raise UserError(f"{without[0]} has no exercises, so {grader} has nothing to grade: leave it out.")
    return [lesson for lesson in lessons if lesson.questions]


def _glossary(folder: Path) -> str | None:
    """The glossary, whose terms the lessons use, without links; None if it is not beside the lessons."""
    path = folder.parent / "docs" / GLOSSARY
    return moved_links(path.read_text(encoding="utf-8"), lambda _: None) if path.is_file() else None


def _places(lessons: list[Lesson], pattern: str, glossary: str | None) -> Places:
    """Where links lead: to other lessons of the export, and to the glossary beside each notebook."""
    known = {f"{lesson.name}.ipynb": pattern.replace("NAME", lesson.name) for lesson in lessons}
    return {**known, **({} if glossary is None else {GLOSSARY: GLOSSARY})}.get


def _write_nbgrader(folder: Path, lessons: list[Lesson], points: float, glossary: str | None) -> None:
    places = _places(lessons, "../NAME/NAME.ipynb", glossary)
    versions = {"source": nbgrader.source_notebook, "release": nbgrader.release_notebook}
    for lesson in lessons:
        for name, make in versions.items():
            place = folder / name / lesson.name
            _write_notebook(place / f"{lesson.name}.ipynb", make(lesson, points=points, places=places))
            _write_text(place / GLOSSARY, glossary)
    _write_text(folder / "nbgrader_config.py", nbgrader.CONFIG)


def _write_otter(folder: Path, lessons: list[Lesson], points: float, glossary: str | None) -> None:
    for lesson in lessons:
        # Each students' version is a folder of its own: links to others would lead nowhere.
        notebook = otter.master_notebook(lesson, points=points, places=lambda _: None)
        _write_notebook(folder / "master" / f"{lesson.name}.ipynb", notebook)
    _write_text(folder / "master" / "requirements.txt", f"segnet-nb=={__version__}\n")


def _write_plain(folder: Path, lessons: list[Lesson], points: float, glossary: str | None) -> None:
    places = _places(lessons, "NAME.ipynb", glossary)
    to_lesson = _places(lessons, "../release/NAME.ipynb", None)
    for lesson in lessons:
        cells = [moved_cell(cell, places) for cell in lesson.notebook.cells]
        _write_notebook(folder / "release" / f"{lesson.name}.ipynb", _notebook(lesson.notebook, cells))
        if lesson.solution is not None:
            cells = [_solved(cell, to_lesson) for cell in lesson.solution.cells]
            path = folder / "solutions" / f"{lesson.name}.ipynb"
            _write_notebook(path, _notebook(lesson.solution, cells))
    _write_text(folder / "release" / GLOSSARY, glossary)


def _solved(cell: NotebookNode, places: Places) -> NotebookNode:
    """A cell of a solution with its outputs, but without the text for students."""
    if cell.cell_type != "code":
        return moved_cell(cell, places)
    new = code_cell(cell, cell.source)
    new.outputs, new.execution_count = cell.outputs, cell.execution_count
    return new


def _notebook(like: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    new = fresh_notebook(cells)
    new.nbformat_minor = like.nbformat_minor
    return new


_WRITERS: dict[str, Callable[[Path, list[Lesson], float, str | None], None]] = {
    "nbgrader": _write_nbgrader,
    "otter": _write_otter,
    "plain": _write_plain,
}


def _write_notebook(path: Path, notebook: NotebookNode) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)


def _write_text(path: Path, text: str | None) -> None:
    if text is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
