"""Extract known files from an untrusted archive."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

from tqdm.auto import tqdm

from segnet_nb._shared.files import write_whole
from segnet_nb.datasets.checksums import split_of

MAX_UNPACKED_BYTES = 2_000_000_000
MAX_FILE_BYTES = 5_000_000  # the largest file of the set has 0.34 MB

_ABSENT = "not in the archive"
_BROKEN_ARCHIVE = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error)


class _Limited:
    """A stream with a size limit: a small archive can unpack to any size."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self._stream = stream
        self._left = limit

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise tarfile.ReadError(f"it unpacks to more than {MAX_UNPACKED_BYTES / 1e6:.0f} MB")
        return data


def unpack(
    archive: Path, root: Path, sums: Mapping[str, str], pending: set[str], *, progress: bool
) -> dict[str, str]:
    """Extract the requested files from a ``.tar.gz``, provided that their checksums match.

    Args:
        archive: contains the dataset as ``<top folder>/CamVid/<name>``; all other members are ignored.
        root: directory to write to; the list of a split (``train.txt``) is written after all of its files.
        sums: SHA-256 in hexadecimal by file name.
        pending: names of the files to extract, all of them in ``sums``.
        progress: show a progress bar.

    Returns:
        The problem with each file that could not be extracted, by name; empty if there was none.
    """
    problems = dict.fromkeys(sorted(pending), _ABSENT)
    lists: dict[str, bytes] = {}
    bar = tqdm(total=len(pending), desc="Unpacking CamVid", unit="file", disable=not progress)
    try:
        with bar, gzip.open(archive) as stream:
            limited = cast("IO[bytes]", _Limited(stream, MAX_UNPACKED_BYTES))  # only its read is used
            with tarfile.open(fileobj=limited, mode="r|") as tar:
                for member in tar:
                    name = _name_in_set(member.name)
                    if name not in problems or name in lists:
                        continue
                    data, problem = _read_member(tar, member, sums[name])
                    if problem:
                        problems[name] = problem
                    elif "/" in name:
                        write_whole(root / name, data)
                        del problems[name]
                    else:
                        lists[name] = data
                    bar.update(not problem)
                    if problems.keys() == lists.keys():
                        break
    except _BROKEN_ARCHIVE as error:
        for name, problem in problems.items():
            if problem == _ABSENT:
                problems[name] = f"not reached, as the archive is damaged ({error})"
    for name, data in lists.items():
        problems.pop(name)
        if split_of(name) not in {split_of(other) for other in problems if "/" in other}:
            write_whole(root / name, data)
    return problems


def _name_in_set(path: str) -> str:
    """The part of a member's path below ``<top>/CamVid/``, or an empty string if it lies elsewhere."""
    top, _, rest = path.partition("/")
    if top in ("", ".", "..") or not rest.startswith("CamVid/"):
        return ""
    return rest.removeprefix("CamVid/")


def _read_member(tar: tarfile.TarFile, member: tarfile.TarInfo, expected: str) -> tuple[bytes, str]:
    """The bytes of a regular file, or the reason to reject it. Links are never followed."""
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.sparse is not None:
        return b"", "not a regular file"
    if member.size > MAX_FILE_BYTES:
        return b"", f"{member.size} bytes, over the limit of {MAX_FILE_BYTES}"
    file = tar.extractfile(member)
    data = file.read() if file else b""
    if hashlib.sha256(data).hexdigest() != expected:
        return b"", "wrong SHA-256"
    return data, ""
