"""Traces of a network: its feature maps, pooling indices and unpooled maps for one image."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from PIL import Image

from segnet_nb._shared.errors import UserError, UserIndexError, UserTypeError
from segnet_nb._shared.framework import keras, ops, tree
from segnet_nb.networks.encoder_decoder import ends_in_softmax
from segnet_nb.networks.layers import MaxPoolingWithIndices2D, MaxUnpooling2D
from segnet_nb.probes._segments import check_input_shape
from segnet_nb.probes.unpooling import PathStep, PixelPath, StageTrace, UnpoolingTrace

__all__ = [
    "PathStep",
    "PixelPath",
    "StageTrace",
    "TraceList",
    "UnpoolingTrace",
    "trace_images",
    "trace_unpooling",
]

_HOW_TO_FIX = (
    "Build one with segnet_nb.segnet_basic or segnet_nb.model.build_network, or load one with "
    "segnet_nb.load_model or segnet_nb.load_pretrained."
)
_STAGE_TENSORS = ("features", "pooled", "indices", "values", "unpooled", "dense")

# The probe of a network is built once. It references the layers, not the network, which can be deleted.
_probes: WeakKeyDictionary[keras.Model, keras.Model] = WeakKeyDictionary()


def _inputs(operation: Any) -> list[Any]:
    return tree.flatten(operation.input)


def _maker(tensor: Any) -> Any:
    return tensor._keras_history.operation


def _first_convolution(model: keras.Model, start: Any) -> keras.layers.Conv2D:
    """The nearest convolution that depends, directly or not, on the output of ``start``."""
    consumers: dict[int, list[Any]] = {}
    for operation in model.operations:
        if not isinstance(operation, keras.layers.InputLayer):
            for tensor in _inputs(operation):
                consumers.setdefault(id(_maker(tensor)), []).append(operation)
    queue = [start]
    for operation in queue:
        if isinstance(operation, keras.layers.Conv2D):
            return operation
        queue.extend(consumers.get(id(operation), ()))
    raise UserError(
        f"no convolution follows {start.name}, which would make its feature map dense. {_HOW_TO_FIX}"
    )


def _stages(model: keras.Model) -> list[tuple[Any, ...]]:
    """For each stage, outermost first, the tensors listed in ``_STAGE_TENSORS``."""
    layers = getattr(model, "operations", model.layers)
    poolings = [layer for layer in layers if isinstance(layer, MaxPoolingWithIndices2D)]
    # Pairs are found by the indices that an unpooling takes, not by the names of the layers.
    unpoolings = {
        id(_maker(_inputs(layer)[1])): layer for layer in layers if isinstance(layer, MaxUnpooling2D)
    }
    for what, found in (("MaxPoolingWithIndices2D", poolings), ("MaxUnpooling2D", unpoolings)):
        if not found:
            raise UserError(
                f"{model.name!r} is not a SegNet of this package: no {what} among its {len(layers)} layers. "
                f"{_HOW_TO_FIX}"
            )
    stages = []
    for pooling in poolings:
        unpooling = unpoolings.get(id(pooling))
        if unpooling is None:
            raise UserError(
                f"no MaxUnpooling2D of {model.name!r} uses the indices of {pooling.name!r}. {_HOW_TO_FIX}"
            )
        pooled, indices = pooling.output
        values = _inputs(unpooling)[0]
        dense = _first_convolution(model, unpooling).output
        stages.append((pooling.input, pooled, indices, values, unpooling.output, dense))
    return stages


def _probe(model: keras.Model) -> keras.Model:
    """A network that also outputs the tensors of every stage; built once per network."""
    if not isinstance(model, keras.Model):
        raise UserTypeError(f"model must be a keras.Model, but got {type(model).__name__}. {_HOW_TO_FIX}")
    if model not in _probes:
        tensors = [tensor for stage in _stages(model) for tensor in stage]
        _probes[model] = keras.Model(model.inputs[0], [*tensors, model.outputs[0]])
    return _probes[model]


def _checked_image(model: keras.Model, image: np.ndarray) -> np.ndarray:
    image = np.asarray(image)
    if image.ndim == 4:
        raise UserError(
            f"image must be a single image, but got a batch of shape {image.shape}. Pass images[0], or "
            "all of them to trace_images."
        )
    if image.ndim != 3 or image.shape[-1] != 3 or 0 in image.shape:
        raise UserError(f"image must have shape (height, width, 3), but got {image.shape}. Pass RGB pixels.")
    if image.dtype != np.uint8:
        raise UserTypeError(
            f"image must be uint8 in 0..255, but got {image.dtype}. Scale floats in 0..1 by 255, then "
            "image.astype('uint8')."
        )
    check_input_shape(model, image.shape)
    return image


def trace_unpooling(model: keras.Model, image: np.ndarray) -> UnpoolingTrace:
    """Run a network on one image and record its poolings and unpoolings.

    A single forward pass is run. A trace contains every feature map of every stage: 0.2 GB for the full
    SegNet at 360 x 480.

    Args:
        model: a network of this package, with softmax or logits as output.
        image: uint8 RGB in 0..255, shape ``(height, width, 3)``, any size that the network accepts.

    Returns:
        The trace, as read-only NumPy arrays. Its image has the size of the first pooling's input.

    Raises:
        TypeError: if ``model`` is not a network or ``image`` is not uint8.
        ValueError: if the network does not consist of pairs of ``MaxPoolingWithIndices2D`` and
            ``MaxUnpooling2D``, or the image does not match it.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> trace = trace_unpooling(model, np.full((45, 61, 3), 90, np.uint8))
        >>> trace
        UnpoolingTrace(45x61, 4 stages)
        >>> trace.stages[0].indices.shape, trace.stages[0].unpooled.shape
        ((23, 31, 4), (45, 61, 4))
    """
    probe = _probe(model)
    image = _checked_image(model, image).copy()
    # Called directly, because predict_on_batch would retrace a graph for each image size.
    *tensors, scores = probe(image[None].astype("float32"), training=False)
    if not ends_in_softmax(model):
        scores = ops.softmax(ops.cast(scores, "float32"))
    stages = []
    width = len(_STAGE_TENSORS)
    for number, start in enumerate(range(0, len(tensors), width), start=1):
        maps = dict(zip(_STAGE_TENSORS, map(_array, tensors[start : start + width]), strict=True))
        stages.append(StageTrace(number=number, **maps))
    shown = _resized(image, stages[0].features.shape)
    return UnpoolingTrace(image=shown, stages=tuple(stages), probabilities=_array(scores))


def _resized(image: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The image at the size of the first pooling's input: a network for real time reduces it before."""
    height, width = size[:2]
    if image.shape[:2] == (height, width):
        return image
    return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BOX))


def _array(tensor: Any) -> np.ndarray:
    """The first item of a batch, floats as float32 whatever the dtype policy."""
    array = ops.convert_to_numpy(tensor)[0]
    return array if array.dtype == np.uint8 else array.astype(np.float32, copy=False)


class TraceList(Sequence[UnpoolingTrace]):
    """Traces of several images, each computed on first access.

    Args:
        model: a network of this package.
        images: uint8 RGB, shape ``(count, height, width, 3)``, or a list of images of any sizes.
        keep: number of traces to keep in memory; the least recently used one is deleted first.

    Raises:
        TypeError: if ``model`` is not a network or the images are not uint8.
        ValueError: if there are no images, they do not match the network, or ``keep`` is below 1.
    """

    def __init__(self, model: keras.Model, images: np.ndarray | Sequence[np.ndarray], keep: int = 3) -> None:
        if keep < 1:
            raise UserError(f"keep must be at least 1, but got {keep}.")
        if isinstance(images, np.ndarray) and images.ndim == 3:
            raise UserError(f"images must be several images, but got shape {images.shape}. Pass [image].")
        if not len(images):
            raise UserError("images is empty. Pass at least one image.")
        _probe(model)
        self._model = model
        self._images = [_checked_image(model, image) for image in images]
        self._keep = keep
        self._traces: OrderedDict[int, UnpoolingTrace] = OrderedDict()

    @property
    def model(self) -> keras.Model:
        """The network."""
        return self._model

    @property
    def images(self) -> list[np.ndarray]:
        """What goes into the network: uint8 RGB, shape ``(height, width, 3)``."""
        return self._images

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> UnpoolingTrace:  # type: ignore[override]
        try:
            number = range(len(self))[index]
        except IndexError:
            raise UserIndexError(f"index must be in 0..{len(self) - 1}, but got {index}.") from None
        if isinstance(number, range):
            raise UserTypeError(
                "slices are not supported, because they would keep all traces: use traces[i]."
            )
        if number not in self._traces:
            self._traces[number] = trace_unpooling(self._model, self._images[number])
            while len(self._traces) > self._keep:
                self._traces.popitem(last=False)
        self._traces.move_to_end(number)
        return self._traces[number]

    def __iter__(self) -> Iterator[UnpoolingTrace]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return f"TraceList({len(self)} images, {self._model.name})"


def trace_images(
    model: keras.Model, images: np.ndarray | Sequence[np.ndarray], *, keep: int = 3
) -> TraceList:
    """A sequence of traces, each computed on first access and cached.

    Args:
        model: a network of this package.
        images: uint8 RGB, shape ``(count, height, width, 3)``, or a list of images of any sizes.
        keep: number of traces to keep in memory.

    Returns:
        A sequence of ``UnpoolingTrace``, one per image.

    Raises:
        TypeError: if ``model`` is not a network or the images are not uint8.
        ValueError: if there are no images, they do not match the network, or ``keep`` is below 1.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> traces = trace_images(model, np.zeros((2, 16, 24, 3), np.uint8))
        >>> len(traces), traces[1]
        (2, UnpoolingTrace(16x24, 4 stages))
    """
    return TraceList(model, images, keep)
