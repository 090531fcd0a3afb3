"""Load a dataset by its name."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.names import check_request, is_folder
from segnet_nb.datasets.streaming import StreamedDataset

_MOST_PIXELS, _MOST_IMAGES = 100_000_000, 10_000_000
_OF_FOLDERS = ("strict", "lossy_masks")  # accepted for every dataset, since commands pass them always


def load(
    name: str | os.PathLike[str],
    split: str = "train",
    *,
    image_size: tuple[int, int] | None = None,
    count: int | None = None,
    in_memory: bool | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    **options: Any,
) -> Dataset | StreamedDataset:
    """Load one split of a dataset, into memory or to be decoded on the fly.

    Both give the same pixels in the same order, so training and evaluation give the same numbers. Streamed
    data needs memory for a few images only, whatever their number.

    Args:
        name: ``"synthetic"`` (synthetic road scenes, no download), ``"camvid"`` (the published 367, 101
            and 233 images, read from ``SEGNET_NB_CAMVID`` or ``data/camvid``), or the path of a folder in any
            of the layouts of ``segnet_nb.datasets.layouts``, or of a ``dataset.json``. A folder of CamVid in
            Kaggle's layout is read with the classes of its class_dict.csv.
        split: ``"train"``, ``"val"`` or ``"test"``.
        image_size: ``(height, width)`` in pixels to resize to, images with an antialiasing filter, labels
            by nearest neighbour. None: 180 x 240 for synthetic, 360 x 480 for camvid, unchanged for a folder.
        count: number of images to load; None: all (camvid, folder), 240 / 60 / 60 (synthetic).
        in_memory: True: all images at once, an error if their sizes differ; False: a ``StreamedDataset``,
            which decodes them whenever they are used; None: in memory up to 256 MiB
            (``streaming.IN_MEMORY_LIMIT``), a pixel taking four bytes.
        cache_dir: folder for decoded and resized images, which are then not decoded again; four bytes per
            pixel, and it may be deleted at any time. None: no cache. Not for synthetic.
        workers: number of threads that decode; None: one per core, at most 8.
        **options: passed on to the loader: ``seed`` for synthetic, ``root`` for camvid, ``val_share``,
            ``seed``, ``strict`` and ``lossy_masks`` for a folder.

    Returns:
        A ``Dataset`` or a ``StreamedDataset``: ``images`` uint8 ``(N, H, W, 3)``, ``labels``
        uint8 ``(N, H, W)`` with ``classes.void_id`` (11 for the CamVid classes) as void, ``classes``.

    Raises:
        ValueError: if the name or the split is unknown, or a size is invalid.
        FileNotFoundError: if CamVid or the folder does not exist; the message says how to get it.

    Example:
        >>> data = load("synthetic", "val", image_size=(48, 64), count=2)
        >>> data.images.shape, data.labels.shape
        ((2, 48, 64, 3), (2, 48, 64))
    """
    name = os.fspath(name)
    check_request(name, split)
    _check_amount(image_size, count)
    if not is_folder(name):
        options = {key: value for key, value in options.items() if key not in _OF_FOLDERS}
    reading = {"in_memory": in_memory, "workers": workers, **options}
    # Imported here so that loading one dataset does not import what only another one needs.
    if name == "synthetic":
        from segnet_nb.datasets import synthetic

        return synthetic.load(split, image_size=image_size, count=count, **reading)
    if name == "camvid":
        from segnet_nb.datasets import camvid

        if (root := _other_layout(options.get("root"))) is not None:
            from segnet_nb.datasets import folder

            reading.pop("root", None)
            size = image_size or camvid.NATIVE_SIZE
            return folder.load(root, split, image_size=size, count=count, cache_dir=cache_dir, **reading)
        return camvid.load(split, image_size=image_size, count=count, cache_dir=cache_dir, **reading)
    from segnet_nb.datasets import folder

    return folder.load(name, split, image_size=image_size, count=count, cache_dir=cache_dir, **reading)


def _check_amount(image_size: tuple[int, int] | None, count: int | None) -> None:
    """Raise where a mistyped size or number would fill the memory."""
    sides = image_size if isinstance(image_size, tuple | list) else ()
    if all(isinstance(side, int) for side in sides) and math.prod(sides) > _MOST_PIXELS:
        raise UserError(
            f"image_size must have at most {_MOST_PIXELS:,} pixels, but {' x '.join(map(str, sides))} has "
            f"{math.prod(sides):,}."
        )
    if isinstance(count, int) and count > _MOST_IMAGES:
        raise UserError(f"count must be at most {_MOST_IMAGES:,} images, but got {count:,}.")


def _other_layout(root: Any) -> Path | None:
    """The folder of CamVid, if it has Kaggle's layout instead of the published one."""
    from segnet_nb.datasets import camvid

    found = camvid.find_root(root)
    return found if (found / "class_dict.csv").is_file() and not (found / "trainannot").exists() else None
