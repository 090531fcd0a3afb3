"""Lessons for the website: executed, with live explorers, folded solutions, and a word on how to run them."""

from __future__ import annotations

import copy
import hashlib
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from segnet_nb import reports
from segnet_nb.reports.widget_views import KeepWidgets
from tools.site.explorers import apart

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("[0-9]*.ipynb"))
# These train for minutes: the outputs that are stored with them are shown.
TRAINING = ("05_training", "09_decoder_comparison", "11_your_own_data")
_PREVIOUS_AND_NEXT = re.compile(r"^\[← [^\n]*\n+|^\[[^\]\n]* →\]\([^\n]*\n+", re.MULTILINE)


def executed(folder: Path, workers: int = 2) -> dict[str, NotebookNode]:
    """Run the lessons that do not train; those of an earlier build are used again if nothing changed.

    Args:
        folder: where executed notebooks are kept; the file name has a digest of the lesson and the package.
        workers: number of notebooks that run at the same time.

    Returns:
        All lessons by name. Those that train have their stored outputs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    package = _digest(
        *sorted((ROOT / "segnet_nb").rglob("*.py")), *sorted((ROOT / "segnet_nb").rglob("*.js"))
    )

    def run(name: str) -> Path:
        source = NOTEBOOKS / f"{name}.ipynb"
        if name in TRAINING:
            return source
        kept = folder / f"{name}-{package}-{_digest(source)}.ipynb"
        if not kept.exists():
            print(f"running {name}", file=sys.stderr, flush=True)
            done, _ = reports.run(source, output_dir=folder, html=False, progress=False)
            done.replace(kept)
        return kept

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(run, LESSONS))
    return {name: nbformat.read(path, as_version=4) for name, path in zip(LESSONS, found, strict=True)}


def stored() -> dict[str, NotebookNode]:
    """All lessons with their stored outputs: pictures of the explorers instead of the explorers."""
    return {name: nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4) for name in LESSONS}


def prepared(name: str, notebook: NotebookNode, folder: Path, repository: str = "") -> NotebookNode:
    """A lesson as its page shows it.

    Args:
        name: of the lesson, such as ``"01_theory"``.
        notebook: the lesson with outputs; it is not changed.
        folder: for the files of its explorers.
        repository: owner and name on GitHub, for links to Colab and Binder; empty: no such links.
    """
    shown = copy.deepcopy(notebook)
    for cell in shown.cells:
        # Cell by cell, so that each explorer has all that it needs.
        alone = nbformat.v4.new_notebook(metadata=shown.metadata)
        alone.cells = [cell]
        KeepWidgets(trusted=True).preprocess(alone, {})
        cell.metadata = {}
        if cell.cell_type == "markdown":
            cell.source = _PREVIOUS_AND_NEXT.sub("", cell.source)
        else:
            cell.source = cell.source.removeprefix("# NBVAL_IGNORE_OUTPUT\n")
        for output in cell.get("outputs", ()):
            _choose(output, folder)
    shown.cells = _with_solutions(name, shown.cells)
    shown.cells.insert(1, nbformat.v4.new_markdown_cell(_how_to_run(name, repository)))
    shown.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return shown


def _digest(*paths: Path) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def _choose(output: NotebookNode, folder: Path) -> None:
    """HTML before the picture that stands for it; its links to lessons lead to their pages."""
    data = output.get("data", {})
    if "text/html" in data:
        data.pop("image/png", None)
        markup = apart(data["text/html"], folder)
        data["text/html"] = re.sub(r'href="(\d\d_\w+)\.ipynb"', r'href="\1.html"', markup)


def _with_solutions(name: str, cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells of a lesson, with its solution folded after the check of every exercise."""
    path = NOTEBOOKS / "solutions" / f"{name}.ipynb"
    if not path.exists():
        return cells
    solution = nbformat.read(path, as_version=4).cells
    answers = {cell.id: cell.source for cell in solution if "unsolved" in cell.metadata}
    found: list[NotebookNode] = []
    waiting = ""
    for cell in cells:
        found.append(cell)
        if waiting:
            found.append(nbformat.v4.new_markdown_cell(_folded(waiting)))
            waiting = ""
        waiting = answers.get(cell.id, "")
    return found


def _folded(answer: str) -> str:
    return (
        "The check needs Python: [run this lesson](#run-this-lesson) to try your own answer.\n\n"
        f":::{{dropdown}} Solution\n```python\n{answer}\n```\n:::"
    )


def _how_to_run(name: str, repository: str) -> str:
    here = f"notebooks/{name}.ipynb"
    lines = [
        "(run-this-lesson)=",
        ":::{admonition} Run this lesson",
        ":class: tip run-this-lesson",
        f"Explorers on this page work as they are. To change code and to check exercises, "
        f"{{download}}`download the notebook <files/{name}.ipynb>` and open it in a clone of the project: "
        f"`make lab` sets up everything.",
    ]
    if repository:
        colab = f"https://colab.research.google.com/github/{repository}/blob/main/{here}"
        binder = f"https://mybinder.org/v2/gh/{repository}/main?labpath={here}"
        lines.append(f"Without an installation: [Colab]({colab}) or [Binder]({binder}).")
    return "\n".join([*lines, ":::"])
