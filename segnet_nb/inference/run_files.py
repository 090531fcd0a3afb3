"""The files in a training run's folder and its record, for code that reads a run without training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError

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
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is not a training record ({error}). Delete the folder and train again."
        ) from error
    return record
