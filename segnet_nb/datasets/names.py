"""Names of the known datasets and splits; reads no data."""

from __future__ import annotations

from pathlib import Path

from segnet_nb._shared.errors import UserError

NAMES = ("synthetic", "camvid")
SPLITS = ("train", "val", "test")


def is_folder(name: str) -> bool:
    """Whether the name of a dataset is a path: it contains a slash, or such a folder or file exists.

    Example:
        >>> is_folder("synthetic"), is_folder("data/mine")
        (False, True)
    """
    return name not in NAMES and ("/" in name or "\\" in name or Path(name).exists())


def check_request(name: str, split: str) -> None:
    """Raise if the dataset or the split is unknown; reads no data.

    Raises:
        ValueError: if a name is unknown; the message lists the known ones.
    """
    if name not in NAMES and not is_folder(name):
        raise UserError(
            f"unknown dataset {name!r}. Choose from: {', '.join(NAMES)}, or pass the path of a folder."
        )
    check_split(split)


def check_split(split: str) -> None:
    """Raise if the split is unknown.

    Raises:
        ValueError: if it is none of ``SPLITS``.

    Example:
        >>> check_split("val")
    """
    if split not in SPLITS:
        raise UserError(f"unknown split {split!r}. Choose from: {', '.join(SPLITS)}.")
