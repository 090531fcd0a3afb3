"""The function of TensorFlow that an exported file is made of, and the one that its check is made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import keras

Size = tuple[int | None, int | None]
Tensor = Any


class CheckOutputs(NamedTuple):
    """What a check file gives.

    Attributes:
        output: what the exported file gives.
        scores: the logits, or the output where there are none; ``(batch, height, width, classes)``.
        indices: uint8 offsets of every pooling with indices, in the order in which they are computed.
    """

    output: np.ndarray
    scores: np.ndarray
    indices: tuple[np.ndarray, ...]


def scores_form(model: keras.Model) -> str:
    """The form of a network whose values are compared: logits, unless only probabilities are known."""
    from segnet_nb._shared.errors import UserError
    from segnet_nb.networks.forms import form_of, in_form

    try:
        in_form(model, "logits")
    except UserError:
        return form_of(model)
    return "logits"


def graph_of(model: keras.Model, size: Size, output: str) -> Any:
    """The network as a TensorFlow function of images.

    Args:
        model: a network of one input and one output.
        size: height and width; None: any.
        output: a form of ``segnet_nb.networks.forms``.
    """
    run = _portable(model, [output])
    return _function(model, size, lambda image: run(image)[0])


def check_graph_of(model: keras.Model, size: Size, output: str) -> Any:
    """The same function with more outputs, flat, in the order of ``CheckOutputs``.

    The scores are left out where they are the output itself.
    """
    import tensorflow as tf

    scores = scores_form(model)
    run = _portable(model, [output] if scores == output else [output, scores])

    def several(image: Tensor) -> list[Tensor]:
        with _noted_indices() as indices:
            return [*run(image), *(tf.cast(each, tf.int32) for each in indices)]

    return _function(model, size, several)


def _function(model: keras.Model, size: Size, run: Any) -> Any:
    import tensorflow as tf

    shape = (None, *size, model.input_shape[-1])
    return tf.function(run, input_signature=[tf.TensorSpec(shape, tf.float32, name="image")])


def _portable(model: keras.Model, outputs: list[str]) -> Any:
    """A function from images to outputs, in operations that runtimes run fast."""
    from segnet_nb._shared.framework import keras, tree
    from segnet_nb.networks import portable_pooling
    from segnet_nb.networks.folding import folded
    from segnet_nb.networks.forms import in_form
    from segnet_nb.networks.portable_convolutions import direct

    work = folded(model)
    made = [in_form(work, output).output for output in outputs]
    fast = direct(keras.Model(work.input, made, name=model.name))

    def run(image: Tensor) -> list[Tensor]:
        with portable_pooling.portable():
            return tree.flatten(fast(image, training=False))

    return run


@contextmanager
def _noted_indices() -> Iterator[list[Tensor]]:
    """Portable pooling in the block; the list receives the offsets of every pooling."""
    from segnet_nb.networks import portable_pooling
    from segnet_nb.networks.replacing import replaced

    noted: list[Tensor] = []

    def pool(x: Tensor) -> tuple[Tensor, Tensor]:
        values, indices = portable_pooling.max_pool_with_indices(x)
        noted.append(indices)
        return values, indices

    with replaced(max_pool_with_indices=pool):
        yield noted
