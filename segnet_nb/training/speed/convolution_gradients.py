"""Gradients of convolutions by forward convolutions, faster on TensorFlow's CPU than its own.

On a CPU, TensorFlow's gradient kernels do half to a third of the arithmetic per second of its forward
convolution. Both gradients of a convolution are convolutions themselves: with respect to the input, of the
upstream gradient with the flipped kernel; with respect to the kernel, of the input with the upstream
gradient. For a small kernel the latter is one matrix product per kernel position.
``benchmarks/training_on_cpu.py`` compares them.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from segnet_nb._shared.framework import keras

Tensor = Any

# From this kernel size on, windows are faster than a matrix product per kernel position.
_LARGE_KERNEL = 5
# Input channels times output channels: above it, TensorFlow's own kernel is as fast as such products.
_FEW_WEIGHTS = 32 * 32
# Largest side of the windows of the upstream gradient: larger ones are no faster.
_LARGEST_WINDOW = 30


def replacements(model: keras.Model) -> list[tuple[Any, str, Any]]:
    """What to set so that the convolutions of a network compute their gradients this way.

    Results differ by rounding alone. Chosen are odd kernels of stride 1 that preserve the size, without
    dilation.

    Returns:
        One ``(layer, "convolution_op", function)`` per convolution, for ``patches.replaced``.
    """
    return [(layer, "convolution_op", _convolution) for layer in model.layers if fits(layer)]


def fits(layer: keras.layers.Layer) -> bool:
    """Whether a layer is an odd convolution of stride 1 that preserves the size, without dilation."""
    return (
        type(layer) is keras.layers.Conv2D
        and (layer.padding == "same" or layer.kernel_size == (1, 1))
        and layer.data_format == "channels_last"
        and layer.groups == 1
        and {*layer.strides, *layer.dilation_rate} == {1}
        and all(size % 2 for size in layer.kernel_size)
    )


def _convolution(inputs: Tensor, kernel: Any) -> Tensor:
    """Replaces a layer's ``convolution_op``."""
    if isinstance(inputs, keras.KerasTensor):
        return keras.ops.conv(inputs, kernel, padding="same", data_format="channels_last")
    return _convolve(inputs, tf.convert_to_tensor(kernel))


@tf.custom_gradient
def _convolve(inputs: Tensor, kernel: Tensor) -> tuple[Tensor, Any]:
    height, width, ins, outs = kernel.shape

    def gradients(upstream: Tensor) -> tuple[Tensor, Tensor]:
        flipped = tf.transpose(kernel[::-1, ::-1], (0, 1, 3, 2))
        if min(height, width) >= _LARGE_KERNEL:
            by_kernel = _by_windows if ins <= outs else _by_windows_swapped
        else:
            by_kernel = _by_positions if ins * outs <= _FEW_WEIGHTS else _by_tensorflow
        return tf.nn.conv2d(upstream, flipped, 1, "SAME"), by_kernel(inputs, upstream, height, width)

    return tf.nn.conv2d(inputs, kernel, 1, "SAME"), gradients


def _by_tensorflow(inputs: Tensor, upstream: Tensor, height: int, width: int) -> Tensor:
    """Gradient with respect to the kernel, by TensorFlow."""
    return tf.raw_ops.Conv2DBackpropFilter(
        input=inputs,
        filter_sizes=(height, width, inputs.shape[-1], upstream.shape[-1]),
        out_backprop=upstream,
        strides=[1, 1, 1, 1],
        padding="SAME",
    )


def _by_positions(inputs: Tensor, upstream: Tensor, height: int, width: int) -> Tensor:
    """The same: at each kernel position, the shifted input times the upstream gradient.

    With zero padding and the pixels of all images in one row, a shift is another start in that row.
    """
    down, across = height // 2, width // 2
    border = ((0, 0), (down, down), (across, across), (0, 0))
    ins, outs = inputs.shape[-1], upstream.shape[-1]
    row = tf.shape(inputs)[2] + 2 * across
    x = tf.reshape(tf.pad(inputs, border), (-1, ins))
    g = tf.reshape(tf.pad(upstream, border), (-1, outs))
    first = down * row + across  # only zeros before it
    count = tf.shape(g)[0] - 2 * first
    g = g[first : first + count]
    products = []
    for i in range(height):
        for j in range(width):
            start = i * row + j
            products.append(tf.linalg.matmul(x[start : start + count], g, transpose_a=True))
    return tf.reshape(tf.stack(products), (height, width, ins, outs))


def _by_windows(inputs: Tensor, upstream: Tensor, height: int, width: int) -> Tensor:
    """The same by windows.

    Windows of the input are convolved with the corresponding windows of the upstream gradient. The windows of
    all images take the channel axis, which a convolution sums over, and the input's channels the batch axis.
    """
    size = tf.shape(upstream)
    (down, tall), (across, wide) = _windows(size[1], height), _windows(size[2], width)
    top, left = height // 2, width // 2
    bottom, right = (down + 1) * tall - size[1] - top, (across + 1) * wide - size[2] - left
    padded = tf.pad(inputs, ((0, 0), (top, bottom), (left, right), (0, 0)))
    grown = tf.pad(upstream, ((0, 0), (0, down * tall - size[1]), (0, across * wide - size[2]), (0, 0)))
    ins, outs = inputs.shape[-1], upstream.shape[-1]
    # Each window overlaps the next by the kernel's size less one.
    x = tf.reshape(padded, (-1, down + 1, tall, (across + 1) * wide, ins))
    x = tf.concat([x[:, :-1], x[:, 1:, : height - 1]], axis=2)
    x = tf.reshape(x, (-1, down, tall + height - 1, across + 1, wide, ins))
    x = tf.concat([x[:, :, :, :-1], x[:, :, :, 1:, : width - 1]], axis=4)
    x = tf.reshape(tf.transpose(x, (5, 2, 4, 0, 1, 3)), (ins, tall + height - 1, wide + width - 1, -1))
    g = tf.reshape(grown, (-1, down, tall, across, wide, outs))
    g = tf.reshape(tf.transpose(g, (2, 4, 0, 1, 3, 5)), (tall, wide, -1, outs))
    return tf.transpose(tf.nn.conv2d(x, g, 1, "VALID"), (1, 2, 0, 3))


def _by_windows_swapped(inputs: Tensor, upstream: Tensor, height: int, width: int) -> Tensor:
    """The same with input and upstream gradient swapped: faster with fewer output than input channels."""
    flipped = _by_windows(upstream, inputs, height, width)
    return tf.transpose(flipped[::-1, ::-1], (0, 1, 3, 2))


def _windows(length: Tensor, kernel: int) -> tuple[Tensor, Tensor]:
    """Number of windows along a side, and the length of each: nearly equal, at least the overlap."""
    count = -(-length // _LARGEST_WINDOW)
    return count, tf.maximum(-(-length // count), kernel - 1)
