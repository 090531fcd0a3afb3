"""A folder that gives a class the same lessons, weights and data without a network, and its check."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb._shared.files import digest_of
from segnet_nb._shared.versions import __version__
from segnet_nb.datasets import camvid, load as load_data
from segnet_nb.inference import pretrained
from segnet_nb.teaching.folders import made_folder
from segnet_nb.teaching.lessons import find_notebooks, read_lessons
from segnet_nb.teaching.readmes import offline_readme
from segnet_nb.teaching.writing import read_glossary, write_lessons, write_text

SUMS, SCENES = "SHA256SUMS", "synthetic-scenes.sha256"
_SPLITS = ("train", "val", "test")


def pack_course(
    out: str | Path,
    lessons: Sequence[str] = (),
    *,
    data: Sequence[str | Path] = (),
    notebooks: str | Path | None = None,
) -> Path:
    """Write a folder with lessons, the pretrained weights, data, and the SHA-256 sum of each file.

    Args:
        out: the folder to write; one of an earlier call is updated.
        lessons: numbers or names; none: all.
        data: ``"camvid"``, the CamVid that is found here, and folders of datasets; they are copied.
            Synthetic scenes need no file: each machine makes the same ones.
        notebooks: the folder of the lessons, see ``lessons.find_notebooks``.

    Returns:
        The folder.

    Raises:
        UserError: if a lesson is unknown, two folders of data have one name, one contains the folder to
            write, or that cannot be used, see ``folders.made_folder``.
        MissingFileError: if the lessons, the weights or the data are not found.

    Example:
        >>> pack_course("class", data=["no/such/folder"])
        Traceback (most recent call last):
            ...
        segnet_nb.MissingFileError: there is no folder no/such/folder: pass camvid, or the path of a folder
        with a dataset.
    """
    folder = find_notebooks(notebooks)
    chosen = read_lessons(folder, lessons, solved=False)
    sources = _sources(data, Path(out).expanduser())
    weights = pretrained.directory()
    if not pretrained.available():
        raise MissingFileError(f"{weights} has no weights: install the package again, or unset {_WEIGHTS}.")
    with made_folder(out, "class") as temporary:
        write_lessons(temporary / "notebooks", chosen, read_glossary(folder))
        for name in pretrained.available():
            for path in (weights / f"{name}.json", weights / f"{name}.safetensors"):
                _copy(path, temporary / "weights" / path.name)
        for name, source in sources.items():
            for path in _files(name, source):
                _copy(path, temporary / "data" / name / path.relative_to(source))
        write_text(temporary / SCENES, _scenes() + "\n")
        write_text(temporary / "README.md", offline_readme(chosen, list(sources), __version__))
        write_text(temporary / SUMS, _sums(temporary))
    return Path(out)


def verify_course(folder: str | Path) -> list[str]:
    """Check a folder of ``pack_course``, also that this machine makes the same synthetic scenes.

    Args:
        folder: the folder, or a copy of it; files that were added are not looked at.

    Returns:
        A line for each file that is missing or differs, and for scenes that differ; none: all is well.

    Raises:
        MissingFileError: if the folder has no sums.
        UserError: if a line of them cannot be read.

    Example:
        >>> verify_course("no/such/folder")
        Traceback (most recent call last):
            ...
        segnet_nb.MissingFileError: no/such/folder has no SHA256SUMS: pass a folder that segnet-nb course
        pack has made, or a copy of it.
    """
    root = Path(folder).expanduser()
    if not (root / SUMS).is_file():
        raise MissingFileError(
            f"{root.as_posix()} has no {SUMS}: pass a folder that segnet-nb course pack has made, or a copy "
            "of it."
        )
    found = []
    for line in (root / SUMS).read_text(encoding="utf-8").splitlines():
        digest, separator, name = line.partition("  ")
        if not separator or not _is_below(root, name):
            raise UserError(f"{root / SUMS} has a line that is no sum, {line[:80]!r}: copy the folder again.")
        if not (root / name).is_file():
            found.append(f"{name} is missing")
        elif digest_of(root / name) != digest:
            found.append(f"{name} differs")
    scenes = root / SCENES
    if scenes.is_file() and scenes.read_text(encoding="utf-8").strip() != _scenes():
        found.append(f"the synthetic scenes differ: they are made by another version, here {__version__}")
    return found


_WEIGHTS = pretrained.ENVIRONMENT_VARIABLE


def _sources(data: Sequence[str | Path], out: Path) -> dict[str, Path]:
    """Folders to copy, by the name they get."""
    found: dict[str, Path] = {}
    for each in data:
        is_camvid = str(each) == "camvid" and not Path(each).is_dir()
        source = camvid.find_root() if is_camvid else Path(each).expanduser()
        if is_camvid and not (camvid.is_available("train") or camvid.is_available("val")):
            raise MissingFileError(
                "CamVid is not here: get it with `segnet-nb data camvid`, or set "
                f"{camvid.ENVIRONMENT_VARIABLE} to its folder."
            )
        if not source.is_dir():
            raise MissingFileError(
                f"there is no folder {Path(each).as_posix()}: pass camvid, or the path of a folder with a "
                "dataset."
            )
        name = "camvid" if is_camvid else source.resolve().name
        if out.resolve().is_relative_to(source.resolve()):
            raise UserError(
                f"{out} is inside {source}, which is to be copied: pass the path of another folder."
            )
        if name in found:
            raise UserError(f"two folders of data are called {name!r}: rename one of them.")
        found[name] = source
    return found


def _files(name: str, source: Path) -> list[Path]:
    """The files of a dataset, without hidden ones; of CamVid, those that are read."""
    if name == "camvid":
        patterns = [f"{split}{end}" for split in _SPLITS for end in (".txt", "/*.png", "annot/*.png")]
        found = [path for pattern in patterns for path in source.glob(pattern)]
    else:
        found = [path for path in source.rglob("*") if path.is_file()]
    return sorted(path for path in found if not _is_hidden(path.relative_to(source)))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)


def _sums(folder: Path) -> str:
    """Lines as ``sha256sum`` writes and reads them."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return "".join(f"{digest_of(folder / name)}  {name}\n" for name in paths)


def _is_below(root: Path, name: str) -> bool:
    return (root / name).resolve().is_relative_to(root.resolve())


def _scenes() -> str:
    """The SHA-256 of some scenes with their labels: the same wherever the same scenes are made."""
    digest = hashlib.sha256()
    for split in _SPLITS:
        data = load_data("synthetic", split, image_size=(48, 64), count=2, in_memory=True)
        digest.update(np.asarray(data.images).tobytes())
        digest.update(np.asarray(data.labels).tobytes())
    return digest.hexdigest()
