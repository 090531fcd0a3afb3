"""Every committed notebook keeps the rules, and every rule is seen to fire on a planted fault."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebook_rules import MAX_BYTES, RULES, violations, violations_of

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(path for path in FOLDER.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)

# Without notebooks there is nothing to check, and nothing to skip either.
if NOTEBOOKS:

    @pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: str(path.relative_to(FOLDER)))
    def test_notebook_keeps_the_rules(path):
        assert violations(path) == []


def good() -> dict[str, Any]:
    """A notebook that breaks nothing."""
    cells = [new_markdown_cell("# Pooling\n\nWhere was the maximum?")]
    cells.append(new_code_cell("import numpy as np  # https://a.org/home/page"))
    parameters = "epochs: int = 3  # the full run: 80\nnames: list = [\n    'a',\n]  # of them"
    cells.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    for number in range(3):
        cells.append(new_markdown_cell(f"Count to {number}, do not interact (yet) with `Output`."))
        text = new_output("stream", text=f"{number} of 3: 0x1F, 50% | 1/2\n\u250f\u2501\u2513\n")
        picture = new_output("display_data", data={"image/png": "a/tmp/bc0x7f0000000000"})
        cells.append(new_code_cell(f"print({number})", outputs=[text, picture]))
    count = 0
    for cell in cells:
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
    kernel = {"name": "python3", "display_name": "Python 3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def source(text: str, *, cell: int = 1) -> Callable[[Any], None]:
    return lambda notebook: notebook.cells[cell].update(source=text)


def shown(text: str) -> Callable[[Any], None]:
    def plant(notebook: Any) -> None:
        notebook.cells[1].outputs = [new_output("execute_result", data={"text/plain": text})]

    return plant


def output(kind: str, **fields: Any) -> Callable[[Any], None]:
    return lambda notebook: notebook.cells[1].outputs.append(new_output(kind, **fields))


FAULTS: list[tuple[str, Callable[[Any], Any], str]] = [
    ("no title", source("Pooling", cell=0), "first cell must be Markdown"),
    ("code first", lambda n: n.cells.pop(0), "first cell must be Markdown"),
    ("no cells", lambda n: n.cells.clear(), "first cell must be Markdown"),
    ("no parameters", lambda n: n.cells[2].metadata.clear(), "0 cells are tagged 'parameters'"),
    (
        "two parameters",
        lambda n: n.cells[1].metadata.update(tags=["parameters"]),
        "2 cells are tagged 'parameters'",
    ),
    ("no type", source("epochs = 3  # few", cell=2), "parameter without a type"),
    ("no literal", source("epochs: int = 2 + 1  # few", cell=2), "that is not a literal: epochs"),
    ("no value", source("epochs: int  # few", cell=2), "that is not a literal: epochs"),
    ("no comment", source("epochs: int = 3", cell=2), "parameter without a comment: epochs"),
    ("comment elsewhere", source("# few\nepochs: int = 3", cell=2), "without a comment"),
    ("no parameter", source("# none", cell=2), "sets nothing"),
    ("no Python", source("epochs: int = ", cell=2), "not plain Python"),
    ("long cell", source("x = 1\n" * 21), "cell 2: 21 lines of code, at most 20"),
    (
        "long cells",
        lambda n: [cell.update(source="x = 1\n" * 6) for cell in n.cells if "outputs" in cell],
        "the median code cell has 6 lines, at most 5",
    ),
    ("few cells", lambda n: n.cells.__delitem__(slice(3, 5)), "7 cells, at least 8"),
    ("interact", source("interact(f, x=3)"), "'interact(' can hang"),
    ("decorator", source("@widgets.interact\ndef f(x=1): ..."), "'@widgets.interact' can hang"),
    ("interactive", source("w = widgets.interactive(f, x=3)"), "'interactive(' can hang"),
    ("interactive_output", source("interactive_output(f, {})"), "'interactive_output(' can hang"),
    ("interact_manual", source("widgets.interact_manual(f)"), "'interact_manual(' can hang"),
    ("Output", source("with widgets.Output():\n    print(1)"), "'Output(' can hang"),
    ("ipympl", source("import numpy\n%matplotlib widget"), "'%matplotlib widget' can hang"),
    ("not executed", lambda n: n.cells[4].update(execution_count=None), "cell 5: not executed"),
    ("out of order", lambda n: n.cells[4].update(execution_count=2), "In [2] after In [2]"),
    ("stderr", output("stream", name="stderr", text="Warning: x"), "stderr, 'Warning: x'"),
    ("error", output("error", ename="KeyError", evalue="1"), "an error, KeyError: 1"),
    ("home", shown("/home/me/file.png"), "path of this machine, '/home/m'"),
    ("root", shown("see /" + "root/x"), "path of this machine"),
    ("Mac", shown("/Users/me"), "path of this machine"),
    ("temporary", output("stream", text="at /tmp/abc"), "path of this machine"),
    ("Windows", shown(r"'C:\\Users\\me'"), "path of this machine"),
    ("this checkout", shown(f"see {FOLDER}"), "path of this machine"),
    ("installed", shown("lib/site-packages/keras"), "path of this machine, 'site-packages'"),
    ("path in source", source("open('/tmp/x')"), "cell 2: a path of this machine"),
    ("path in prose", source("See /home/me/x.", cell=3), "cell 4: a path of this machine"),
    ("address", shown("<Model at 0x7f3a5c0e1d90>"), "address, 0x7f3a5c0e1d90"),
    ("tqdm", output("stream", text=" 45%|####5     | 9/20"), "a progress bar"),
    ("blocks", output("stream", text="\u2588\u2588\u258c"), "a progress bar"),
    ("rate", output("stream", text="9 [00:01, 8.5it/s]"), "a progress bar"),
    ("keras", output("stream", text="1/10 \u2501\u2501\u2501\u2501 0s"), "a progress bar"),
    ("rewritten line", output("stream", text="1\r2"), "a progress bar, '\\r'"),
    ("erased", output("stream", text="1\x082"), "a progress bar, '\\x08'"),
    ("widget state", lambda n: n.metadata.update(widgets={}), "metadata.widgets"),
    ("kernel", lambda n: n.metadata.kernelspec.update(name="venv"), "kernel is 'venv'"),
    ("no kernel", lambda n: n.metadata.pop("kernelspec"), "kernel is None"),
    ("no id", lambda n: n.cells[1].pop("id"), "cell 2: no id"),
    ("same id", lambda n: n.cells[3].update(id=n.cells[1].id), "cell 4: its id"),
    ("registry", source("!pip install x -i https://" + "py" + "pi.org/simple"), "registry"),
    ("pip", output("stream", text="Looking in indexes: https://a.org"), "registry"),
    ("SVG", output("display_data", data={"image/svg+xml": "<svg/>"}), "cell 2: an SVG"),
]


def test_a_good_notebook_breaks_nothing(tmp_path):
    assert violations_of(good()) == []
    (tmp_path / "good.ipynb").write_text(json.dumps(good()))
    assert violations(tmp_path / "good.ipynb") == []


@pytest.mark.parametrize(
    ("plant", "told"), [pytest.param(plant, told, id=name) for name, plant, told in FAULTS]
)
def test_a_planted_fault_is_told(plant, told):
    notebook = good()
    plant(notebook)
    found = violations_of(notebook)
    assert [problem for problem in found if told in problem], found


def test_every_rule_has_a_planted_fault():
    silent = set(RULES)
    for _, plant, _ in FAULTS:
        notebook = good()
        plant(notebook)
        silent -= {check for check in silent if list(check(notebook))}
    assert silent == set()


def test_a_large_file_is_told(tmp_path):
    notebook = good()
    notebook.cells[1].outputs.append(new_output("display_data", data={"image/png": "A" * MAX_BYTES}))
    path = tmp_path / "large.ipynb"
    path.write_text(json.dumps(notebook))
    assert [problem for problem in violations(path) if "bytes, at most 300,000" in problem]


def test_text_may_be_stored_as_lines():
    notebook = good()
    notebook.cells[1]["source"] = ["import numpy\n", "widgets.Output()"]
    notebook.cells[1]["outputs"] = [{"output_type": "stream", "text": ["a\n", "at /tmp/b\n"]}]
    assert len(violations_of(notebook)) == 2


def test_lessons_are_linked_one_to_the_next():
    lessons = sorted(FOLDER.glob("*.ipynb"))
    assert len(lessons) == 12
    for number, path in enumerate(lessons):
        first = json.loads(path.read_text())["cells"][0]["source"]
        links = re.findall(r"\[(←)?[^\]]*?(→)?\]\((\w+)\.ipynb\)", "".join(first))
        expected = [("←", "", each.stem) for each in lessons[max(number - 1, 0) : number]]
        expected += [("", "→", each.stem) for each in lessons[number + 1 : number + 2]]
        assert [link for link in links if link[0] or link[1]] == expected, path.name
