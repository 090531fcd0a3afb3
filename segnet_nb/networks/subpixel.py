"""Depth to space: the last step of networks that compute nothing at full resolution.

Source: Shi et al., arXiv 1609.05158 (the sub-pixel convolution).
"""

from __future__ import annotations

from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras, ops
from segnet_nb.networks.replacing import replacement

Tensor = Any

BLOCK = 2  # pixels along each side of a block


def depth_to_space(x: Tensor) -> Tensor:
    """Every pixel becomes a block of 2 x 2 pixels, made of the four quarters of its channels.

    Args:
        x: any dtype, shape ``(batch, height, width, 4 * channels)``.

    Returns:
        The same dtype, shape ``(batch, 2 * height, 2 * width, channels)``.

    Example:
        >>> import numpy as np
        >>> np.array(depth_to_space(np.arange(4.0).reshape(1, 1, 1, 4)))[0, :, :, 0].tolist()
        [[0.0, 1.0], [2.0, 3.0]]
    """
    batch, height, width = (ops.shape(x)[axis] for axis in range(3))
    channels = x.shape[-1] // BLOCK**2
    # Five dimensions at most: TFLite has no more.
    x = ops.reshape(x, (batch, height, width, BLOCK, BLOCK * channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4))
    return ops.reshape(x, (batch, BLOCK * height, BLOCK * width, channels))


@keras.saving.register_keras_serializable(package="segnet_nb")
class DepthToSpace2D(keras.layers.Layer):
    """Every pixel becomes a block of 2 x 2 pixels, made of the four quarters of its channels.

    Quarter ``2 * dy + dx`` of the channels goes to row ``dy`` and column ``dx`` of the block. The result is
    cropped to the size of a second input, so that odd sizes are preserved.

    Call arguments:
        inputs: a list of two: floats of shape ``(batch, height, width, 4 * channels)``, and a tensor of shape
            ``(batch, full height, full width, ...)`` with a full height of ``2 * height`` or one less, the
            same for the width.

    Returns:
        Floats of shape ``(batch, full height, full width, channels)``.

    Raises:
        ValueError: if the channels cannot be divided by four.

    Example:
        >>> import numpy as np
        >>> x = np.arange(4.0).reshape(1, 1, 1, 4)
        >>> np.array(DepthToSpace2D()([x, np.zeros((1, 2, 2, 3))]))[0, :, :, 0].tolist()
        [[0.0, 1.0], [2.0, 3.0]]
    """

    def build(self, input_shape: Any) -> None:
        """Check the channels."""
        channels = input_shape[0][-1]
        if channels % BLOCK**2:
            raise UserError(f"the channels must be a multiple of {BLOCK**2}, but got {channels}.")
        self.built = True

    def call(self, inputs: list[Tensor]) -> Tensor:
        """Rearrange; see the class."""
        x, full = inputs
        x = replacement(depth_to_space)(x)
        return x[:, : ops.shape(full)[1], : ops.shape(full)[2]]

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """The shape of the result."""
        x, full = input_shape
        return (x[0], full[1], full[2], x[-1] // BLOCK**2)

    def compute_output_spec(self, inputs: list[Any]) -> keras.KerasTensor:
        """Shape and dtype of the result, without running anything."""
        shape = self.compute_output_shape([each.shape for each in inputs])
        return keras.KerasTensor(shape, dtype=self.compute_dtype)
