"""A SegNet cut apart at each of its unpoolings, so that something else can be put in their place."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb._shared.framework import keras
from segnet_nb.networks.layers import MaxUnpooling2D

Tensor = Any

_NETWORKS = "Pass a network of segnet_nb.model: segnet_basic, segnet_vgg16, segnet_modern or segnet_model."


@dataclass(frozen=True, eq=False)
class Encoded:
    """What the encoder makes of one image; stages are counted from the outermost, the first item.

    Attributes:
        bottleneck: the values that the innermost unpooling takes, ``(height, width, channels)``.
        indices: uint8 of each stage, ``(height, width, channels)``.
        sizes: height and width that each stage unpools to, in pixels of its map.
    """

    bottleneck: np.ndarray
    indices: tuple[np.ndarray, ...]
    sizes: tuple[tuple[int, int], ...]


def _node(tensor: Tensor) -> Any:
    """The call of a layer that made a symbolic tensor."""
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


def _sources(tensor: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Unpoolings that a tensor is made from, none behind another, and the model inputs it is made from."""
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
        else:
            waiting.extend(node.input_tensors)
    return unpoolings, inputs


def _run(model: keras.Model, image: np.ndarray) -> list[np.ndarray]:
    """All outputs of a model for one image.

    Called directly, operation by operation: as fast as ``predict`` for one image, without the seconds that
    compiling each segment takes, and without TensorFlow's warning that many functions were compiled.
    """
    outputs = model(image[None], training=False)
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    return [keras.ops.convert_to_numpy(output)[0] for output in outputs]


class SegmentedNetwork:
    """Encoder and decoder segments of a network whose decoder sees nothing of the encoder but indices.

    Args:
        model: a functional network with one input, one output and unpoolings one after the other.

    Attributes:
        stages: how many unpoolings there are.
        feature_channels: channels of the map that each stage's pooling took, outermost first.

    Raises:
        TypeError: if ``model`` is no functional Keras model.
        ValueError: if it has no ``MaxUnpooling2D``, or its decoder gets more than indices.
    """

    def __init__(self, model: keras.Model) -> None:
        if not isinstance(model, keras.Model) or len(getattr(model, "inputs", None) or ()) != 1:
            raise UserTypeError(
                "a functional keras.Model with one input is needed, because its graph is cut at the "
                f"unpoolings, but a {type(model).__name__} came. {_NETWORKS}"
            )
        # The model is held so that symbolic tensors of its graph stay alive as long as its pieces.
        self.model = model
        self._segments: list[keras.Model | None] = []
        indices, likes, output = [], [], model.outputs[0]
        while True:
            unpoolings, inputs = _sources(output)
            if unpoolings and (len(unpoolings) > 1 or inputs):
                raise UserError(
                    f"the decoder of {model.name!r} gets more from the encoder than indices: stage "
                    f"{len(indices) + 1} joins maps from before the unpooling, as U-Net does, so its "
                    f"indices alone cannot be judged. {_NETWORKS}"
                )
            if not unpoolings:
                break
            node = _node(unpoolings[0])
            whole = output is unpoolings[0]  # nothing stands between two unpoolings
            self._segments.append(None if whole else keras.Model(unpoolings[0], output))
            output = node.input_tensors[0]
            indices.append(node.input_tensors[1])
            likes.append(node.input_tensors[2] if len(node.input_tensors) == 3 else None)
        if not indices:
            raise UserError(f"{model.name!r} has no MaxUnpooling2D, so no indices to judge. {_NETWORKS}")
        self.stages = len(indices)
        self.feature_channels = tuple(int(tensor.shape[-1]) for tensor in indices)
        # One channel of a map tells its height and width; the other channels need not be copied.
        self._with_like = tuple(like is not None for like in likes)
        thin = [like[:, :, :, :1] for like in likes if like is not None]
        self._encoder = keras.Model(model.inputs[0], [output, *indices, *thin])

    def encode(self, image: np.ndarray) -> Encoded:
        """Run the encoder on one image.

        Args:
            image: RGB in 0..255, shape ``(height, width, channels)``.
        """
        bottleneck, *others = _run(self._encoder, image.astype("float32"))
        indices = tuple(others[: self.stages])
        likes = iter(others[self.stages :])
        sizes = []
        for values, with_like in zip(indices, self._with_like, strict=True):
            doubled = (2 * values.shape[0], 2 * values.shape[1])
            sizes.append(tuple(next(likes).shape[:2]) if with_like else doubled)
        return Encoded(bottleneck, indices, tuple(sizes))

    def decode(self, stage: int, unpooled: np.ndarray) -> np.ndarray:
        """From the map that a stage has unpooled to the values that the next one takes, or the scores.

        Args:
            stage: 1 for the outermost.
            unpooled: floats, shape ``(height, width, channels)``.

        Returns:
            Floats, shape ``(height, width, channels)``; for stage 1 the network's output.
        """
        segment = self._segments[stage - 1]
        return unpooled if segment is None else _run(segment, unpooled)[0]
