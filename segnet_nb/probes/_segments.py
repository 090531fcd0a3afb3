"""A SegNet split at each unpooling, so that the unpooling can be replaced."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb._shared.framework import keras, ops
from segnet_nb.networks.compiled_parts import compiled
from segnet_nb.networks.layers import MaxUnpooling2D
from segnet_nb.networks.subpixel import DepthToSpace2D

Tensor = Any

_NETWORKS = "Pass a network of segnet_nb.model: segnet_basic, segnet_vgg16, segnet_modern or segnet_model."


@dataclass(frozen=True, eq=False)
class Encoded:
    """Output of the encoder for one image; the first item of a tuple is the outermost stage.

    Attributes:
        bottleneck: input of the innermost unpooling, ``(height, width, channels)``.
        indices: pooling indices of each stage, uint8 ``(height, width, channels)``.
        sizes: height and width of the unpooled feature map of each stage.
    """

    bottleneck: np.ndarray
    indices: tuple[np.ndarray, ...]
    sizes: tuple[tuple[int, int], ...]


def _node(tensor: Tensor) -> Any:
    """The node (call of a layer) that produced a symbolic tensor."""
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


def _sources(tensor: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The nearest unpoolings that a tensor depends on, and the model inputs it depends on without them.

    The second input of ``DepthToSpace2D`` is not followed: it gives nothing but a size.
    """
    unpoolings, inputs, seen, waiting = [], [], set(), deque([tensor])
    while waiting:
        current = waiting.popleft()
        if id(current) in seen:
            continue
        seen.add(id(current))
        node = _node(current)
        if isinstance(node.operation, MaxUnpooling2D):
            unpoolings.append(current)
        elif node.is_input:
            inputs.append(current)
        elif isinstance(node.operation, DepthToSpace2D):
            waiting.append(node.input_tensors[0])
        else:
            waiting.extend(node.input_tensors)
    return unpoolings, inputs


class _Segment:
    """A part of a network, run on one image, or on a feature map and the image.

    With TensorFlow it is compiled once, for images of all sizes that the network takes: a small network then
    answers five times as fast as eagerly. It always is, so that equal inputs give equal outputs to the bit.
    ``predict`` would be compiled again for each size.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._call = compiled(self._eager, model.inputs)

    def _eager(self, *inputs: Any) -> list[Any]:
        given = [*inputs]
        outputs = self._model(given if len(given) > 1 else given[0], training=False)
        return [*outputs] if isinstance(outputs, list | tuple) else [outputs]

    def __call__(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """All outputs for arrays of shape ``(height, width, channels)``, in that shape."""
        outputs = self._call(*(array[None].astype("float32", copy=False) for array in arrays))
        return [ops.convert_to_numpy(output)[0] for output in outputs]


class SegmentedNetwork:
    """Encoder and decoder segments of a network whose decoder receives only indices from the encoder.

    Args:
        model: a functional network with one input, one output and sequential unpoolings.

    Attributes:
        stages: number of unpoolings.
        feature_channels: number of channels of the input of each pooling, outermost first.
        cuts: for each stage, outermost first, the symbolic tensors after its unpooling and before the next
            one, which for stage 1 is the output.
        bottleneck: the symbolic input of the innermost unpooling.

    Raises:
        TypeError: if ``model`` is not a functional Keras model.
        ValueError: if it has no ``MaxUnpooling2D``, or its decoder receives more than indices.
    """

    def __init__(self, model: keras.Model) -> None:
        if not isinstance(model, keras.Model) or len(getattr(model, "inputs", None) or ()) != 1:
            raise UserTypeError(
                "model must be a functional keras.Model with one input, because its graph is split at the "
                f"unpoolings, but got {type(model).__name__}. {_NETWORKS}"
            )
        # A reference to the model keeps the symbolic tensors of its graph alive.
        self.model = model
        self._segments: list[_Segment | None] = []
        self.cuts: list[tuple[Tensor, Tensor]] = []
        self._sized = any(isinstance(layer, DepthToSpace2D) for layer in model.layers)
        indices, likes, output = [], [], model.outputs[0]
        while True:
            unpoolings, inputs = _sources(output)
            if unpoolings and (len(unpoolings) > 1 or inputs):
                raise UserError(
                    f"the decoder of {model.name!r} receives more than indices from the encoder: stage "
                    f"{len(indices) + 1} has a skip connection like U-Net, so the effect of its indices "
                    f"cannot be isolated. {_NETWORKS}"
                )
            if not unpoolings:
                break
            node = _node(unpoolings[0])
            self.cuts.append((unpoolings[0], output))
            empty = output is unpoolings[0]  # no layer between two unpoolings
            # The image gives its size to a sub-pixel head, and nothing else.
            sized = self._sized and not self._segments
            parts = [unpoolings[0], *model.inputs] if sized else unpoolings[0]
            self._segments.append(None if empty else _Segment(keras.Model(parts, output)))
            output = node.input_tensors[0]
            indices.append(node.input_tensors[1])
            likes.append(node.input_tensors[2] if len(node.input_tensors) == 3 else None)
        if not indices:
            raise UserError(f"{model.name!r} has no MaxUnpooling2D, so there are no indices. {_NETWORKS}")
        self.stages = len(indices)
        self.bottleneck = output
        self.feature_channels = tuple(int(tensor.shape[-1]) for tensor in indices)
        # One channel suffices for height and width; the other channels need not be copied.
        self._with_like = tuple(like is not None for like in likes)
        sizes = [like[:, :, :, :1] for like in likes if like is not None]
        self._encoder = _Segment(keras.Model(model.inputs[0], [output, *indices, *sizes]))

    def encode(self, image: np.ndarray) -> Encoded:
        """Run the encoder on one image.

        Args:
            image: RGB in 0..255, shape ``(height, width, channels)``.
        """
        bottleneck, *others = self._encoder(image)
        indices = tuple(others[: self.stages])
        likes = iter(others[self.stages :])
        sizes = []
        for values, with_like in zip(indices, self._with_like, strict=True):
            doubled = (2 * values.shape[0], 2 * values.shape[1])
            sizes.append(tuple(next(likes).shape[:2]) if with_like else doubled)
        return Encoded(bottleneck, indices, tuple(sizes))

    def decode(self, stage: int, unpooled: np.ndarray, image: np.ndarray) -> np.ndarray:
        """Run the decoder from the unpooled feature map of a stage to the next unpooling, or to the output.

        Args:
            stage: 1 for the outermost.
            unpooled: floats, shape ``(height, width, channels)``.
            image: the image, whose size the output of stage 1 has.

        Returns:
            Floats, shape ``(height, width, channels)``; for stage 1 the output of the network.
        """
        segment = self._segments[stage - 1]
        if segment is None:
            return unpooled
        return segment(unpooled, *([image] if self._sized and stage == 1 else []))[0]


def check_input_shape(model: keras.Model, shape: tuple[int, ...]) -> None:
    """Raise unless a network accepts images of a shape ``(height, width, channels)``.

    Raises:
        ValueError: if it does not.
    """
    expected = model.input_shape[1:]
    if any(side not in (None, actual) for side, actual in zip(expected, shape, strict=True)):
        raise UserError(
            f"images must have the shape {expected} of the network's input (None: any), but got {shape}. "
            "Resize them, or build the network with None for height and width."
        )
