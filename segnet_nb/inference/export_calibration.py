"""The images that post-training quantisation reads the ranges of values from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb._shared.errors import UserError, UserTypeError

if TYPE_CHECKING:
    import keras

# More images hardly change the ranges.
COUNT = 32

Size = tuple[int | None, int | None]


def calibration_images(model: keras.Model, calibration: Any, size: Size) -> list[np.ndarray]:
    """At most 32 images, evenly spread over those given.

    Args:
        model: the network that takes them.
        calibration: images in 0..255, ``(count, height, width, channels)``, or a dataset.
        size: height and width that the file takes; None: any.

    Returns:
        float32 arrays of shape ``(1, height, width, channels)``.

    Raises:
        ValueError: if there are none, their size is another, or their values are not in 0..255.
        TypeError: if it is neither an array nor a dataset.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 2, filters=4, kernel_size=3)
        >>> images = calibration_images(model, np.zeros((100, 16, 16, 3), "uint8"), (None, None))
        >>> len(images), images[0].shape
        (32, (1, 16, 16, 3))
    """
    chosen = [np.asarray(each)[None] for each in _chosen(calibration)]
    return [_checked(model, each, size) for each in chosen]


def _chosen(calibration: Any) -> list[np.ndarray]:
    of_dataset = hasattr(calibration, "pair") and hasattr(calibration, "__len__")
    if not (of_dataset or isinstance(calibration, np.ndarray | list | tuple)):
        raise UserTypeError(
            "calibration must be images of shape (count, height, width, channels) or a dataset of "
            f"segnet_nb.datasets.load, but got {type(calibration).__name__}. Pass some training images."
        )
    count = 0 if getattr(calibration, "shape", None) == () else len(calibration)
    if not count:
        raise UserError("calibration has no images. Pass about 32 training images.")
    numbers = np.linspace(0, count - 1, min(count, COUNT)).round().astype(int).tolist()
    images: Any = calibration
    return [images.pair(i)[0] if of_dataset else images[i] for i in numbers]


def _checked(model: keras.Model, image: np.ndarray, size: Size) -> np.ndarray:
    from segnet_nb.inference.prediction import check_images

    channels = model.input_shape[-1]
    wanted = (*size, channels)
    if image.ndim != 4 or any(
        want not in (None, got) for want, got in zip(wanted, image.shape[1:], strict=True)
    ):
        raise UserError(
            f"calibration must be images of shape (count, height, width, {channels}) of the size of the "
            f"file, {size} (None: any), but got one of shape {image.shape[1:]}. Resize them, or load the "
            "dataset with that image_size."
        )
    try:
        return check_images(model, image).astype("float32")
    except UserError as error:
        raise UserError(f"calibration: {error}") from None
