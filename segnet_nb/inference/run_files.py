"""The files in a training run's folder and its record, for code that reads a run without training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb._shared.files import digest_of

RECORD = "record.json"
BEST = "best.keras"
ADJUSTED = "adjusted.keras"


def last_name(epoch: int) -> str:
    """The file of the network after an epoch, with the optimizer's state.

    Example:
        >>> last_name(7)
        'last-0007.keras'
    """
    return f"last-{epoch:04d}.keras"


def average_name(epoch: int) -> str:
    """The file of the moving average of the weights after an epoch.

    Example:
        >>> average_name(7)
        'average-0007.npz'
    """
    return f"average-{epoch:04d}.npz"


def is_adjusted(record: Mapping[str, Any]) -> bool:
    """Whether the classes of a record's best epoch were adjusted; another epoch may be the best since."""
    epoch = record.get("adjustment", {}).get("epoch")
    return bool(
        record["config"].get("logit_adjustment") and record["best_epoch"] and epoch == record["best_epoch"]
    )


def check_file(directory: Path, files: Mapping[str, str], name: str) -> Path:
    """The path of a file of a run, if it is the one that its record names.

    Args:
        directory: the folder of the run.
        files: SHA-256 of each file, from the record; a file that is not in it is only looked for.
        name: of the file.

    Raises:
        FileNotFoundError: if it is missing.
        ValueError: if its SHA-256 is another one.
    """
    path = directory / name
    if not path.is_file():
        raise MissingFileError(
            f"{path} is missing, which the run needs. Restore it, or train again in another directory."
        )
    if name in files and digest_of(path) != files[name]:
        raise UserError(
            f"{path} is damaged, or of another epoch or run: its SHA-256 is not the one in {RECORD}. Restore "
            "it, or train again in another directory."
        )
    return path


def best_file(directory: Path, record: Mapping[str, Any]) -> Path:
    """The path of the best weights of a run, the adjusted ones if there are any, if they are its own.

    Raises:
        FileNotFoundError: if they are missing.
        ValueError: if they are damaged or of another run.
    """
    name = ADJUSTED if record and is_adjusted(record) else BEST
    return current_file(directory, record.get("files", {}), name)


def current_file(directory: Path, files: Mapping[str, str], name: str) -> Path:
    """As ``check_file``, also while the file is about to be replaced."""
    # Killed before it took its name, see ``segnet_nb.training.checkpoints.commit``.
    waiting = directory / f"new-{name}"
    if waiting.is_file() and digest_of(waiting) == files.get(name):
        return waiting
    return check_file(directory, files, name)


def read_record(path: Path) -> dict[str, Any]:
    """The record in a file; empty if there is no file.

    Raises:
        ValueError: if the file is not a training record.
    """
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text())
        is_adjusted(record)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is not a training record ({str(error)[:100]}). Delete the folder and train again."
        ) from error
    return record
