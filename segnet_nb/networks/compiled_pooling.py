"""Pooling and unpooling for training on TensorFlow, with their gradients written out.

The gradient of pooling *is* unpooling, and the gradient of unpooling is picking values by index. Written
this way, each direction is one selection that XLA turns into one loop over memory, where automatic
differentiation would chain padded slices. The windows become axes of their own, six dimensions in total,
which exporters need not support: inference uses the plain functions of ``layers``.
``benchmarks/pooling.py`` times both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

Tensor = Any

# As wide as the values: a processor compares and selects vectors of one width at full speed.
_OFFSETS = np.arange(4, dtype=np.int32).reshape(1, 1, 2, 1, 2, 1)


def _windows(x: Tensor, fill: float) -> Tensor:
    """``(batch, rows, 2, columns, 2, channels)``, an odd side padded to an even one."""
    height, width = x.shape[1], x.shape[2]
    if height is None or width is None or height % 2 or width % 2:
        odd: Any = tf.math.floormod(tf.shape(x)[1:3], 2)
        x = tf.pad(x, [[0, 0], [0, odd[0]], [0, odd[1]], [0, 0]], constant_values=tf.cast(fill, x.dtype))
    size = tf.shape(x)
    return tf.reshape(x, (size[0], size[1] // 2, 2, size[2] // 2, 2, x.shape[3]))


def _corners(windows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return (
        windows[:, :, 0, :, 0],
        windows[:, :, 0, :, 1],
        windows[:, :, 1, :, 0],
        windows[:, :, 1, :, 1],
    )


def _place(values: Tensor, indices: Tensor, height: Any, width: Any) -> Tensor:
    """Every value at its offset, zeros elsewhere, cropped to ``height`` and ``width``."""
    size = tf.shape(values)
    spread = (size[0], size[1], 1, size[2], 1, values.shape[3])
    chosen = tf.equal(tf.cast(tf.reshape(indices, spread), tf.int32), _OFFSETS)
    full = tf.where(chosen, tf.reshape(values, spread), tf.zeros((), values.dtype))
    full = tf.reshape(full, (size[0], 2 * size[1], 2 * size[2], values.shape[3]))
    # A size that is only known when the step runs is a tensor, which cannot be compared yet.
    if all(isinstance(side, int) for side in (height, width)) and (height, width) == tuple(full.shape[1:3]):
        return full
    return full[:, :height, :width]


def _pick(x: Tensor, indices: Tensor) -> Tensor:
    """The value of every window at the window's offset."""
    a, b, c, d = _corners(_windows(x, 0.0))
    indices = tf.cast(indices, tf.int32)
    return tf.where(indices < 2, tf.where(indices < 1, a, b), tf.where(indices < 3, c, d))


def _size(x: Tensor) -> tuple[Any, Any]:
    dynamic = tf.shape(x)
    height, width = x.shape[1], x.shape[2]
    return dynamic[1] if height is None else height, dynamic[2] if width is None else width


@tf.custom_gradient
def max_pool_with_indices(x: Tensor) -> Any:
    """``layers.max_pool_with_indices`` with an explicit gradient."""
    a, b, c, d = _corners(_windows(x, float("-inf")))
    # Strictly larger, so the first of equals wins, in each row and then between the rows.
    right_above, right_below = b > a, d > c
    above, below = tf.where(right_above, b, a), tf.where(right_below, d, c)
    is_below = below > above
    values = tf.where(is_below, below, above)
    offset_below = tf.cast(right_below, tf.uint8) + tf.constant(2, tf.uint8)
    indices = tf.where(is_below, offset_below, tf.cast(right_above, tf.uint8))
    height, width = _size(x)

    def gradient(d_values: Tensor, _d_indices: Tensor = None) -> Tensor:
        return _place(d_values, indices, height, width)

    return (values, indices), gradient


def max_unpool(values: Tensor, indices: Tensor, output_size: tuple[Any, Any] | None) -> Tensor:
    """``layers.max_unpool`` with an explicit gradient."""

    @tf.custom_gradient
    def place(values: Tensor) -> Any:
        height, width = output_size or tuple(2 * side for side in _size(values))
        return _place(values, indices, height, width), lambda d_y: _pick(d_y, indices)

    return place(values)
