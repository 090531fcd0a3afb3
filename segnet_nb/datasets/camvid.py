"""CamVid as SegNet was published with it: 360 x 480 road scenes, 11 classes and void.

Reads the published layout, ``train/`` and ``trainannot/`` with their list ``train.txt``, and so on
for ``val`` and ``test``. ``segnet_nb.datasets.download`` fetches and checks the files.
"""

from __future__ import annotations

import operator
import os
import re
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.classes import CAMVID
from segnet_nb.datasets.names import check_request
from segnet_nb.datasets.resizing import resize_image, resize_labels

NATIVE_SIZE = (360, 480)
"""Height and width of every published image and label."""

ENVIRONMENT_VARIABLE = "SEGNET_NB_CAMVID"
"""Names the directory of the set when it lies outside ``data/camvid``."""

_GET_IT = (
    f"Download it with `segnet-nb data camvid`, or set {ENVIRONMENT_VARIABLE} to the directory that has it."
)
_MEND_IT = "`segnet-nb data verify` checks every file, and `segnet-nb data camvid` fetches broken ones again."
# All that Pillow is known to raise on bytes that are no whole PNG, apart from OSError.
_NOT_A_PNG = (SyntaxError, ValueError, EOFError, struct.error, zlib.error)


class DatasetMissingError(MissingFileError):
    """The set, or the split asked for, is not there; the message says how to get it."""


class DatasetDamagedError(UserError):
    """A file of the set is missing, broken or of the wrong kind; the message says which."""


def find_root(root: str | os.PathLike[str] | None = None) -> Path:
    """The directory in which CamVid lies, or would lie after a download.

    The first that applies: ``root``; the environment variable ``SEGNET_NB_CAMVID``; an existing
    ``data/camvid`` in the current directory, its parent or grandparent (so a notebook in
    ``notebooks/`` finds it), or in the checkout the package runs from. If there is none yet:
    ``data/camvid`` of the checkout, or else of the current directory.

    Args:
        root: a directory to use as it is; None: search as above.

    Returns:
        A path that need not exist.

    Example:
        >>> find_root("sets/camvid").as_posix()
        'sets/camvid'
    """
    chosen = root if root is not None else os.environ.get(ENVIRONMENT_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    here = Path.cwd()
    bases = [here, *here.parents[:2]]
    checkout = Path(__file__).resolve().parents[2]
    # Installed from a wheel, that directory is site-packages and none of our business.
    in_checkout = (checkout / "pyproject.toml").is_file()
    if in_checkout:
        bases.append(checkout)
    for base in bases:
        if (base / "data" / "camvid").is_dir():
            return base / "data" / "camvid"
    return (checkout if in_checkout else here) / "data" / "camvid"


def is_available(split: str = "train", *, root: str | os.PathLike[str] | None = None) -> bool:
    """Whether ``load`` would find every file of a split; decodes nothing.

    Args:
        split: ``"train"``, ``"val"`` or ``"test"``.
        root: directory of the set; None: see ``find_root``.

    Raises:
        ValueError: if no split has that name.

    Example:
        >>> is_available("test", root="no-such-directory")
        False
    """
    check_request("camvid", split)
    try:
        _find_pairs(find_root(root), split)
    except (DatasetMissingError, DatasetDamagedError):
        return False
    return True


def load(
    split: str = "train",
    *,
    image_size: tuple[int, int] | None = None,
    count: int | None = None,
    root: str | os.PathLike[str] | None = None,
) -> Dataset:
    """Load one split of CamVid into memory, in the order of its published list.

    Args:
        split: ``"train"`` (367 images), ``"val"`` (101) or ``"test"`` (233).
        image_size: ``(height, width)`` in pixels to load at; None: the native 360 x 480.
        count: load the first ``count`` images of the list; None: all.
        root: directory of the set; None: see ``find_root``.

    Returns:
        A ``Dataset``: ``images`` uint8 RGB in 0..255 ``(N, H, W, 3)``, ``labels`` uint8 in 0..11
        ``(N, H, W)``, 11 being void. At 360 x 480 the train split fills 250 megabytes.

    Raises:
        DatasetMissingError: a FileNotFoundError, if the set or the split is not there.
        DatasetDamagedError: a ValueError, if a file is missing, broken or of the wrong kind.
        ValueError: if ``split``, ``image_size`` or ``count`` cannot be met.

    Example:
        >>> try:
        ...     data = load("train", root="no-such-directory")
        ... except FileNotFoundError as error:
        ...     print(type(error).__name__)
        DatasetMissingError
    """
    check_request("camvid", split)
    size = NATIVE_SIZE if image_size is None else _checked_size(image_size)
    if count is not None and operator.index(count) < 1:
        raise UserError(f"count must be at least 1, or None for all, but came as {count}.")
    pairs = _find_pairs(find_root(root), split)
    if count is not None and count > len(pairs):
        raise UserError(
            f"count={count} images were asked for, but the {split} split of CamVid has "
            f"{len(pairs)}. Ask for at most that many, or pass None for all."
        )
    pairs = pairs[:count]
    images = np.empty((len(pairs), *size, 3), np.uint8)
    labels = np.empty((len(pairs), *size), np.uint8)

    def read(position: int) -> None:
        image_path, label_path = pairs[position]
        images[position] = resize_image(_decode(image_path, "RGB"), size)
        labels[position] = resize_labels(_checked_ids(label_path), size)

    # Threads suffice: decoding and resizing run outside the interpreter's lock.
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(read, range(len(pairs))):
            pass
    return Dataset(
        images=images,
        labels=labels,
        classes=CAMVID,
        names=tuple(image.stem for image, _ in pairs),
        source=f"CamVid {split} split, CC BY-NC 4.0",
    )


def _checked_size(image_size: tuple[int, int]) -> tuple[int, int]:
    try:
        height, width = (operator.index(side) for side in image_size)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise UserError(
            "image_size must be (height, width), two whole numbers of at least 1, but came as "
            f"{image_size!r}. The native size is {NATIVE_SIZE}."
        )
    return height, width


def _find_pairs(root: Path, split: str) -> list[tuple[Path, Path]]:
    """Paths of images and labels in the order of the list, all of them files that exist."""
    if not root.is_dir():
        raise DatasetMissingError(f"CamVid is not there: no directory {root}. {_GET_IT}")
    listing = root / f"{split}.txt"
    folders = root / split, root / f"{split}annot"
    for folder in folders:
        if not folder.is_dir():
            raise DatasetMissingError(
                f"the {split} split of CamVid is not there: no directory {folder}. {_GET_IT}"
            )
    # The download writes the list last, so a split without one is a download that never ended.
    if not listing.is_file():
        raise DatasetMissingError(
            f"the {split} split of CamVid is not whole: no list {listing}. `segnet-nb data camvid` "
            "finishes a download that broke off."
        )
    pairs = [(folders[0] / image, folders[1] / label) for image, label in _read_list(listing)]
    for position, what in enumerate(("image", "label")):
        gone = [pair[position] for pair in pairs if not pair[position].is_file()]
        if gone:
            raise DatasetDamagedError(
                f"{len(gone)} of the {len(pairs)} {what} files that {listing} lists are missing, "
                f"first {gone[0]}. {_MEND_IT}"
            )
    return pairs


def _read_list(listing: Path) -> list[tuple[str, str]]:
    names = []
    # Unknown bytes become a replacement character, and then a file name that does not exist.
    text = listing.read_text("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 2:
            raise DatasetDamagedError(
                f"line {number} of {listing} should hold the paths of an image and of its label, "
                f"but holds {len(fields)} words. {_MEND_IT}"
            )
        # The folders in the list are those of the authors' machine: only file names count.
        image, label = (re.split(r"[/\\]", field)[-1] for field in fields)
        names.append((image, label))
    if not names:
        raise DatasetDamagedError(f"the list {listing} is empty. {_MEND_IT}")
    if len({image for image, _ in names}) < len(names):
        raise DatasetDamagedError(f"the list {listing} names an image twice. {_MEND_IT}")
    return names


def _decode(path: Path, mode: str) -> np.ndarray:
    """Pixels of a PNG that must have the native size and the given Pillow mode."""
    kinds = {"RGB": "an 8-bit RGB image", "L": "one channel of 8-bit class ids"}
    height, width = NATIVE_SIZE
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            found_mode, found_size, channels = picture.mode, picture.size, picture.getbands()
            # Size and mode stand in the header: a wrong file is refused before its pixels are read.
            fits = found_mode == mode and found_size == (width, height)
            pixels = np.asarray(picture) if fits else None
    except (OSError, *_NOT_A_PNG) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # The system's own word (permission, a failing disk) already names the file.
        raise DatasetDamagedError(f"{path} cannot be decoded as a PNG: {error}. {_MEND_IT}") from error
    if found_mode != mode:
        raise DatasetDamagedError(
            f"{path} should hold {kinds[mode]} (Pillow mode {mode}), but has mode {found_mode} "
            f"({len(channels)} channel{'s' * (len(channels) != 1)}). {_MEND_IT}"
        )
    if pixels is None:
        raise DatasetDamagedError(
            f"{path} should be {height} pixels high and {width} wide, but is {found_size[1]} high "
            f"and {found_size[0]} wide. {_MEND_IT}"
        )
    return pixels


def _checked_ids(path: Path) -> np.ndarray:
    labels = _decode(path, "L")
    if labels.max() > CAMVID.void_id:
        row, column = np.argwhere(labels > CAMVID.void_id)[0]
        raise DatasetDamagedError(
            f"{path} holds the id {labels[row, column]} at row {row}, column {column}, but ids run "
            f"from 0 to {CAMVID.void_id} (void). {_MEND_IT}"
        )
    return labels
