"""Bilinear upsampling by two: as a layer, and as the initial kernel of a transposed convolution.

PAPER = Badrinarayanan, Kendall, Cipolla, arXiv 1511.00561, section 3.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras, ops

Tensor = Any


@keras.saving.register_keras_serializable(package="segnet_nb")
class BilinearUpsampling2D(keras.layers.Layer):
    """Twice the height and width by bilinear interpolation, with the border pixels repeated.

    The same as ``keras.layers.UpSampling2D(2, interpolation="bilinear")``, which TensorFlow cannot trace for
    images of any size and which therefore cannot be exported either.

    Call arguments:
        inputs: floats, shape ``(batch, height, width, channels)``.

    Returns:
        Floats of shape ``(batch, 2 * height, 2 * width, channels)``.

    Example:
        >>> x = np.array([0, 4], dtype="float32").reshape(1, 1, 2, 1)
        >>> np.array(BilinearUpsampling2D()(x))[0, 0, :, 0].tolist()
        [0.0, 1.0, 3.0, 4.0]
    """

    def call(self, inputs: Tensor) -> Tensor:
        """Upsample; see the class."""
        batch, height, width, channels = ops.shape(inputs)
        # Each pixel becomes two, a quarter of a pixel to either side of its centre.
        above, below = self._shifted(inputs, axis=1)
        rows = ops.reshape(ops.concatenate([above, below], axis=2), (batch, 2 * height, width, channels))
        left, right = self._shifted(rows, axis=2)
        return ops.reshape(ops.concatenate([left, right], axis=3), (batch, 2 * height, 2 * width, channels))

    @staticmethod
    def _shifted(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        """Values a quarter of a pixel before each pixel along an axis, and after it."""
        if axis == 1:
            first, last, but_first, but_last = x[:, :1], x[:, -1:], x[:, 1:], x[:, :-1]
        else:
            first, last, but_first, but_last = x[:, :, :1], x[:, :, -1:], x[:, :, 1:], x[:, :, :-1]
        before = ops.concatenate([first, but_last], axis=axis)
        after = ops.concatenate([but_first, last], axis=axis)
        return 0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the result."""
        batch, height, width, channels = input_shape
        doubled = [None if side is None else 2 * side for side in (height, width)]
        return (batch, *doubled, channels)

    def compute_output_spec(self, inputs: Tensor) -> keras.KerasTensor:
        """Shape and dtype of the result, without running anything."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype)


@keras.saving.register_keras_serializable(package="segnet_nb")
class BilinearKernel(keras.initializers.Initializer):
    """Initialises a transposed convolution of stride 2 as bilinear interpolation.

    Each output channel reads its own input channel, with weights 1/4, 3/4, 3/4, 1/4 along both sides in the
    middle of the kernel and zeros around them, so that any even kernel upsamples by exactly two (PAPER: "the
    upsampling kernels are initialized using bilinear interpolation weights").

    Raises:
        ValueError: if the kernel is not square with an even side of at least 4.

    Example:
        >>> kernel = np.array(BilinearKernel()((4, 4, 1, 1)))
        >>> (16 * kernel[0, :, 0, 0]).tolist()
        [1.0, 3.0, 3.0, 1.0]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """The kernel, shape ``(side, side, output channels, input channels)``."""
        side = shape[0]
        if len(shape) != 4 or shape[1] != side or side % 2 or side < 4:
            raise UserError(f"the kernel must be square with an even side of at least 4, but got {shape}.")
        line = np.zeros(side)
        line[side // 2 - 2 : side // 2 + 2] = (0.25, 0.75, 0.75, 0.25)
        kernel = line[:, None, None, None] * line[None, :, None, None] * np.eye(shape[2], shape[3])
        return ops.cast(kernel.astype("float32"), dtype or keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        """No settings."""
        return {}
