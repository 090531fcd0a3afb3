"""The lessons as a teacher's tools see them: their notebooks, and where the exercises are in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from segnet_nb._shared.errors import MissingFileError, UserError

_CHECKOUT = Path(__file__).parents[2] / "notebooks"
_TIME = re.compile(r"\*\*Time\*\* about (\d+) minutes")


@dataclass(frozen=True)
class Question:
    """One exercise in the cells of a solved lesson.

    Attributes:
        number: lesson and number, ``"04.1"``.
        start: the first cell of its text; between it and the answer there may be code.
        answer: the cell with the answer, whose metadata has ``"unsolved"``.
        check: the cell that checks it.
        end: one past the last cell that explains the answer.
        arguments: what the check gets after the number, as source: ``("accuracy", "train")``.
    """

    number: str
    start: int
    answer: int
    check: int
    end: int
    arguments: tuple[str, ...]

    @property
    def name(self) -> str:
        """A name of letters, digits and underscores, as graders need: ``exercise_04_1``.

        Example:
            >>> Question("04.1", 0, 1, 2, 3, ("my_dice",)).name
            'exercise_04_1'
        """
        return "exercise_" + self.number.replace(".", "_")


@dataclass(frozen=True)
class Lesson:
    """A lesson with its solution.

    Attributes:
        name: the name of its file without suffix, ``"04_losses_and_metrics"``.
        notebook: the lesson, with the outputs it has stored.
        solution: the same solved; None for a lesson without exercises.
        questions: its exercises, in order.
    """

    name: str
    notebook: NotebookNode
    solution: NotebookNode | None
    questions: tuple[Question, ...]

    @property
    def title(self) -> str:
        """The heading of the lesson."""
        for cell in self.notebook.cells:
            if cell.cell_type == "markdown" and cell.source.startswith("# "):
                return cell.source.splitlines()[0].removeprefix("# ").strip()
        return self.name

    @property
    def minutes(self) -> int | None:
        """The minutes that the lesson says it takes; None if it says nothing."""
        found = [_TIME.search(cell.source) for cell in self.notebook.cells]
        return next((int(match[1]) for match in found if match), None)


def find_notebooks(folder: str | Path | None = None) -> Path:
    """The folder of the lessons.

    Args:
        folder: a folder with the lessons and, in ``solutions``, their solutions; None: that of the checkout
            that the package is in.

    Raises:
        MissingFileError: if there are no lessons in it; an installed package has none.

    Example:
        >>> find_notebooks("no/such/folder")
        Traceback (most recent call last):
            ...
        segnet_nb.MissingFileError: no/such/folder has no lessons, such as 04_losses_and_metrics.ipynb with
        its solution in solutions/: pass the folder notebooks/ of a clone with --notebooks.
    """
    chosen = _CHECKOUT if folder is None else Path(folder).expanduser()
    if any(chosen.glob("[0-9][0-9]_*.ipynb")):
        return chosen
    what = "the installed package" if folder is None else chosen.as_posix()
    raise MissingFileError(
        f"{what} has no lessons, such as 04_losses_and_metrics.ipynb with its solution in solutions/: pass "
        "the folder notebooks/ of a clone with --notebooks."
    )


def read_lessons(folder: Path, chosen: Sequence[str] = (), *, solved: bool = True) -> list[Lesson]:
    """Read lessons with their solutions.

    Args:
        folder: see ``find_notebooks``.
        chosen: numbers or names, ``"4"``, ``"04"``, ``"04_losses_and_metrics"``; none: all lessons.
        solved: whether lessons with exercises must have their solutions.

    Returns:
        The lessons in the order of their numbers, each once.

    Raises:
        UserError: if there is no such lesson, or a notebook cannot be read.
        MissingFileError: if a solution is missing.
    """
    paths = {path.name[:2]: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    numbers = {_number(each, paths) for each in chosen} or set(paths)
    return [_read_lesson(paths[number], solved) for number in sorted(numbers)]


def _number(text: str, paths: dict[str, Path]) -> str:
    number = text.zfill(2) if text.isdigit() else text[:2]
    path = paths.get(number)
    if path is None or not (text.isdigit() or text in (path.stem, path.name)):
        raise UserError(f"there is no lesson {text!r}. Choose from: {', '.join(paths)}.")
    return number


def _read_lesson(path: Path, solved: bool) -> Lesson:
    notebook, place = _read(path), path.parent / "solutions" / path.name
    if place.exists():
        solution = _read(place)
        return Lesson(path.stem, notebook, solution, _questions(solution, place.name))
    if solved and any(cell.source.startswith("course.check(") for cell in notebook.cells):
        raise MissingFileError(
            f"{path.parent.as_posix()} has no solutions/{path.name}, with the answers of the exercises: "
            "restore it, or pass the folder notebooks/ of a clone with --notebooks."
        )
    return Lesson(path.stem, notebook, None, ())


def _read(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:
        reason = str(error).splitlines()[0][:200]
        raise UserError(f"{path} is not a notebook that can be read ({reason}): restore it.") from error


def _questions(solution: NotebookNode, name: str) -> tuple[Question, ...]:
    cells, found, begin = solution.cells, [], 0
    for place, cell in enumerate(cells):
        if "unsolved" not in cell.metadata:
            continue
        number, arguments = _check_of(cells[place + 1].source if place + 1 < len(cells) else "", name)
        start = next(
            (at for at in range(place - 1, begin - 1, -1) if cells[at].cell_type == "markdown"), place
        )
        end = place + 2
        while end < len(cells) and "solution" in cells[end].metadata.get("tags", ()):
            end += 1
        found.append(Question(number, start, place, place + 1, end, arguments))
        begin = end
    return tuple(found)


def _check_of(source: str, name: str) -> tuple[str, tuple[str, ...]]:
    """The number and the other arguments of ``course.check("04.1", my_dice)``."""
    try:
        call = ast.parse(source, mode="eval").body
    except SyntaxError:
        call = None
    if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "course.check" and call.args):
        raise UserError(
            f"the cell after an answer of {name} is {source[:60]!r}, and must be one line such as "
            'course.check("04.1", my_dice).'
        )
    number, *others = call.args
    return ast.literal_eval(number), tuple(ast.unparse(each) for each in others)
