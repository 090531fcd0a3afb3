"""Which images a command reads: the files of folders, without those of other systems and earlier outputs."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.datasets.image_files import IMAGE_SUFFIXES
from segnet_nb.inference import prediction_record
from segnet_nb.inference.class_mapping import MASK_FOLDERS
from segnet_nb.inference.prediction_record import absolute

# Files and folders of operating systems and file servers, in lower case.
_SYSTEM = {
    *("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin"),
    *("system volume information", "lost+found"),
}


@dataclass(frozen=True)
class Source:
    """An image file, and where its results belong.

    Attributes:
        path: of the file, as given.
        relative: its path below the common folder of everything given, such as ``trip/street.jpg``.
        stem: path of the results below the output folder, without ending, such as ``trip/street``.
    """

    path: Path
    relative: str
    stem: str


@dataclass
class Listing:
    """The images of some paths, and what was left out.

    Attributes:
        sources: the images, each once.
        skipped: how many files have each other ending; files of other systems are not counted.
        own: how many files are results of earlier predictions.
        mask_folders: folders of masks beside a folder of images.
        unreadable: folders that cannot be listed, with the reason.
    """

    sources: list[Source] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    own: int = 0
    mask_folders: list[Path] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)

    def left_out(self) -> str:
        """One line about what was left out; empty if nothing was.

        Example:
            >>> Listing(skipped=Counter({".txt": 2}), own=1).left_out()
            'left out: 2 .txt, 1 result of an earlier prediction'
        """
        parts = [f"{count} {ending or 'without ending'}" for ending, count in sorted(self.skipped.items())]
        if self.own:
            parts.append(f"{self.own} result{'s' * (self.own > 1)} of an earlier prediction")
        parts += [f"masks in {folder}" for folder in self.mask_folders]
        return f"left out: {', '.join(parts)}" if parts else ""


def list_images(paths: Sequence[str | Path], output_dir: str | Path | None = None) -> Listing:
    """The image files of some paths; a folder stands for its images and those of its subfolders.

    Hidden files, files of operating systems (``._a.png``, ``__MACOSX``, ``Thumbs.db``), masks beside a folder
    ``images`` and the results of earlier predictions are left out. Results mirror the images: their paths are
    relative to the common folder of everything given.

    Args:
        paths: image files, or folders.
        output_dir: the folder that will be written to; what it holds already is known by its record.

    Raises:
        FileNotFoundError: if a path does not exist, or a folder has no images.
        ValueError: if there is no path, or nothing is left.
    """
    if not paths:
        raise UserError("got no images. Pass image files, or a folder of them.")
    found, roots, listing = _candidates(paths)
    folders = {path.parent for path in found}
    folders |= {parent for folder in folders for parent in folder.parents}
    if output_dir is not None:
        folders.add(absolute(output_dir))
    own = {name for folder in folders for name in prediction_record.names_written(folder)}
    kept = {full: path for full, path in found.items() if str(full) not in own}
    listing.own = len(found) - len(kept)
    if not kept and not listing.unreadable:
        raise UserError(
            f"{', '.join(map(str, paths))}: there is nothing to segment "
            f"({listing.left_out() or 'only files of an operating system'}). Pass other images."
        )
    listing.sources = _sources(kept, roots)
    return listing


def image_files(paths: Sequence[str | Path]) -> list[Path]:
    """The paths of ``list_images``.

    Raises:
        FileNotFoundError: if a path does not exist, or a folder has no images.
        ValueError: if there is no path.
    """
    return [source.path for source in list_images(paths).sources]


def _candidates(paths: Sequence[str | Path]) -> tuple[dict[Path, Path], list[Path], Listing]:
    """Image files by absolute path, the folders that results are relative to, and what was left out."""
    found: dict[Path, Path] = {}
    roots: list[Path] = []
    listing = Listing()
    for path in map(Path, paths):
        if path.is_dir():
            before = Counter(listing.skipped)
            inside = list(_inside(path, listing))
            if not inside and not listing.unreadable:
                others = Listing(skipped=listing.skipped - before, mask_folders=listing.mask_folders)
                told = f" ({others.left_out()})" if others.left_out() else ""
                raise MissingFileError(
                    f"there are no images in {path}{told}. Pass image files, or their folder."
                )
            found |= {absolute(each): each for each in inside if absolute(each) not in found}
            roots.append(absolute(path))
        elif not path.is_file():
            raise MissingFileError(f"there is no image at {path}. Pass image files, or a folder of them.")
        elif not _is_system(path.name, explicit=True):
            found.setdefault(absolute(path), path)
            roots.append(absolute(path).parent)
    return found, roots, listing


def _inside(folder: Path, listing: Listing) -> Iterator[Path]:
    """The images of a folder and its subfolders, sorted; links are followed, but not in circles."""
    seen: set[str] = set()

    def note(error: OSError) -> None:
        listing.unreadable.append((Path(error.filename), error.strerror or str(error)))

    for place, folders, files in os.walk(folder, followlinks=True, onerror=note):
        here = Path(place)
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        names = {name.lower(): name for name in folders}
        masks = {names[name] for name in set(MASK_FOLDERS) & set(names)} if "images" in names else set()
        listing.mask_folders += [here / name for name in sorted(masks)]
        folders[:] = sorted(name for name in folders if not _is_system(name) and name not in masks)
        for name in sorted(files):
            path = here / name
            if _is_system(name) or prediction_record.is_record(path):
                continue
            if path.suffix.lower() not in IMAGE_SUFFIXES:
                listing.skipped[path.suffix.lower()] += 1
            elif path.is_file() or path.is_symlink():  # not a pipe or a device; a broken link is told later
                yield path


def _is_system(name: str, *, explicit: bool = False) -> bool:
    """Whether a file belongs to an operating system, or is hidden and was not named by the user."""
    return name.startswith("._" if explicit else ".") or name.lower() in _SYSTEM


def _sources(found: dict[Path, Path], roots: list[Path]) -> list[Source]:
    """Each image with the path of its results."""
    common = _common(roots)
    relative = {full: full.relative_to(common) for full in found}
    stems = Counter(_key(each.with_suffix("")) for each in relative.values())
    # Only images that share a folder and a name keep the ending in the name of their results.
    chosen = {
        full: (each.with_suffix("") if stems[_key(each.with_suffix(""))] == 1 else each).as_posix()
        for full, each in relative.items()
    }
    return [Source(path, relative[full].as_posix(), chosen[full]) for full, path in found.items()]


def _common(roots: list[Path]) -> Path:
    try:
        return Path(os.path.commonpath(roots))
    except ValueError:
        raise UserError(
            "images of several drives have no folder in common. Segment each drive by itself."
        ) from None


def _key(path: Path) -> str:
    """Paths that name one file on some system have one key."""
    return unicodedata.normalize("NFC", path.as_posix()).casefold()
