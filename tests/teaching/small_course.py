"""A course of two tiny lessons, and what all tests of exports look at."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).parents[2]
NAME = "04_sums"
TERM = "[IoU](../docs/glossary.md#iou)"
SOLVED = "The answers are in [the solutions](solutions/04_sums.ipynb)."
WHY = "0.9 / 0.1 is nine."


def write(folder: Path) -> Path:
    """Lessons ``00_start`` without exercises and ``04_sums`` with 04.3, whose answer is 9."""
    start = [new_markdown_cell("# Start\n\n**Time** about 5 minutes.\n\n[01 →](04_sums.ipynb)", id="title")]
    save(folder / "00_start.ipynb", start)
    solved = [
        new_markdown_cell(f"# 04 Sums\n\n**Time** about 7 minutes. See {TERM}.", id="a"),
        new_code_cell("from segnet_nb import course", id="b"),
        new_markdown_cell(f"## Exercises\n\n**3.** Which weight?\n\n{SOLVED}", id="c"),
        new_code_cell(
            "my_weight = 0.9 / 0.1",
            id="d",
            metadata={"tags": ["answer"], "unsolved": "my_weight = None  # your turn"},
        ),
        new_code_cell('course.check("04.3", my_weight)', id="e"),
        new_markdown_cell(WHY, id="f", metadata={"tags": ["solution"]}),
        new_markdown_cell("The end.", id="g"),
    ]  # fmt: skip
    save(folder / "solutions" / f"{NAME}.ipynb", solved)
    lesson = [cell.copy() for cell in solved if cell.id != "f"]
    lesson[3] = new_code_cell("my_weight = None  # your turn", id="d", metadata={"tags": ["answer"]})
    save(folder / f"{NAME}.ipynb", lesson)
    return folder


def save(path: Path, cells: list) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)


def sources(path: Path) -> list[str]:
    """The text of each cell of a notebook."""
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def names(folder: Path) -> set[str]:
    """All files below a folder, as relative paths."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
