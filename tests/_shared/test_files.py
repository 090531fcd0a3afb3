"""Files are written whole or not at all, whatever ends the writer."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from segnet_nb._shared.files import TEMPORARY, write_whole, written_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def old(tmp_path):
    """A file that is there already."""
    path = tmp_path / "a.json"
    path.write_text("old")
    return path


def test_a_file_takes_the_place_of_the_old_one(old):
    with written_whole(old) as temporary:
        assert temporary.parent == old.parent and temporary.suffix == old.suffix and temporary != old
        temporary.write_text("new")
        assert old.read_text() == "old"
    assert old.read_text() == "new" and names(old.parent) == ["a.json"]


def test_text_and_bytes_into_folders_that_are_created(tmp_path):
    write_whole(tmp_path / "new" / "far" / "a.txt", "ä\n")
    assert (tmp_path / "new" / "far" / "a.txt").read_bytes() == "ä\n".encode()
    write_whole(str(tmp_path / "b"), b"\x00\n")
    assert (tmp_path / "b").read_bytes() == b"\x00\n"


@pytest.mark.parametrize("concurrent", [False, True])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_exception_in_the_middle_leaves_the_old_file_alone(old, error, concurrent):
    with pytest.raises(error), written_whole(old, concurrent=concurrent) as temporary:
        temporary.write_text("ne")
        raise error
    assert old.read_text() == "old" and names(old.parent) == ["a.json"]


def test_an_exception_before_anything_is_written(tmp_path):
    with pytest.raises(RuntimeError, match="early"), written_whole(tmp_path / "a.txt"):
        raise RuntimeError("early")
    assert names(tmp_path) == []


def test_nothing_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "a.txt"):
        pass
    assert names(tmp_path) == []


KILLED = """
import os, sys
from segnet_nb._shared.files import written_whole
with written_whole(sys.argv[1]) as temporary:
    with temporary.open("w") as file:
        file.write("ne")
        file.flush()
        os._exit(9)
"""


def test_a_killed_process_leaves_the_old_file_and_the_next_writer_cleans_up(old):
    command = [sys.executable, "-c", KILLED, str(old)]
    assert subprocess.run(command, check=False).returncode == 9
    assert old.read_text() == "old"
    assert names(old.parent) == ["a.json", f"{TEMPORARY}a.json"]
    write_whole(old, "new")
    assert old.read_text() == "new" and names(old.parent) == ["a.json"]


def test_concurrent_writers_do_not_share_a_temporary_file(old):
    with written_whole(old, concurrent=True) as first, written_whole(old, concurrent=True) as second:
        assert first != second and first.suffix == second.suffix == ".json"
        first.write_text("first")
        second.write_text("second")
    # The inner block ends first; the outer one, which ends last, wins.
    assert old.read_text() == "first" and names(old.parent) == ["a.json"]


def test_errors_of_the_system_name_the_file_and_not_the_temporary_one(old):
    def full(number):
        raise OSError(number, os.strerror(number))  # as a write to a full disk: without a name

    with pytest.raises(OSError, match="No space left") as caught, written_whole(old):
        full(errno.ENOSPC)
    assert caught.value.filename == str(old)
    (old.parent / "folder").mkdir()
    (old.parent / f"{TEMPORARY}b").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_whole(old.parent / "b", "text")
    assert caught.value.filename == str(old.parent / "b")
    with pytest.raises(OSError, match="text of its own") as caught, written_whole(old):
        raise OSError("text of its own")
    assert caught.value.filename is None and old.read_text() == "old"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to(old):
    old.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(PermissionError) as caught:
            write_whole(old, "new")
        assert caught.value.filename == str(old)
    finally:
        old.parent.chmod(stat.S_IRWXU)
    assert old.read_text() == "old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(old):
    (old.parent / f"{TEMPORARY}a.json").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(old, "new")
    assert caught.value.filename == str(old)
    assert old.read_text() == "old" and names(old.parent) == ["a.json"]
