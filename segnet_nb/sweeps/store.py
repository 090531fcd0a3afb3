"""The folder of a sweep: a run appears whole, by one rename, or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import TaskFailedError
from segnet_nb._shared.files import TEMPORARY, digest_of, write_whole

DONE = ("finished", "pruned")


class Store:
    """The runs in a folder.

    Args:
        folder: of the sweep, created if needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs = folder, folder / "runs"

    def prepare(self, plan: dict[str, Any]) -> None:
        """Write ``sweep.json`` and remove what a killed sweep left half-written."""
        self.runs.mkdir(parents=True, exist_ok=True)
        for leftover in self.runs.glob(f"{TEMPORARY}*"):
            shutil.rmtree(leftover)
        self.write_plan(plan)

    def write_plan(self, plan: dict[str, Any]) -> None:
        """Write ``sweep.json``."""
        content = json.dumps(plan, indent=1, allow_nan=False) + "\n"
        write_whole(self.folder / "sweep.json", content, durable=True)

    def state(self, key: str) -> str | None:
        """How a run ended; None if it is missing or not whole."""
        record = self.record(key)
        return None if record is None else record.get("state")

    def record(self, key: str) -> dict[str, Any] | None:
        """The record of a run whose files are all whole; None for any other."""
        folder = self.runs / key
        try:
            record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            whole = record["key"] == key and all(
                digest_of(folder / name) == digest for name, digest in record["files"].items()
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return record if whole else None

    def put(self, key: str, archive: bytes, digest: str) -> dict[str, Any]:
        """Store the archive of a run; returns its record.

        Raises:
            RuntimeError: if the archive is damaged.
            OSError: if it cannot be written; then nothing is stored.
        """
        if hashlib.sha256(archive).hexdigest() != digest:
            raise TaskFailedError(f"the files of run {key} were damaged on the way. Run the sweep again.")
        temporary, final = self.runs / f"{TEMPORARY}{key}", self.runs / key
        shutil.rmtree(temporary, ignore_errors=True)
        try:
            with zipfile.ZipFile(io.BytesIO(archive)) as members:
                for name in members.namelist():
                    place, _, relative = name.partition("/")
                    if place == "images":
                        self._share(relative, members.read(name))
                    else:
                        write_whole(temporary / relative, members.read(name), durable=True)
            if final.exists():  # of an earlier attempt that did not finish
                old = self.runs / f"{TEMPORARY}old-{key}"
                final.replace(old)
                shutil.rmtree(old, ignore_errors=True)
            temporary.replace(final)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        return json.loads((final / "run.json").read_text(encoding="utf-8"))

    def _share(self, name: str, content: bytes) -> None:
        path = self.folder / "images" / Path(name).name
        if not path.exists():
            write_whole(path, content)
