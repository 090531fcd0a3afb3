"""Networks watched at work: what their poolings remember and where their unpoolings put it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb._shared.framework import keras, ops, tree
from segnet_nb.networks.encoder_decoder import ends_in_softmax
from segnet_nb.networks.layers import MaxPoolingWithIndices2D, MaxUnpooling2D
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

_MEND = (
    "Build one with segnet_nb.segnet_basic or segnet_nb.model.build_network, or load one with "
    "segnet_nb.load_model or segnet_nb.load_pretrained."
)
_STAGE_TENSORS = ("features", "pooled", "indices", "values", "unpooled", "dense")

# A network's probe is built once. It holds the layers, not the network, so the network can still go.
_probes: WeakKeyDictionary[keras.Model, keras.Model] = WeakKeyDictionary()


def _inputs(operation: Any) -> list[Any]:
    return tree.flatten(operation.input)


def _maker(tensor: Any) -> Any:
    return tensor._keras_history.operation


def _first_convolution(model: keras.Model, start: Any) -> keras.layers.Conv2D:
    """The nearest convolution that reads, directly or not, what ``start`` gives."""
    readers: dict[int, list[Any]] = {}
    for operation in model.operations:
        if not isinstance(operation, keras.layers.InputLayer):
            for tensor in _inputs(operation):
                readers.setdefault(id(_maker(tensor)), []).append(operation)
    queue = [start]
    for operation in queue:
        if isinstance(operation, keras.layers.Conv2D):
            return operation
        queue.extend(readers.get(id(operation), ()))
    raise UserError(f"no convolution follows {start.name}, so nothing makes its map dense. {_MEND}")


def _stages(model: keras.Model) -> list[tuple[Any, ...]]:
    """For each stage, outermost first, the tensors that ``_STAGE_TENSORS`` names."""
    layers = getattr(model, "operations", model.layers)
    poolings = [layer for layer in layers if isinstance(layer, MaxPoolingWithIndices2D)]
    # By what they read, not by their names: whoever remembered the indices belongs to the unpooling.
    unpoolings = {
        id(_maker(_inputs(layer)[1])): layer for layer in layers if isinstance(layer, MaxUnpooling2D)
    }
    for what, found in (("MaxPoolingWithIndices2D", poolings), ("MaxUnpooling2D", unpoolings)):
        if not found:
            raise UserError(
                f"{model.name!r} is not a SegNet of this package: no {what} among its {len(layers)} layers. "
                f"{_MEND}"
            )
    stages = []
    for pooling in poolings:
        unpooling = unpoolings.get(id(pooling))
        if unpooling is None:
            raise UserError(
                f"no MaxUnpooling2D of {model.name!r} uses the indices of {pooling.name!r}, so there is no "
                f"way back up. {_MEND}"
            )
        pooled, indices = pooling.output
        values = _inputs(unpooling)[0]
        dense = _first_convolution(model, unpooling).output
        stages.append((pooling.input, pooled, indices, values, unpooling.output, dense))
    return stages


def _probe(model: keras.Model) -> keras.Model:
    """A network that also gives the tensors of every stage; built once per network."""
    if not isinstance(model, keras.Model):
        raise UserTypeError(f"a network is needed, a keras.Model, but {type(model).__name__} came. {_MEND}")
    if model not in _probes:
        tensors = [tensor for stage in _stages(model) for tensor in stage]
        _probes[model] = keras.Model(model.inputs[0], [*tensors, model.outputs[0]])
    return _probes[model]


def _checked_image(model: keras.Model, image: np.ndarray) -> np.ndarray:
    image = np.asarray(image)
    if image.ndim == 4:
        raise UserError(
            f"one image is traced at a time, but a batch of shape {image.shape} came. Pass images[0], or "
            "all of them to trace_images."
        )
    if image.ndim != 3 or image.shape[-1] != 3 or 0 in image.shape:
        raise UserError(f"an image has shape (height, width, 3), but {image.shape} came. Pass RGB pixels.")
    if image.dtype != np.uint8:
        raise UserTypeError(
            f"an image is uint8 in 0..255, but {image.dtype} came. Scale floats in 0..1 by 255, then "
            "image.astype('uint8')."
        )
    wanted = model.input_shape[1:]
    if any(want not in (None, got) for want, got in zip(wanted, image.shape, strict=True)):
        raise UserError(
            f"the network takes images of shape {wanted} (None: any), but {image.shape} came. Resize the "
            "image, or build the network with None for height and width."
        )
    return image


def trace_unpooling(model: keras.Model, image: np.ndarray) -> UnpoolingTrace:
    """Run a network on one image and keep what its poolings and unpoolings did.

    One pass gives everything. A trace holds every map of every stage: 0.2 GB for the full SegNet at
    360 x 480.

    Args:
        model: a network of this package, ending in softmax or in logits.
        image: uint8 RGB in 0..255, shape ``(height, width, 3)``, any size that the network takes.

    Returns:
        The trace, plain NumPy arrays that are read-only.

    Raises:
        TypeError: if no network or no uint8 image came.
        ValueError: if the network has not our pooling and unpooling layers in pairs, or the image does
            not fit it.

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
    # Called, not predict_on_batch: that would trace a graph anew for each size of image.
    *tensors, scores = probe(image[None].astype("float32"), training=False)
    if not ends_in_softmax(model):
        scores = ops.softmax(ops.cast(scores, "float32"))
    stages = []
    width = len(_STAGE_TENSORS)
    for number, start in enumerate(range(0, len(tensors), width), start=1):
        maps = dict(zip(_STAGE_TENSORS, map(_array, tensors[start : start + width]), strict=True))
        stages.append(StageTrace(number=number, **maps))
    return UnpoolingTrace(image=image, stages=tuple(stages), probabilities=_array(scores))


def _array(tensor: Any) -> np.ndarray:
    """The first of a batch, floats as float32 whatever the precision policy."""
    array = ops.convert_to_numpy(tensor)[0]
    return array if array.dtype == np.uint8 else array.astype(np.float32, copy=False)


class TraceList(Sequence[UnpoolingTrace]):
    """Traces of several images, each made when it is first asked for.

    Args:
        model: a network of this package.
        images: uint8 RGB, shape ``(count, height, width, 3)``, or a list of images of any sizes.
        keep: how many traces stay in memory; the one that was not asked for longest goes first.

    Raises:
        TypeError: if no network or no uint8 images came.
        ValueError: if there are no images, they do not fit, or ``keep`` is below 1.
    """

    def __init__(self, model: keras.Model, images: np.ndarray | Sequence[np.ndarray], keep: int = 3) -> None:
        if keep < 1:
            raise UserError(f"keep must be at least 1, but {keep} came.")
        if isinstance(images, np.ndarray) and images.ndim == 3:
            raise UserError(f"several images are needed, but one of shape {images.shape} came. Pass [image].")
        if not len(images):
            raise UserError("no images came. Pass at least one image.")
        _probe(model)
        self._model = model
        self._images = [_checked_image(model, image) for image in images]
        self._keep = keep
        self._traces: OrderedDict[int, UnpoolingTrace] = OrderedDict()

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> UnpoolingTrace:  # type: ignore[override]
        try:
            number = range(len(self))[index]
        except IndexError:
            raise IndexError(f"there are images 0..{len(self) - 1}, but {index} came.") from None
        if isinstance(number, range):
            raise UserTypeError("one trace at a time: take traces[i]; a slice would hold them all.")
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
    """A list of traces, each made when it is first asked for and kept for a while.

    Args:
        model: a network of this package.
        images: uint8 RGB, shape ``(count, height, width, 3)``, or a list of images of any sizes.
        keep: how many traces stay in memory.

    Returns:
        A sequence of ``UnpoolingTrace``, one per image.

    Raises:
        TypeError: if no network or no uint8 images came.
        ValueError: if there are no images, they do not fit, or ``keep`` is below 1.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> traces = trace_images(model, np.zeros((2, 16, 24, 3), np.uint8))
        >>> len(traces), traces[1]
        (2, UnpoolingTrace(16x24, 4 stages))
    """
    return TraceList(model, images, keep)
