"""Archives that are truncated, wrong or hostile, as they come from a server."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from segnet_nb.datasets import archive as archives, camvid
from tests.datasets.serving import (
    ARCHIVE,
    FILES,
    TOP,
    assert_fails,
    contents,
    fetch,
    member,
    packed,
    serving,
    sums_of,
)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """Nothing stands between the test and its server."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data" / "camvid"


def test_truncated_archive_keeps_valid_files(root):
    with serving(ARCHIVE[:150_000]) as server:
        assert_fails(root, server, "differ from the published ones", "the archive is damaged", "val/b.png")
        kept = contents(root)
        assert kept
        assert kept.items() <= FILES.items()
        assert not [name for name in kept if name.endswith(".txt")]
        assert not camvid.is_available("val", root=root)
        server.body = ARCHIVE
        fetch(root, server)
    assert contents(root) == FILES


@pytest.mark.parametrize("body", [b"<html>log in first</html>", b"", b"\x1f\x8b\x08\x00"])
def test_no_archive_at_all(root, body):
    with serving(body) as server:
        assert_fails(root, server, f"{len(FILES)} of the {len(FILES)} files", "damaged")
    assert contents(root) == {}


def test_wrong_sum_is_named_and_not_written(root):
    with serving(packed({**FILES, "val/a.png": b"other bytes"})) as server:
        assert_fails(root, server, "1 of the 10 files", "wrong SHA-256: val/a.png")
        # Its list is held back with it, so that the split does not look whole.
        good = {name: data for name, data in FILES.items() if name not in ("val/a.png", "val.txt")}
        assert contents(root) == good
        server.body = ARCHIVE
        fetch(root, server)
    assert contents(root) == FILES


def test_missing_member_is_named(root):
    less = {name: data for name, data in FILES.items() if name != "trainannot/b.png"}
    with serving(packed(less)) as server:
        assert_fails(root, server, "not in the archive: trainannot/b.png")


def test_wrong_list_is_named(root):
    with serving(packed({**FILES, "val.txt": b"val/a.png val/b.png\n"})) as server:
        assert_fails(root, server, "wrong SHA-256: val.txt")
    assert "val.txt" not in contents(root)


def test_many_wrong_files_give_a_short_message(root):
    with serving(packed(dict.fromkeys(FILES, b"x"))) as server:
        error = assert_fails(root, server, "wrong SHA-256: ", "and 5 more")
    assert len(str(error)) < 500


def test_checksum_of_the_archive(root):
    expected = sums_of({"archive": ARCHIVE})["archive"]
    with serving(ARCHIVE + b"\0") as server:
        assert_fails(root, server, expected, "omit archive_sha256", archive_sha256=expected)
        assert contents(root) == {}
        server.body = ARCHIVE
        fetch(root, server, archive_sha256=expected.upper())
    assert contents(root) == FILES


HOSTILE = {
    "climbing": [member("Tutorial/CamVid/../../escaped.txt", b"x")],
    "climbing top": [member("../CamVid/train/a.png", b"x")],
    "absolute": [member("/CamVid/train/a.png", b"x"), member("/tmp/segnet-nb-escaped.txt", b"x")],
    "other folder": [member("Tutorial/Models/train/a.png", b"x"), member("CamVid/train.txt", b"x")],
    "not listed": [member(f"{TOP}/train/evil.png", b"x"), member(f"{TOP}/train/", type=b"5")],
    "climbing inside": [member(f"{TOP}/train/../../escaped.txt", b"x")],
    "duplicate": [member(f"{TOP}/train/a.png", b"other bytes")],
    "duplicate list": [member(f"{TOP}/train.txt", b"other bytes")],
    "huge": [member(f"{TOP}/train/a.png", bytes(6_000_000))],
    "symlink": [member(f"{TOP}/train/a.png", type=tarfile.SYMTYPE, linkname="/etc/passwd")],
    "symlinked folder": [member(f"{TOP}/train", type=tarfile.SYMTYPE, linkname="/tmp")],
    "hard link": [member(f"{TOP}/train/a.png", type=tarfile.LNKTYPE, linkname="/etc/passwd")],
    "device": [member(f"{TOP}/train/a.png", type=tarfile.CHRTYPE, devmajor=1, devminor=5)],
    "pipe": [member(f"{TOP}/train/a.png", type=tarfile.FIFOTYPE)],
}


@pytest.mark.parametrize("before", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_members_are_ignored(root, tmp_path, before):
    with serving(packed(FILES, *before)) as server:
        fetch(root, server)
    assert contents(root) == FILES
    # Nothing but the set itself came to lie anywhere near.
    assert [path.name for path in tmp_path.rglob("*") if path.is_symlink()] == []
    assert set(contents(tmp_path)) == {f"data/camvid/{name}" for name in FILES}
    assert not Path("/tmp/segnet-nb-escaped.txt").exists()


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (member(f"{TOP}/train/a.png", bytes(6_000_000)), "6000000 bytes, over the limit"),
        (member(f"{TOP}/train/a.png", type=tarfile.SYMTYPE, linkname="b.png"), "not a regular file"),
        (member(f"{TOP}/train/a.png", type=tarfile.LNKTYPE, linkname="b.png"), "not a regular file"),
    ],
    ids=["huge", "symlink", "hard link"],
)
def test_hostile_members_in_place_of_a_file(root, entry, problem):
    rest = {name: data for name, data in FILES.items() if name != "train/a.png"}
    with serving(packed(rest, entry)) as server:
        assert_fails(root, server, problem, "train/a.png")
    assert "train/a.png" not in contents(root)
    assert not camvid.is_available("train", root=root)


@pytest.mark.parametrize("top", ["", "..", "."])
def test_files_outside_the_top_folder_are_ignored_even_with_correct_bytes(root, top):
    rest = {name: data for name, data in FILES.items() if name != "train/a.png"}
    entry = member(f"{top}/CamVid/train/a.png", FILES["train/a.png"])
    with serving(packed(rest, entry)) as server:
        assert_fails(root, server, "not in the archive: train/a.png")


def test_an_archive_of_unlimited_size(root, monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 1_000_000)
    bomb = member("Tutorial/zeros", bytes(20_000_000))
    with serving(packed(FILES, bomb)) as server:
        assert_fails(root, server, "it unpacks to more than 1 MB")
