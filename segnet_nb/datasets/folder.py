"""Your own images and masks: a folder with ``images/`` and ``masks/``.

    mine/images/one.jpg     mine/masks/one.png      the same file name, whatever the suffix
    mine/classes.json       what the values of the masks mean; required for RGB masks
    mine/train.txt, val.txt, test.txt               one name per line; without them a fifth is for validation

Masks are PNG (or another lossless format): one channel of ids, a palette, 0 and 255, or RGB.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.datasets import mask_encoding
from segnet_nb.datasets.base import Dataset, check_count, take_first
from segnet_nb.datasets.image_files import IMAGE_SUFFIXES, read_image, read_mask
from segnet_nb.datasets.mask_encoding import FolderError, MaskEncoding
from segnet_nb.datasets.names import SPLITS, check_split
from segnet_nb.datasets.pair_cache import PairCache
from segnet_nb.datasets.streaming import StreamedDataset, provide

__all__ = ["Folder", "FolderError", "Pair", "load", "open_folder", "read_pair"]

_LAYOUT = (
    "A folder contains images/ and masks/ with files of the same names, such as images/a.jpg and masks/a.png."
)


@dataclass(frozen=True)
class Pair:
    """An image and its mask.

    Attributes:
        name: the name of both files, without suffix.
        image: path of the image.
        mask: path of the mask.
    """

    name: str
    image: Path
    mask: Path


@dataclass(frozen=True)
class Folder:
    """A folder whose files have been listed, but not read.

    Attributes:
        root: path of the folder.
        pairs: images and masks, sorted by name.
    """

    root: Path
    pairs: tuple[Pair, ...]

    def split(self, name: str, *, val_share: float = 0.2, seed: int = 0) -> tuple[Pair, ...]:
        """The pairs of ``"train"``, ``"val"`` or ``"test"``.

        The lists in the folder define the splits; without lists, the pairs are split randomly.

        Args:
            name: ``"train"``, ``"val"`` or ``"test"``.
            val_share: share of the pairs for validation, between 0 and 1; without lists.
            seed: seed of the random split.

        Raises:
            FolderError: if the split does not exist, or a list contains an unknown name.
        """
        check_split(name)
        listing = self.root / f"{name}.txt"
        if listing.is_file():
            return self._listed(listing)
        if any((self.root / f"{other}.txt").is_file() for other in SPLITS) or name == "test":
            raise FolderError(f"{self.root} has no {listing.name}. Create it with one name per line.")
        if not 0 < val_share < 1:
            raise UserError(f"val_share must be between 0 and 1, but got {val_share}.")
        if len(self.pairs) < 2:
            raise FolderError(f"{self.root} has one image; at least two are required, one for validation.")
        order = np.random.default_rng(seed).permutation(len(self.pairs))
        held_out = min(max(1, round(val_share * len(order))), len(order) - 1)
        chosen = sorted(order[:held_out] if name == "val" else order[held_out:])
        return tuple(self.pairs[number] for number in chosen)

    def _listed(self, listing: Path) -> tuple[Pair, ...]:
        known = {pair.name: pair for pair in self.pairs}
        lines = listing.read_text("utf-8").splitlines()
        names = [Path(line.strip()).stem for line in lines if line.strip()]
        if missing := [name for name in names if name not in known]:
            raise FolderError(
                f"{listing} contains {missing[0]!r}, which is not in images/. Correct the list."
            )
        if not names:
            raise FolderError(f"{listing} is empty. Write one name per line, or delete the file.")
        return tuple(known[name] for name in names)

    def mask_encoding(self) -> MaskEncoding:
        """What the values of the masks mean: from ``classes.json``, or inferred from all masks.

        Raises:
            FolderError: if it cannot be inferred; the message says what to write.
        """
        listing = self.root / mask_encoding.CLASSES_FILE
        if listing.is_file():
            return mask_encoding.read_encoding(listing)
        values: set[int] = set()
        colors: dict[tuple[int, int, int], None] = {}
        palette = None
        for pair in self.pairs:
            mask, found = read_mask(pair.mask)
            if mask.ndim == 3:
                colors.update(dict.fromkeys(mask_encoding.mask_colors(mask)))
            else:
                values.update(np.unique(mask).tolist())
                palette = palette if found is None else found
        if colors:
            raise mask_encoding.undefined_colors_error(colors)
        return mask_encoding.infer_encoding(values, palette)


def open_folder(root: str | os.PathLike[str]) -> Folder:
    """List the images and masks of a folder.

    Raises:
        FileNotFoundError: if the folder does not exist, or has no images or masks.
        FolderError: if an image has no mask, a mask has no image, or two files have the same name.
    """
    root = Path(root).expanduser()
    found = {}
    for kind in ("images", "masks"):
        directory = root / kind
        if not directory.is_dir():
            raise MissingFileError(f"there is no folder {directory}. {_LAYOUT}")
        found[kind] = _image_paths(directory)
        if not found[kind]:
            raise MissingFileError(f"there are no images in {directory}. {_LAYOUT}")
    images, masks = found["images"], found["masks"]
    for own, others, what, other in ((images, masks, "image", "mask"), (masks, images, "mask", "image")):
        if unpaired := sorted(set(own) - set(others)):
            raise FolderError(
                f"{len(unpaired)} of {len(own)} {what}s have no {other}, the first is {own[unpaired[0]]}. "
                "Both must have the same name."
            )
    return Folder(root, tuple(Pair(name, images[name], masks[name]) for name in sorted(images)))


def _image_paths(directory: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(directory.iterdir()):
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in found:
            raise FolderError(
                f"{found[path.stem].name} and {path.name} in {directory} have the same name. Rename one."
            )
        found[path.stem] = path
    return found


def read_pair(pair: Pair, encoding: MaskEncoding, *, convert: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Image uint8 ``(height, width, 3)`` and class ids uint8 ``(height, width)`` of a pair.

    Raises:
        FolderError: if either file is invalid, or their sizes differ.
    """
    image = read_image(pair.image, convert=convert)
    mask, _ = read_mask(pair.mask)
    if mask.shape[:2] != image.shape[:2]:
        raise FolderError(
            f"{pair.mask} is {mask.shape[0]} pixels high and {mask.shape[1]} wide, but its image is "
            f"{image.shape[0]} high and {image.shape[1]} wide. They must have the same size."
        )
    if (mask.ndim == 3) != encoding.is_color:
        kinds = ("an RGB image", "one channel of numbers")
        first, second = kinds if mask.ndim == 3 else kinds[::-1]
        raise FolderError(
            f"{pair.mask} is {first}, but {encoding.source} defines {second}. Save all masks the same way."
        )
    return image, encoding.to_ids(mask, str(pair.mask))


def load(
    root: str | os.PathLike[str],
    split: str = "train",
    *,
    image_size: tuple[int, int] | None = None,
    count: int | None = None,
    val_share: float = 0.2,
    seed: int = 0,
    convert: bool = False,
    in_memory: bool | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    workers: int | None = None,
) -> Dataset | StreamedDataset:
    """Load one split of a folder into memory, or list it to be decoded on the fly.

    Args:
        root: path of the folder.
        split: ``"train"``, ``"val"`` or ``"test"``; the last requires a ``test.txt``.
        image_size: ``(height, width)`` to resize to; None: keep the sizes, which must all be the same in
            memory.
        count: load the first ``count`` images of the split; None: all.
        val_share: share of the images for validation if the folder has no lists.
        seed: seed of the random split.
        convert: also accept greyscale, 16-bit and transparent images, see ``read_image``.
        in_memory: see ``segnet_nb.datasets.load``, also for ``cache_dir`` and ``workers``.
        cache_dir: folder for decoded images; None: no cache.
        workers: number of threads; None: one per core, at most 8.

    Returns:
        A ``Dataset`` or a ``StreamedDataset`` with the classes of the folder.

    Raises:
        FileNotFoundError: if the folder does not exist.
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
    encoding = opened.mask_encoding()
    streamed = StreamedDataset(
        read=lambda pair: read_pair(pair, encoding, convert=convert),
        items=pairs,
        classes=encoding.classes,
        names=tuple(pair.name for pair in pairs),
        source=f"{opened.root.name} {split} split",
        sizes=() if image_size is None else (image_size,),
        files=lambda pair: (pair.image, pair.mask),
        cache=None if cache_dir is None else PairCache(cache_dir, f"folder {encoding} {convert}"),
        workers=workers,
    )
    return provide(streamed, in_memory)
