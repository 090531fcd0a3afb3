"""What ``predict`` has written to a folder: a journal while it runs, a summary at its end.

``predictions.jsonl``
    the journal, one JSON object per line, written before and after each image; it outlives a killed process
    and is deleted once the summary is complete;
``predictions.json``
    the summary.

Both hold the SHA-256 of every file written, so that files of others, or edited since, are never overwritten.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.files import TEMPORARY, write_whole, written_whole

SUMMARY = "predictions.json"
JOURNAL = "predictions.jsonl"
_FIRST_LINE = {"journal of": "segnet-nb predict"}

Entry = dict[str, Any]


class PredictionRecord:
    """The images that were segmented into a folder, and the files that were written for them.

    Args:
        folder: the output folder; it need not exist.

    Attributes:
        entries: what is known of each image, by the path of its results without ending.

    Raises:
        ValueError: if the folder has a file of one of the two names that ``predict`` did not write.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.entries: dict[str, Entry] = {}
        self._sums: dict[str, set[str]] = {}
        self._read_summary()
        self._read_journal()

    def _read_summary(self) -> None:
        path = self.folder / SUMMARY
        if not os.path.lexists(path):
            return
        summary = _summary_of(path)
        if summary is None:
            raise _foreign(path)
        for entry in (*summary["images"], *summary.get("other_images", ())):
            self._know(entry)
        self._own(summary.get("files", {}))

    def _read_journal(self) -> None:
        path = self.folder / JOURNAL
        if not os.path.lexists(path):
            return
        lines = _journal_of(path)
        if lines is None:
            raise _foreign(path)
        for line in lines:
            self._own(line.get("files", {}))
            if "entry" in line:
                self._know(line["entry"])

    def _know(self, entry: Entry) -> None:
        if "stem" in entry:
            self.entries[entry["stem"]] = entry
            self._own(entry.get("files", {}))

    def _own(self, files: Mapping[str, str]) -> None:
        for name, digest in files.items():
            self._sums.setdefault(name, set()).add(digest)

    def may_write(self, name: str) -> bool:
        """Whether a file does not exist, or is as ``predict`` has written it."""
        path = self.folder / name
        return not os.path.lexists(path) or (name in self._sums and _digest(path) in self._sums[name])

    def is_done(self, stem: str, settings: str, source: Mapping[str, int]) -> bool:
        """Whether an image was segmented with these settings, and it and its results are unchanged."""
        entry = self.entries.get(stem)
        return (
            entry is not None
            and entry["settings"] == settings
            and entry["source"] == source
            and all(_digest(self.folder / name) == digest for name, digest in entry["files"].items())
        )

    def write(self, stem: str, contents: Mapping[str, bytes], entry: Entry) -> Entry:
        """Write the files of an image, each whole, and enter the image.

        Raises:
            ValueError: if one of the files exists and is not by ``predict``.
        """
        files = self.write_files(contents)
        entry = {**entry, "stem": stem, "files": files}
        self._append({"entry": entry})
        self._know(entry)
        return entry

    def write_files(self, contents: Mapping[str, bytes]) -> dict[str, str]:
        """Write files, each whole; their SHA-256 by name.

        Raises:
            ValueError: if one of them exists and is not by ``predict``.
        """
        for name in contents:
            if not self.may_write(name):
                raise not_ours(self.folder / name)
        files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        # Before the files, so that a killed process leaves none that nobody knows.
        self._append({"files": files})
        self._own(files)
        for name, content in contents.items():
            write_whole(self.folder / name, content)
        return files

    def write_parts(self, name: str, parts: Iterable[str]) -> dict[str, str]:
        """Write one file from parts of its text, whole; its SHA-256 by name.

        Raises:
            ValueError: if it exists and is not by ``predict``.
        """
        if not self.may_write(name):
            raise not_ours(self.folder / name)
        with written_whole(self.folder / name) as temporary:
            with temporary.open("w", encoding="utf-8") as file:
                file.writelines(parts)
            files = {name: str(_digest(temporary))}
            self._append({"files": files})
        self._own(files)
        return files

    def finish(self, summary: dict[str, Any]) -> None:
        """Write the summary and delete the journal."""
        write_whole(self.folder / SUMMARY, json.dumps(summary, indent=1) + "\n")
        (self.folder / JOURNAL).unlink(missing_ok=True)

    def abandon(self) -> None:
        """Delete a journal that names no finished image."""
        lines = _journal_of(self.folder / JOURNAL)
        if lines is not None and not any("entry" in line for line in lines):
            (self.folder / JOURNAL).unlink()

    def _append(self, line: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / JOURNAL
        new = not path.exists()
        with path.open("a", encoding="utf-8") as file:
            # A line break first: a killed process may have left half a line.
            file.write((json.dumps(_FIRST_LINE) if new else "") + "\n" + json.dumps(line) + "\n")


def is_record(path: Path) -> bool:
    """Whether a file has the name of a summary or a journal."""
    return path.name in (SUMMARY, JOURNAL)


def names_written(folder: Path) -> set[str]:
    """The absolute paths of all files that ``predict`` has written to a folder, and of unfinished ones."""
    names: set[str] = set()
    if (summary := _summary_of(folder / SUMMARY)) is not None:
        for entry in (*summary["images"], *summary.get("other_images", ())):
            names |= set(entry.get("files", ())) | {entry.get("mask", ""), entry.get("overlay", "")}
        names |= set(summary.get("files", ()))
    for line in _journal_of(folder / JOURNAL) or ():
        names |= set(line.get("files", ()))
    paths = [folder / name for name in names if name]
    return {str(absolute(each)) for path in paths for each in (path, path.with_name(TEMPORARY + path.name))}


def absolute(path: str | Path) -> Path:
    """An absolute path without ``..``; unlike ``Path.resolve`` it keeps links, so that names stay the same.

    Example:
        >>> absolute("a/../b") == Path.cwd() / "b"
        True
    """
    return Path(os.path.abspath(path))  # noqa: PTH100


def not_ours(path: Path) -> UserError:
    """The error for a file that must not be overwritten."""
    return UserError(
        f"{path} exists, and predict has not written it or it was edited since, so it is not overwritten. "
        "Choose another output folder (--output-dir), or move that file away."
    )


def _foreign(path: Path) -> UserError:
    return UserError(
        f"{path} exists and is not a file of predict, so it is not overwritten. Choose another output folder "
        "(--output-dir), or move that file away."
    )


def _digest(path: Path) -> str | None:
    """The SHA-256 of a file; None if there is no such file."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _summary_of(path: Path) -> dict[str, Any] | None:
    """A summary that ``predict`` wrote; None for every other file, or none."""
    try:
        found = json.loads(path.read_text("utf-8"))
        ours = isinstance(found["classes"]["names"], list)
        ours &= all("mask" in entry for entry in found["images"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if ours else None


def _journal_of(path: Path) -> list[dict[str, Any]] | None:
    """The lines of a journal that ``predict`` wrote, but for one that is cut off; None for other files."""
    try:
        texts = path.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return None
    lines: list[dict[str, Any]] = []
    for text in texts:
        try:
            lines.append(json.loads(text))
        except (ValueError, RecursionError):
            continue
    return lines[1:] if not any(texts) or lines[:1] == [_FIRST_LINE] else None
