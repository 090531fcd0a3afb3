"""Measure the run time of each lesson's cells, and write the estimated duration into the lesson.

    python tools/lesson_minutes.py [LESSON ...]

Without names: all lessons; a name is a file name without its suffix. The seconds are measured here; a person
is reckoned with 200 words a minute, half a minute for a code cell and its output, five for an exercise.
tests/notebooks/test_lesson_minutes.py checks that what a lesson says follows from that.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from segnet_nb import reports

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SOLUTIONS = NOTEBOOKS / "solutions"
WORDS_A_MINUTE, MINUTES_A_CELL, MINUTES_AN_EXERCISE = 200, 0.5, 5
TIME = re.compile(r"\*\*Time\*\*[^.]*\.")
SAID = re.compile(
    r"\*\*Time\*\* about (\d+) minutes(?: with the exercises)?; its cells run in (\d+) (seconds|minutes)\."
)


def exercises(name: str) -> int:
    """Number of exercises of a lesson."""
    path = SOLUTIONS / f"{name}.ipynb"
    cells = nbformat.read(path, as_version=4).cells if path.exists() else []
    return sum("unsolved" in cell.metadata for cell in cells)


def reckoned(lesson: NotebookNode, questions: int, seconds: float) -> int:
    """Estimated minutes including reading and exercises, rounded to five."""
    words = sum(len(cell.source.split()) for cell in lesson.cells if cell.cell_type == "markdown")
    looked_at = sum(cell.cell_type == "code" for cell in lesson.cells) - 2 * questions
    minutes = words / WORDS_A_MINUTE + looked_at * MINUTES_A_CELL + questions * MINUTES_AN_EXERCISE
    return max(5, 5 * round((minutes + seconds / 60) / 5))


def sentence(minutes: int, questions: int, seconds: float) -> str:
    """The sentence of the lesson about its duration."""
    run = f"{max(5, 5 * round(seconds / 5))} seconds" if seconds < 90 else f"{round(seconds / 60)} minutes"
    with_them = " with the exercises" if questions else ""
    return f"**Time** about {minutes} minutes{with_them}; its cells run in {run}."


def stated_times(lesson: NotebookNode) -> tuple[int, int]:
    """The minutes and the run time in seconds stated in a lesson.

    Raises:
        ValueError: if it does not say them.
    """
    found = SAID.search(lesson.cells[0].source)
    if found is None:
        raise ValueError(f"the first cell must contain {SAID.pattern!r}.")
    minutes, run, unit = found.groups()
    return int(minutes), int(run) * (60 if unit == "minutes" else 1)


def measure(path: Path) -> float:
    """Run time of a notebook's cells in seconds, with its default parameters."""
    with tempfile.TemporaryDirectory() as folder:
        done, _ = reports.run(path, output_dir=folder, html=False, timeout_seconds=1800, progress=False)
        return nbformat.read(done, as_version=4).metadata.papermill.duration


def write(path: Path, text: str) -> None:
    """Write the sentence into a notebook."""
    notebook = nbformat.read(path, as_version=4)
    cell = next(each for each in notebook.cells if TIME.search(each.source))
    cell.source = TIME.sub(lambda _: text, cell.source, count=1)
    temporary = path.with_suffix(".part")
    nbformat.write(notebook, temporary)
    temporary.replace(path)


def main() -> None:
    """Measure, update and print."""
    for name in sys.argv[1:] or sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")):
        path, questions = NOTEBOOKS / f"{name}.ipynb", exercises(name)
        seconds = measure(path)
        minutes = reckoned(nbformat.read(path, as_version=4), questions, seconds)
        for each in (path, SOLUTIONS / path.name):
            if each.exists():
                write(each, sentence(minutes, questions, seconds))
        print(f"{name}: {minutes} minutes, of which its cells run {seconds:.0f} seconds", flush=True)


if __name__ == "__main__":
    main()
