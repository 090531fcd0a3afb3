"""Your own images and masks: a folder with ``images/`` and ``masks/``.

    mine/images/one.jpg     mine/masks/one.png      the same name, whatever the ending
    mine/classes.json       what the values of the masks mean; needed for RGB masks
    mine/train.txt, val.txt, test.txt               names, one a line; without them a fifth validates

Masks are PNG (or another format without loss): one channel of ids, a palette, 0 and 255, or RGB.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.datasets import mask_values
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.mask_values import FolderError, MaskValues
from segnet_nb.datasets.resizing import resize_image, resize_labels

__all__ = ["PICTURES", "Folder", "FolderError", "Pair", "load", "open_folder"]

_LOSSLESS = {".png", ".bmp", ".tif", ".tiff"}
PICTURES = _LOSSLESS | {".jpg", ".jpeg", ".webp"}
_LAYOUT = (
    "A folder holds images/ and masks/ with files of the same names, such as images/a.jpg and masks/a.png."
)
_SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Pair:
    """An image and its mask.

    Attributes:
        name: what both files are called, without ending.
        image: path.
        mask: path.
    """

    name: str
    image: Path
    mask: Path


@dataclass(frozen=True)
class Folder:
    """A folder whose files were found, not yet read.

    Attributes:
        root: its path.
        pairs: in the order of their names.
    """

    root: Path
    pairs: tuple[Pair, ...]

    def split(self, name: str, *, val_share: float = 0.2, seed: int = 0) -> tuple[Pair, ...]:
        """The pairs of ``"train"``, ``"val"`` or ``"test"``.

        Lists in the folder decide; without any, pairs are drawn by the seed.

        Raises:
            FolderError: if there is no such split, or a list names what is not there.
        """
        if name not in _SPLITS:
            raise UserError(f"no split is called {name!r}. Choose from: {', '.join(_SPLITS)}.")
        listing = self.root / f"{name}.txt"
        if listing.is_file():
            known = {pair.name: pair for pair in self.pairs}
            wanted = [
                Path(line.strip()).stem for line in listing.read_text("utf-8").splitlines() if line.strip()
            ]
            if gone := [each for each in wanted if each not in known]:
                raise FolderError(f"{listing} names {gone[0]!r}, which is not in images/. Mend the list.")
            if not wanted:
                raise FolderError(f"{listing} is empty. Write one name a line, or take the file away.")
            return tuple(known[each] for each in wanted)
        if any((self.root / f"{other}.txt").is_file() for other in _SPLITS) or name == "test":
            raise FolderError(f"{self.root} has no {listing.name}. Write one name a line into it.")
        if not 0 < val_share < 1:
            raise UserError(f"val_share must be between 0 and 1, but {val_share} came.")
        if len(self.pairs) < 2:
            raise FolderError(f"{self.root} has one image; at least two are needed, one to validate with.")
        order = np.random.default_rng(seed).permutation(len(self.pairs))
        held = min(max(1, round(val_share * len(order))), len(order) - 1)
        chosen = sorted(order[:held] if name == "val" else order[held:])
        return tuple(self.pairs[number] for number in chosen)

    def mask_values(self) -> MaskValues:
        """What the values of the masks mean: from ``classes.json``, or told from all masks.

        Raises:
            FolderError: if it cannot be told; the message says what to write.
        """
        listing = self.root / mask_values.FILE
        if listing.is_file():
            return mask_values.read(listing)
        values: set[int] = set()
        colors: dict[tuple[int, int, int], None] = {}
        palette = None
        for pair in self.pairs:
            mask, found = read_mask(pair.mask)
            if mask.ndim == 3:
                colors.update(dict.fromkeys(mask_values.colors_of(mask)))
            else:
                values.update(np.unique(mask).tolist())
                palette = palette if found is None else found
        if colors:
            raise mask_values.ask_for_colors(colors)
        return mask_values.guess(values, palette)


def open_folder(root: str | os.PathLike[str]) -> Folder:
    """Find the images and masks of a folder.

    Raises:
        FileNotFoundError: if there is no such folder, or it has no images or masks.
        FolderError: if an image has no mask, or a mask no image, or there are two of a name.
    """
    root = Path(root).expanduser()
    found = {}
    for kind in ("images", "masks"):
        place = root / kind
        if not place.is_dir():
            raise MissingFileError(f"there is no folder {place}. {_LAYOUT}")
        found[kind] = _pictures(place)
        if not found[kind]:
            raise MissingFileError(f"there are no pictures in {place}. {_LAYOUT}")
    images, masks = found["images"], found["masks"]
    for mine, others, what, other in ((images, masks, "image", "mask"), (masks, images, "mask", "image")):
        if alone := sorted(set(mine) - set(others)):
            raise FolderError(
                f"{len(alone)} of {len(mine)} {what}s have no {other}, first {mine[alone[0]]}. Both must "
                "have the same name."
            )
    return Folder(root, tuple(Pair(name, images[name], masks[name]) for name in sorted(images)))


def _pictures(place: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(place.iterdir()):
        if path.suffix.lower() not in PICTURES or path.name.startswith("."):
            continue
        if path.stem in found:
            raise FolderError(f"{found[path.stem].name} and {path.name} in {place} share a name. Rename one.")
        found[path.stem] = path
    return found


def _open(path: Path, read: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """Pixels of a picture; anything that Pillow trips over is a FolderError."""
    try:
        with Image.open(path) as picture:
            # Phones store photographs lying on their side, with a note to turn them.
            return read(ImageOps.exif_transpose(picture))
    except FolderError:
        raise
    except OSError as error:
        if error.errno is not None:
            raise  # permission, a failing disk: the system's own word names the file
        raise FolderError(f"{path} cannot be read as a picture: {error}. Save it again.") from error
    except Exception as error:
        raise FolderError(f"{path} cannot be read as a picture: {error}. Save it again.") from error


def read_image(path: Path, *, convert: bool = False) -> np.ndarray:
    """An image as uint8 RGB ``(height, width, 3)``.

    Args:
        path: of the file.
        convert: take grey, 16-bit and transparent pictures too: grey three times, 16 bits scaled so that the
            largest value of the picture is 255, transparency left out.

    Raises:
        FolderError: if the picture is of another kind, or broken.
    """

    def read(picture: Image.Image) -> np.ndarray:
        mode = picture.mode
        if mode == "RGB":
            return np.asarray(picture)
        kind = _KINDS.get(mode, f"of Pillow's mode {mode}")
        if not convert:
            raise FolderError(
                f"{path} is {kind}, but 8-bit RGB is wanted. Save it as RGB, or pass convert=True to take "
                "such pictures as they are."
            )
        if mode.startswith(("I", "F")):
            values = np.asarray(picture, "float64")
            largest = values.max()
            if values.min() < 0 or not np.isfinite(largest):
                raise FolderError(f"{path} has values below 0 or without end, which are no brightness.")
            scaled = values * (255 / largest) if largest > 0 else values
            return np.repeat(np.rint(scaled).astype(np.uint8)[..., None], 3, axis=-1)
        return np.asarray(picture.convert("RGB"))

    return _open(path, read)


_KINDS = {
    "L": "grey",
    "LA": "grey with transparency (alpha)",
    "RGBA": "transparent (it has an alpha channel)",
    "P": "a palette picture",
    "1": "black and white",
    "CMYK": "CMYK",
    "F": "a picture of floating-point numbers",
    "I": "32-bit grey",
    "I;16": "16-bit grey",
    "I;16B": "16-bit grey",
}


def read_mask(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """A mask as it is stored, uint8 ``(height, width)`` or ``(height, width, 3)``, and its palette if any.

    Raises:
        FolderError: if the file is compressed with loss, has 16 bits or transparency, or is broken.
    """
    if path.suffix.lower() not in _LOSSLESS:
        raise FolderError(
            f"{path} is compressed with loss, which mixes the values along every outline. Save masks as PNG "
            "from where they were made; converting this file does not bring the values back."
        )
    palette: list[np.ndarray] = []

    def read(picture: Image.Image) -> np.ndarray:
        mode = picture.mode
        if mode == "1":
            return np.asarray(picture).astype(np.uint8)
        if mode == "P":
            flat = np.zeros(768, np.uint8)
            stored = picture.getpalette() or []
            flat[: len(stored)] = stored
            palette.append(flat.reshape(256, 3))
            return np.asarray(picture)
        if mode in ("L", "RGB"):
            return np.asarray(picture)
        if mode == "RGBA":
            pixels = np.asarray(picture)
            if (pixels[..., 3] == 255).all():
                return pixels[..., :3]
            raise FolderError(f"{path} is partly transparent, and a class is not. Save it without alpha.")
        kind = _KINDS.get(mode, f"of Pillow's mode {mode}")
        raise FolderError(
            f"{path} is {kind}, but masks are 8-bit ids, palette or RGB pictures. Save it as one."
        )

    return _open(path, read), (palette[0] if palette else None)


def read_pair(pair: Pair, values: MaskValues, *, convert: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Image uint8 ``(height, width, 3)`` and class ids uint8 ``(height, width)`` of a pair.

    Raises:
        FolderError: if either file is not as it should be, or their sizes differ.
    """
    image = read_image(pair.image, convert=convert)
    mask, _ = read_mask(pair.mask)
    if mask.shape[:2] != image.shape[:2]:
        raise FolderError(
            f"{pair.mask} is {mask.shape[0]} pixels high and {mask.shape[1]} wide, but its image is "
            f"{image.shape[0]} high and {image.shape[1]} wide. They must lie on each other."
        )
    if (mask.ndim == 3) != values.is_color:
        kinds = ("an RGB picture", "one channel of numbers")
        first, second = kinds if mask.ndim == 3 else kinds[::-1]
        raise FolderError(f"{pair.mask} is {first}, but {values.source} speaks of {second}. Save all alike.")
    return image, values.to_ids(mask, str(pair.mask))


def load(
    root: str | os.PathLike[str],
    split: str = "train",
    *,
    image_size: tuple[int, int] | None = None,
    count: int | None = None,
    val_share: float = 0.2,
    seed: int = 0,
    convert: bool = False,
) -> Dataset:
    """Load one split of a folder into memory.

    Args:
        root: the folder.
        split: ``"train"``, ``"val"`` or ``"test"``; the last needs a ``test.txt``.
        image_size: ``(height, width)`` to load at; None: as they are, which must be one size.
        count: load the first ``count`` of the split; None: all.
        val_share: share of the images that validate where no lists say which.
        seed: draws them.
        convert: take grey, 16-bit and transparent images too, see ``read_image``.

    Returns:
        A ``Dataset`` with the classes of the folder.

    Raises:
        FileNotFoundError: if the folder is not there.
        FolderError: a ValueError, if a file is not as it should be; the first such is named.
        ValueError: if a size, a share or a count is impossible.

    Example:
        >>> try:
        ...     load("no-such-folder")
        ... except FileNotFoundError as error:
        ...     print("images/" in str(error))
        True
    """
    if count is not None and operator.index(count) < 1:
        raise UserError(f"count must be at least 1, or None for all, but came as {count}.")
    opened = open_folder(root)
    pairs = opened.split(split, val_share=val_share, seed=seed)
    if count is not None and count > len(pairs):
        raise UserError(f"count={count} images were asked for, but the {split} split has {len(pairs)}.")
    pairs = pairs[:count]
    values = opened.mask_values()
    images, labels = [], []
    for pair, (image, ids) in zip(pairs, _read_all(pairs, values, convert), strict=True):
        if image_size is not None:
            image, ids = resize_image(image, image_size), resize_labels(ids, image_size)
        elif images and image.shape != images[0].shape:
            raise FolderError(
                f"{pair.image} is {image.shape[0]} x {image.shape[1]} pixels, but {pairs[0].image.name} is "
                f"{images[0].shape[0]} x {images[0].shape[1]}. Pass image_size=(height, width) to load all "
                "at one size."
            )
        images.append(image)
        labels.append(ids)
    return Dataset(
        images=np.stack(images),
        labels=np.stack(labels),
        classes=values.classes,
        names=tuple(pair.name for pair in pairs),
        source=f"{opened.root.name} {split} split",
    )


def _read_all(
    pairs: tuple[Pair, ...], values: MaskValues, convert: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    # Threads suffice: decoding runs outside the interpreter's lock.
    with ThreadPoolExecutor() as pool:
        yield from pool.map(lambda pair: read_pair(pair, values, convert=convert), pairs)
