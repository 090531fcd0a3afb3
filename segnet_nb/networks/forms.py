"""What a network gives: probabilities, logits or labels, whichever of them it was built for.

A form shares the layers and the weights of the network. Labels are computed from the scores before softmax,
which does not change the largest, and before depth to space, so that bytes are rearranged instead of scores.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras, ops
from segnet_nb.networks.layers import CropLike
from segnet_nb.networks.replacing import replacement
from segnet_nb.networks.subpixel import BLOCK, DepthToSpace2D, depth_to_space

kl = keras.layers

Form = Literal["probabilities", "logits", "labels"]
FORMS: tuple[str, ...] = get_args(Form)
Tensor = Any
Operation = Any

_BYTE = 256  # classes whose ids fit uint8


def form_of(model: keras.Model) -> Form:
    """What a network gives: ``"probabilities"`` or ``"logits"``.

    Probabilities are the output of a softmax, or what layers without weights make of it, such as the mean of
    several networks.

    Example:
        >>> image = keras.Input((16, 16, 3))
        >>> form_of(keras.Model(image, keras.layers.Conv2D(5, 1)(image)))
        'logits'
    """
    return "probabilities" if _of_softmax(model.output) else "logits"


def in_form(model: keras.Model, form: str) -> keras.Model:
    """The network with another output.

    Args:
        model: from images to probabilities or logits, ``(batch, height, width, classes)``.
        form: ``"probabilities"``; ``"logits"``, scores before softmax; or ``"labels"``, class ids.

    Returns:
        A network of the same input that shares the layers. Its output is float32 of the same shape, or for
        labels ``(batch, height, width)`` in uint8, above 256 classes int32; the first of equal scores wins.

    Raises:
        ValueError: if the form is another, or the network gives probabilities whose logits are unknown.

    Example:
        >>> from segnet_nb.networks.realtime import segnet_realtime
        >>> model = segnet_realtime((None, None, 3), 11)
        >>> in_form(model, "labels").output_shape, in_form(model, "labels").output.dtype
        ((None, None, None), 'uint8')
    """
    check_form(form)
    if form == form_of(model):
        return model
    if form == "probabilities":
        made = kl.Softmax(dtype="float32", name="softmax_of_logits")(model.output)
    elif form == "logits":
        made = _before_softmax(model.output)
        if made is None:
            raise UserError(
                f"the network {model.name!r} gives probabilities, and its logits cannot be recovered, since "
                "softmax is not its last step. Export probabilities or labels, or build the network with "
                'output="logits".'
            )
    else:
        made = _labels(model.output)
    return keras.Model(model.input, made, name=model.name)


def check_form(form: Any) -> None:
    """Raise unless there is such a form.

    Raises:
        ValueError: naming those that there are.

    Example:
        >>> check_form("labels")
    """
    if form not in FORMS:
        raise UserError(f"output must be one of {', '.join(FORMS)}, but got {form!r}.")


class LargestScore(kl.Layer):
    """The class of the largest score of every pixel; the first of equals.

    Args:
        blocks: whether the channels are those of 2 x 2 pixels, as ``DepthToSpace2D`` takes them; the labels
            are then rearranged.

    Call arguments:
        inputs: floats of shape ``(batch, height, width, classes)``, with ``blocks`` four times as many
            channels.

    Returns:
        Class ids, uint8 or above 256 classes int32: ``(batch, height, width)``, with ``blocks`` ``(batch,
        2 * height, 2 * width, 1)``.

    Example:
        >>> import numpy as np
        >>> np.array(LargestScore()(np.array([[[[1.0, 3.0, 2.0]]]]))).tolist()
        [[[1]]]
    """

    def __init__(self, *, blocks: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.blocks = blocks

    def _classes(self, channels: int) -> int:
        return channels // BLOCK**2 if self.blocks else channels

    def _dtype(self, channels: int) -> str:
        return "uint8" if self._classes(channels) <= _BYTE else "int32"

    def call(self, inputs: Tensor) -> Tensor:
        """Find the classes; see the class."""
        channels = inputs.shape[-1]
        if not self.blocks:
            return ops.cast(_argmax(inputs), self._dtype(channels))
        shape = ops.shape(inputs)
        by_pixel = ops.reshape(inputs, (*_batch_and(shape, 1, 2), BLOCK**2, self._classes(channels)))
        return replacement(depth_to_space)(ops.cast(_argmax(by_pixel), self._dtype(channels)))

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        """Shape and dtype of the labels, without running anything."""
        shape = inputs.shape[:3]
        if self.blocks:
            rows, columns = (None if side is None else BLOCK * side for side in shape[1:])
            shape = (shape[0], rows, columns, 1)
        return keras.KerasTensor(shape, dtype=self._dtype(inputs.shape[-1]))

    def get_config(self) -> dict[str, Any]:
        """What is needed to build the layer again."""
        return {**super().get_config(), "blocks": self.blocks}


def _batch_and(shape: Any, *axes: int) -> tuple[Any, ...]:
    """The batch and these sides; an unknown batch as -1 where that is enough, which converters prefer."""
    sides = tuple(shape[axis] for axis in axes)
    return (-1 if all(isinstance(side, int) for side in sides) else shape[0], *sides)


def _argmax(scores: Tensor) -> Tensor:
    if keras.backend.backend() != "tensorflow":
        return ops.argmax(scores, axis=-1)
    import tensorflow as tf

    # keras.ops.argmax becomes bit operations that neither ONNX nor TFLite has.
    return tf.argmax(scores, axis=-1, output_type=tf.int32)


def _maker(tensor: Tensor) -> tuple[Operation, list[Tensor]]:
    """The operation that makes a tensor of a network, and its inputs in that call."""
    operation, node, _ = tensor._keras_history
    return operation, operation._inbound_nodes[node].input_tensors


def _is_softmax(operation: Operation) -> bool:
    """Whether it is a layer or a function that does nothing but softmax."""
    if isinstance(operation, kl.Softmax):
        return True
    if isinstance(operation, kl.Activation):
        return operation.activation is keras.activations.softmax
    return not isinstance(operation, kl.Layer) and type(operation).__name__ == "Softmax"


def _of_softmax(tensor: Tensor) -> bool:
    """Whether a tensor is that of a softmax, seen through operations without weights."""
    operation, inputs = _maker(tensor)
    if isinstance(operation, keras.Model):
        return _of_softmax(operation.output)
    activation = getattr(operation, "activation", None)
    if _is_softmax(operation) or activation is keras.activations.softmax:
        return True
    # Weights make scores again of a softmax further back, such as that of an attention.
    if getattr(operation, "weights", None) or not inputs:
        return False
    used = inputs[:1] if isinstance(operation, CropLike | DepthToSpace2D) else inputs
    return all(_of_softmax(each) for each in used)


def _before_softmax(tensor: Tensor) -> Tensor | None:
    """The tensor without the softmax that ends it; None if softmax is not the last step."""
    operation, inputs = _maker(tensor)
    if _is_softmax(operation):
        return inputs[0]
    if isinstance(operation, keras.Model):
        before = _before_softmax(operation.output)
        return None if before is None else keras.Model(operation.input, before)(inputs[0])
    if (
        isinstance(operation, kl.Layer)
        and getattr(operation, "activation", None) is keras.activations.softmax
    ):
        config = {**operation.get_config(), "activation": "linear", "name": f"{operation.name}_logits"}
        linear = type(operation).from_config(config)
        made = linear(inputs[0])
        linear.set_weights(operation.get_weights())
        return made
    return None


def _labels(tensor: Tensor) -> Tensor:
    """Class ids from probabilities or logits, by the cheapest way to the same labels."""
    before = _before_softmax(tensor)
    scores = tensor if before is None else before
    operation, inputs = _maker(scores)
    while isinstance(operation, kl.Activation) and operation.activation is keras.activations.linear:
        scores = inputs[0]
        operation, inputs = _maker(scores)
    if type(operation) is not DepthToSpace2D:
        return LargestScore(name="labels")(scores)
    blocks, like = inputs
    return _Cropped(name="labels_cropped")([LargestScore(blocks=True, name="labels")(blocks), like])


class _Cropped(kl.Layer):
    """Labels ``(batch, height, width, 1)`` without the last axis, cropped to the size of a second input."""

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Crop; see the class."""
        labels, like = inputs
        if labels.shape[1:3] == like.shape[1:3] and None not in like.shape[1:3]:
            return ops.reshape(labels, (-1, *like.shape[1:3]))
        cropped = labels[:, : ops.shape(like)[1], : ops.shape(like)[2]]
        return ops.squeeze(cropped, axis=3)

    def compute_output_spec(self, inputs: list[Any]) -> keras.KerasTensor:
        """Shape and dtype, without running anything."""
        labels, like = inputs
        return keras.KerasTensor((labels.shape[0], *like.shape[1:3]), dtype=labels.dtype)
