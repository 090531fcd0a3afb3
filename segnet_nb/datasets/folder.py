"""Your own images and masks: a folder in any of the usual layouts, or a ``dataset.json``.

``segnet_nb.datasets.layouts`` recognises the layout and lists the pairs; this module decodes them. A folder
of one's own is simplest as

    mine/images/one.jpg     mine/masks/one.png      the same file name, whatever the ending
    mine/classes.json       names for the values of the masks, numbers or colours
    mine/train.txt, val.txt, test.txt               one name per line; without them a fifth is for validation
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from segnet_nb.datasets.base import Dataset, check_count, take_first
from segnet_nb.datasets.image_files import IMAGE_SUFFIXES, read_image, read_mask
from segnet_nb.datasets.layouts.pairs import Pair
from segnet_nb.datasets.layouts.reading import Reading
from segnet_nb.datasets.layouts.recognise import open_reading as open_folder
from segnet_nb.datasets.mask_encoding import FolderError, MaskEncoding
from segnet_nb.datasets.pair_cache import PairCache
from segnet_nb.datasets.streaming import StreamedDataset, provide

__all__ = [
    "IMAGE_SUFFIXES",
    "FolderError",
    "Pair",
    "Reading",
    "load",
    "open_folder",
    "read_image",
    "read_pair",
]


def read_pair(
    pair: Pair, encoding: MaskEncoding, *, convert: bool = True, strict: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Decode a pair; can be called from several threads or processes.

    Args:
        pair: the pair, from a ``Reading``.
        encoding: what the values of the masks mean, from ``Reading.mask_encoding``.
        convert: see ``read_image``.
        strict: refuse images of other kinds than 8-bit RGB.

    Returns:
        Image, uint8 RGB ``(height, width, 3)``, and class ids, uint8 ``(height, width)``.

    Raises:
        FolderError: if either file is invalid, or their sizes differ.
    """
    image = read_image(pair.image, convert=convert, strict=strict)
    if isinstance(pair.mask, Path):
        raw, where = read_mask(pair.mask, lossy=encoding.nearest), str(pair.mask)
    else:
        raw, where = pair.mask.draw(), f"{pair.mask.path} ({pair.name})"
    if raw.values.shape[:2] != image.shape[:2]:
        raise FolderError(
            f"{where} is {raw.values.shape[0]} pixels high and {raw.values.shape[1]} wide, but its image is "
            f"{image.shape[0]} high and {image.shape[1]} wide. They must have the same size."
        )
    return image, encoding.decode(raw, where)


def load(
    root: str | os.PathLike[str],
    split: str = "train",
    *,
    image_size: tuple[int, int] | None = None,
    count: int | None = None,
    val_share: float = 0.2,
    seed: int = 0,
    convert: bool = True,
    strict: bool = False,
    lossy_masks: str = "refuse",
    in_memory: bool | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    workers: int | None = None,
) -> Dataset | StreamedDataset:
    """Load one split of a folder into memory, or list it to be decoded on the fly.

    Args:
        root: path of the folder, in one of ``segnet_nb.datasets.layouts.LAYOUTS``, or of a ``dataset.json``.
        split: ``"train"``, ``"val"`` or ``"test"``; the last must exist.
        image_size: ``(height, width)`` to resize to; None: keep the sizes, which must all be the same in
            memory.
        count: load the first ``count`` images of the split; None: all.
        val_share: share of the images for validation if the folder has no split for it.
        seed: seed of the random split.
        convert: see ``read_image``.
        strict: refuse images of other kinds than 8-bit RGB, such as greyscale, instead of converting them.
        lossy_masks: ``"nearest"`` takes the nearest class of each pixel of masks with lossy compression,
            ``"refuse"`` refuses such masks.
        in_memory: see ``segnet_nb.datasets.load``, also for ``cache_dir`` and ``workers``.
        cache_dir: folder for decoded images; None: no cache.
        workers: number of threads; None: one per core, at most 8.

    Returns:
        A ``Dataset`` or a ``StreamedDataset`` with the classes of the folder.

    Raises:
        FileNotFoundError: if the folder does not exist, or has no known layout.
        FolderError: a ValueError, if a file is invalid; the message names the first one.
        ValueError: if a size, a share or a count is invalid.

    Example:
        >>> try:
        ...     load("no-such-folder")
        ... except FileNotFoundError as error:
        ...     print("images/" in str(error))
        True
    """
    check_count(count)
    opened = open_folder(root)
    pairs = take_first(opened.split(split, val_share=val_share, seed=seed), count, f"the {split} split")
    encoding = opened.mask_encoding(lossy_masks=lossy_masks)
    strict = strict or not convert
    streamed = StreamedDataset(
        read=lambda pair: read_pair(pair, encoding, strict=strict),
        items=pairs,
        classes=encoding.classes,
        names=tuple(pair.name for pair in pairs),
        source=f"{opened.root.name} {split} split",
        sizes=() if image_size is None else (image_size,),
        files=lambda pair: (pair.image, pair.mask if isinstance(pair.mask, Path) else pair.mask.path),
        cache=None if cache_dir is None else PairCache(cache_dir, f"folder {encoding} {strict}"),
        workers=workers,
    )
    return provide(streamed, in_memory)
