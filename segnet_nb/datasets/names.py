"""What datasets and splits there are, by name; reads no data."""

from __future__ import annotations

from pathlib import Path

from segnet_nb._shared.errors import UserError

NAMES = ("synthetic", "camvid")
SPLITS = ("train", "val", "test")


def is_folder(name: str) -> bool:
    """Whether a dataset's name is the path of a folder: it has a slash, or there is such a folder.

    Example:
        >>> is_folder("synthetic"), is_folder("data/mine")
        (False, True)
    """
    return name not in NAMES and ("/" in name or "\\" in name or Path(name).is_dir())


def check_request(name: str, split: str) -> None:
    """Raise unless a dataset of this name and split can be asked for; reads no data.

    Raises:
        ValueError: naming what exists.
    """
    if name not in NAMES and not is_folder(name):
        raise UserError(
            f"no dataset is called {name!r}. Choose from: {', '.join(NAMES)}, or pass the path of a folder."
        )
    if split not in SPLITS:
        raise UserError(f"no split is called {split!r}. Choose from: {', '.join(SPLITS)}.")
