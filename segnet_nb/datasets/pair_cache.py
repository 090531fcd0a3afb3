"""Decoded and resized images on disk, so that the next epoch or run need not decode them again."""

from __future__ import annotations

import hashlib
import os
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segnet_nb._shared.files import written_whole

_VERSION = 1


class PairCache:
    """A folder of decoded pairs, four bytes per pixel.

    An entry belongs to the paths, sizes and modification times of the files it was made of and to how they
    were read, so a changed file or another size is read anew. Entries are written whole, and several
    processes may share the folder. An entry that cannot be read is made again.

    Args:
        directory: the folder, created when the first pair is stored. It may be deleted at any time.
        reading: everything besides the files that decides the pixels.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "a.png"
        ...     _ = file.write_bytes(b"stands for an image")
        ...     cache = PairCache(Path(folder) / "cache", "as it is")
        ...     place = cache.place([file], ((1, 2),))
        ...     before = cache.load(place)
        ...     cache.store(place, np.zeros((1, 2, 3), np.uint8), np.ones((1, 2), np.uint8))
        ...     before, cache.load(place)[1].tolist()
        (None, [[1, 1]])
    """

    def __init__(self, directory: str | os.PathLike[str], reading: str) -> None:
        self.directory, self.reading = Path(directory).expanduser(), reading
        self._full = False

    def place(self, files: Sequence[Path], sizes: Sequence[tuple[int, int]]) -> Path:
        """Where a pair is stored.

        Args:
            files: the files it is made of.
            sizes: the sizes it is resized to, one after the other.

        Raises:
            OSError: if a file does not exist.
        """
        facts = [(str(file.absolute()), found.st_size, found.st_mtime_ns) for file, found in _stats(files)]
        text = repr((_VERSION, self.reading, facts, [tuple(size) for size in sizes]))
        name = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return self.directory / name[:2] / f"{name}.npz"

    def load(self, place: Path) -> tuple[np.ndarray, np.ndarray] | None:
        """The image and the labels stored there; None if there are none, or they are damaged."""
        try:
            with np.load(place, allow_pickle=False) as stored:
                return stored["image"], stored["labels"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def store(self, place: Path, image: np.ndarray, labels: np.ndarray) -> None:
        """Keep a pair; if the disk is full or read-only, warn once and store nothing from then on."""
        if self._full:
            return
        try:
            with written_whole(place, concurrent=True) as temporary:
                np.savez(temporary, image=image, labels=labels)
        except OSError as error:
            self._full = True
            warnings.warn(
                f"the cache in {self.directory} cannot be written ({error.strerror or error}), so images are "
                "decoded each time. Free some space, or choose another folder.",
                stacklevel=2,
            )


def _stats(files: Sequence[Path]) -> list[tuple[Path, os.stat_result]]:
    return [(file, file.stat()) for file in files]
