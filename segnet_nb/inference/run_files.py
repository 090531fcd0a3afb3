"""The files of a training run, for what reads a run without training."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError

RECORD = "record.json"
BEST = "best.keras"
ADJUSTED = "adjusted.keras"


def is_adjusted(record: Mapping[str, Any]) -> bool:
    """Whether the best epoch of a record has adjusted classes; another may have become the best since."""
    epoch = record.get("adjustment", {}).get("epoch")
    return bool(
        record["config"].get("logit_adjustment") and record["best_epoch"] and epoch == record["best_epoch"]
    )


def read_record(path: Path) -> dict[str, Any]:
    """The record in a file, empty if there is none.

    Raises:
        ValueError: if it is not one.
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
