"""The progress file: what is kept and where, and that no file is ever lost."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import pytest

from segnet_nb.course import checking, progress_file

OTHERS = {
    "no JSON": b'{"format": "segnet-nb progress", "vers',
    "no text": b"\x00\xff\xfe" * 9,
    "another program's": b'{"progress": 3}',
    "a list": b"[1, 2]",
    "parts missing": json.dumps({"format": progress_file.FORMAT, "version": 1}).encode(),
    "a part of another kind": json.dumps({**progress_file.empty(), "exercises": ["04.1"]}).encode(),
    "an answer of another kind": json.dumps(
        {**progress_file.empty(), "self_tests": {"04.lazy": "b"}}
    ).encode(),
    "a result without a number": json.dumps(
        {**progress_file.empty(), "tests": {"before": {"of": 12}}}
    ).encode(),
    "an old version": json.dumps({**progress_file.empty(), "version": 0}).encode(),
    "nested too deeply": b"[" * 100_000,
}


def solve(name="04.1"):
    return progress_file.change(lambda content: content["exercises"].setdefault(name, "then"))


def test_what_is_written_is_read_again(kept):
    assert progress_file.load() == progress_file.empty()
    assert not kept.exists()  # reading writes nothing
    solve("04.1"), solve("05.2")
    assert progress_file.load()["exercises"] == {"04.1": "then", "05.2": "then"}
    on_disk = json.loads(kept.read_text())
    assert (on_disk["format"], on_disk["version"]) == ("segnet-nb progress", 1)
    assert [path.name for path in kept.parent.iterdir()] == ["mine.json"]  # no temporary file


def test_another_kernel_writes_too(kept):
    solve("04.1")
    other = json.loads(kept.read_text())
    other["exercises"]["09.1"] = "there"
    kept.write_text(json.dumps(other))
    assert set(solve("05.1")["exercises"]) == {"04.1", "05.1", "09.1"}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_a_damaged_or_foreign_file_is_kept_aside(kept, content):
    kept.parent.mkdir()
    kept.write_bytes(content)
    solve()
    assert kept.with_name("mine-kept-1.json").read_bytes() == content
    assert progress_file.load()["exercises"] == {"04.1": "then"}
    (sentence,) = progress_file.notices()
    assert sentence.startswith(f"The file {kept} is ")
    assert sentence.endswith("it was kept as mine-kept-1.json, and a new one begins.")
    assert progress_file.notices() == []


def test_a_second_damaged_file_does_not_replace_the_first(kept):
    kept.parent.mkdir()
    for content in (b"one", b"two"):
        kept.write_bytes(content)
        progress_file.load()
    names = {path.name: path.read_bytes() for path in kept.parent.iterdir()}
    assert names == {"mine-kept-1.json": b"one", "mine-kept-2.json": b"two"}


def test_a_newer_file_stays_as_it_is(kept):
    kept.parent.mkdir()
    newer = json.dumps({**progress_file.empty(), "version": 2, "more": 1})
    kept.write_text(newer)
    solve("04.1"), solve("04.2")
    assert kept.read_text() == newer
    assert [path.name for path in kept.parent.iterdir()] == ["mine.json"]
    assert set(progress_file.load()["exercises"]) == {"04.1", "04.2"}  # for this session
    assert "is of a newer version of this package; update it to go on." in progress_file.notices()[0]


def test_a_place_that_cannot_be_written(kept):
    kept.parent.write_text("a file where the folder should be")
    solve("04.1"), solve("04.2")
    assert set(progress_file.load()["exercises"]) == {"04.1", "04.2"}
    assert len(progress_file.notices()) == 1


def test_a_folder_in_its_place(kept):
    kept.mkdir(parents=True)
    solve()
    assert kept.is_dir()
    assert progress_file.load()["exercises"] == {"04.1": "then"}


class TestWhereItIsKept:
    def test_not_in_a_test_run(self, unkept):
        assert progress_file.place() is None
        solve()
        assert progress_file.load()["exercises"] == {"04.1": "then"}
        assert not unkept.parent.exists()

    def test_off(self, kept, monkeypatch):
        monkeypatch.setenv(progress_file.VARIABLE, "off")
        assert progress_file.place() is None

    @pytest.mark.parametrize(
        ("console", "there"),
        [
            (SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=True)), True),  # JupyterLab, VS Code
            (
                SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=False)),
                False,
            ),  # papermill, nbconvert, nbval
            (SimpleNamespace(kernel=SimpleNamespace()), False),
            (SimpleNamespace(), True),  # IPython in a terminal
            (None, False),  # a script
        ],
    )
    def test_where_a_reader_can_be_asked(self, unkept, monkeypatch, console, there):
        monkeypatch.delenv("PYTEST_VERSION")
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: console))
        path = progress_file.place()
        assert (path is not None) == there
        if path is not None:
            assert (path.parent.name, path.name) == ("segnet-nb", "progress.json")

    def test_ipykernel_says_so(self):
        """The attribute is ipykernel's own; it must not be renamed unseen."""
        from ipykernel.ipkernel import IPythonKernel

        assert IPythonKernel.class_traits()["_allow_stdin"].default_value is False


class TestChecks:
    def test_a_right_answer_is_kept_once(self, kept, capsys):
        checking.check("04.3", 9)
        first = progress_file.load()["exercises"]["04.3"]
        before = kept.stat().st_mtime_ns
        checking.check("4.3", 9.0)
        assert capsys.readouterr().out == "Right.\nRight.\n"
        assert progress_file.load()["exercises"] == {"04.3": first}
        assert kept.stat().st_mtime_ns == before

    def test_a_wrong_or_missing_answer_is_not(self, kept):
        checking.check("04.3", 8), checking.check("04.3"), checking.check("99.9", 1), checking.check(None)
        assert not kept.exists()

    def test_a_solution_is_not_the_readers(self, kept, monkeypatch):
        for name in ("/course/notebooks/solutions/04.ipynb", "C:\\notebooks\\solutions\\04.ipynb"):
            monkeypatch.setenv("JPY_SESSION_NAME", name)
            checking.check("04.3", 9)
        assert not kept.exists()
        monkeypatch.setenv("JPY_SESSION_NAME", "/course/notebooks/04.ipynb")
        checking.check("04.3", 9)
        assert kept.exists()

    def test_a_damaged_file_is_told_and_the_check_goes_on(self, kept, capsys):
        kept.parent.mkdir()
        kept.write_text("{")
        checking.check("04.3", 9)
        said = capsys.readouterr().out.splitlines()
        assert said[0] == "Right."
        assert said[1].endswith("is damaged; it was kept as mine-kept-1.json, and a new one begins.")

    def test_whatever_happens_the_check_goes_on(self, kept, capsys, monkeypatch):
        def fail(*_):
            raise RuntimeError("planted")

        monkeypatch.setattr(progress_file, "load", fail)
        checking.check("04.3", 9)
        assert capsys.readouterr().out == "Right.\n"
