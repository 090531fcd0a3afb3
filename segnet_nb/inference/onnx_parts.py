"""Parts of a network as ONNX files with channels first and weights in float16, for the engine of a page.

A part is what lies between some tensors of a Keras network. Channels come first, as the runtimes of browsers
want them, so no tensor is transposed. Weights are kept in float16, as networks of this package are stored,
and are float32 again when the file is loaded. Batch normalization stays apart in float32: folded into the
weights it would have to be rounded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras, ops
from segnet_nb.inference import onnx_file
from segnet_nb.networks.layers import MaxPoolingWithIndices2D
from segnet_nb.networks.normalization import LocalResponseNormalization
from segnet_nb.networks.subpixel import BLOCK, DepthToSpace2D

kl = keras.layers

Tensor = Any
Layer = Any


def part(inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor], *, sampling: bool = False) -> bytes:
    """The part of a network between tensors, as the content of an ONNX file.

    The inputs and outputs are float32 of shape ``(1, channels, height, width)``, any height and width. The
    second output of a pooling with indices is int64 of the same shape: flat positions in the whole tensor, of
    which the page keeps the offset in the window. What crops to an image's size is left out.

    Args:
        inputs: symbolic tensors of a functional network, by the names that they get.
        outputs: the same; each depends on nothing but the inputs.
        sampling: keep dropout on, so that each run is another Monte Carlo sample.

    Returns:
        The content of the file.

    Raises:
        ValueError: if there is a layer between that this module does not know, or an output depends on more.

    Example:
        >>> image = keras.Input((None, None, 3))
        >>> shown = kl.ReLU()(kl.Conv2D(2, 3, padding="same")(image))
        >>> b"Conv" in part({"image": image}, {"shown": shown})
        True
    """
    writer = _Writer(sampling)
    for name, given in inputs.items():
        writer.names[id(given)] = name
    wanted = {name: writer.name_of(made) for name, made in outputs.items()}
    # An output may be an input of another node too, so it is given its name by one more.
    writer.nodes += [onnx_file.node("Identity", [made], [name]) for name, made in wanted.items()]
    return onnx_file.model(
        writer.nodes,
        writer.constants,
        [_value(name, given) for name, given in inputs.items()],
        [_value(name, made) for name, made in outputs.items()],
    )


def _value(name: str, given: Tensor) -> bytes:
    is_indices = keras.backend.standardize_dtype(given.dtype) == "uint8"
    shape = (1, int(given.shape[-1]), f"{name} height", f"{name} width")
    return onnx_file.value(name, shape, "int64" if is_indices else "float32")


class _Writer:
    """Nodes and constants, collected on the way from the outputs back to the inputs."""

    def __init__(self, sampling: bool) -> None:
        self.sampling = sampling
        self.names: dict[int, str] = {}
        self.nodes: list[bytes] = []
        self.constants: list[bytes] = []
        self._count = 0
        self.poolings = 0

    def fresh(self) -> str:
        self._count += 1
        return f"t{self._count}"

    def constant(self, values: Any, dtype: str = "float32") -> str:
        name = self.fresh()
        self.constants.append(onnx_file.tensor(name, np.asarray(values, dtype)))
        return name

    def weights(self, values: np.ndarray) -> str:
        """A constant that is stored in float16."""
        if not np.abs(values).max() <= np.finfo(np.float16).max:
            return self.constant(values)
        return self.add("Cast", [self.constant(values, "float16")], to=1)

    def add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        made = self.fresh()
        self.nodes.append(onnx_file.node(operator, inputs, [made], attributes))
        return made

    def name_of(self, wanted: Tensor) -> str:
        """The name of a tensor, after the nodes that make it; without recursion, for deep networks."""
        waiting = [wanted]
        while waiting:
            current = waiting[-1]
            if id(current) in self.names:
                waiting.pop()
                continue
            history = current._keras_history
            node = history.operation._inbound_nodes[history.node_index]
            sources = _followed(history.operation, node.input_tensors)
            if not sources:
                raise UserError(
                    f"a part of a network must depend on its inputs alone, but one of its outputs needs "
                    f"{history.operation.name!r}. Pass a network whose decoder receives only indices."
                )
            missing = [each for each in sources if id(each) not in self.names]
            if missing:
                waiting += missing
                continue
            made = self._write(history.operation, [self.names[id(each)] for each in sources])
            self.names.update(zip(map(id, node.output_tensors), made, strict=True))
        return self.names[id(wanted)]

    def _write(self, operation: Layer, inputs: list[str]) -> list[str]:
        for kind, write in _KINDS.items():
            if type(operation) is kind:
                return write(self, operation, inputs)
        raise UserError(
            f"the layer {operation.name!r} cannot be put into a page: {type(operation).__name__} is none of "
            f"{', '.join(kind.__name__ for kind in _KINDS)}. Build the network from those."
        )


def _followed(operation: Layer, inputs: list[Tensor]) -> list[Tensor]:
    # The second input of this layer gives its size and nothing else.
    return inputs[:1] if isinstance(operation, DepthToSpace2D) else inputs


def _by_channel(values: Any) -> np.ndarray:
    """Numbers, or one per channel, so that they match channels first."""
    array = np.asarray(values, np.float32)
    return array.reshape(1, -1, 1, 1) if array.size > 1 else array


def _rescaling(writer: _Writer, layer: Layer, inputs: list[str]) -> list[str]:
    scaled = writer.add("Mul", [inputs[0], writer.constant(_by_channel(layer.scale))])
    return [writer.add("Add", [scaled, writer.constant(_by_channel(layer.offset))])]


def _response(writer: _Writer, layer: Layer, inputs: list[str]) -> list[str]:
    settings = {"alpha": float(layer.alpha), "beta": float(layer.beta), "bias": 1.0, "size": int(layer.size)}
    return [writer.add("LRN", inputs, **settings)]


def _convolution(writer: _Writer, layer: Layer, inputs: list[str]) -> list[str]:
    kernel = ops.convert_to_numpy(layer.kernel).transpose(3, 2, 0, 1)
    given = [*inputs, writer.weights(kernel)]
    if layer.use_bias:
        given.append(writer.constant(ops.convert_to_numpy(layer.bias)))
    settings: dict[str, Any] = {
        "kernel_shape": [int(side) for side in kernel.shape[2:]],
        "strides": [int(each) for each in layer.strides],
        "dilations": [int(each) for each in layer.dilation_rate],
        "group": int(layer.groups),
    }
    if layer.padding == "same" and max(layer.strides) > 1:
        settings["auto_pad"] = "SAME_UPPER"  # it depends on the size
    elif layer.padding == "same":
        needed = [d * (side - 1) for d, side in zip(layer.dilation_rate, kernel.shape[2:], strict=True)]
        before = [int(each) // 2 for each in needed]
        settings["pads"] = before + [int(each) - first for each, first in zip(needed, before, strict=True)]
    return [_activated(writer, layer, writer.add("Conv", given, **settings))]


def _activated(writer: _Writer, layer: Layer, made: str) -> str:
    name = getattr(layer.activation, "__name__", "")
    if name == "linear":
        return made
    if name == "relu":
        return writer.add("Relu", [made])
    if name == "softmax":
        return writer.add("Softmax", [made], axis=1)
    raise UserError(
        f"the activation {name!r} of {layer.name!r} cannot be put into a page: only linear, relu and softmax "
        "can. Build the network with one of them."
    )


def _normalization(writer: _Writer, layer: Layer, inputs: list[str]) -> list[str]:
    mean, variance = (ops.convert_to_numpy(each) for each in (layer.moving_mean, layer.moving_variance))
    scale = ops.convert_to_numpy(layer.gamma) if layer.scale else np.ones_like(mean)
    shift = ops.convert_to_numpy(layer.beta) if layer.center else np.zeros_like(mean)
    constants = [writer.constant(each) for each in (scale, shift, mean, variance)]
    return [writer.add("BatchNormalization", [*inputs, *constants], epsilon=float(layer.epsilon))]


def _pooling(writer: _Writer, _: Layer, inputs: list[str]) -> list[str]:
    values, positions = writer.fresh(), writer.fresh()
    settings = {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}
    writer.poolings += 1
    # By these names a page leaves them to the processor: WebGPU's pooling gives no indices.
    name = f"pooling{writer.poolings}"
    writer.nodes.append(onnx_file.node("MaxPool", inputs, [values, positions], settings, name=name))
    return [values, positions]


def _softmax(writer: _Writer, _: Layer, inputs: list[str]) -> list[str]:
    return [writer.add("Softmax", inputs, axis=1)]


def _dropout(writer: _Writer, layer: Layer, inputs: list[str]) -> list[str]:
    if not writer.sampling or not layer.rate:
        return inputs
    if not isinstance(layer, kl.SpatialDropout2D):
        return [_dropped(writer, layer, inputs[0])]
    # Whole channels: one value each is dropped or scaled.
    ones = writer.constant(1.0)
    each = writer.add("Mul", [writer.add("GlobalAveragePool", inputs), writer.constant(0.0)])
    return [writer.add("Mul", [inputs[0], _dropped(writer, layer, writer.add("Add", [each, ones]))])]


def _dropped(writer: _Writer, layer: Layer, values: str) -> str:
    # Not ONNX's Dropout: the engine of pages takes it out.
    drawn = writer.add("RandomUniformLike", [values], low=0.0, high=1.0)
    kept = writer.add("Cast", [writer.add("GreaterOrEqual", [drawn, writer.constant(layer.rate)])], to=1)
    return writer.add("Mul", [writer.add("Mul", [values, kept]), writer.constant(1 / (1 - layer.rate))])


def _kind(operator: str, **settings: Any) -> Callable[[_Writer, Layer, list[str]], list[str]]:
    return lambda writer, _, inputs: [writer.add(operator, inputs, **settings)]


_KINDS: dict[Any, Callable[[_Writer, Layer, list[str]], list[str]]] = {
    kl.Rescaling: _rescaling,
    LocalResponseNormalization: _response,
    kl.Conv2D: _convolution,
    kl.BatchNormalization: _normalization,
    kl.ReLU: _kind("Relu"),
    kl.Activation: lambda writer, layer, inputs: [_activated(writer, layer, inputs[0])],
    kl.Softmax: _softmax,
    kl.Add: _kind("Add"),
    kl.Concatenate: _kind("Concat", axis=1),
    kl.Dropout: _dropout,
    kl.SpatialDropout2D: _dropout,
    MaxPoolingWithIndices2D: _pooling,
    DepthToSpace2D: _kind("DepthToSpace", blocksize=BLOCK, mode="DCR"),
}
