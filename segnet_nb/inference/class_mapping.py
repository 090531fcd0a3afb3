"""A network of one set of classes on data with another set: refused, or mapped by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.layouts.declared import read_declared
from segnet_nb.datasets.mask_encoding import CLASSES_FILE, MaskEncoding
from segnet_nb.inference.pretrained import TrainedNetwork

if TYPE_CHECKING:
    import keras

MASK_FOLDERS = ("masks", "labels", "annotations", "gt", "targets")
_LOWER = 50.0  # how far the score of a class that is never predicted is below all others


@dataclass(frozen=True)
class ClassMap:
    """Which class of the data each class of a network is.

    Attributes:
        network: the classes of the network.
        data: the classes of the data.
        ids: for each class of the network, the id of its class in the data; None: it has none.
    """

    network: ClassList
    data: ClassList
    ids: tuple[int | None, ...]

    def __str__(self) -> str:
        """What is mapped, and what is left over on either side."""
        pairs = [
            f"{name} -> {self.data.names[number]}"
            for name, number in zip(self.network.names, self.ids, strict=True)
            if number is not None
        ]
        lone = [name for name, number in zip(self.network.names, self.ids, strict=True) if number is None]
        never = [name for number, name in enumerate(self.data.names) if number not in self.ids]
        parts = [f"classes mapped by name: {', '.join(pairs)}"]
        if lone:
            parts.append(f"of the network only, never predicted: {', '.join(lone)}")
        if never:
            parts.append(f"of the data only, always missed: {', '.join(never)}")
        return "; ".join(parts)

    def matrix(self) -> np.ndarray:
        """The map as float32 of shape ``(network classes, data classes)``, with a 1 for each pair.

        Example:
            >>> from segnet_nb.datasets.classes import numbered_classes
            >>> ClassMap(numbered_classes(3), numbered_classes(2), (1, None, 1)).matrix().tolist()
            [[0.0, 1.0], [0.0, 0.0], [0.0, 1.0]]
        """
        found = np.zeros((self.network.num_classes, self.data.num_classes), np.float32)
        for row, number in enumerate(self.ids):
            if number is not None:
                found[row, number] = 1
        return found


def same_classes(network: ClassList, data: ClassList, *, known: bool = True) -> bool:
    """Whether two lists have the same names in the same order, ignoring case.

    Args:
        network: classes of a network.
        data: classes of data.
        known: whether the names of the network's classes are known; otherwise only the numbers are compared.

    Example:
        >>> from segnet_nb.datasets.classes import CAMVID, numbered_classes
        >>> same_classes(CAMVID, numbered_classes(11))
        False
        >>> same_classes(CAMVID, numbered_classes(11), known=False)
        True
    """
    if not known:
        return network.num_classes == data.num_classes
    return [_key(name) for name in network.names] == [_key(name) for name in data.names]


def different_classes(network: ClassList, data: ClassList, what: str, *, known: bool = True) -> UserError:
    """The error for a network on data of other classes; it lists both.

    Args:
        network: classes of the network.
        data: classes of the data.
        what: the data, in words.
        known: whether the names of the network's classes are known.
    """
    own = ", ".join(network.names) if known else "names not known"
    order = "in another order" if sorted(network.names) == sorted(data.names) else "others"
    return UserError(
        f"the network has {network.num_classes} classes ({own}), {what} {order}: {data.num_classes} "
        f"({', '.join(data.names)}). Pass a network that was trained on these, or map the classes by name "
        "with --map-classes (name pairs that differ: --map-classes car=vehicle)."
    )


def map_by_name(network: ClassList, data: ClassList, pairs: Sequence[str] = ()) -> ClassMap:
    """Map the classes of a network to those of data, by their names and by pairs of names.

    Args:
        network: classes of the network.
        data: classes of the data.
        pairs: ``"network=data"``, for names that differ; an empty second name leaves a class out.

    Raises:
        ValueError: if a pair has another form or an unknown name, or nothing can be mapped.

    Example:
        >>> from segnet_nb.datasets.classes import ClassList
        >>> grey = ((0, 0, 0),) * 3
        >>> network, data = ClassList(("Car", "sky"), grey), ClassList(("sky", "vehicle"), grey)
        >>> map_by_name(network, data, ["Car=vehicle"]).ids
        (1, 0)
    """
    keys = [_key(name) for name in data.names]
    ids = [keys.index(_key(name)) if _key(name) in keys else None for name in network.names]
    for pair in pairs:
        own, separator, other = pair.partition("=")
        if not separator or not own.strip():
            raise UserError(
                f"--map-classes takes pairs such as car=vehicle, the network's name first, but got {pair!r}."
            )
        ids[network.index(own.strip())] = data.index(other.strip()) if other.strip() else None
    if all(number is None for number in ids):
        raise UserError(
            f"no class can be mapped: the network has {', '.join(network.names)}, the data "
            f"{', '.join(data.names)}. Name pairs: --map-classes {network.names[0]}={data.names[0]}."
        )
    return ClassMap(network, data, tuple(ids))


def mapped(model: keras.Model, class_map: ClassMap) -> keras.Model:
    """A network that gives the probabilities of the data's classes.

    The probabilities of network classes that are one class of the data are added; those of classes that the
    data does not have are left out, and the rest is scaled to add up to 1.

    Args:
        model: a network of this package.
        class_map: from ``map_by_name``.

    Example:
        >>> from segnet_nb.datasets.classes import numbered_classes
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 3, filters=4, kernel_size=3)
        >>> mapped(model, ClassMap(numbered_classes(3), numbered_classes(2), (1, None, 0))).output_shape
        (None, None, None, 2)
    """
    from segnet_nb._shared.framework import keras, ops

    logits, matrix = _logits(model), class_map.matrix()
    used = ops.take(logits, np.flatnonzero(matrix.any(1)).tolist(), axis=-1)
    never = ops.min(used, axis=-1, keepdims=True) - _LOWER
    # Of logits, not of probabilities, which are 0 where a class that is left out is certain.
    moved = [
        ops.logsumexp(ops.take(logits, np.flatnonzero(column).tolist(), axis=-1), axis=-1, keepdims=True)
        if column.any()
        else never
        for column in matrix.T
    ]
    scaled = keras.layers.Softmax(name="softmax_of_mapped")(ops.concatenate(moved, axis=-1))
    return keras.Model(model.input, scaled, name=f"{model.name}_mapped")


def _logits(model: keras.Model) -> Any:
    """The class scores of a network before softmax, or with the same differences."""
    from segnet_nb._shared.framework import keras, ops
    from segnet_nb.networks.encoder_decoder import ends_in_softmax

    output: Any = model.output
    if not ends_in_softmax(model):
        return output
    last: Any = model.layers[-1]
    if isinstance(last, keras.layers.Softmax | keras.layers.Activation):
        return last.input
    return ops.log(ops.maximum(output, 1e-30))


def fitted(
    trained: TrainedNetwork, data: ClassList, what: str, pairs: Sequence[str] | None = None
) -> tuple[keras.Model, ClassMap | None]:
    """The network for data of some classes: as it is, or mapped by name.

    Args:
        trained: the network and its classes.
        data: classes of the data.
        what: the data, in words, for the message.
        pairs: None: do not map; otherwise see ``map_by_name``.

    Returns:
        The network, and the map if there is one.

    Raises:
        ValueError: if the classes differ and are not to be mapped, or cannot be.
    """
    if pairs is None:
        if not same_classes(trained.classes, data, known=trained.classes_known):
            raise different_classes(trained.classes, data, what, known=trained.classes_known)
        return trained.model, None
    class_map = map_by_name(trained.classes, data, pairs)
    return mapped(trained.model, class_map), class_map


def labelled_folder(output_dir: Path) -> MaskEncoding | None:
    """What masks in a folder mean, if it is the mask folder of a dataset with a ``classes.json``."""
    places = [output_dir, *([output_dir.parent] if output_dir.name.lower() in MASK_FOLDERS else [])]
    for place in places:
        if (place / CLASSES_FILE).is_file():
            return read_declared(place / CLASSES_FILE).encoding()
    return None


def shown_as_masks(encoding: MaskEncoding) -> tuple[ClassList, np.ndarray | None]:
    """How masks are written that are to be read like those of a dataset.

    Args:
        encoding: what the masks of the dataset mean.

    Returns:
        The classes, and the value of each class id in a mask, uint8; of several, the first. Where masks are
        colours, the classes have these colours and there are no values: a palette image of the ids is then
        read by its colours.

    Raises:
        ValueError: if masks have values above 255.
    """
    by_id: dict[int, Any] = {}
    for value, number in encoding.ids.items():
        if isinstance(value, tuple) == encoding.is_color:
            by_id.setdefault(number, value)
    values = [by_id[number] for number in range(encoding.classes.num_classes)]
    if encoding.is_color:
        return ClassList(encoding.classes.names, (*values, encoding.classes.colors[-1])), None
    if max(values) > 255:
        raise UserError(
            f"the masks of this folder have values up to {max(values)} ({encoding.source}), but predict "
            "writes 8-bit masks. Choose another output folder (--output-dir)."
        )
    return encoding.classes, np.array(values, np.uint8)


def _key(name: str) -> str:
    return name.strip().casefold()
