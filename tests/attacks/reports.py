"""Cells that flood, hang or break a report, and parameters and notebooks that are none."""

from __future__ import annotations

import json
from typing import Any

# Cells that end by themselves, and what the report says of what was dropped (empty: nothing).
FLOODS = {
    "a million characters in a line": ("print('x' * 1_000_000)", "cut: a line of more than 100,000"),
    "the same on stderr": ("import sys\nprint('x' * 1_000_000, file=sys.stderr)", "cut: a line of more"),
    "the same on the descriptor": (
        "import os\ntext = b'x' * 1_000_000\nwhile text:\n    text = text[os.write(1, text) :]",
        "",  # it is the terminal of the kernel, which is not in the notebook
    ),
    "100 MB in a line": ("print('x' * 100_000_000)", "cut: a line of more"),
    "100 MB in a line on stderr": ("import sys\nprint('x' * 100_000_000, file=sys.stderr)", "cut: a line"),
    "100 MB in a line on the descriptor": (
        "import os\ntext = memoryview(b'x' * 100_000_000)\nwhile text:\n    text = text[os.write(1, text) :]",
        "",
    ),
    "100 MB in 100,000 lines": (
        "for _ in range(100_000):\n    print('x' * 1000)",
        "cut: this cell printed more than 1,000,000",
    ),
    "100 MB of empty lines": ("print('\\n' * 100_000_000)", "cut: this cell printed more"),
    "100 MB of carriage returns": ("print('\\r' * 100_000_000)", ""),
    "a progress bar of 100 MB": (
        "for number in range(100_000):\n    print('#' * 1000, number, end='\\r')",
        "",
    ),
    "a million backspaces": ("print('x' * 40_000 + '\\b' * 40_000 + 'end')", ""),
    "a million pieces of a line": (
        "import sys\nfor _ in range(30_000):\n    print('x' * 10, end='', flush=True)",
        "cut: a line of more",
    ),
    "both streams in turns": (
        "import sys\nfor _ in range(2_000):\n    print('o' * 1000)\n    print('e' * 1000, file=sys.stderr)",
        "cut: this cell printed more",
    ),
    "a page of 60 MB": (
        "from IPython.display import HTML\nHTML('<p>' + 'x' * 60_000_000 + '</p>')",
        "cut: this cell showed more",
    ),
    "a representation of 60 MB": ("'x' * 60_000_000", "cut: this cell showed more"),
    "6,000 figures": (
        "from IPython.display import display\nfor number in range(6_000):\n    display(number)",
        "cut: this cell showed more",
    ),
    "a figure updated 5,000 times": (
        "from IPython.display import display\nhandle = display('x' * 1000, display_id=True)\n"
        "for number in range(5_000):\n    handle.update('y' * 1000)",
        "",
    ),
    "cleared 5,000 times": (
        "from IPython.display import clear_output\n"
        "for number in range(5_000):\n    print(number)\n    clear_output()\nprint('end')",
        "",
    ),
    "control characters": ("print(''.join(map(chr, range(32))) * 1000)", ""),
    "colors without an end": ("print('\\x1b[31m' * 20_000)", ""),
    "halves of characters": ("print('\\ud800')", None),
    "nothing but nulls": ("print('\\0' * 1_000_000)", "cut: a line of more"),
}

# Cells that raise: what the message begins with.
ERRORS = {
    "a text of 10 MB": ("raise ValueError('x' * 10_000_000)", "ValueError: xxx"),
    "10 MB in lines": ("raise ValueError('x\\n' * 5_000_000)", "ValueError: x"),
    "a name of 1 MB": ("raise type('E' * 1_000_000, (Exception,), {})('text')", "EEE"),
    "no text": ("raise ValueError", "ValueError"),
    "a chain of 300": (
        "def deep(n):\n    try:\n        if n: deep(n - 1)\n        1 / 0\n"
        "    except Exception as e:\n        raise ValueError(n) from e\n\ndeep(300)",
        "ValueError: 300",
    ),
    "without a bottom": ("def deep():\n    deep()\n\ndeep()", "RecursionError"),
    "a text that raises": (
        "class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError\n\nraise Odd",
        "Odd",
    ),
    "not an Exception": ("raise BaseException('base')", "BaseException: base"),
    "an interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "a syntax error": ("def (", "SyntaxError"),
    "a flood first": ("print('x' * 10_000_000)\nraise ValueError('then')", "ValueError: then"),
    "a signal": ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "DeadKernelError"),
}

# Cells that never end.
ENDLESS = {
    "prints long lines": "while True:\n    print('x' * 1_000_000)",
    "prints without a line's end": "while True:\n    print('x' * 1_000, end='')",
    "writes to the descriptor": "import os\nwhile True:\n    os.write(1, b'x' * 4096)",
    "shows figures": "from IPython.display import display\nwhile True:\n    display('x' * 1_000)",
    "updates a figure": (
        "from IPython.display import display\nhandle = display('x', display_id=True)\n"
        "while True:\n    handle.update('x' * 1_000)"
    ),
    "holds the interpreter": "import re\nre.match('(a*)*b', 'a' * 100)",
    "starts others and waits": (
        "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'while True: pass'])"
    ),
    "catches everything": (
        "import time\nwhile True:\n    try:\n        time.sleep(100)\n    except BaseException:\n        pass"
    ),
}

# Texts given as parameters, on the command line as in a sweep.
PARAMETERS = ["{1, 2}", "...", "1+2j", "{[]: 1}", "{{}: 1}", "{1: {2: {3}}}", "[" * 2000, "(" * 100_000]
PARAMETERS += [
    "[" * 500 + "]" * 500,
    "9**9**9",
    "9" * 5000,
    "-" * 100_000 + "1",
    "nan",
    "inf",
    "-inf",
    "1e999",
]
PARAMETERS += [
    "b'x'",
    "b'\\xff'",
    "'",
    "'''",
    '"\\',
    "\\",
    "\n",
    "a\nb",
    "a\0b",
    "\ufeff",
    "\u2028",
    "é",
    "🙂",
]
PARAMETERS += ["__import__('os').system('touch hacked')", "f'{1}'", "lambda: 1", "{**{}}", "[*'ab']", "{!r}"]
PARAMETERS += ["{0}", "%s", "$HOME", "`id`", "', 1); import os; ('", "None\nimport os", "#", "# x", "{{x}}"]


def notebook(**changes: Any) -> dict[str, Any]:
    """A good notebook, with changes."""
    cell = {"cell_type": "code", "source": "x: int = 1", "metadata": {"tags": ["parameters"]}, "outputs": []}
    cell |= {"execution_count": None, "id": "a"}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": [cell], **changes}


def cell(**changes: Any) -> str:
    """A notebook whose only cell has changes."""
    good = notebook()
    return json.dumps({**good, "cells": [{**good["cells"][0], **changes}]})


def output(**content: Any) -> str:
    """A notebook whose only cell has this output."""
    return cell(outputs=[content])


# Files that are no notebooks.
NOTEBOOKS: dict[str, bytes | str] = {
    "empty": b"",
    "null": "null",
    "a number": "3",
    "a list": "[]",
    "an empty object": "{}",
    "text": "not JSON",
    "cut": json.dumps(notebook())[:-20],
    "without a bottom": "[" * 100_000,
    "objects without a bottom": '{"a":' * 100_000,
    "UTF-16": json.dumps(notebook()).encode("utf-16"),
    "Latin-1": json.dumps(notebook(cells=[{"source": "é"}]), ensure_ascii=False).encode("latin-1"),
    "an image": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "nulls": bytes(1000),
    "a huge number": '{"nbformat": ' + "9" * 5000 + "}",
    "half a character": cell(source="\ud800"),
    "cells are 3": json.dumps(notebook(cells=3)),
    "cells are null": json.dumps(notebook(cells=None)),
    "cells are text": json.dumps(notebook(cells="abc")),
    "cells are an object": json.dumps(notebook(cells={"0": {}})),
    "no cells": json.dumps({key: value for key, value in notebook().items() if key != "cells"}),
    "a cell is 3": json.dumps(notebook(cells=[3])),
    "a cell is null": json.dumps(notebook(cells=[None])),
    "an empty cell": json.dumps(notebook(cells=[{}])),
    "metadata is a list": json.dumps(notebook(metadata=[])),
    "metadata is null": json.dumps(notebook(metadata=None)),
    "kernelspec is text": json.dumps(notebook(metadata={"kernelspec": "python3"})),
    "kernel is a number": json.dumps(notebook(metadata={"kernelspec": {"name": 3}})),
    "format 0": json.dumps(notebook(nbformat=0)),
    "format 5": json.dumps(notebook(nbformat=5)),
    "format is text": json.dumps(notebook(nbformat="4")),
    "format 3 without worksheets": json.dumps(notebook(nbformat=3)),
    "format 2 of nothing": json.dumps({"nbformat": 2, "metadata": {}}),
    "an unknown type": cell(cell_type="heading"),
    "the type is null": cell(cell_type=None),
    "the source is 3": cell(source=3),
    "the source is null": cell(source=None),
    "the source is a list of numbers": cell(source=[1, 2]),
    "metadata of a cell is 3": cell(metadata=3),
    "tags are text": cell(metadata={"tags": "parameters"}),
    "tags are 3": cell(metadata={"tags": 3}),
    "tags are numbers": cell(metadata={"tags": [1]}),
    "outputs are 3": cell(outputs=3),
    "an output is null": cell(outputs=[None]),
    "an output of no type": output(text="x"),
    "an unknown output": output(output_type="video"),
    "a stream of numbers": output(output_type="stream", name="stdout", text=[1]),
    "a stream without a name": output(output_type="stream", text="x"),
    "data is a list": output(output_type="display_data", data=[], metadata={}),
    "data is a number": output(output_type="display_data", data={"text/plain": 3}, metadata={}),
    "an error without a traceback": output(output_type="error", ename="E", evalue="x"),
    "attachments are text": cell(cell_type="markdown", attachments="x"),
}

# Notebooks whose other places are odd; they are read.
ODD_METADATA: dict[str, dict[str, Any]] = {
    "papermill is 3": {"papermill": 3},
    "the record is a list": {"segnet_nb_report": [1]},
    "the record's parts are odd": {
        "segnet_nb_report": {"notebook": 3, "versions": [1], "failure": {"cell_index": "x", "message": 3}}
    },
    "the failure is text": {"segnet_nb_report": {"notebook": "x", "failure": "x"}},
    "a failed cell that is not there": {
        "segnet_nb_report": {"notebook": "x", "failure": {"cell_index": -7, "message": None}}
    },
    "widgets are 3": {"widgets": 3},
    "the state is 3": {"widgets": {"application/vnd.jupyter.widget-state+json": 3}},
    "the state's state is 3": {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": 3}}},
    "a model is 3": {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"a": 3}}}},
    "the title is 3": {"title": 3},
    "the title is null": {"title": None},
    "the language is 3": {"language_info": 3},
    "the lexer is 3": {"language_info": {"pygments_lexer": 3}},
    "authors are 3": {"authors": 3},
    "a box inside itself": {
        "widgets": {
            "application/vnd.jupyter.widget-state+json": {
                "state": {"a": {"state": {"children": ["IPY_MODEL_a", 3, None, "IPY_MODEL_b"]}}}
            }
        }
    },
    "a module that is a list": {
        "widgets": {
            "application/vnd.jupyter.widget-state+json": {
                "state": {"a": {"state": {"_esm": ["x"], "_css": {}, "standalone": True}, "buffers": 3}}
            }
        }
    },
}
