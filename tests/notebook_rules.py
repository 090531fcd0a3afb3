"""Rules for every committed notebook, checked from the file without running it.

``violations(path)`` gives one line for each broken rule. A notebook must run without a person
(nothing waits for a browser), look right where it is only read (outputs are committed), give the
same file on every machine, and stay small.
"""

from __future__ import annotations

import ast
import io
import json
import re
import statistics
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MAX_BYTES = 300_000
MAX_CELL_LINES = 20
MAX_MEDIAN_LINES = 5
MIN_CELLS = 8
KERNEL = "python3"

# Headless clients can hang on notebooks with these; views are built from traits instead.
HANGING = re.compile(
    r"\binteract(?:ive|_manual|ive_output)?\(|\bOutput\(|^\s*@(?:\w+\.)*interact(?:_manual)?\b"
    r"|^\s*%matplotlib\s+(?:widget|ipympl|notebook|nbagg)\b",
    re.MULTILINE,
)
REPOSITORY = re.escape(str(Path(__file__).resolve().parent.parent))
MACHINE_PATH = re.compile(
    rf"(?<![\w.])(?:/(?:home|root|Users|tmp|private|mnt)/\w|{REPOSITORY}\b)"
    r"|[A-Za-z]:\\+(?:Users|Windows|Temp)\b|site-packages"
)
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")
PROGRESS = re.compile(r"[\u2588-\u258f]|\d+/\d+[^\n]*\u2501|\r|\x08|\d%\|.*\||\d(?:it/s|s/it)\b")
# Assembled, because this file is searched for the names as well.
REGISTRY = re.compile(
    r"\bp[y]pi\.(?:org|python\.org)|\bpython[h]osted\.org|\b[n]pmjs\.(?:org|com)|\b[a]naconda\.org"
    r"|Looking in indexes:"
)

Notebook = dict[str, Any]
RULES: list[Callable[[Notebook], Iterator[str]]] = []


def violations(path: str | Path) -> list[str]:
    """The violations of a notebook, one line each; an empty list if there are none."""
    data = Path(path).read_bytes()
    found = [f"{len(data):,} bytes, at most {MAX_BYTES:,}"] if len(data) > MAX_BYTES else []
    return found + violations_of(json.loads(data))


def violations_of(notebook: Notebook) -> list[str]:
    """The same for the content of a notebook, without its file size."""
    return [problem for rule in RULES for problem in rule(notebook)]


def rule(check: Callable[[Notebook], Iterator[str]]) -> Callable[[Notebook], Iterator[str]]:
    RULES.append(check)
    return check


def text_of(value: Any) -> str:
    """Text as notebooks store it: a string, or a list of lines."""
    return "".join(value) if isinstance(value, list) else str(value)


def code_cells(notebook: Notebook) -> Iterator[tuple[int, Notebook, str]]:
    """Number (from 1), cell and source of every code cell that is not empty."""
    for number, cell in enumerate(notebook["cells"], 1):
        source = text_of(cell["source"])
        if cell["cell_type"] == "code" and source.strip():
            yield number, cell, source


def outputs(notebook: Notebook) -> Iterator[tuple[int, Notebook]]:
    for number, cell in enumerate(notebook["cells"], 1):
        for output in cell.get("outputs", ()):
            yield number, output


def shown_texts(notebook: Notebook) -> Iterator[tuple[int, str]]:
    """All text of the outputs without images, whose base64 could match by accident."""
    for number, output in outputs(notebook):
        yield number, text_of(output.get("text", ""))
        for kind, content in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield number, text_of(content)


@rule
def starts_with_a_title(notebook: Notebook) -> Iterator[str]:
    first = notebook["cells"][0] if notebook["cells"] else {"cell_type": "", "source": ""}
    if first["cell_type"] != "markdown" or not text_of(first["source"]).startswith("# "):
        yield "the first cell must be Markdown that starts with a title, '# ...'"


@rule
def has_one_parameters_cell(notebook: Notebook) -> Iterator[str]:
    cells = [cell for cell in notebook["cells"] if "parameters" in cell["metadata"].get("tags", ())]
    if len(cells) != 1:
        yield f"{len(cells)} cells are tagged 'parameters', it must be one"
    for cell in cells:
        yield from parameter_problems(text_of(cell["source"]))


def parameter_problems(source: str) -> Iterator[str]:
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        yield f"the parameters cell is not plain Python: {error.msg}"
        return
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    if not statements:
        yield "the parameters cell sets nothing"
    for statement in statements:
        line = source.splitlines()[statement.lineno - 1].strip()
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            yield f"parameter without a type, write 'name: int = 3  # help': {line}"
            continue
        try:
            ast.literal_eval(statement.value)
        except (ValueError, TypeError):
            yield f"parameter that is not a literal: {line}"
        if statement.end_lineno not in commented:
            yield f"parameter without a comment: {line}"


@rule
def code_is_short(notebook: Notebook) -> Iterator[str]:
    lengths = []
    for number, _, source in code_cells(notebook):
        lengths.append(len(source.strip().splitlines()))
        if lengths[-1] > MAX_CELL_LINES:
            yield f"cell {number}: {lengths[-1]} lines of code, at most {MAX_CELL_LINES}"
    if lengths and statistics.median(lengths) > MAX_MEDIAN_LINES:
        median = statistics.median(lengths)
        yield f"the median code cell has {median:g} lines, at most {MAX_MEDIAN_LINES}"


@rule
def has_enough_cells(notebook: Notebook) -> Iterator[str]:
    if len(notebook["cells"]) < MIN_CELLS:
        yield f"{len(notebook['cells'])} cells, at least {MIN_CELLS}"


@rule
def nothing_waits_for_a_browser(notebook: Notebook) -> Iterator[str]:
    for number, _, source in code_cells(notebook):
        for match in HANGING.finditer(source):
            yield f"cell {number}: '{match[0].strip()}' can hang a run without a browser"


@rule
def is_executed_in_order(notebook: Notebook) -> Iterator[str]:
    last = 0
    for number, cell, _ in code_cells(notebook):
        count = cell.get("execution_count")
        if count is None:
            yield f"cell {number}: not executed; commit the outputs"
        elif count <= last:
            yield f"cell {number}: In [{count}] after In [{last}]; run all cells from the start"
        last = count or last


@rule
def nothing_went_wrong(notebook: Notebook) -> Iterator[str]:
    for number, output in outputs(notebook):
        if output["output_type"] == "error":
            yield f"cell {number}: an error, {output.get('ename')}: {output.get('evalue')}"
        if output.get("name") == "stderr":
            yield f"cell {number}: stderr, {text_of(output['text'])[:80]!r}"


@rule
def outputs_are_the_same_everywhere(notebook: Notebook) -> Iterator[str]:
    for number, text in shown_texts(notebook):
        if match := ADDRESS.search(text):
            yield f"cell {number}: an object's address, {match[0]}; give it a __repr__"
        if match := PROGRESS.search(text):
            yield f"cell {number}: a progress bar, {match[0]!r}"


@rule
def no_paths_of_this_machine(notebook: Notebook) -> Iterator[str]:
    for number, text in (*sources(notebook), *shown_texts(notebook)):
        if match := MACHINE_PATH.search(text):
            yield f"cell {number}: a path of this machine, {match[0]!r}"


@rule
def no_package_registries(notebook: Notebook) -> Iterator[str]:
    for number, text in (*sources(notebook), *shown_texts(notebook)):
        if REGISTRY.search(text):
            yield f"cell {number}: names the host of a package registry"


def sources(notebook: Notebook) -> Iterator[tuple[int, str]]:
    for number, cell in enumerate(notebook["cells"], 1):
        yield number, text_of(cell["source"])


@rule
def no_svg(notebook: Notebook) -> Iterator[str]:
    for number, output in outputs(notebook):
        if "image/svg+xml" in output.get("data", {}):
            yield f"cell {number}: an SVG, which differs from run to run; show a PNG"


@rule
def no_widget_state(notebook: Notebook) -> Iterator[str]:
    if "widgets" in notebook["metadata"]:
        yield "metadata.widgets holds the state of widgets; save without it"


@rule
def names_the_kernel(notebook: Notebook) -> Iterator[str]:
    name = notebook["metadata"].get("kernelspec", {}).get("name")
    if name != KERNEL:
        yield f"the kernel is {name!r}, it must be {KERNEL!r}"


@rule
def cells_have_ids(notebook: Notebook) -> Iterator[str]:
    ids = [cell.get("id") for cell in notebook["cells"]]
    for number, cell_id in enumerate(ids, 1):
        if not cell_id:
            yield f"cell {number}: no id; save in the format 4.5 or later"
        elif ids.index(cell_id) != number - 1:
            yield f"cell {number}: its id {cell_id!r} is that of cell {ids.index(cell_id) + 1} too"
