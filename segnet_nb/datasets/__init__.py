"""Datasets: arrays in memory, with no knowledge of models.

``load`` is the one way in; ``synthetic`` needs no download and ``camvid`` reads the real files.
"""

from __future__ import annotations

from typing import Any

from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.classes import CAMVID, ClassList

NAMES = ("synthetic", "camvid")
SPLITS = ("train", "val", "test")

__all__ = ["CAMVID", "NAMES", "SPLITS", "ClassList", "Dataset", "check_request", "load"]


def check_request(name: str, split: str) -> None:
    """Raise unless a dataset of this name and split can be asked for; reads no data.

    Raises:
        ValueError: naming what exists.
    """
    if name not in NAMES:
        raise ValueError(f"no dataset is called {name!r}. Choose from: {', '.join(NAMES)}.")
    if split not in SPLITS:
        raise ValueError(f"no split is called {split!r}. Choose from: {', '.join(SPLITS)}.")


def load(
    name: str,
    split: str = "train",
    *,
    image_size: tuple[int, int] | None = None,
    count: int | None = None,
    **options: Any,
) -> Dataset:
    """Load one split of a dataset into memory.

    Args:
        name: ``"synthetic"`` (drawn road scenes, no download) or ``"camvid"`` (the real 367, 101 and
            233 images, read from ``SEGNET_NB_CAMVID`` or ``data/camvid``).
        split: ``"train"``, ``"val"`` or ``"test"``.
        image_size: ``(height, width)`` in pixels to load at; images are resized with area-true
            filtering, labels by nearest neighbour. None: 180 x 240 for synthetic, 360 x 480 for camvid.
        count: load this many images; None: all (camvid), 240 / 60 / 60 (synthetic).
        **options: passed on to the loader: ``seed`` for synthetic, ``root`` for camvid.

    Returns:
        A ``Dataset``: ``images`` uint8 ``(N, H, W, 3)``, ``labels`` uint8 ``(N, H, W)`` with 11 as
        void, ``classes``.

    Raises:
        ValueError: if the name, the split or a size is unknown or impossible.
        FileNotFoundError: if CamVid is not there; the message says how to get it.

    Example:
        >>> data = load("synthetic", "val", image_size=(48, 64), count=2)
        >>> data.images.shape, data.labels.shape
        ((2, 48, 64, 3), (2, 48, 64))
    """
    check_request(name, split)
    # Imported here so that asking for one dataset does not load what only the other needs.
    if name == "synthetic":
        from segnet_nb.datasets import synthetic

        return synthetic.load(split, image_size=image_size, count=count, **options)
    from segnet_nb.datasets import camvid

    return camvid.load(split, image_size=image_size, count=count, **options)
