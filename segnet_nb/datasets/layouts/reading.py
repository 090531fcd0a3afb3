"""What was read of a dataset on disk: splits of pairs, declared classes, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.layouts import meaning
from segnet_nb.datasets.layouts.declared import Declared
from segnet_nb.datasets.layouts.pairs import UNSPLIT, LeftOut, Pair
from segnet_nb.datasets.mask_encoding import FolderError, MaskEncoding
from segnet_nb.datasets.names import check_split

DATASET_FILE = "dataset.json"
"""Name of the file that pins a reading."""


@dataclass(frozen=True)
class Reading:
    """A dataset on disk whose files have been listed, but not decoded.

    Attributes:
        root: the folder.
        layout: name of its layout, see ``segnet_nb.datasets.layouts.LAYOUTS``.
        structure: the folders, in words, such as ``"train/images + train/masks"``.
        splits: pairs by split, ``"train"``, ``"val"``, ``"test"``, or all under ``"all"``.
        declared: the declared classes; None if only the masks tell.
        listed: whether lists name the pairs of the splits.
        lossy_masks: ``"nearest"`` if a ``dataset.json`` says so, else ``"refuse"``.
        left_out: what was not read, and why.
        notes: what else should be known.
    """

    root: Path
    layout: str
    structure: str
    splits: Mapping[str, tuple[Pair, ...]]
    declared: Declared | None = None
    listed: bool = False
    lossy_masks: str = "refuse"
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs, each once."""
        if len(self.splits) == 1:
            return next(iter(self.splits.values()))
        return tuple({pair.name: pair for pairs in self.splits.values() for pair in pairs}.values())

    def split(self, name: str, *, val_share: float = 0.2, seed: int = 0) -> tuple[Pair, ...]:
        """The pairs of ``"train"``, ``"val"`` or ``"test"``.

        Without a validation split, a random share of the rest is held out for it.

        Args:
            name: ``"train"``, ``"val"`` or ``"test"``.
            val_share: share of the pairs for validation, between 0 and 1, if there is no such split.
            seed: seed of the random split.

        Raises:
            FolderError: if the split does not exist.
        """
        check_split(name)
        if name in self.splits and (name == "test" or self.listed or "val" in self.splits):
            return self.splits[name]
        if self.listed:
            raise FolderError(f"{self.root} has no {name}.txt. Create it with one name per line.")
        if name == "test":
            raise FolderError(
                f"{self.root} has no test.txt and no folder of a test split, only {self.structure}. Create "
                "one."
            )
        rest = self.splits.get("train", self.splits.get(UNSPLIT, ()))
        if not rest:
            raise FolderError(f"{self.root} has no {name} split, only {', '.join(self.splits)}.")
        return _held_out(self.root, rest, name, val_share, seed)

    def mask_encoding(self, *, lossy_masks: str = "refuse") -> MaskEncoding:
        """What the values of the masks mean: pinned, declared, or inferred from all masks in one pass.

        Args:
            lossy_masks: ``"nearest"`` takes the nearest class of each pixel, ``"refuse"`` refuses masks with
                lossy compression.

        Raises:
            FolderError: if it cannot be told; the message says what to write.
        """
        return meaning.encoding_of(self.pairs, self.declared, nearest=self.wants_nearest(lossy_masks))

    def wants_nearest(self, lossy_masks: str) -> bool:
        """Whether masks with lossy compression are read by the nearest class.

        Raises:
            ValueError: if ``lossy_masks`` is unknown.
        """
        if lossy_masks not in meaning.LOSSY_MASKS:
            raise UserError(f"lossy_masks must be 'refuse' or 'nearest', but got {lossy_masks!r}.")
        return "nearest" in (lossy_masks, self.lossy_masks)

    def overlaps(self) -> Counter[tuple[str, str]]:
        """How many images are in two splits at once."""
        found: Counter[tuple[str, str]] = Counter()
        names = list(self.splits)
        for at, one in enumerate(names):
            own = {pair.name for pair in self.splits[one]}
            for other in names[at + 1 :]:
                if both := sum(pair.name in own for pair in self.splits[other]):
                    found[one, other] = both
        return found


def _held_out(root: Path, rest: tuple[Pair, ...], name: str, share: float, seed: int) -> tuple[Pair, ...]:
    if not 0 < share < 1:
        raise UserError(f"val_share must be between 0 and 1, but got {share}.")
    if len(rest) < 2:
        raise FolderError(f"{root} has one image; at least two are required, one for validation.")
    order = np.random.default_rng(seed).permutation(len(rest))
    held_out = min(max(1, round(share * len(order))), len(order) - 1)
    chosen = np.sort(order[:held_out] if name == "val" else order[held_out:])
    return tuple(rest[number] for number in chosen)
