"""Folders that an export writes: whole or not at all, and nothing in them is lost that it did not make."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.files import TEMPORARY, digest_of, write_whole

RECORD = ".segnet-nb-made.json"
# Made anew from other files by the tools that an export is for, so a difference is no one's work.
_DERIVED = ("release/",)


@contextmanager
def made_folder(target: str | Path, kind: str) -> Iterator[Path]:
    """A temporary folder to fill, which becomes ``target`` when the block ends without an error.

    A target that the same kind of export has made is updated: its own files are replaced, those that it no
    longer makes are removed, and files that others added, such as a gradebook or submissions, stay.

    Args:
        target: the folder; its parents are created.
        kind: what makes it, ``"nbgrader"``; kept in its record.

    Raises:
        UserError: if the target is a file, holds files of others only, is of another kind, or one of its
            files was changed since.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with made_folder(Path(folder) / "new", "plain") as temporary:
        ...         _ = (temporary / "a.txt").write_text("done")
        ...     sorted(path.name for path in (Path(folder) / "new").iterdir())
        ['.segnet-nb-made.json', 'a.txt']
    """
    target = Path(target).expanduser()
    before = check_target(target, kind)
    temporary = target.absolute().with_name(f"{TEMPORARY}{target.name}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        made = _digests(temporary)
        record = json.dumps({"kind": kind, "files": made}, indent=1, sort_keys=True)
        write_whole(temporary / RECORD, record + "\n")
        if before is None:
            if target.exists():
                target.rmdir()  # empty
            temporary.rename(target)
        else:
            _update(target, temporary, [name for name in before if name not in made])
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_target(target: Path, kind: str) -> dict[str, str] | None:
    """What an export has made in a folder before: digests by file name; None if there is nothing.

    Raises:
        UserError: see ``made_folder``.
    """
    if not target.exists():
        return None
    if not target.is_dir():
        raise UserError(f"{target} is a file: pass the path of a new folder.")
    if not any(target.iterdir()):
        return None
    try:
        record = json.loads((target / RECORD).read_text(encoding="utf-8"))
        found, files = str(record["kind"]), dict(record["files"])
        for name in files:  # an edited record must not lead to files elsewhere
            (target / name).resolve().relative_to(target.resolve())
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{target} is not empty and was not made by this command: pass the path of a new folder."
        ) from None
    if found != kind:
        raise UserError(f"{target} is an export for {found}, not for {kind}: pass the path of a new folder.")
    changed = [name for name in sorted(files) if _is_changed(target, name, files[name])]
    if changed:
        raise UserError(
            f"{target} has files that were changed after the export, {changed[0]} for one: pass the path "
            "of a new folder, or delete those files to have them made again."
        )
    return files


def _is_changed(folder: Path, name: str, digest: str) -> bool:
    path = folder / name
    return not name.startswith(_DERIVED) and path.is_file() and digest_of(path) != digest


def _digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): digest_of(path) for path in paths}


def _update(target: Path, temporary: Path, stale: list[str]) -> None:
    """Move the new files over the old ones, each whole, the record last; then remove what is stale."""
    new = sorted(path for path in temporary.rglob("*") if path.is_file())
    for path in sorted(new, key=lambda each: each.name == RECORD):
        place = target / path.relative_to(temporary)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)
    for name in stale:
        (target / name).unlink(missing_ok=True)
        parent = (target / name).parent
        while parent != target and parent.is_dir() and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent
