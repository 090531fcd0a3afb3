"""Create the lessons from their solutions: the same notebooks without the answers.

    python tools/make_lessons.py [--check]

notebooks/solutions/ is what to edit. There, a cell whose metadata has ``"unsolved"`` is an answer: the lesson
shows that text in its place. A cell tagged ``"solution"`` is left out of the lesson. Links are written from
where the solution lies, ``(../02_architecture.ipynb)``. A lesson keeps the outputs it has stored; run
tools/store_notebooks.py on what is told to have changed. ``--check`` writes nothing and exits with 1 if a
lesson is does not match its solution.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SOLUTIONS = NOTEBOOKS / "solutions"


def lesson_of(solution: NotebookNode) -> NotebookNode:
    """The lesson of a solution, without outputs."""
    cells = []
    for cell in solution.cells:
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            continue
        source = cell.metadata.get("unsolved", cell.source)
        new = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        if cell.cell_type == "markdown":
            source = source.replace("](../", "](")
        cells.append(new(source, id=cell.id, metadata={"tags": list(tags)} if tags else {}))
    return nbformat.v4.new_notebook(cells=cells, metadata=solution.metadata)


def what_is_read(notebook: NotebookNode) -> list[tuple[str, str, list[str]]]:
    """Type, text and tags of every cell, which must match between lesson and solution."""
    return [(cell.cell_type, cell.source, list(cell.metadata.get("tags", []))) for cell in notebook.cells]


def in_step(name: str) -> bool:
    """Whether the lesson with this file name matches its solution."""
    made = lesson_of(nbformat.read(SOLUTIONS / name, as_version=4))
    lesson = NOTEBOOKS / name
    return lesson.exists() and what_is_read(nbformat.read(lesson, as_version=4)) == what_is_read(made)


def write_lesson(name: str) -> None:
    """Write the lesson; outputs of unchanged cells are kept."""
    made, path = lesson_of(nbformat.read(SOLUTIONS / name, as_version=4)), NOTEBOOKS / name
    before = nbformat.read(path, as_version=4).cells if path.exists() else []
    stored = {cell.id: cell for cell in before if cell.cell_type == "code"}
    for cell in made.cells:
        old = stored.get(cell.id)
        if cell.cell_type == "code" and old is not None and old.source == cell.source:
            cell.outputs, cell.execution_count = old.outputs, old.execution_count
    temporary = path.with_suffix(".part")
    nbformat.write(made, temporary)
    temporary.replace(path)


def main() -> int:
    """Write the lessons that differ from their solutions, or list them with ``--check``."""
    check = "--check" in sys.argv[1:]
    behind = [path.name for path in sorted(SOLUTIONS.glob("*.ipynb")) if not in_step(path.name)]
    for name in behind:
        if not check:
            write_lesson(name)
        result = "does not match its solution" if check else "written; run and store it again"
        print(f"notebooks/{name}: {result}")
    return int(check and bool(behind))


if __name__ == "__main__":
    sys.exit(main())
