"""Costs of each layer of a network for one image: parameters, multiplications, memory, time, receptive field.

Everything is measured on the network itself, which is run layer by layer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb._shared.framework import keras, ops, tree
from segnet_nb.networks.index_packing import pack_indices
from segnet_nb.networks.layers import CropLike, MaxPoolingWithIndices2D, MaxUnpooling2D
from segnet_nb.networks.normalization import LocalResponseNormalization
from segnet_nb.networks.subpixel import DepthToSpace2D
from segnet_nb.networks.upsampling import BilinearUpsampling2D
from segnet_nb.probes.layer_costs import LayerCost, NetworkCosts, PoolingMemory

__all__ = ["LayerCost", "NetworkCosts", "PoolingMemory", "probe_costs"]

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
# Layers whose output pixels depend only on the same pixel of their inputs.
_POINTWISE = (
    *(keras.layers.BatchNormalization, keras.layers.ReLU, keras.layers.Activation, keras.layers.Softmax),
    *(keras.layers.Add, keras.layers.Concatenate, keras.layers.Dropout, keras.layers.Rescaling, CropLike),
    LocalResponseNormalization,
)


# Maps a number of neighbouring values to the number of neighbouring image pixels that they depend on; None:
# unknown. For one value it is the receptive field.
_Field = Callable[[int], int] | None


def probe_costs(model: keras.Model, image: np.ndarray, *, repeats: int = 3) -> NetworkCosts:
    """Run a network layer by layer on one image, and measure each layer.

    Args:
        model: a functional Keras model with one input and each layer used once.
        image: shape ``(height, width, channels)``, in the input range of the network.
        repeats: number of timed runs of each layer, at least 1, after a warm-up run.

    Raises:
        ValueError: if the image does not match the network, or ``repeats`` is below 1.
        TypeError: if the model is not a functional model with one input.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4)
        >>> costs = probe_costs(model, np.zeros((32, 48, 3), "float32"), repeats=1)
        >>> costs.poolings[0].index_bytes, costs.poolings[0].packed_bytes  # 16 * 24 windows of 4 channels
        (1536, 384)
    """
    image = np.asarray(image, "float32")
    if not getattr(model, "operations", None) or len(model.inputs) != 1:
        raise UserTypeError(
            f"model must be a functional network with one input, but got {model!r}. Pass a network of "
            "segnet_nb.model."
        )
    if image.ndim != 3:
        raise UserError(f"image must have shape (height, width, channels), but got {image.shape}.")
    if repeats < 1:
        raise UserError(f"repeats must be at least 1, but got {repeats}.")
    values: dict[int, Any] = {id(model.inputs[0]): ops.convert_to_tensor(image[None])}
    fields: dict[int, _Field] = {id(model.inputs[0]): lambda count: count}
    layers, poolings = [], []
    for layer in model.operations:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        sources = tree.flatten(layer.input)
        given = tree.map_structure(lambda tensor: values[id(tensor)], layer.input)
        output, seconds = _timed(layer, given, repeats)
        field = _field(layer, [fields[id(tensor)] for tensor in sources])
        receptive_field = None if field is None else field(1)
        outputs = tree.flatten(output)
        for symbol, value in zip(tree.flatten(layer.output), outputs, strict=True):
            values[id(symbol)], fields[id(symbol)] = value, field
        source = values[id(sources[0])]
        layers.append(_layer_cost(layer, source.shape, outputs[0], receptive_field, seconds))
        if isinstance(layer, MaxPoolingWithIndices2D):
            poolings.append(_pooling_memory(layer.name, source, outputs[1], receptive_field))
    return NetworkCosts(model.name, tuple(layers), tuple(poolings))


def _layer_cost(
    layer: Any, before: tuple[int, ...], output: Any, receptive_field: int | None, seconds: float
) -> LayerCost:
    _, height, width, channels = output.shape
    return LayerCost(
        name=layer.name,
        kind=type(layer).__name__,
        shape=(height, width, channels),
        parameters=int(sum(np.prod(weight.shape) for weight in layer.weights)),
        multiplications=_multiplications(layer, before, output.shape),
        map_bytes=ops.convert_to_numpy(output).nbytes,
        receptive_field=receptive_field,
        seconds=seconds,
    )


def _pooling_memory(name: str, source: Any, indices: Any, receptive_field: int | None) -> PoolingMemory:
    _, height, width, channels = source.shape
    stored = ops.convert_to_numpy(indices)
    return PoolingMemory(
        name=name,
        shape=(height, width, channels),
        map_bytes=ops.convert_to_numpy(source).nbytes,
        index_bytes=stored.nbytes,
        packed_bytes=pack_indices(stored).nbytes,
        pooled_receptive_field=receptive_field,
    )


def _timed(layer: Any, given: Any, repeats: int) -> tuple[Any, float]:
    """The output of a layer, and the median time of its calls in seconds."""
    output, times = _finished(layer(given)), []
    for _ in range(repeats):
        start = time.perf_counter()
        output = _finished(layer(given))
        times.append(time.perf_counter() - start)
    return output, float(np.median(times))


def _finished(output: Any) -> Any:
    """Wait for an output: backends may return before the computation has finished."""
    for tensor in tree.flatten(output):
        ops.convert_to_numpy(tensor[0, 0, 0, 0])
    return output


def _field(layer: Any, sources: list[_Field]) -> _Field:
    """The receptive field of a layer, from those of its inputs."""
    if isinstance(layer, MaxUnpooling2D | CropLike | DepthToSpace2D):
        sources = sources[:1]  # the other inputs provide a size, or indices of the same windows
    known = [source for source in sources if source is not None]
    inward = _inward(layer)
    if inward is None or len(known) < len(sources):
        return None
    # Cached, because every path that joins after this layer asks again.
    return cache(lambda count: max(source(inward(count)) for source in known))


def _inward(layer: Any) -> Callable[[int], int] | None:
    """Maps a number of neighbouring outputs of a layer to the number of neighbouring inputs behind them."""
    if isinstance(layer, keras.layers.Conv2DTranspose):
        side, stride = layer.kernel_size[0], layer.strides[0]
        return lambda count: (count + side - 2) // stride + 1
    if isinstance(layer, _CONVOLUTIONS):
        reach, stride = (layer.kernel_size[0] - 1) * layer.dilation_rate[0], layer.strides[0]
        return lambda count: (count - 1) * stride + reach + 1
    if isinstance(layer, MaxPoolingWithIndices2D):
        return lambda count: 2 * count
    if isinstance(layer, MaxUnpooling2D | DepthToSpace2D):
        return lambda count: count // 2 + 1  # two neighbours may be in two windows
    if isinstance(layer, BilinearUpsampling2D):
        return lambda count: count // 2 + 2
    if isinstance(layer, keras.layers.UpSampling2D):
        between = 2 if layer.interpolation == "bilinear" else 1
        factor = layer.size[0]
        return lambda count: (count + factor - 2) // factor + between
    if isinstance(layer, _POINTWISE):
        return lambda count: count
    return None


def _multiplications(layer: Any, before: tuple[int, ...], after: tuple[int, ...]) -> int:
    if isinstance(layer, keras.layers.Conv2DTranspose):
        return int(np.prod(before[1:3]) * _kernel_size(layer))
    if isinstance(layer, _CONVOLUTIONS):
        return int(np.prod(after[1:3]) * _kernel_size(layer))
    return 0


def _kernel_size(layer: Any) -> int:
    return int(np.prod(layer.kernel.shape))
