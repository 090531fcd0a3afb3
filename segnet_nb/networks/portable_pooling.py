"""Pooling with indices, unpooling and depth to space as other programs run them fast.

The functions of ``layers`` and ``subpixel`` in operations of TensorFlow that converters turn into few
operators. An offset is a float, and a value is placed by products with its two bits: runtimes have fast code
for products of floats, but not for selections, and little for bytes. Shapes are constants as far as they are
known, and the batch is left open. Of finite values the results are the same, bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from segnet_nb.networks.replacing import replaced
from segnet_nb.networks.subpixel import BLOCK

Tensor = Any


@contextmanager
def portable() -> Iterator[None]:
    """Let layers use the functions of this module in the block, when they do not train."""
    with replaced(
        max_pool_with_indices=max_pool_with_indices, max_unpool=max_unpool, depth_to_space=depth_to_space
    ):
        yield


def max_pool_with_indices(x: Tensor) -> tuple[Tensor, Tensor]:
    """``layers.max_pool_with_indices``, with offsets in the dtype of ``x``.

    Example:
        >>> values, offsets = max_pool_with_indices(tf.reshape([1.0, 5.0, 5.0, 2.0], (1, 2, 2, 1)))
        >>> float(values[0, 0, 0, 0]), float(offsets[0, 0, 0, 0])
        (5.0, 1.0)
    """
    height, width, channels = _size(x)
    rows, columns = (height + 1) // 2, (width + 1) // 2
    even = _even(_even(x, 1), 2)
    if None in x.shape[1:3]:  # padded whether odd or not
        even = even[:, : 2 * rows, : 2 * columns]
    pairs = _reshaped(even, 2 * rows, columns, 2 * channels)
    left, right = pairs[..., :channels], pairs[..., channels:]
    above, below = _rows_apart(tf.maximum(left, right), rows, columns, channels)
    # Comparisons are exact, which differences of floats are not.
    right_above, right_below = _rows_apart(tf.cast(right > left, x.dtype), rows, columns, channels)
    is_below = tf.cast(below > above, x.dtype)
    return tf.maximum(above, below), right_above + is_below * (right_below + 2.0 - right_above)


def max_unpool(values: Tensor, indices: Tensor, output_size: tuple[Any, Any] | None) -> Tensor:
    """``layers.max_unpool``, with offsets in any dtype.

    Example:
        >>> one = tf.ones((1, 1, 1, 1))
        >>> max_unpool(7 * one, 2 * one, None)[0, :, :, 0].numpy().tolist()
        [[0.0, 0.0], [7.0, 0.0]]
    """
    height, width, channels = _size(values)
    offsets = tf.cast(indices, values.dtype)
    is_below = tf.minimum(tf.nn.relu(offsets - 1.0), 1.0)
    is_right = offsets - is_below - is_below
    below = values * is_below
    above = values - below
    right_below, right_above = below * is_right, above * is_right
    top = tf.concat([above - right_above, right_above], 3)
    bottom = tf.concat([below - right_below, right_below], 3)
    rows = [_reshaped(each, height, 2 * width * channels) for each in (top, bottom)]
    full = _reshaped(tf.concat(rows, 2), 2 * height, 2 * width, channels)
    if output_size is None or _same(output_size, full.shape[1:3]):
        return full
    return full[:, : output_size[0], : output_size[1]]


def depth_to_space(x: Tensor) -> Tensor:
    """``subpixel.depth_to_space``.

    Example:
        >>> depth_to_space(tf.reshape(tf.range(4.0), (1, 1, 1, 4)))[0, :, :, 0].numpy().tolist()
        [[0.0, 1.0], [2.0, 3.0]]
    """
    if x.dtype.is_floating:
        return tf.nn.depth_to_space(x, BLOCK)
    height, width, channels = _size(x)
    channels //= BLOCK**2
    x = _reshaped(x, height, width, BLOCK, BLOCK * channels)
    return _reshaped(tf.transpose(x, (0, 1, 3, 2, 4)), BLOCK * height, BLOCK * width, channels)


def _size(x: Tensor) -> tuple[Any, Any, int]:
    """Height, width and channels: numbers where they are known, tensors where they are not."""
    dynamic = tf.shape(x)
    height, width = (dynamic[axis] if x.shape[axis] is None else x.shape[axis] for axis in (1, 2))
    return height, width, x.shape[3]


def _reshaped(x: Tensor, *sides: Any) -> Tensor:
    """The shape with these sides after the batch."""
    return tf.reshape(x, (-1, *sides))


def _even(x: Tensor, axis: int) -> Tensor:
    """``x`` with its last row or column repeated where the side is odd or unknown; see ``layers``."""
    side = x.shape[axis]
    if side is not None and side % 2 == 0:
        return x
    last = x[:, -1:] if axis == 1 else x[:, :, -1:]
    return tf.concat([x, last], axis)


def _rows_apart(x: Tensor, rows: Any, columns: Any, channels: int) -> tuple[Tensor, Tensor]:
    """The even and the odd rows of ``x``, each of shape ``(batch, rows, columns, channels)``."""
    side_by_side = _reshaped(x, rows, 2 * columns, channels)
    return side_by_side[:, :, :columns], side_by_side[:, :, columns:]


def _same(size: tuple[Any, Any], known: Any) -> bool:
    """Whether a size is known to be that; one that is known only when the graph runs is a tensor."""
    return all(isinstance(side, int) for side in size) and tuple(size) == tuple(known)
