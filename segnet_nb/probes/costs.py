"""What each layer of a network costs for one image: weights, work, memory, time; and how far it sees.

Everything is read off the live network: it is run layer by layer, and what comes out of each is weighed.
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
from segnet_nb.networks.upsampling import BilinearUpsampling2D
from segnet_nb.probes.layer_costs import LayerCost, NetworkCosts, PoolingMemory

__all__ = ["LayerCost", "NetworkCosts", "PoolingMemory", "probe_costs"]

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
# What gives every pixel from the same pixel of its inputs.
_POINTWISE = (
    *(keras.layers.BatchNormalization, keras.layers.ReLU, keras.layers.Activation, keras.layers.Softmax),
    *(keras.layers.Add, keras.layers.Concatenate, keras.layers.Dropout, keras.layers.Rescaling, CropLike),
    LocalResponseNormalization,
)


# Of so many neighbouring values, how many neighbouring pixels of the image they depend on; None: not known.
_Reach = Callable[[int], int] | None


def probe_costs(model: keras.Model, image: np.ndarray, *, repeats: int = 3) -> NetworkCosts:
    """Run a network layer by layer on one image, and measure each.

    Args:
        model: a functional Keras model with one input and each layer used once.
        image: shape ``(height, width, channels)``, in the range that the network takes.
        repeats: how often each layer is timed, at least 1; the first run, which is slower, does not count.

    Raises:
        ValueError: if the image does not fit the network, or there is nothing to repeat.
        TypeError: if the model is no functional one with one input.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4)
        >>> costs = probe_costs(model, np.zeros((32, 48, 3), "float32"), repeats=1)
        >>> costs.poolings[0].index_bytes, costs.poolings[0].packed_bytes  # 16 * 24 windows of 4 maps
        (1536, 384)
    """
    image = np.asarray(image, "float32")
    if not getattr(model, "operations", None) or len(model.inputs) != 1:
        raise UserTypeError(
            f"{model!r} is no functional network with one input. Pass one of segnet_nb.model."
        )
    if image.ndim != 3:
        raise UserError(f"image must be of shape (height, width, channels), but {image.shape} came.")
    if repeats < 1:
        raise UserError(f"repeats must be at least 1, but {repeats} came.")
    values: dict[int, Any] = {id(model.inputs[0]): ops.convert_to_tensor(image[None])}
    reaches: dict[int, _Reach] = {id(model.inputs[0]): lambda count: count}
    layers, poolings = [], []
    for layer in model.operations:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        sources = tree.flatten(layer.input)
        given = tree.map_structure(lambda tensor: values[id(tensor)], layer.input)
        output, seconds = _timed(layer, given, repeats)
        reach = _reach(layer, [reaches[id(tensor)] for tensor in sources])
        seen = None if reach is None else reach(1)
        for symbol, value in zip(tree.flatten(layer.output), tree.flatten(output), strict=True):
            values[id(symbol)], reaches[id(symbol)] = value, reach
        made = tree.flatten(output)
        layers.append(
            LayerCost(
                name=layer.name,
                kind=type(layer).__name__,
                shape=tuple(made[0].shape[1:]),
                parameters=int(sum(np.prod(weight.shape) for weight in layer.weights)),
                multiplications=_multiplications(layer, values[id(sources[0])].shape, made[0].shape),
                map_bytes=ops.convert_to_numpy(made[0]).nbytes,
                receptive_field=seen,
                seconds=seconds,
            )
        )
        if isinstance(layer, MaxPoolingWithIndices2D):
            pooled, indices = values[id(sources[0])], ops.convert_to_numpy(made[1])
            poolings.append(
                PoolingMemory(
                    name=layer.name,
                    shape=tuple(pooled.shape[1:]),
                    map_bytes=ops.convert_to_numpy(pooled).nbytes,
                    index_bytes=indices.nbytes,
                    packed_bytes=pack_indices(indices).nbytes,
                    pooled_receptive_field=seen,
                )
            )
    return NetworkCosts(model.name, tuple(layers), tuple(poolings))


def _timed(layer: Any, given: Any, repeats: int) -> tuple[Any, float]:
    """What a layer gives, and the median of the seconds it took."""
    output, taken = _finished(layer(given)), []
    for _ in range(repeats):
        began = time.perf_counter()
        output = _finished(layer(given))
        taken.append(time.perf_counter() - began)
    return output, float(np.median(taken))


def _finished(output: Any) -> Any:
    """The output, once it is there: backends may answer before they are done."""
    for tensor in tree.flatten(output):
        ops.convert_to_numpy(tensor[0, 0, 0, 0])
    return output


def _reach(layer: Any, sources: list[_Reach]) -> _Reach:
    """How far values of a layer reach, from how far its inputs do."""
    if isinstance(layer, MaxUnpooling2D | CropLike):
        sources = sources[:1]  # the other inputs lend their size, or indices of the same windows
    if any(source is None for source in sources):
        return None
    inward = _inward(layer)
    if inward is None:
        return None
    # Each is asked again by every path that comes together behind it.
    return cache(lambda count: max(source(inward(count)) for source in sources))


def _inward(layer: Any) -> Callable[[int], int] | None:
    """Of so many neighbouring values of a layer, how many neighbours of its input they are made from."""
    if isinstance(layer, keras.layers.Conv2DTranspose):
        side, stride = layer.kernel_size[0], layer.strides[0]
        return lambda count: (count + side - 2) // stride + 1
    if isinstance(layer, _CONVOLUTIONS):
        reach, stride = (layer.kernel_size[0] - 1) * layer.dilation_rate[0], layer.strides[0]
        return lambda count: (count - 1) * stride + reach + 1
    if isinstance(layer, MaxPoolingWithIndices2D):
        return lambda count: 2 * count
    if isinstance(layer, MaxUnpooling2D):
        return lambda count: count // 2 + 1  # two neighbours may lie in two windows
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
        return int(np.prod(before[1:3]) * np.prod(layer.kernel.shape))
    if isinstance(layer, _CONVOLUTIONS):
        return int(np.prod(after[1:3]) * np.prod(layer.kernel.shape))
    return 0
