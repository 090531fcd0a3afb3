"""The download: faults of server and disk, each against a real server on this machine."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from segnet_nb.datasets import archive as archives, camvid, download
from segnet_nb.datasets.download import DownloadError, download_camvid
from tests.datasets.serving import (
    ARCHIVE,
    FILES,
    SUMS,
    Answer,
    assert_fails,
    contents,
    fetch,
    serving,
)


@pytest.fixture(autouse=True)
def local(monkeypatch):
    """No proxy between the test and its server, and no waiting between attempts."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "BACKOFF_SECONDS", 0.0)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data" / "camvid"


def part_of(root):
    return root / f"{download.ARCHIVE_NAME}.part"


# The way it should go


def test_downloads_unpacks_and_leaves_nothing_else(root):
    with serving(ARCHIVE) as server:
        assert fetch(root, server) == root
    assert contents(root) == FILES
    assert server.asked[0]["Accept-Encoding"] == "identity"
    assert "Range" not in server.asked[0]


def test_a_complete_dataset_needs_no_request(root):
    with serving(ARCHIVE) as server:
        fetch(root, server)
        part_of(root).write_bytes(b"left over")
        fetch(root, server)
    assert len(server.asked) == 1
    assert contents(root) == FILES


def test_replaces_only_missing_and_damaged_files(root):
    with serving(ARCHIVE) as server:
        fetch(root, server)
        (root / "val/a.png").write_bytes(b"damaged")
        (root / "train/b.png").unlink()
        good = root / "train/a.png"
        os.utime(good, (1, 1))
        fetch(root, server)
    assert contents(root) == FILES
    assert good.stat().st_mtime == 1


def test_follows_a_redirect(root):
    with serving(ARCHIVE) as there:
        moved = Answer(status=302, body=b"", headers={"Location": there.url})
        with serving(b"", moved) as here:
            fetch(root, here)
    assert contents(root) == FILES


def test_server_without_etag_and_length(root):
    with serving(ARCHIVE, Answer(etag=None, says_length=False)) as server:
        fetch(root, server)
    assert contents(root) == FILES


def test_progress_goes_to_stderr(root, capsys):
    with serving(ARCHIVE) as server:
        download_camvid(root, url=server.url, sums=SUMS)
    shown = capsys.readouterr()
    assert "Downloading CamVid" in shown.err
    assert "Unpacking CamVid" in shown.err
    assert shown.out == ""


def test_without_progress_nothing_is_written(root, capsys):
    with serving(ARCHIVE) as server:
        fetch(root, server)
    assert capsys.readouterr() == ("", "")


def test_default_destination_is_where_the_loader_looks(root, monkeypatch):
    monkeypatch.setenv(camvid.ENVIRONMENT_VARIABLE, str(root))
    with serving(ARCHIVE) as server:
        assert fetch(None, server) == root
    assert camvid.is_available("train")


def test_an_existing_archive_is_used_without_a_request(root):
    root.mkdir(parents=True)
    (root / download.ARCHIVE_NAME).write_bytes(ARCHIVE)
    with serving(b"") as server:
        fetch(root, server)
    assert server.asked == []
    assert contents(root) == FILES


def test_an_invalid_existing_archive_is_replaced(root):
    root.mkdir(parents=True)
    (root / download.ARCHIVE_NAME).write_bytes(ARCHIVE[:100_000])
    with serving(ARCHIVE) as server:
        fetch(root, server)
    assert contents(root) == FILES


def test_an_invalid_existing_archive_is_reported_if_the_server_fails_too(root):
    root.mkdir(parents=True)
    (root / download.ARCHIVE_NAME).write_bytes(b"not an archive")
    with serving(b"", Answer(status=503)) as server:
        assert_fails(root, server, "503", "existing archive was incomplete", "is damaged")


# Connections that break


def test_resumes_where_it_stopped(root):
    half = 1 << 17
    with serving(ARCHIVE, Answer(cut=half), Answer()) as server:
        fetch(root, server)
    first, second = server.asked
    assert "Range" not in first
    assert second["Range"] == f"bytes={half}-"
    assert second["If-Range"] == '"one"'
    assert server.sent == [half, len(ARCHIVE) - half]
    assert contents(root) == FILES


def test_resumes_in_a_later_run(root, monkeypatch):
    half = 1 << 17
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    with serving(ARCHIVE, Answer(cut=half), Answer()) as server:
        assert_fails(root, server, server.url, "1 of 1 attempts", "segnet-nb data camvid")
        assert not camvid.is_available("train", root=root)
        assert part_of(root).read_bytes() == ARCHIVE[:half]
        fetch(root, server)
    assert server.asked[1]["Range"] == f"bytes={half}-"
    assert contents(root) == FILES


@pytest.mark.parametrize(
    "second",
    [
        Answer(ranges=False),
        Answer(etag='"two"'),
        Answer(etag='"two"', status=206, content_range="bytes 131072-1/1", body=b"x" * 9),
        Answer(content_range="bytes 7-9/10"),
        Answer(status=416, body=b""),
    ],
    ids=["ignores Range", "other version", "other version all the same", "other piece", "416"],
)
def test_restarts_if_resuming_would_mix_two_files(root, second):
    with serving(ARCHIVE, Answer(cut=1 << 17), second, Answer(etag='"two"')) as server:
        fetch(root, server)
    assert server.asked[1]["Range"] == f"bytes={1 << 17}-"
    assert "Range" not in server.asked[-1] or len(server.asked) == 2
    assert contents(root) == FILES


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_etag_there_is_no_resuming(root, etag):
    with serving(ARCHIVE, Answer(cut=1 << 17, etag=etag), Answer(etag=etag)) as server:
        fetch(root, server)
    assert "Range" not in server.asked[1]
    assert contents(root) == FILES


def test_partial_files_of_another_address_are_not_resumed(root, monkeypatch):
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    with serving(ARCHIVE, Answer(cut=1 << 17)) as server:
        assert_fails(root, server)
    with serving(ARCHIVE) as mirror:
        fetch(root, mirror)
    assert "Range" not in mirror.asked[0]
    assert contents(root) == FILES


@pytest.mark.parametrize("note", [b"", b"\xff", b"[]", b"3", b'{"url": 1}'])
def test_an_invalid_record_means_starting_again(root, note):
    root.mkdir(parents=True)
    part_of(root).write_bytes(b"what is this")
    (root / f"{download.ARCHIVE_NAME}.note.part").write_bytes(note)
    with serving(ARCHIVE) as server:
        fetch(root, server)
    assert contents(root) == FILES


def test_a_complete_partial_file_needs_no_request(root):
    root.mkdir(parents=True)
    part_of(root).write_bytes(ARCHIVE)
    with serving(ARCHIVE) as server:
        note = {"url": server.url, "etag": '"one"', "total": len(ARCHIVE)}
        (root / f"{download.ARCHIVE_NAME}.note.part").write_text(json.dumps(note))
        fetch(root, server)
    assert server.asked == []
    assert contents(root) == FILES


def test_many_interruptions_still_succeed(root):
    cuts = [Answer(cut=1 << 16)] * (download.ATTEMPTS - 1)
    with serving(ARCHIVE, *cuts, Answer()) as server:
        fetch(root, server)
    assert sum(server.sent) == len(ARCHIVE)
    assert contents(root) == FILES


def test_a_range_shorter_than_requested_is_not_the_end(root):
    # Such an answer is whole in itself: only the size known from the first one tells.
    some = Answer(body=ARCHIVE[: 3 << 16])
    with serving(ARCHIVE, Answer(cut=1 << 17), some, Answer()) as server:
        fetch(root, server)
    assert [asked.get("Range") for asked in server.asked[1:]] == ["bytes=131072-", "bytes=196608-"]
    assert contents(root) == FILES


def test_gives_up_after_the_last_attempt(root):
    with serving(ARCHIVE, Answer(cut=0)) as server:
        assert_fails(root, server, f"{download.ATTEMPTS} of {download.ATTEMPTS} attempts")
    assert len(server.asked) == download.ATTEMPTS


@pytest.mark.parametrize("sig", ["SIGKILL", "SIGINT"])
def test_a_killed_download_resumes(root, sig):
    if not hasattr(signal, sig):
        pytest.skip(f"this system has no {sig}")
    code = (
        "import json, sys\n"
        "from segnet_nb.datasets.download import download_camvid\n"
        "download_camvid(sys.argv[1], url=sys.argv[2], progress=False, sums=json.load(sys.stdin))\n"
    )
    with serving(ARCHIVE, Answer(pause=0.1), Answer()) as server:
        child = subprocess.Popen(
            [sys.executable, "-c", code, str(root), server.url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            text=True,
        )
        with child:
            child.stdin.write(json.dumps(SUMS))
            child.stdin.close()
            until = time.monotonic() + 60
            while not (part_of(root).is_file() and part_of(root).stat().st_size > 0):
                assert child.poll() is None, child.stderr.read()
                assert time.monotonic() < until
                time.sleep(0.01)
            child.send_signal(getattr(signal, sig))
            child.wait()
            assert child.returncode != 0
        kept = part_of(root).stat().st_size
        assert 0 < kept < len(ARCHIVE)
        fetch(root, server)
    assert server.asked[1]["Range"] == f"bytes={kept}-"
    assert contents(root) == FILES


# Servers that refuse


@pytest.mark.parametrize("status", [404, 403, 401])
def test_refusals_are_not_retried(root, status):
    with serving(ARCHIVE, Answer(status=status, body=b"")) as server:
        assert_fails(root, server, server.url, f"responded with {status}", "Check the address")
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_temporary_errors_are_retried(root, status):
    with serving(ARCHIVE, Answer(status=status, body=b""), Answer()) as server:
        fetch(root, server)
    assert len(server.asked) == 2
    assert contents(root) == FILES


def test_waits_longer_before_each_attempt(root, monkeypatch):
    waits = []
    monkeypatch.setattr(download, "BACKOFF_SECONDS", 1.0)
    monkeypatch.setattr(download.time, "sleep", waits.append)
    with pytest.raises(DownloadError):
        download_camvid(root, url=f"http://127.0.0.1:{free_port()}/", progress=False, sums=SUMS)
    assert waits == [1.0, 2.0, 4.0]


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_an_unreachable_server(root):
    url = f"http://127.0.0.1:{free_port()}/archive.tar.gz"
    with pytest.raises(DownloadError, match=r"Check the connection.*save it as") as caught:
        download_camvid(root, url=url, progress=False, sums=SUMS)
    assert str(root / download.ARCHIVE_NAME) in str(caught.value)


def test_a_silent_server_times_out(root, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT_SECONDS", (5.0, 0.05))
    monkeypatch.setattr(download, "ATTEMPTS", 1)
    with serving(ARCHIVE, Answer(pause=0.5, cut=1 << 15)) as server:
        assert_fails(root, server, "timed out")


def test_an_untrusted_certificate_is_not_retried(root, monkeypatch):
    calls = []

    def refuse(*_, **__):
        calls.append(1)
        raise requests.exceptions.SSLError("certificate verify failed")

    monkeypatch.setattr(requests.Session, "get", refuse)
    with pytest.raises(DownloadError, match="certificate verify failed"):
        download_camvid(root, url="https://127.0.0.1/", progress=False, sums=SUMS)
    assert len(calls) == 1


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "archive.tar.gz", ""])
def test_other_addresses_than_web_ones(root, url):
    with pytest.raises(ValueError, match="must start with https:// or http://"):
        download_camvid(root, url=url, progress=False, sums=SUMS)
    assert not root.exists()


@pytest.mark.parametrize("says_length", [True, False])
def test_an_unlimited_response(root, monkeypatch, says_length):
    monkeypatch.setattr(download, "MAX_ARCHIVE_BYTES", 100_000)
    with serving(ARCHIVE, Answer(says_length=says_length)) as server:
        assert_fails(root, server, "more than 0 megabytes")
    assert contents(root) == {}


# Disks that refuse


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk(root):
    root.mkdir(parents=True)
    with serving(ARCHIVE) as server:
        # A device on which every write fails for want of space.
        (root / "train").mkdir()
        (root / "train" / "part-a.png").symlink_to("/dev/full")
        assert_fails(root, server, "the disk is full", str(root), "run the download", error=OSError)
        # The archive is kept: the next run only unpacks.
        fetch(root, server)
    assert len(server.asked) == 1
    assert contents(root) == FILES


def test_no_permission(root, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with serving(ARCHIVE) as server:
        assert_fails(root, server, "not permitted", str(root), error=PermissionError)
    assert server.asked == []


def test_destination_is_a_file(tmp_path):
    (tmp_path / "camvid").write_text("a file")
    with serving(ARCHIVE) as server:
        assert_fails(tmp_path / "camvid", server, "File exists", error=FileExistsError)
        inside = tmp_path / "camvid" / "deeper"
        assert_fails(inside, server, "Not a directory", error=NotADirectoryError)
    assert server.asked == []


def test_an_interrupted_extraction_keeps_the_archive(root, monkeypatch):
    write, written = archives.write_whole, []

    def interrupted(target, data):
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(target)
        write(target, data)

    with serving(ARCHIVE) as server:
        with monkeypatch.context() as patch:
            patch.setattr(archives, "write_whole", interrupted)
            with pytest.raises(KeyboardInterrupt):
                fetch(root, server)
        assert len(written) == 3
        assert not camvid.is_available("train", root=root)
        fetch(root, server)
    assert len(server.asked) == 1
    assert contents(root) == FILES
