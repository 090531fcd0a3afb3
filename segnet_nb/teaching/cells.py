"""New notebooks of cells of a lesson, without outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def code_cell(cell: NotebookNode, source: str, **metadata: Any) -> NotebookNode:
    """A code cell with the id and the tags of another, but a text of its own and no outputs."""
    tags = [tag for tag in cell.metadata.get("tags", ()) if tag != "answer"]
    return nbformat.v4.new_code_cell(
        source, id=cell.id, metadata={**({"tags": tags} if tags else {}), **metadata}
    )


def raw_cell(source: str, name: str) -> NotebookNode:
    """A raw cell with a given id, so that exports are the same every time."""
    return nbformat.v4.new_raw_cell(source, id=name)


def fresh_notebook(cells: Sequence[NotebookNode]) -> NotebookNode:
    """A notebook of these cells for the usual kernel; cells without text are left out."""
    return nbformat.v4.new_notebook(cells=[cell for cell in cells if cell.source], metadata=METADATA)
