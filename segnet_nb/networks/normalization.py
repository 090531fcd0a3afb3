"""Input normalisations that are part of the network, so that users pass images as they load them."""

from __future__ import annotations

from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras, ops

Tensor = Any


@keras.saving.register_keras_serializable(package="segnet_nb")
class LocalResponseNormalization(keras.layers.Layer):
    """Divide each channel by the energy of the channels around it.

    ``y_c = x_c / (1 + alpha / size * sum of x_k^2 over the size channels around c) ** beta``, Caffe's
    convention, which divides alpha by the size (TensorFlow's operation does not: there alpha is 2e-5 and
    the depth radius 2 for the same numbers). The first layer of the released SegNet-Basic
    (SegNet-Tutorial, ``Models/segnet_basic_train.prototxt``: size 5, alpha 1e-4, beta 0.75).

    Args:
        size: number of neighbouring channels in a window, odd.
        alpha: weight of the energy.
        beta: exponent.

    Call arguments:
        inputs: floats of shape ``(..., channels)``; the published use is RGB or BGR in 0..255.

    Returns:
        Floats of the same shape.

    Raises:
        ValueError: if ``size`` is even or smaller than 1, or ``alpha`` negative.

    Example:
        >>> import numpy as np
        >>> x = np.full((1, 1, 1, 3), 100.0, dtype="float32")
        >>> round(float(LocalResponseNormalization()(x)[0, 0, 0, 0]), 2)  # 100 / 1.6 ** 0.75
        70.29
    """

    def __init__(self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if alpha < 0:
            raise UserError(f"alpha must not be negative, but got {alpha}. Published: 1e-4.")
        if size < 1 or size % 2 == 0:
            raise UserError(
                f"size must be an odd number of channels, but got {size}. Use {max(size + 1, 1)}."
            )
        self.size, self.alpha, self.beta = size, alpha, beta

    def call(self, inputs: Tensor) -> Tensor:
        """Normalise; see the class."""
        # A band matrix sums over neighbouring channels with one small product, on every backend.
        channels = inputs.shape[-1]
        distance = np.abs(np.arange(channels)[:, None] - np.arange(channels)[None, :])
        band = ops.cast((distance <= self.size // 2).astype("float32"), inputs.dtype)
        # Scaled before squaring: in float16 three squares of 255 would be infinite.
        energy = ops.matmul(ops.square(inputs * (self.alpha / self.size) ** 0.5), band)
        return inputs * ops.power(1.0 + energy, -self.beta)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The settings of the layer."""
        return {
            **super().get_config(),
            "size": self.size,
            "alpha": self.alpha,
            "beta": self.beta,
        }


# Means of ImageNet in RGB, 0..255: what the released VGG16 subtracts (in BGR order there).
_IMAGENET_MEAN = (123.68, 116.779, 103.939)

INPUT_NORMALIZATIONS = ("none", "scale", "local_response", "vgg")


def input_normalization(kind: str) -> keras.layers.Layer | None:
    """The layer of an input normalisation, or None for ``"none"``.

    Args:
        kind: ``"none"`` (unchanged pixels), ``"scale"`` (0..255 to -1..1), ``"local_response"`` (the
            released SegNet-Basic, on 0..255) or ``"vgg"`` (subtracts the ImageNet means, RGB 0..255).

    Raises:
        ValueError: if the kind is unknown.

    Example:
        >>> input_normalization("scale").scale
        0.00784313725490196
    """
    if kind == "none":
        return None
    if kind == "scale":
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="scale")
    if kind == "local_response":
        return LocalResponseNormalization(name="local_response")
    if kind == "vgg":
        offset: Any = [-mean for mean in _IMAGENET_MEAN]  # annotated as float by Keras, which takes lists
        return keras.layers.Rescaling(1.0, offset=offset, name="subtract_mean")
    raise UserError(
        f"no input normalisation is called {kind!r}. Choose from: {', '.join(INPUT_NORMALIZATIONS)}."
    )
