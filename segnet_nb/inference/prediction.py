"""Inference: from images to class probabilities and labels, the same for training, notebooks and reports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras, ops
from segnet_nb.inference import model_files
from segnet_nb.networks import folding
from segnet_nb.networks.encoder_decoder import ends_in_softmax


def load_model(path: str | Path, *, allow_layers: Collection[str] = ()) -> keras.Model:
    """Load a network that was saved to a ``.keras`` file, without ``custom_objects``.

    The file may come from someone else: its members, sizes, classes and values are checked before Keras
    reads it, so that it can neither run code nor fill the memory. ``keras.models.load_model`` loads the same
    file without these checks, once ``segnet_nb`` has been imported.

    Args:
        path: a file that ``model.save`` or a training run wrote.
        allow_layers: names of further layers of Keras that it may hold, such as ``"Dense"``.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no saved network, is damaged, names a class that is not allowed, maps something
            else than images to scores per pixel, or holds values that are not finite.
    """
    return model_files.open_model(path, allow_layers=allow_layers)


_SCALED = 2.0  # images scaled to 0..1 or -1..1 stay below, those in 0..255 do not


def _batches(images: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    if batch_size < 1:
        raise UserError(f"batch_size must be at least 1, but got {batch_size}.")
    for start in range(0, len(images), batch_size):
        yield images[start : start + batch_size]


def check_images(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """The images with a batch axis, if they fit the network.

    Raises:
        ValueError: if they do not, there are none, or their values are not in 0..255.
    """
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[None]
    expected = model.input_shape
    fits = images.ndim == len(expected) == 4 and all(
        want in (None, got) for want, got in zip(expected[1:], images.shape[1:], strict=True)
    )
    if not fits:
        raise UserError(
            f"the network takes images of shape {expected} (None: any), but got {images.shape}. Resize the "
            "images, or build the network with None for height and width."
        )
    if not len(images):
        raise UserError("got no images. Pass at least one image.")
    _check_range(images)
    return images


def _check_range(images: np.ndarray) -> None:
    """Raise if pixels are not in 0..255.

    Floats in 0..1 or -1..1 would give a wrong mask without a word, so a float image has to exceed 2 somewhere
    unless it is black; interpolation may leave 0..255 by half a step.
    """
    if images.dtype.kind not in "uif":
        raise UserError(
            f"images must be numbers in 0..255, but got {images.dtype}. Convert them to uint8 RGB in 0..255."
        )
    if images.dtype == np.uint8:
        return
    low, high = float(images.min()), float(images.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise UserError(
            "images must be RGB in 0..255, but some pixels are NaN or infinite. Replace those pixels, for "
            "example with np.nan_to_num."
        )
    if images.dtype.kind == "f" and max(-low, high) <= _SCALED and (low, high) != (0, 0):
        raise UserError(
            f"images must be RGB in 0..255, but the values are in {low:.4g}..{high:.4g}, as if scaled to "
            f"{'-1..1' if low < 0 else '0..1'}. {'Add 1, and multiply' if low < 0 else 'Multiply'} by "
            f"{'127.5' if low < 0 else '255'}: the network scales them itself."
        )
    if low < -0.5 or high > 255.5:
        raise UserError(
            f"images must be RGB in 0..255, but the values are in {low:.4g}..{high:.4g}. Undo their "
            "normalisation, or scale them to 0..255."
        )


def _has_logits(model: keras.Model) -> bool:
    """Whether a network of this package ends in logits, not in softmax."""
    return not ends_in_softmax(model)


def batch_probabilities(model: keras.Model, batch: np.ndarray) -> np.ndarray:
    """Class probabilities of one batch of float images, whether the network ends in softmax or logits."""
    out: Any = folding.folded(model).predict_on_batch(batch)
    probabilities: Any = ops.convert_to_numpy(ops.softmax(out)) if _has_logits(model) else out
    return probabilities


def _resized(images: Any, size: tuple[int, int]) -> Any:
    return ops.convert_to_numpy(ops.image.resize(images, size, interpolation="bilinear", antialias=True))


def _averaged(model: keras.Model, batch: np.ndarray, flip: bool, scales: Sequence[float]) -> np.ndarray:
    """Probabilities averaged over scales and, with ``flip``, the mirrored images."""
    (height, width), parts = batch.shape[1:3], []
    for scale in scales:
        at = max(16, round(scale * height)), max(16, round(scale * width))
        views = batch if at == (height, width) else _resized(batch, at)
        found = batch_probabilities(model, views)
        if flip:
            found = (found + batch_probabilities(model, views[:, :, ::-1])[:, :, ::-1]) / 2
        parts.append(found if at == (height, width) else _resized(found, (height, width)))
    return parts[0] if len(parts) == 1 else np.mean(parts, axis=0)


def check_scales(model: keras.Model, scales: Sequence[float]) -> None:
    """Raise unless the network can run at these multiples of the image size.

    Raises:
        ValueError: if there is none, one is out of range, or the network accepts one size only.
    """
    if not len(scales) or not all(0.1 <= scale <= 4 for scale in scales):
        raise UserError(f"scales must be one or more numbers in 0.1..4, but got {list(scales)}.")
    if any(scale != 1 for scale in scales) and None not in model.input_shape[1:3]:
        raise UserError(
            f"the network accepts images of {model.input_shape[1:3]} only, so it cannot run at other scales. "
            "Build it with None for height and width."
        )


def predict_probabilities(
    model: keras.Model,
    images: np.ndarray,
    *,
    batch_size: int = 4,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
) -> np.ndarray:
    """Class probabilities of every pixel.

    Args:
        model: a network of this package, ending in softmax or in logits.
        images: shape ``(count, height, width, 3)`` or one image without the first axis; RGB, 0..255.
        batch_size: images at a time.
        flip: average with the prediction of the mirrored image; takes twice the time.
        scales: average predictions at these multiples of the image size.

    Returns:
        float32 in 0..1, shape ``(count, height, width, num_classes)``, summing to 1 over the classes.

    Raises:
        ValueError: if the images do not fit the network, are not in 0..255, or a scale is impossible.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> predict_probabilities(model, np.zeros((16, 24, 3), np.uint8)).shape
        (1, 16, 24, 11)
    """
    images = check_images(model, images)
    check_scales(model, scales)
    return np.concatenate(
        [_averaged(model, batch.astype("float32"), flip, scales) for batch in _batches(images, batch_size)]
    )


def predict(
    model: keras.Model,
    images: np.ndarray,
    *,
    batch_size: int = 4,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
) -> np.ndarray:
    """The most probable class of every pixel.

    Args:
        model: a network of this package.
        images: shape ``(count, height, width, 3)`` or one image without the first axis; RGB, 0..255.
        batch_size: images at a time.
        flip: average with the prediction of the mirrored image; takes twice the time.
        scales: average predictions at these multiples of the image size.

    Returns:
        uint8 class ids, shape ``(count, height, width)``.

    Raises:
        ValueError: if the images do not fit the network or are not in 0..255 (floats in 0..1, NaN), it has
            more classes than uint8 can hold, or a scale is impossible.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> predict(model, np.zeros((2, 16, 24, 3), np.uint8)).dtype
        dtype('uint8')
    """
    images = check_images(model, images)
    if model.output_shape[-1] > 256:
        raise UserError(
            f"{model.output_shape[-1]} classes do not fit into uint8. Take the argmax of "
            "predict_probabilities over the last axis."
        )
    check_scales(model, scales)
    parts, fast = [], folding.folded(model)
    for batch in _batches(images, batch_size):
        views = batch.astype("float32")
        # The largest logit is the most probable class, so softmax is not needed.
        plain = not flip and tuple(scales) == (1,)
        out: Any = fast.predict_on_batch(views) if plain else _averaged(model, views, flip, scales)
        parts.append(out.argmax(-1).astype("uint8"))
    return np.concatenate(parts)
