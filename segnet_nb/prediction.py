"""From images to labels: one way for training, notebooks and reports alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from keras import ops

from segnet_nb import layers, losses, normalization  # noqa: F401  (registers what is saved)


def load_model(path: str | Path) -> keras.Model:
    """Load a network that was saved to a ``.keras`` file, without ``custom_objects``.

    ``keras.models.load_model`` does the same once ``segnet_nb.layers`` has been imported; here it has.

    Raises:
        FileNotFoundError: if there is no such file.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"no network at {path}. Pass the path of a .keras file.")
    return keras.models.load_model(path, compile=False)


def _batches(images: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, but {batch_size} came.")
    for start in range(0, len(images), batch_size):
        yield images[start : start + batch_size]


def _check_images(model: keras.Model, images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[None]
    wanted = model.input_shape
    fits = images.ndim == 4 and all(
        want in (None, got) for want, got in zip(wanted[1:], images.shape[1:], strict=True)
    )
    if not fits:
        raise ValueError(
            f"the network takes images of shape {wanted} (None: any), but {images.shape} came. Resize the "
            "images, or build the network with None for height and width."
        )
    if not len(images):
        raise ValueError("no images came. Pass at least one image.")
    return images


def predict_probabilities(model: keras.Model, images: np.ndarray, *, batch_size: int = 4) -> np.ndarray:
    """Class probabilities of every pixel.

    Args:
        model: a network of this package, ending in softmax or in logits.
        images: shape ``(count, height, width, 3)`` or one image without the first axis; RGB, 0..255.
        batch_size: images at a time.

    Returns:
        float32 in 0..1, shape ``(count, height, width, num_classes)``, summing to 1 over the classes.

    Raises:
        ValueError: if the images do not fit the network.

    Example:
        >>> from segnet_nb.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> predict_probabilities(model, np.zeros((16, 24, 3), np.uint8)).shape
        (1, 16, 24, 11)
    """
    images = _check_images(model, images)
    has_logits = model.layers[-1].name != "softmax"
    parts = []
    for batch in _batches(images, batch_size):
        out = model.predict_on_batch(batch.astype("float32"))
        parts.append(ops.convert_to_numpy(ops.softmax(out)) if has_logits else out)
    return np.concatenate(parts)


def predict(model: keras.Model, images: np.ndarray, *, batch_size: int = 4) -> np.ndarray:
    """The likeliest class of every pixel.

    Args:
        model: a network of this package.
        images: shape ``(count, height, width, 3)`` or one image without the first axis; RGB, 0..255.
        batch_size: images at a time.

    Returns:
        uint8 class ids, shape ``(count, height, width)``.

    Raises:
        ValueError: if the images do not fit the network, or its classes not into uint8.

    Example:
        >>> from segnet_nb.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
        >>> predict(model, np.zeros((2, 16, 24, 3), np.uint8)).dtype
        dtype('uint8')
    """
    images = _check_images(model, images)
    if model.output_shape[-1] > 256:
        raise ValueError(
            f"{model.output_shape[-1]} classes do not fit into uint8. Take the argmax of "
            "predict_probabilities over the last axis."
        )
    parts = [
        model.predict_on_batch(batch.astype("float32")).argmax(-1).astype("uint8")
        for batch in _batches(images, batch_size)
    ]
    return np.concatenate(parts)
