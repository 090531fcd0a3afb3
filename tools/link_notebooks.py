"""Add links to Colab and Binder to every notebook, once the repository has an address.

    python tools/link_notebooks.py OWNER/NAME [BRANCH]

A workflow does it when the repository is first pushed to GitHub. Under the title of each lesson and solution
comes a line with both links, and before its first code cell one that installs the package where it is
missing, as on Colab; Binder installs environment.yml. Run it again with another address, and the old one is
replaced.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import make_lessons
import nbformat
from nbformat import NotebookNode

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
MARK = "[Open in Colab]"
INSTALL = "install-the-package"  # the id of that cell


def unlink(notebook: NotebookNode) -> None:
    """Remove links and installation from a notebook, in place."""
    notebook.cells = [cell for cell in notebook.cells if cell.get("id") != INSTALL]
    title = next(cell for cell in notebook.cells if cell.cell_type == "markdown")
    lines = title.source.split("\n")
    if any(line.startswith(MARK) for line in lines):
        at = next(i for i, line in enumerate(lines) if line.startswith(MARK))
        title.source = "\n".join(lines[: at - 1] + lines[at + 1 :])


def number(notebook: NotebookNode) -> None:
    """Number the cells as in a complete run; the inserted cell prints nothing."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        cell.execution_count = count
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = count


def link(notebook: NotebookNode, path: str, repository: str, branch: str = "main") -> None:
    """Insert links and installation into a notebook, in place.

    Args:
        notebook: a lesson or a solution, whose first Markdown cell starts with its title.
        path: of the notebook in the repository, for example ``"notebooks/01_theory.ipynb"``.
        repository: owner and name on GitHub, with a slash between.
        branch: to open.

    Raises:
        ValueError: if the repository or the branch is not written as GitHub writes them.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository) or not re.fullmatch(r"[\w./-]+", branch):
        raise ValueError(f"repository must be OWNER/NAME, but got {repository!r} and branch {branch!r}.")
    links = (
        f"{MARK}(https://colab.research.google.com/github/{repository}/blob/{branch}/{path}) | "
        f"[Open on Binder](https://mybinder.org/v2/gh/{repository}/{branch}?urlpath=lab/tree/{path})"
    )
    unlink(notebook)
    cells = notebook.cells
    title = next(cell for cell in cells if cell.cell_type == "markdown")
    first, _, rest = title.source.partition("\n")
    title.source = f"{first}\n\n{links}\n{rest}".rstrip("\n")
    install = nbformat.v4.new_code_cell(
        "from importlib.util import find_spec\n\n"
        'if find_spec("segnet_nb") is None:  # on Colab\n'
        f'    %pip install -q "git+https://github.com/{repository}@{branch}"',
        id=INSTALL,
    )
    first = next(i for i, cell in enumerate(cells) if cell.cell_type == "code")
    notebook.cells = [*cells[:first], install, *cells[first:]]


def link_folder(folder: Path, repository: str, branch: str = "main") -> None:
    """Link all notebooks of a folder: the first lesson, the solutions, and the lessons made from them."""
    for path in [folder / "00_start_here.ipynb", *sorted((folder / "solutions").glob("*.ipynb"))]:
        notebook = nbformat.read(path, as_version=4)
        # The links open the lesson, which does not contain the first cell of its solution.
        head = notebook.cells[: path.parent != folder]
        notebook.cells = notebook.cells[len(head) :]
        link(notebook, f"notebooks/{path.name}", repository, branch)
        notebook.cells = [*head, *notebook.cells]
        _write(notebook, path)
    make_lessons.main()
    for path in [*folder.glob("*.ipynb"), *(folder / "solutions").glob("*.ipynb")]:
        notebook = nbformat.read(path, as_version=4)
        number(notebook)
        _write(notebook, path)


def _write(notebook: NotebookNode, path: Path) -> None:
    temporary = path.with_suffix(".part")
    nbformat.write(notebook, temporary)
    temporary.replace(path)


def main() -> None:
    """Link all notebooks, for the repository named on the command line."""
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    link_folder(NOTEBOOKS, *sys.argv[1:])


if __name__ == "__main__":
    main()
