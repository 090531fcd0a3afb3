"""Reports: every run ends, what ran is kept, and progress is shown."""

from __future__ import annotations

import asyncio
import doctest
import functools
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from segnet_nb import reports
from segnet_nb.reports import ReportError, progress as _report_progress
from tests.report_helpers import PARAMETERS, requests_of, write_notebook


@pytest.fixture
def notebook(tmp_path):
    return functools.partial(write_notebook, tmp_path)


def printed(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return "".join(output.text for output in outputs if output.output_type == "stream")


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# --- Arguments and imports ---


def test_impossible_arguments_are_refused_before_anything_is_written(notebook, tmp_path):
    path, out = notebook("1 + 1"), tmp_path / "out"
    for seconds in (0, -1, float("inf"), None):
        with pytest.raises(ValueError, match="timeout_seconds must be a number above 0"):
            reports.run(path, output_dir=out, timeout_seconds=seconds)
    with pytest.raises(ValueError, match="name becomes part of a file name"):
        reports.run(path, output_dir=out, name="a/b")
    with pytest.raises(ValueError, match="would overwrite the notebook itself"):
        reports.run(path, output_dir=path.parent)
    with pytest.raises(FileNotFoundError, match="there is no notebook at"):
        reports.run(tmp_path / "none.ipynb", output_dir=out)
    (tmp_path / "text.ipynb").write_text("no JSON")
    with pytest.raises(ValueError, match="is not a valid notebook"):
        reports.run(tmp_path / "text.ipynb", output_dir=out)
    content = json.loads(path.read_text())
    content["metadata"]["kernelspec"]["name"] = "no-such-kernel"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="the kernel 'no-such-kernel', which is not installed"):
        reports.run(path, output_dir=out)
    assert not out.exists()


def test_paths_unpack_as_a_pair():
    notebook_path, html_path = reports.ReportPaths(Path("a.ipynb"), Path("a.html"))
    assert (notebook_path.name, html_path.name) == ("a.ipynb", "a.html")


@pytest.mark.parametrize("module", [_report_progress, reports])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0


def test_importing_is_light():
    heavy = "{'papermill', 'nbconvert', 'nbformat', 'numpy', 'keras', 'tensorflow', 'matplotlib'}"
    code = f"import sys, segnet_nb.reports; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


# --- Progress ---


def test_progress_names_headings_and_passes_on_lines_of_long_cells(capsys, monkeypatch):
    cells = [new_markdown_cell("# Title\ntext"), new_code_cell("1"), new_markdown_cell("## Train")]
    progress = _report_progress.Progress(cells, enabled=True)
    progress.begin(0)
    progress.write("quick\n")
    monkeypatch.setattr(_report_progress, "LONG_CELL_SECONDS", 0)
    progress.begin(1)
    progress.write("epoch 1 ...\repoch 1 done\nepo")
    progress.write("ch 2\n")
    progress.begin(2)
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["[1/3] Title", "  epoch 1 done", "  epoch 2", "[3/3] Train"]


def test_progress_is_a_bar_on_a_terminal_and_nothing_if_disabled(capsys, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for enabled, expected in ((True, "Title"), (False, "")):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        progress = _report_progress.Progress([new_markdown_cell("# Title")], enabled=enabled)
        progress.begin(0)
        progress.close()
        assert expected in terminal.getvalue()
        assert bool(terminal.getvalue()) is enabled
        assert ("1/1" in terminal.getvalue()) is enabled


# --- Runs, with real kernels ---


@pytest.mark.notebook
def test_a_run_writes_the_notebook_and_its_page(notebook, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = notebook(
        "#M # A report",
        "print(repr((epochs, rate, size, limit, label)))",
        "import os\nprint(os.path.basename(os.getcwd()))",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        parameters="from typing import Literal\n" + PARAMETERS,
        path="folder {with} braces/lesson.ipynb",
    )
    values = {"epochs": "5", "rate": float("inf"), "size": "3x4", "label": 'a "b" \\ c'}
    paths = reports.run(path, values, "out", name="five", progress=False)

    assert paths == reports.ReportPaths(Path("out/lesson-five.ipynb"), Path("out/lesson-five.html"))
    assert files(Path("out")) == {"lesson-five.ipynb", "lesson-five.html"}
    assert "(5, inf, (3, 4), None, 'a \"b\" \\\\ c')" in printed(paths.notebook)
    assert "folder {with} braces" in printed(paths.notebook)
    assert str(tmp_path) not in paths.notebook.read_text()
    assert capsys.readouterr() == ("", "")

    page = paths.html.read_text(encoding="utf-8")
    assert requests_of(page) == []
    assert "data:image/png;base64," in page
    assert "<code>(3, 4)</code></td>" in page
    assert "the full run: 80 (default: 3)" in page
    assert "keras" in page


@pytest.mark.notebook
def test_a_cell_that_raises_leaves_what_ran(notebook, tmp_path):
    path, out = (
        notebook("#M # Title", "print('before')", "# why\n1 / 0", "print('after')"),
        tmp_path,
    )
    (out / "lesson.ipynb").write_text("an older report")
    with pytest.raises(ReportError) as caught:
        reports.run(path, output_dir=out, progress=False)
    error = caught.value
    assert error.cell_index == 2
    assert "cell 3 of 4 (`# why`)" in str(error)
    assert "ZeroDivisionError: division by zero" in str(error)
    assert error.notebook_path == out / "lesson.failed.ipynb"
    assert error.html_path == out / "lesson.failed.html"
    assert printed(error.notebook_path) == "before\n"
    page = error.html_path.read_text(encoding="utf-8")
    assert "cell 3 of 4</a>" in page
    anchor = re.search(r'href="#(cell-id=[^"]+)"', page)[1]
    assert f'id="{anchor}"' in page
    assert (out / "lesson.ipynb").read_text() == "an older report"
    assert not list(out.glob("*running*"))

    nbformat.write(new_notebook(cells=[], metadata=nbformat.read(path, 4).metadata), path)
    assert reports.run(path, output_dir=out, progress=False, html=False).html is None
    assert not list(out.glob("*.failed.*"))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not (state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] == "Z")


@pytest.mark.notebook
@pytest.mark.parametrize(
    "source",
    [
        "time.sleep(10_000)",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(10_000)",
        "while True:\n    print('x' * 1000)",
    ],
    ids=["sleeps", "ignores-interrupts", "prints-endlessly"],
)
def test_an_endless_cell_is_stopped_and_its_kernel_killed(notebook, tmp_path, source):
    path = notebook("import os, time\nprint('pid', os.getpid())", f"print('on')\n{source}", "2")
    with pytest.raises(ReportError, match="TimeoutError: the time limit of 4 s") as caught:
        reports.run(path, output_dir=tmp_path, timeout_seconds=4, progress=False)
    assert caught.value.cell_index == 1
    text = printed(caught.value.notebook_path)
    assert "on\n" in text
    assert len(text) < 1_100_000
    assert not is_running(int(text.split()[1]))
    assert "TimeoutError" in caught.value.html_path.read_text(encoding="utf-8")


@pytest.mark.notebook
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import os\nos._exit(3)", r"DeadKernelError: the kernel died \(exit code 3\)"),
        ("raise SystemExit(0)", r"SystemExit: 0 \(a cell stopped the kernel"),
        ("exit()", r"SystemExit: \(a cell stopped the kernel"),
        ("name = input()", "StdinNotImplementedError"),
    ],
    ids=["kernel-dies", "leaves", "exits", "asks"],
)
def test_a_cell_that_ends_the_kernel_is_a_failure(notebook, tmp_path, source, message):
    path = notebook("print('before')", source, "print('after')")
    with pytest.raises(ReportError, match=message) as caught:
        reports.run(path, output_dir=tmp_path, timeout_seconds=60, progress=False)
    assert caught.value.cell_index == 1
    before, stopped, after = nbformat.read(caught.value.notebook_path, as_version=4).cells
    assert before.outputs[0].text == "before\n"
    assert "error" in [output.output_type for output in stopped.outputs]
    assert after.outputs == []
    assert caught.value.html_path.exists()


@pytest.mark.notebook
def test_output_widgets_do_not_hang(notebook, tmp_path):
    path = notebook(
        "import ipywidgets\nfrom IPython.display import clear_output, display",
        "out = ipywidgets.Output()\ndisplay(out)",
        "for i in range(5):\n    with out:\n        clear_output()\n        print(i)",
        "ipywidgets.interact(lambda x: print(x), x=(0, 10))",
        "@ipywidgets.interact(y=(0, 5))\ndef show(y=1):\n    print(y)",
        "print('end')",
    )
    # The stock client waits for its whole time-out in about every fourth run of this notebook; the
    # time-out here is far longer than pytest's patience.
    for _ in range(5):
        paths = reports.run(path, output_dir=tmp_path, timeout_seconds=3600, html=False, progress=False)
        assert printed(paths.notebook).endswith("end\n")


@pytest.mark.notebook
def test_a_kernel_that_does_not_start_is_told(notebook, tmp_path, monkeypatch):
    spec = tmp_path / "share" / "kernels" / "broken"
    spec.mkdir(parents=True)
    argv = ["python", "-c", "raise ImportError('no such thing')", "{connection_file}"]
    kernel = {"argv": argv, "display_name": "Broken", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(kernel))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    path = notebook("1 + 1")
    path.write_text(path.read_text().replace('"python3"', '"broken"'))
    with pytest.raises(ReportError, match="ImportError: no such thing") as caught:
        reports.run(path, output_dir=tmp_path, progress=False)
    assert caught.value.cell_index is None
    assert caught.value.notebook_path.exists()


@pytest.mark.notebook
def test_reports_run_from_inside_a_notebook(notebook, tmp_path):
    async def inside() -> reports.ReportPaths:  # a cell of Jupyter runs in an event loop
        return reports.run(notebook("print(1)"), output_dir=tmp_path, progress=False, html=False)

    assert printed(asyncio.run(inside()).notebook) == "1\n"


@pytest.mark.notebook
@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT to a process")
def test_interrupting_keeps_what_ran_and_stops_the_kernel(notebook, tmp_path):
    path = notebook(
        "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))",
        "pathlib.Path('on').touch()\ntime.sleep(10_000)",
    )
    command = [sys.executable, "-m", "segnet_nb.cli", "report", str(path), "--output-dir"]
    with subprocess.Popen(
        [*command, str(tmp_path / "out")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (path.parent / "on").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.splitlines() == ["interrupted"]
    assert files(tmp_path / "out") == {"lesson.failed.ipynb", "lesson.failed.html"}
    assert not is_running(int((path.parent / "pid").read_text()))


@pytest.mark.notebook
def test_plain_papermill_runs_the_same_notebook(notebook, tmp_path):
    import papermill

    path = notebook("print(epochs + 1)", parameters="epochs: int = 3  # few")
    out = tmp_path / "plain.ipynb"
    papermill.execute_notebook(
        path,
        out,
        {"epochs": 6},
        progress_bar=False,
        execution_timeout=60,
        stderr_file=io.StringIO(),
    )
    assert printed(out) == "7\n"
