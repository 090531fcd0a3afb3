"""Reports end whatever their cells do, and say in one sentence what is no notebook and no parameter."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from segnet_nb import reports
from segnet_nb._shared.errors import UserError
from segnet_nb.cli.main import main
from segnet_nb.reports import ReportError, cell_outputs, notebook_parameters, running_files
from segnet_nb.reports.cell_outputs import CellOutputs, PrintedText
from tests.attacks import reports as attacks
from tests.report_helpers import write_notebook

STATE = "application/vnd.jupyter.widget-state+json"


def run(folder, *sources, seconds=120.0, **options):
    path = write_notebook(folder, *sources)
    return reports.run(path, output_dir=folder / "out", timeout_seconds=seconds, progress=False, **options)


def texts(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return json.dumps([each.get("outputs", ()) for each in cells], ensure_ascii=False)


# --- What cells print, without a kernel ---


def printed(*pieces, room=10**9):
    text = PrintedText()
    for piece in pieces:
        text.write(piece, room - text.length)
    return text


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["abc\n", "de"], "abc\nde"),
        (["abc\rde"], "de"),
        (["abc", "\r", "de\n"], "de\n"),
        (["abc\r", "\nde"], "abc\r\nde"),
        (["abc\r\r\n"], "\r\n"),
        (["a\rb\rc\nd\re"], "c\ne"),
        (["abc\b\bd"], "ad"),
        (["abc\b", "\b", "d\n"], "ad\n"),
        (["\b\babc"], "abc"),
        (["", "\n", ""], "\n"),
    ],
)
def test_as_a_terminal_shows_it(pieces, expected):
    assert printed(*pieces).read() == expected


def test_it_is_cut_at_the_limits(monkeypatch):
    monkeypatch.setattr(cell_outputs, "MAX_LINE", 5)
    assert printed("1234567", "8\nab").read().startswith("12345 [cut: a line of more than")
    assert printed("1234567\rab\n").read() == "ab\n"  # what is not seen is not counted
    many = printed("123\n" * 10, "more", room=10)
    assert many.length == 10
    assert many.read() == "123\n123\n12" + cell_outputs._LONG_TEXT


def test_both_streams_share_the_room(monkeypatch):
    monkeypatch.setattr(cell_outputs, "MAX_PRINTED", 10)
    outputs, cell = [], CellOutputs()
    for name in ("stderr", "stdout", "stderr"):
        cell.write(outputs, name, "123456")
    cell.refresh()
    assert [(each["name"], each["text"][:6]) for each in outputs] == [
        ("stdout", "1234\n["),
        ("stderr", "123456"),
    ]
    outputs.clear()  # clear_output gives the room back
    cell.write(outputs, "stdout", "again")
    cell.refresh()
    assert [each["text"] for each in outputs] == ["again"]


def test_of_many_figures_one_note_is_left(monkeypatch):
    monkeypatch.setattr(cell_outputs, "MAX_DISPLAYS", 2)
    contents = [{"data": {"text/plain": str(number)}, "metadata": {}} for number in range(5)]
    cell = CellOutputs()
    assert [cell.admits(content) for content in contents] == [True, True, True, False, False]
    assert contents[2]["data"]["text/plain"].startswith("[cut: this cell showed more than")
    assert contents[1]["data"]["text/plain"] == "1"


def test_a_large_figure_becomes_a_note(monkeypatch):
    monkeypatch.setattr(cell_outputs, "MAX_SHOWN", 10)
    cell, contents = CellOutputs(), [{"data": {"text/html": "x" * size}} for size in (11, 10, 1)]
    assert all(cell.admits(content) for content in contents)
    assert [list(content["data"]) for content in contents] == [["text/plain"], ["text/html"], ["text/plain"]]


# --- Cells, with real kernels ---


@pytest.mark.notebook
@pytest.mark.slow
@pytest.mark.parametrize("name", attacks.FLOODS)
def test_floods(tmp_path, name):
    source, note = attacks.FLOODS[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if note is None:  # it cannot be stored, so it may fail, in one sentence
        with contextlib.suppress(ReportError):
            run(tmp_path, source)
        return
    paths = run(tmp_path, source, "print('after')")
    stored = texts(paths.notebook)
    assert "after" in stored
    assert note in stored and (note or "[cut" not in stored)
    assert paths.notebook.stat().st_size < 15_000_000 and paths.html.stat().st_size < 4_000_000
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 2e9


@pytest.mark.notebook
@pytest.mark.slow
@pytest.mark.parametrize("name", attacks.ERRORS)
def test_errors(tmp_path, name):
    source, begins = attacks.ERRORS[name]
    with pytest.raises(ReportError) as caught:
        run(tmp_path, source, "print('after')")
    assert begins in str(caught.value)
    assert len(str(caught.value)) < 2_000
    assert caught.value.cell_index == 0
    assert caught.value.notebook_path.stat().st_size < 4_000_000
    assert caught.value.html_path.exists()


def running(marker: str) -> list[str]:
    """The processes whose environment has a marker."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
            if state != "Z" and marker.encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
    return found


@pytest.mark.notebook
@pytest.mark.slow
@pytest.mark.parametrize("name", attacks.ENDLESS)
def test_endless_cells(tmp_path, monkeypatch, name):
    monkeypatch.setenv("SEGNET_NB_TEST", str(tmp_path))
    with pytest.raises(ReportError, match="TimeoutError: the time limit of 6 s") as caught:
        run(tmp_path, "print('before')", attacks.ENDLESS[name], seconds=6)
    assert caught.value.cell_index == 1
    assert "before" in texts(caught.value.notebook_path)
    assert [path for path in running(f"SEGNET_NB_TEST={tmp_path}") if int(path) != os.getpid()] == []
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "lesson.failed.ipynb",
        "lesson.failed.html",
    }


@pytest.mark.notebook
def test_a_flood_and_the_deadline(tmp_path):
    """The quick one of them: a long line, then one without an end."""
    with pytest.raises(ReportError, match="TimeoutError") as caught:
        run(tmp_path, "print('x' * 1_000_000)", "while True:\n    print('x' * 1_000_000)", seconds=4)
    assert caught.value.cell_index == 1
    assert texts(caught.value.notebook_path).count("cut: a line of more than") >= 1


@pytest.mark.notebook
@pytest.mark.slow
def test_a_client_that_never_looks_up(tmp_path, monkeypatch):
    """The end comes from outside the client's loop, which a task keeps busy for ever."""
    from segnet_nb.reports import client, deadline

    async def busy(*_):
        while True:
            pass

    monkeypatch.setattr(deadline, "GRACE_SECONDS", 1.0)
    monkeypatch.setattr(client.ReportClient, "_async_poll_output_msg", busy)
    with pytest.raises(ReportError, match="TimeoutError: the time limit of 4 s") as caught:
        run(tmp_path, "1 + 1", seconds=4)
    assert caught.value.notebook_path.exists()


# --- Killed runs and full disks ---


def test_what_dead_runs_left_is_cleared(tmp_path):
    kept = tmp_path / "lesson.running-notes.ipynb"
    kept.write_text("{}")
    with running_files.running_files(tmp_path, "other") as alive:
        alive.write_text("{}")
        for name in ("lesson.running-0123abcd.lock", "lesson.running-0123abcd.ipynb", "other.ipynb"):
            (tmp_path / name).write_text("")
        (tmp_path / "part-lesson.running-0123abcd.ipynb").write_text("")
        with running_files.running_files(tmp_path, "lesson") as running:
            running.write_text("{}")
            running.with_suffix(".html").write_text("")
        assert alive.exists()
        assert {path.name for path in tmp_path.iterdir()} == {
            *(kept.name, "other.ipynb", alive.name, alive.with_suffix(".lock").name)
        }
    assert {path.name for path in tmp_path.iterdir()} == {kept.name, "other.ipynb"}


@pytest.mark.notebook
@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sends SIGKILL")
def test_a_killed_report_leaves_nothing_to_the_next(tmp_path):
    path = write_notebook(tmp_path, "import pathlib, time\npathlib.Path('on').touch()\ntime.sleep(10_000)")
    command = [
        sys.executable,
        "-m",
        "segnet_nb.cli",
        "report",
        str(path),
        "--output-dir",
        str(tmp_path / "out"),
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not (path.parent / "on").exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert list((tmp_path / "out").glob("lesson.running-*.ipynb"))
    paths = reports.run(write_notebook(tmp_path, "1 + 1"), output_dir=tmp_path / "out", progress=False)
    assert set((tmp_path / "out").iterdir()) == set(paths)


@pytest.mark.notebook
def test_a_full_disk(tmp_path, monkeypatch, capsys):
    """It is said with the folder, and what was stored before is kept."""
    import errno

    from segnet_nb.reports import client

    write_whole, count = client.write_whole, 0

    def full(path, content, **options):
        nonlocal count
        count += 1
        if count > 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write_whole(path, content, **options)

    monkeypatch.setattr(client, "write_whole", full)
    path = write_notebook(tmp_path, "print('before')", "print('after')")
    assert main(["report", str(path), "--output-dir", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert f"No space left on device in {tmp_path / 'out'}" in said
    assert "Traceback" not in said and "JSON" not in said
    kept = tmp_path / "out" / "lesson.failed.ipynb"
    assert str(kept) in said
    assert nbformat.read(kept, as_version=4).cells[0].source == "print('before')"


# --- What is no notebook and no parameter ---


@pytest.mark.parametrize("name", attacks.NOTEBOOKS)
def test_no_notebook(tmp_path, capsys, name):
    content = attacks.NOTEBOOKS[name]
    path = tmp_path / "odd.ipynb"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    for line in (["--list"], ["-p", "x", "2"], []):
        assert main(["report", str(path), *line, "--output-dir", str(tmp_path / "out")]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and len(said) < 500, said
        assert "odd.ipynb" in said
    with pytest.raises(UserError, match=r"odd\.ipynb is not a valid notebook: "):
        reports.write_html(path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", attacks.ODD_METADATA)
def test_pages_of_odd_metadata(tmp_path, name):
    view = {"output_type": "display_data", "data": {"text/plain": "a", STATE.replace("state", "view"): {}}}
    view["data"]["application/vnd.jupyter.widget-view+json"] = {"model_id": "a"}
    cell = json.loads(attacks.cell(source="1", outputs=[view | {"metadata": {}}]))["cells"]
    path = tmp_path / "odd.ipynb"
    path.write_text(json.dumps(attacks.notebook(cells=cell, metadata=attacks.ODD_METADATA[name])))
    try:
        assert reports.write_html(path).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    except UserError as error:
        assert "\n" not in str(error)


HINTS = ["", ": int", ": float", ": str", ": bool", ": list", ": tuple[int, ...]", ": dict", ": int | None"]


@pytest.mark.parametrize("value", attacks.PARAMETERS, ids=range(len(attacks.PARAMETERS)))
def test_no_parameter(tmp_path, monkeypatch, value):
    """It is refused in one sentence, or the kernel gets exactly that value."""
    import ast

    monkeypatch.chdir(tmp_path)
    for number, hint in enumerate(HINTS):
        path = write_notebook(tmp_path, parameters=f"x{hint} = ...", path=f"{number}.ipynb")
        try:
            checked = notebook_parameters.check_parameters(path, {"x": value})
        except UserError as error:
            assert str(error).splitlines()[1:] == ["Its parameters are:", f"  x{hint} = ..."]
            continue
        source = notebook_parameters.assignments(checked)
        json.dumps(notebook_parameters.recorded(checked), allow_nan=False)
        names: dict = {}
        code = compile(ast.parse(source), "cell", "exec")
        exec(code, {"__builtins__": {"float": float, "set": set, "Ellipsis": ...}}, names)
        assert repr(names["x"]) == repr(checked["x"])
    assert not Path("hacked").exists()


@pytest.mark.parametrize("value", [object(), print, [object()], {"a": {1: print}}, open], ids=range(5))
def test_values_that_no_notebook_can_hold(tmp_path, value):
    path = write_notebook(tmp_path, parameters="x = ...")
    with pytest.raises(UserError, match="cannot be written into a notebook"):
        notebook_parameters.check_parameters(path, {"x": value})


def test_a_list_that_holds_itself(tmp_path):
    value: list = []
    value.append(value)
    with pytest.raises(UserError, match="nested too deeply"):
        notebook_parameters.check_parameters(write_notebook(tmp_path, parameters="x = ..."), {"x": value})


@pytest.mark.notebook
def test_odd_parameters_run(tmp_path):
    path = write_notebook(
        tmp_path, "print(repr((a, b, c, d)))", parameters="a = None\nb = None\nc = None\nd = None"
    )
    values = {"a": {2}, "b": ..., "c": 1 + 2j, "d": {(1, 2): float("nan")}}
    paths = reports.run(path, values, tmp_path / "out", progress=False)
    assert "({2}, Ellipsis, (1+2j), {(1, 2): nan})" in texts(paths.notebook)
    assert "NaN" not in paths.notebook.read_text()
    assert main(["report", str(path), "-p", "a", "{[]: 1}", "--list"]) == 0
