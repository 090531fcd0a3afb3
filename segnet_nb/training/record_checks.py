"""Whether a training record can be one that a run wrote."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

STATUSES = ("finished", "interrupted", "running")
_SHARES = ("global_accuracy", "class_average", "mean_iou")
_NUMBERS = ("loss", *_SHARES, "learning_rate", "seconds")


def fault(record: Mapping[str, Any]) -> str:
    """What cannot be in a record; empty if all can.

    Args:
        record: as parsed from ``record.json``.

    Example:
        >>> fault({"history": [], "best_epoch": 2, "status": "running", "config": {}})
        'best_epoch is 2 of 0 epochs'
    """
    history, best, status = (record.get(name) for name in ("history", "best_epoch", "status"))
    if not isinstance(history, list):
        return f"history is {type(history).__name__}, not a list"
    for number, entry in enumerate(history, start=1):
        if said := _fault_of_entry(entry, number):
            return said
    if isinstance(best, bool) or not isinstance(best, int) or best not in range(len(history) + 1):
        return f"best_epoch is {best!r} of {len(history)} epochs"
    if (best == 0) != (not history):
        return f"there is a history of {len(history)} epochs, but no best one"
    if status not in STATUSES:
        return f"status is {status!r}, which is none of {', '.join(STATUSES)}"
    images = record.get("images", {})
    if not isinstance(images, dict) or not all(isinstance(names, list) for names in images.values()):
        return "images holds no lists of names"
    files = record.get("files", {})
    if not isinstance(files, dict) or not all(isinstance(each, str) for each in files.values()):
        return "files holds no digest of each file"
    return _fault_of_adjustment(record.get("adjustment", {}), len(history))


def _fault_of_entry(entry: Any, number: int) -> str:
    if not isinstance(entry, dict) or entry.get("epoch") != number:
        return f"entry {number} of its history is not that of epoch {number}"
    for name in _NUMBERS:
        value: Any = entry.get(name)
        if not _is_number(value):
            return f"{name} of epoch {number} is {value!r}, which is no finite number"
        if name in _SHARES and not 0 <= float(value) <= 1:
            return f"{name} of epoch {number} is {value!r}, which is not in 0..1"
    return ""


def _fault_of_adjustment(adjustment: Any, epochs: int) -> str:
    if not isinstance(adjustment, dict):
        return "adjustment is no object"
    if not adjustment:
        return ""
    offsets, scores = adjustment.get("offsets"), adjustment.get("scores")
    epoch = adjustment.get("epoch")
    if not isinstance(epoch, int) or epoch not in range(1, epochs + 1):
        return f"adjustment is of epoch {epoch!r} of {epochs}"
    if not isinstance(offsets, list) or not all(map(_is_number, offsets)):
        return "adjustment has no offsets"
    if not isinstance(scores, dict) or not all(map(_is_number, scores.values())):
        return "adjustment has no scores"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
