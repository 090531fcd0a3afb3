"""CamVid in the version published with SegNet: 360 x 480 road scenes, 11 classes and void.

Reads the published layout, ``train/`` and ``trainannot/`` with their list ``train.txt``, and likewise
for ``val`` and ``test``. ``segnet_nb.datasets.download`` downloads and verifies the files.
"""

from __future__ import annotations

import operator
import os
import re
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.datasets.base import Dataset, check_count, take_first
from segnet_nb.datasets.classes import CAMVID
from segnet_nb.datasets.names import check_request
from segnet_nb.datasets.pair_cache import PairCache
from segnet_nb.datasets.streaming import StreamedDataset, provide

NATIVE_SIZE = (360, 480)
"""Height and width of every published image and label."""

ENVIRONMENT_VARIABLE = "SEGNET_NB_CAMVID"
"""Environment variable with the directory of the dataset, if it is not ``data/camvid``."""

_HOW_TO_GET = (
    f"Download it with `segnet-nb data camvid`, or set {ENVIRONMENT_VARIABLE} to the directory that has it."
)
_HOW_TO_FIX = (
    "`segnet-nb data verify` checks every file, and `segnet-nb data camvid` downloads damaged ones again."
)
# Everything that Pillow is known to raise on a corrupt PNG, apart from OSError.
_NOT_A_PNG = (SyntaxError, ValueError, EOFError, struct.error, zlib.error)


class DatasetMissingError(MissingFileError):
    """The dataset or the requested split does not exist; the message says how to get it."""


class DatasetDamagedError(UserError):
    """A file of the dataset is missing, corrupt or of the wrong kind; the message says which."""


def find_root(root: str | os.PathLike[str] | None = None) -> Path:
    """The directory of CamVid, whether or not it has been downloaded yet.

    The first that applies: ``root``; the environment variable ``SEGNET_NB_CAMVID``; an existing
    ``data/camvid`` in the current directory, its parent or grandparent (so that a notebook in
    ``notebooks/`` finds it), or in the checkout that contains the package. Otherwise
    ``data/camvid`` in the checkout, or in the current directory if there is no checkout.

    Args:
        root: a directory to use unchanged; None: search as above.

    Returns:
        A path, which may not exist.

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
    # If the package is installed from a wheel, that directory is site-packages.
    in_checkout = (checkout / "pyproject.toml").is_file()
    if in_checkout:
        bases.append(checkout)
    for base in bases:
        if (base / "data" / "camvid").is_dir():
            return base / "data" / "camvid"
    return (checkout if in_checkout else here) / "data" / "camvid"


def is_available(split: str = "train", *, root: str | os.PathLike[str] | None = None) -> bool:
    """Whether every file of a split exists; no file is decoded.

    Args:
        split: ``"train"``, ``"val"`` or ``"test"``.
        root: directory of the dataset; None: see ``find_root``.

    Raises:
        ValueError: if the split is unknown.

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
    in_memory: bool | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    workers: int | None = None,
) -> Dataset | StreamedDataset:
    """Load one split of CamVid, in the order of its published list.

    Args:
        split: ``"train"`` (367 images), ``"val"`` (101) or ``"test"`` (233).
        image_size: ``(height, width)`` in pixels to resize to; None: the native 360 x 480.
        count: load the first ``count`` images of the list; None: all.
        root: directory of the dataset; None: see ``find_root``.
        in_memory: see ``segnet_nb.datasets.load``, also for ``cache_dir`` and ``workers``.
        cache_dir: folder for decoded images; None: no cache.
        workers: number of threads; None: one per core, at most 8.

    Returns:
        A ``Dataset``, or a ``StreamedDataset`` with the same pixels: ``images`` uint8 RGB in 0..255
        ``(N, H, W, 3)``, ``labels`` uint8 in 0..11 ``(N, H, W)``, 11 being void. At 360 x 480
        the training split takes 250 megabytes in memory.

    Raises:
        DatasetMissingError: a FileNotFoundError, if the dataset or the split does not exist.
        DatasetDamagedError: a ValueError, if a file is missing, corrupt or of the wrong kind.
        ValueError: if ``split``, ``image_size`` or ``count`` is invalid.

    Example:
        >>> try:
        ...     data = load("train", root="no-such-directory")
        ... except FileNotFoundError as error:
        ...     print(type(error).__name__)
        DatasetMissingError
    """
    check_request("camvid", split)
    size = NATIVE_SIZE if image_size is None else _checked_size(image_size)
    check_count(count)
    pairs = take_first(_find_pairs(find_root(root), split), count, f"the {split} split of CamVid")
    streamed = StreamedDataset(
        read=lambda pair: (_decode(pair[0], "RGB"), _checked_ids(pair[1])),
        items=pairs,
        classes=CAMVID,
        names=tuple(image.stem for image, _ in pairs),
        source=f"CamVid {split} split, CC BY-NC 4.0",
        sizes=(size,),
        files=lambda pair: pair,
        cache=None if cache_dir is None else PairCache(cache_dir, "camvid"),
        workers=workers,
    )
    return provide(streamed, in_memory)


def _checked_size(image_size: tuple[int, int]) -> tuple[int, int]:
    try:
        height, width = (operator.index(side) for side in image_size)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise UserError(
            "image_size must be (height, width), two integers of at least 1, but got "
            f"{image_size!r}. The native size is {NATIVE_SIZE}."
        )
    return height, width


def _find_pairs(root: Path, split: str) -> list[tuple[Path, Path]]:
    """Paths of images and labels in the order of the list; all of them are existing files."""
    if not root.is_dir():
        raise DatasetMissingError(f"CamVid was not found: there is no directory {root}. {_HOW_TO_GET}")
    listing = root / f"{split}.txt"
    folders = root / split, root / f"{split}annot"
    for folder in folders:
        if not folder.is_dir():
            raise DatasetMissingError(
                f"the {split} split of CamVid was not found: there is no directory {folder}. {_HOW_TO_GET}"
            )
    # The download writes the list last, so a split without a list is an incomplete download.
    if not listing.is_file():
        raise DatasetMissingError(
            f"the {split} split of CamVid is incomplete: there is no list {listing}. `segnet-nb data camvid` "
            "resumes an interrupted download."
        )
    pairs = [(folders[0] / image, folders[1] / label) for image, label in _read_list(listing)]
    for position, what in enumerate(("image", "label")):
        missing = [pair[position] for pair in pairs if not pair[position].is_file()]
        if missing:
            raise DatasetDamagedError(
                f"{len(missing)} of the {len(pairs)} {what} files listed in {listing} are missing, "
                f"the first is {missing[0]}. {_HOW_TO_FIX}"
            )
    return pairs


def _read_list(listing: Path) -> list[tuple[str, str]]:
    names = []
    # Invalid bytes become a replacement character, hence a file name that does not exist.
    text = listing.read_text("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        if len(fields) != 2:
            raise DatasetDamagedError(
                f"line {number} of {listing} must contain the paths of an image and of its labels, "
                f"but contains {len(fields)} words. {_HOW_TO_FIX}"
            )
        # The folders in the list are those of the authors' machine: only file names matter.
        image, label = (re.split(r"[/\\]", field)[-1] for field in fields)
        names.append((image, label))
    if not names:
        raise DatasetDamagedError(f"the list {listing} is empty. {_HOW_TO_FIX}")
    if len({image for image, _ in names}) < len(names):
        raise DatasetDamagedError(f"the list {listing} contains an image twice. {_HOW_TO_FIX}")
    return names


def _decode(path: Path, mode: str) -> np.ndarray:
    """Pixels of a PNG file, which must have the native size and the given Pillow mode."""
    kinds = {"RGB": "an 8-bit RGB image", "L": "one channel of 8-bit class ids"}
    height, width = NATIVE_SIZE
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            found_mode, found_size, channels = picture.mode, picture.size, picture.getbands()
            # Size and mode are in the header: a wrong file is rejected before its pixels are decoded.
            fits = found_mode == mode and found_size == (width, height)
            pixels = np.asarray(picture) if fits else None
    except (OSError, *_NOT_A_PNG) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's message (permissions, disk failure) already names the file
        raise DatasetDamagedError(f"{path} cannot be decoded as a PNG: {error}. {_HOW_TO_FIX}") from error
    if found_mode != mode:
        raise DatasetDamagedError(
            f"{path} must be {kinds[mode]} (Pillow mode {mode}), but has mode {found_mode} "
            f"({len(channels)} channel{'s' * (len(channels) != 1)}). {_HOW_TO_FIX}"
        )
    if pixels is None:
        raise DatasetDamagedError(
            f"{path} must be {height} pixels high and {width} wide, but is {found_size[1]} high "
            f"and {found_size[0]} wide. {_HOW_TO_FIX}"
        )
    return pixels


def _checked_ids(path: Path) -> np.ndarray:
    labels = _decode(path, "L")
    if labels.max() > CAMVID.void_id:
        row, column = np.argwhere(labels > CAMVID.void_id)[0]
        raise DatasetDamagedError(
            f"{path} contains the id {labels[row, column]} at row {row}, column {column}, but ids must be "
            f"in 0..{CAMVID.void_id} (void). {_HOW_TO_FIX}"
        )
    return labels
