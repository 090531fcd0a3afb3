"""Run notebooks completely and store them with their outputs, ready to commit.

    python tools/store_notebooks.py [NOTEBOOK ...]

Without arguments: all lessons and their solutions. A notebook that fails is left unchanged. Of a solution
only what its answers and their checks print is stored: the pictures are in the lesson.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from segnet_nb import reports

ROOT = Path(__file__).parents[1]
KEPT = ("tags", "unsolved")  # of a cell's metadata; see make_lessons.py
VIEW = "application/vnd.jupyter.widget-view+json"


def keep_answers_alone(notebook: NotebookNode) -> None:
    """Remove the outputs of all cells except answers and the cells after them."""
    cells = notebook.cells
    for before, cell in zip([None, *cells[:-1]], cells, strict=True):
        if cell.cell_type == "code" and not (
            "unsolved" in cell.metadata or "unsolved" in (before or cell).metadata
        ):
            cell.outputs = []


def store(path: Path) -> None:
    """Run one notebook with its default parameters and overwrite it with the result."""
    with tempfile.TemporaryDirectory() as folder:
        done, _ = reports.run(path, output_dir=folder, html=False, timeout_seconds=1800)
        executed = nbformat.read(done, as_version=4)
    original = nbformat.read(path, as_version=4)
    sources = [cell.source for cell in original.cells]
    if [cell.source for cell in executed.cells] != sources:
        raise RuntimeError(f"{path.name}: the executed notebook has other cells")
    executed.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell, before in zip(executed.cells, original.cells, strict=True):
        cell.id = before.id
        # Execution times differ between runs and are of no interest to readers.
        cell.metadata = {key: before.metadata[key] for key in KEPT if key in before.metadata}
        for output in cell.get("outputs", ()):
            # The widget needs its kernel; the image stored with it remains.
            output.get("data", {}).pop(VIEW, None)
    if path.parent.name == "solutions":
        keep_answers_alone(executed)
    temporary = path.with_suffix(".part")
    nbformat.write(executed, temporary)
    temporary.replace(path)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Store the notebooks named on the command line, or all."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    chosen = [Path(name).resolve() for name in sys.argv[1:]]
    everything = [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "notebooks/solutions").glob("*.ipynb")]
    for path in chosen or sorted(everything):
        store(path)


if __name__ == "__main__":
    main()
