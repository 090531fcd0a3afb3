"""Lists of names that define the splits: train.txt, val.txt, test.txt and their variants."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from segnet_nb.datasets.layouts.pairs import Pair
from segnet_nb.datasets.layouts.text_files import read_lines
from segnet_nb.datasets.layouts.tree import stem_of
from segnet_nb.datasets.layouts.words import split_of
from segnet_nb.datasets.mask_encoding import FolderError

_PLACES = ("", "ImageSets/Segmentation", "ImageSets", "splits", "split", "lists", "list")
_OTHER_NAMES = {"default": "all", "trainval": "all", "all": "all"}


def find_lists(root: Path, places: Sequence[str] = _PLACES) -> dict[str, Path]:
    """The lists of a dataset by split, from the first folder that has any; ``"all"`` is for no split.

    Args:
        root: the folder of the dataset.
        places: folders relative to it, in order.
    """
    for place in places:
        folder = root / place
        if not folder.is_dir():
            continue
        texts = sorted(each for each in folder.iterdir() if each.suffix.casefold() == ".txt")
        found: dict[str, Path] = {}
        for path in texts:
            name = path.stem.casefold()
            split = _OTHER_NAMES.get(name) or (split_of(name) if re.fullmatch(r"[a-z]+", name) else None)
            if split:
                found.setdefault(split, path)
        if len(found) > 1:
            found.pop("all", None)
        if found:
            return found
    return {}


class PairIndex:
    """Finds pairs by what a line of a list says.

    Args:
        pairs: all pairs.
        root: the folder that paths in lists may be relative to.
    """

    def __init__(self, pairs: Sequence[Pair], root: Path) -> None:
        self._by_name: dict[str, list[tuple[Pair, list[str]]]] = {}
        for pair in pairs:
            image = pair.image
            parts = list(image.relative_to(root).parts)
            self._by_name.setdefault(stem_of(image.name), []).append((pair, parts))

    def find(self, line: str) -> Pair | None:
        """The pair of a line: a name, with or without ending, or a path, alone or followed by that of a mask.

        Of several with the same name, the one whose path is most like that of the line.
        """
        text = unicodedata.normalize("NFC", line)
        words = [text, *re.split(r"[\t,;]", text)[:1], *text.split()[:1]]
        for word in words:
            if candidates := self._by_name.get(stem_of(word.strip().strip("\"'"))):
                parts = word.replace("\\", "/").split("/")
                return max(candidates, key=lambda each: _common_end(each[1], parts))[0]
        return None


def _common_end(own: Sequence[str], given: Sequence[str]) -> int:
    """How many folders agree, from the last on."""
    same = 0
    for one, other in zip(reversed(own[:-1]), reversed(given[:-1]), strict=False):
        if one != other:
            break
        same += 1
    return same


def read_list(path: Path, index: PairIndex, where: str) -> tuple[Pair, ...]:
    """The pairs that a list names, each once, in its order.

    Args:
        path: the list, one name per line.
        index: finds the pairs.
        where: the folder of the images, for messages.

    Raises:
        FolderError: if it is empty or names something else.
    """
    lines = read_lines(path)
    if not lines:
        raise FolderError(f"{path} is empty. Write one name per line, or delete the file.")
    found: dict[str, Pair] = {}
    for line in lines:
        pair = index.find(line)
        if pair is None:
            raise FolderError(f"{path} contains {line!r}, which is not in {where}. Correct the list.")
        found[pair.name] = pair
    return tuple(found.values())


def split_by_lists(
    lists: Mapping[str, Path], pairs: Sequence[Pair], root: Path, where: str
) -> dict[str, tuple[Pair, ...]]:
    """The splits that lists define; a validation list alone leaves the rest for training.

    Raises:
        FolderError: if a list is empty or names something else.
    """
    index = PairIndex(pairs, root)
    splits = {split: read_list(path, index, where) for split, path in lists.items()}
    if "val" in splits and not {"train", "all"} & set(splits):
        used = {pair.image for own in splits.values() for pair in own}
        splits = {"train": tuple(pair for pair in pairs if pair.image not in used), **splits}
    return splits
