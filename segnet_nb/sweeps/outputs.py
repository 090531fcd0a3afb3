"""Archives of runs at an address of fsspec, such as ``s3://bucket/folder``, instead of through Dask."""

from __future__ import annotations

import hashlib
import uuid
from contextlib import suppress
from typing import Any

from segnet_nb._shared.errors import MissingPackageError, TaskFailedError, UserError


def check(address: Any) -> str | None:
    """An address of a folder, or None.

    Raises:
        ValueError: if it is no address that fsspec knows.

    Example:
        >>> check("memory://sweeps/")
        'memory://sweeps'
    """
    if address is None:
        return None
    if not isinstance(address, str) or "://" not in address:
        raise UserError(
            f"outputs: expected an address, got {address!r}. Write s3://bucket/folder or file:///folder."
        )
    _filesystem(address)
    return address.rstrip("/")


def put(address: str, key: str, archive: bytes, digest: str) -> None:
    """Write the archive of a run; its name has the digest, so that half of one is never taken for whole.

    Raises:
        OSError: if it cannot be written.
    """
    files, folder = _filesystem(address)
    files.makedirs(folder, exist_ok=True)
    # One step on object stores; elsewhere a rename.
    temporary = f"{folder}/part-{uuid.uuid4().hex[:8]}-{key}"
    files.pipe_file(temporary, archive)
    files.mv(temporary, f"{folder}/{key}-{digest}.zip")


def get(address: str, key: str, digest: str) -> bytes:
    """Read the archive of a run.

    Raises:
        RuntimeError: if it is not there.
    """
    files, folder = _filesystem(address)
    try:
        return files.cat_file(f"{folder}/{key}-{digest}.zip")
    except OSError as error:
        raise TaskFailedError(
            f"the files of run {key} are not at {address} ({error}). The command and the workers must reach "
            "the same place."
        ) from None


def stored(address: str) -> dict[str, tuple[str, ...]]:
    """The digests of the archives at an address, by the key of their run."""
    files, folder = _filesystem(address)
    found: dict[str, tuple[str, ...]] = {}
    with suppress(FileNotFoundError):
        files.invalidate_cache()
        for path in files.ls(folder, detail=False):
            key, _, digest = path.rsplit("/", 1)[-1].removesuffix(".zip").rpartition("-")
            if path.endswith(".zip") and not key.startswith("part-"):
                found[key] = (*found.get(key, ()), digest)
    return found


def is_whole(archive: bytes, digest: str) -> bool:
    """Whether an archive is what its digest says."""
    return hashlib.sha256(archive).hexdigest() == digest


def _filesystem(address: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingPackageError("a sweep needs Dask. Run: pip install 'segnet-nb[sweep]'") from error
    try:
        files, folder = url_to_fs(address)
    except ImportError as error:
        raise MissingPackageError(f"outputs: {address} needs another package: {error}.") from None
    except ValueError as error:
        raise UserError(f"outputs: {address} is no address: {error}. Write s3://bucket/folder.") from None
    return files, folder.rstrip("/")
