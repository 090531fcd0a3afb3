"""The one door through which saved networks come: checked before Keras builds them, and after."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras
from segnet_nb.inference import model_archive

# States of random generators, counters and the like, which a file need not hold.
_SPARE_VALUES = 100_000


def open_model(
    path: str | Path, *, with_optimizer: bool = False, allow_layers: Collection[str] = ()
) -> keras.Model:
    """Load a network from a ``.keras`` file, after ``model_archive.check`` has passed it.

    Args:
        path: the file.
        with_optimizer: load the state of the optimizer, too, to train on.
        allow_layers: names of further layers of Keras that it may hold, such as ``"Dense"``.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, names a class that is not allowed, holds something else than a network
            from images to scores per pixel, or values that are not finite.
    """
    path = Path(path)
    contents = model_archive.check(path, allow_layers=allow_layers)
    try:
        with _at_most(contents.values + _SPARE_VALUES):
            model = keras.models.load_model(path, compile=with_optimizer)
    except MemoryError:
        raise
    except Exception as error:  # of zipfile, json, h5py, Keras or our layers, depending on what is wrong
        raise model_archive.damaged(path, error) from error
    if not isinstance(model, keras.Model):
        raise UserError(f"{path} holds a {type(model).__name__}, not a network. Save a keras.Model.")
    check_segments(model, path)
    check_finite(model, path)
    return model


def check_segments(model: keras.Model, path: str | Path) -> None:
    """Raise unless a network maps one batch of images to one of scores per pixel.

    Raises:
        ValueError: saying what it maps to what.
    """
    try:
        found = [[tuple(each.shape) for each in side] for side in (model.inputs, model.outputs)]
    except (AttributeError, TypeError, ValueError):
        found = None  # a model that was never built
    if not found:
        raise UserError(f"{path} holds a network without input. Call it on images once, and save it again.")
    if [len(side) for side in found] != [1, 1] or any(len(side[0]) != 4 for side in found):
        shown = " to ".join(", ".join(map(str, side)) for side in found)
        raise UserError(
            f"{path} holds no segmentation network: it maps {shown}. Pass one that maps "
            "(batch, height, width, 3) to (batch, height, width, classes)."
        )


def check_finite(model: keras.Model, path: str | Path) -> None:
    """Raise if a weight of a network is infinite or not a number: then so is every prediction.

    Raises:
        ValueError: naming the weight.
    """
    for weight in model.weights:
        values = np.asarray(keras.ops.convert_to_numpy(weight.value))
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            count = int((~np.isfinite(values)).sum())
            raise UserError(
                f"{path}: {count} of the {values.size} values of {weight.path} are not finite (NaN or "
                "infinite), so that every prediction would be, too. Use the weights of an earlier epoch."
            )


@contextmanager
def _at_most(values: int) -> Iterator[None]:
    """While it lasts, networks cannot get more weights than this: a small file may describe a huge one."""
    original, made = keras.layers.Layer.add_weight, 0

    def add_weight(layer: Any, shape: Any = None, *arguments: Any, **options: Any) -> Any:
        nonlocal made
        made += prod(int(side) for side in shape or ())
        if made > values:
            raise UserError(f"the network it describes has {made} weights or more, and stores fewer")
        return original(layer, shape, *arguments, **options)

    keras.layers.Layer.add_weight = add_weight  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = original
