"""Groups of images, such as the drives of CamVid: frames of one film resemble each other.

A split that takes frames of the same film for training and for validation measures how well a network knows
that film. Scores by group, and groups held out of training, show how well it generalises.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import Dataset

DRIVE = "drive"


def group_names(names: Sequence[str], by: str = DRIVE) -> tuple[str, ...]:
    """The group of each image, from its name.

    Args:
        names: names of images, as in ``Dataset.names``.
        by: ``"drive"`` for the part before the first ``_``, or a regular expression that is searched in each
            name: its first group in parentheses, or all that it matches, is the group.

    Returns:
        One group per name.

    Raises:
        ValueError: if the expression is invalid or does not match a name.

    Example:
        >>> group_names(["0006R0_f00930", "0016E5_07959"])
        ('0006R0', '0016E5')
        >>> group_names(["berlin-7", "bonn-12"], by="^(.)")
        ('b', 'b')
    """
    if by == DRIVE:
        return tuple(name.partition("_")[0] for name in names)
    try:
        pattern = re.compile(by)
    except re.error as error:
        raise UserError(
            f"by must be 'drive' or a regular expression, but got {by!r} ({error}). For example '^([^_]+)'."
        ) from error
    found = [pattern.search(name) for name in names]
    if None in found:
        name = names[found.index(None)]
        raise UserError(f"the expression {by!r} does not match the image name {name!r}. Widen it.")
    return tuple((match[1] if pattern.groups else match[0]) or "" for match in found if match)


def hold_out(data: Dataset, groups: Sequence[str], by: str = DRIVE) -> tuple[Dataset, Dataset]:
    """Split a dataset into the images outside some groups and the images inside them.

    Args:
        data: the dataset.
        groups: names of the groups to hold out.
        by: how groups are read from names, see ``group_names``.

    Returns:
        The remaining images and the held-out ones.

    Raises:
        ValueError: if a group does not exist, or if no images remain.

    Example:
        >>> from segnet_nb.datasets import CAMVID
        >>> blank = np.zeros((3, 16, 16, 3), np.uint8)
        >>> data = Dataset(blank, blank[..., 0], CAMVID, ("a_1", "a_2", "b_1"))
        >>> [part.names for part in hold_out(data, ["a"])]
        [('b_1',), ('a_1', 'a_2')]
    """
    of_image = group_names(data.names, by)
    counts = Counter(of_image)
    known = ", ".join(f"{name} ({count} images)" for name, count in sorted(counts.items()))
    if missing := [name for name in groups if name not in counts]:
        raise UserError(f"unknown group {missing[0]!r}. The training images have the groups {known}.")
    inside = np.array([name in groups for name in of_image])
    if inside.all():
        names = ", ".join(groups)
        raise UserError(f"holding out {names} leaves no image to train on: all are of {known}.")
    label = ", ".join(groups)
    return _chosen(data, ~inside, f"without {label}"), _chosen(data, inside, f"only {label}")


def _chosen(data: Dataset, mask: np.ndarray, note: str) -> Dataset:
    return replace(data.select(mask), source=f"{data.source}, {note}" if data.source else note)
