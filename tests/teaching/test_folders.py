"""A folder is written whole or not at all, and an update loses nothing that others have put there."""

from __future__ import annotations

import json

import pytest

from segnet_nb import UserError
from segnet_nb._shared.files import digest_of
from segnet_nb.teaching.folders import RECORD, made_folder
from tests.teaching.small_course import names


def make(target, kind="nbgrader", **files):
    with made_folder(target, kind) as temporary:
        for name, text in files.items():
            path = temporary / name.replace("_", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return target


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), made_folder(tmp_path / "new", "plain") as temporary:
        (temporary / "a").write_text("half")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_an_error_in_an_update_leaves_the_old_files(tmp_path):
    target = make(tmp_path / "new", a="old")
    with pytest.raises(KeyError), made_folder(target, "nbgrader") as temporary:
        (temporary / "a").write_text("half")
        raise KeyError
    assert names(tmp_path) == {"new/a", f"new/{RECORD}"} and (target / "a").read_text() == "old"


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "new").mkdir()
    assert names(make(tmp_path / "new", a="x")) == {"a", RECORD}


def test_an_update_replaces_removes_and_keeps(tmp_path):
    target = make(tmp_path / "new", a="1", b_c="2")
    (target / "gradebook.db").write_text("marks")
    make(target, a="3", d="4")
    assert names(target) == {"a", "d", RECORD, "gradebook.db"}
    assert (target / "a").read_text() == "3" and (target / "gradebook.db").read_text() == "marks"
    assert not (target / "b").exists()  # the folder of the file that is no longer made


def test_a_changed_file_is_not_lost(tmp_path):
    target = make(tmp_path / "new", a="1", b="1")
    (target / "a").write_text("the teacher's own")
    with pytest.raises(UserError, match="has files that were changed after the export, a for one"):
        make(target, a="2", b="2")
    assert (target / "a").read_text() == "the teacher's own" and (target / "b").read_text() == "1"
    (target / "a").unlink()
    make(target, a="2")
    assert (target / "a").read_text() == "2"


def test_what_a_tool_makes_anew_may_differ(tmp_path):
    target = make(tmp_path / "new", release_a="1")
    (target / "release" / "a").write_text("of nbgrader generate_assignment")
    make(target, release_a="2")
    assert (target / "release" / "a").read_text() == "2"


def test_a_file_is_refused(tmp_path):
    (tmp_path / "a").write_text("x")
    with pytest.raises(UserError, match="is a file: pass the path of a new folder"):
        make(tmp_path / "a")


@pytest.mark.parametrize("record", [None, "", "[]", "{}", '{"kind": "nbgrader", "files": 3}', "\xff"],
                         ids=["none", "empty", "list", "keys", "number", "bytes"])  # fmt: skip
def test_files_of_others_are_refused(tmp_path, record):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "thesis.tex").write_text("x")
    if record is not None:
        (tmp_path / "new" / RECORD).write_bytes(record.encode("latin-1"))
    with pytest.raises(UserError, match="is not empty and was not made by this command"):
        make(tmp_path / "new")
    assert (tmp_path / "new" / "thesis.tex").read_text() == "x"


def test_an_export_of_another_kind_is_refused(tmp_path):
    target = make(tmp_path / "new", kind="otter", a="1")
    with pytest.raises(UserError, match="is an export for otter, not for nbgrader"):
        make(target)


def test_the_record_names_no_file_outside(tmp_path):
    """A record that was edited must not make an update delete files elsewhere."""
    target = make(tmp_path / "new", a="1")
    (tmp_path / "precious").write_text("x")
    record = json.loads((target / RECORD).read_text())
    record["files"]["../precious"] = digest_of(tmp_path / "precious")  # as if unchanged, so to be removed
    (target / RECORD).write_text(json.dumps(record))
    with pytest.raises(UserError, match="was not made by this command"):
        make(target, a="2")
    assert (tmp_path / "precious").read_text() == "x"
