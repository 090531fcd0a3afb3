"""Convolutions with large kernels as products of spectra, faster in training on TensorFlow's CPU.

A 7 x 7 convolution of 64 channels multiplies 49 x 64 values for each output. The Fourier transform turns a
convolution into one product per frequency: images are cut into tiles that overlap by the kernel's size less
one, tiles are transformed, multiplied by the kernel's spectrum and transformed back ("overlap-save"). Both
gradients are such products as well, and share the spectra. That takes an eighth of the multiplications at
float32 accuracy: the transform is orthogonal, so it amplifies no rounding, unlike Winograd's for kernels of
this size. Source: Mathieu, Henaff, LeCun, arXiv 1312.5851. ``benchmarks/training_on_cpu.py`` compares speeds.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np
import tensorflow as tf

from segnet_nb._shared.framework import keras
from segnet_nb.training.speed import convolution_gradients
from segnet_nb.training.speed.fourier_matrices import Axis, matrices

Tensor = Any
Pair = tuple[np.ndarray, np.ndarray]

# Smaller kernels save too little: 3 x 3 has 9 products in place of about 6, and transforms on top.
_SMALLEST_KERNEL = 5
# Fewer channels have too few products to pay for the transforms.
_FEWEST_CHANNELS = 16
# The kernel's spectrum is computed once for all tiles of a batch; with fewer tiles it costs too much.
_FEWEST_TILES = 20
# Pixels of the output in a tile, about: smaller tiles overlap more, larger ones take more per transform.
_TILE = 25


def replacements(model: keras.Model) -> list[tuple[Any, str, Any]]:
    """What to set so that the convolutions with large kernels of a network are computed this way.

    Results differ by rounding alone. Chosen are kernels of at least 5 x 5 and 16 channels, odd, of stride 1,
    that preserve the size, without dilation. Feature maps that are too small for tiles, and those of a size
    that is unknown when a step is traced, are left to TensorFlow.

    Returns:
        One ``(layer, "convolution_op", function)`` per convolution, for ``patches.replaced``.
    """
    return [(layer, "convolution_op", _convolution) for layer in model.layers if _fits(layer)]


def _fits(layer: Any) -> bool:
    return (
        convolution_gradients.fits(layer)
        and min(layer.kernel_size) >= _SMALLEST_KERNEL
        and layer.compute_dtype == "float32"
        and min(layer.kernel.shape[2:]) >= _FEWEST_CHANNELS
    )


def _convolution(inputs: Tensor, kernel: Any) -> Tensor:
    """Replaces a layer's ``convolution_op``."""
    if isinstance(inputs, keras.KerasTensor):
        return keras.ops.conv(inputs, kernel, padding="same", data_format="channels_last")
    kernel = tf.convert_to_tensor(kernel)
    axes = tiling(inputs.shape, kernel.shape)
    if axes is None or min(kernel.shape[2:]) < _FEWEST_CHANNELS:
        return tf.nn.conv2d(inputs, kernel, 1, "SAME")
    return convolve(inputs, kernel, *axes)


def tiling(shape: Any, kernel: Any) -> tuple[Axis, Axis] | None:
    """The tiles of both axes.

    Args:
        shape: of the inputs, ``(batch, height, width, channels)``, unknown sides None.
        kernel: shape of the kernel.

    Returns:
        Rows and columns; None where the size is unknown or gives too few tiles.

    Example:
        >>> [axis.tiles for axis in tiling((4, 180, 240, 64), (7, 7, 64, 64))]
        [8, 10]
        >>> tiling((4, 23, 30, 64), (7, 7, 64, 64)) is None
        True
    """
    batch, height, width = tuple(shape)[:3]
    if height is None or width is None:
        return None
    axes = [
        Axis(size, length, max(1, -(-(length + size // 2) // _TILE)))
        for size, length in zip(tuple(kernel)[:2], (height, width), strict=True)
    ]
    enough = (batch or 1) * axes[0].tiles * axes[1].tiles >= _FEWEST_TILES
    return (axes[0], axes[1]) if enough else None


def convolve(inputs: Tensor, kernel: Tensor, down: Axis, across: Axis) -> Tensor:
    """A convolution of stride 1 that preserves the size, with its gradients, by tiles.

    Args:
        inputs: float32, shape ``(batch, height, width, channels)``.
        kernel: float32, shape ``(down.kernel, across.kernel, channels, channels out)``.
        down: tiles of the rows.
        across: tiles of the columns.

    Returns:
        float32, shape ``(batch, height, width, channels out)``.

    Example:
        >>> x, kernel = tf.ones((1, 8, 8, 1)), tf.ones((5, 5, 1, 1))
        >>> y = convolve(x, kernel, Axis(5, 8, 1), Axis(5, 8, 2))
        >>> [round(float(value), 3) for value in y[0, 4, :4, 0]]  # five rows; columns 0..2, 0..3, 0..4
        [15.0, 20.0, 25.0, 25.0]
    """
    use = matrices(down, across)

    @tf.custom_gradient
    def by_spectra(inputs: Tensor, kernel: Tensor) -> Any:
        of_input = _spectrum(_windows(inputs, down, across), use.input)
        of_kernel = _spectrum(kernel, use.kernel)
        outputs = _joined(_pixels(of_input @ of_kernel, use.output), down, across)

        def gradients(upstream: Tensor) -> tuple[Tensor, Tensor]:
            of_upstream = _spectrum(_apart(upstream, down, across), use.upstream)
            products = tf.linalg.matmul(of_upstream, of_kernel, transpose_b=True)
            by_input = _added(down, across)(_pixels(products, use.by_input))
            products = tf.linalg.matmul(of_input, of_upstream, transpose_a=True)
            return by_input, _pixels(products, use.by_kernel)

        return outputs, gradients

    return by_spectra(inputs, kernel)


def _spectrum(tiles: Tensor, transform: Pair) -> Tensor:
    """``(rows, columns, tiles, channels)`` to ``(frequencies and factors, tiles, channels)``."""
    down, across = transform
    _, columns, count, channels = _shape(tiles)
    y = down @ tf.reshape(tiles, (tiles.shape[0], -1))
    y = across @ tf.reshape(y, (down.shape[0] // 2, 2 * columns, -1))
    return tf.reshape(y, (down.shape[0] // 2 * across.shape[0], count, channels))


def _pixels(products: Tensor, transform: Pair) -> Tensor:
    """The inverse, of the products of spectra."""
    down, across = transform
    _, count, channels = _shape(products)
    y = across @ tf.reshape(products, (down.shape[1] // 2, across.shape[1], -1))
    y = down @ tf.reshape(y, (down.shape[1], -1))
    return tf.reshape(y, (down.shape[0], across.shape[0] // 2, count, channels))


def _windows(images: Tensor, down: Axis, across: Axis) -> Tensor:
    """Tiles that overlap, shape ``(window, window, tiles of all images, channels)``."""
    sides = [_zeros(axis, axis.border, axis.covered + axis.kernel - 1) for axis in (down, across)]
    return _cut(tf.pad(images, [(0, 0), *sides, (0, 0)]), down, across, (down.window, across.window))


def _apart(images: Tensor, down: Axis, across: Axis) -> Tensor:
    """Tiles that do not overlap, shape ``(step, step, tiles of all images, channels)``."""
    sides = [_zeros(axis, 0, axis.covered) for axis in (down, across)]
    return _cut(tf.pad(images, [(0, 0), *sides, (0, 0)]), down, across, (down.step, across.step))


def _zeros(axis: Axis, before: int, total: int) -> tuple[int, int]:
    return before, total - before - axis.length


def _cut(padded: Tensor, down: Axis, across: Axis, size: tuple[int, int]) -> Tensor:
    batch, height, width, channels = _shape(padded)
    y = np.arange(size[0])[:, None, None, None, None] + down.step * np.arange(down.tiles)[:, None]
    x = np.arange(size[1])[:, None, None, None] + across.step * np.arange(across.tiles)
    places = _of_all_images(y * width + x, batch, height * width, axis=2)
    return tf.reshape(tf.gather(tf.reshape(padded, (-1, channels)), places), (*size, -1, channels))


def _joined(tiles: Tensor, down: Axis, across: Axis) -> Tensor:
    """The inverse of ``_apart``."""
    _, _, count, channels = _shape(tiles)
    y, x = np.arange(down.length)[:, None], np.arange(across.length)
    in_tile = y % down.step * across.step + x % across.step
    tile = y // down.step * across.tiles + x // across.step
    of_image = down.tiles * across.tiles
    batch = count // of_image
    places = _of_all_images((in_tile * count + tile)[None], batch, of_image, axis=0)
    return tf.gather(tf.reshape(tiles, (-1, channels)), places)


def _of_all_images(places: Any, batch: Any, distance: int, axis: int) -> Tensor:
    """The same places in each image, along an axis."""
    places = tf.cast(places, tf.int32)
    shape = [1] * len(places.shape)
    shape[axis] = -1
    return places + tf.reshape(tf.range(batch) * distance, shape)


@cache
def _added(down: Axis, across: Axis) -> Any:
    """The inverse of ``_windows``, where tiles overlap their sum; one loop over memory by XLA."""
    add = partial(_add, down=down, across=across)
    compiled = tf.function(add, jit_compile=True, autograph=False)
    try:
        with tf.init_scope():
            compiled(tf.zeros((down.window, across.window, down.tiles * across.tiles, 1)))
    except (tf.errors.OpError, ValueError):  # a build of TensorFlow without XLA for this device
        return add
    return compiled


def _add(tiles: Tensor, down: Axis, across: Axis) -> Tensor:
    channels = tiles.shape[3]
    tiles = tf.reshape(tiles, (down.window, across.window, -1, down.tiles, across.tiles, channels))
    tiles = _overlapping(_overlapping(tiles, down, 0, 3), across, 1, 4)
    images = tf.reshape(tf.transpose(tiles, (2, 3, 0, 4, 1, 5)), (-1, down.covered, across.covered, channels))
    top, left = down.border, across.border
    return images[:, top : top + down.length, left : left + across.length]


def _overlapping(tiles: Tensor, axis: Axis, pixels: int, count: int) -> Tensor:
    """The last pixels of each tile, along one axis, added to the first ones of the next tile."""
    overlap = axis.kernel - 1
    before, inside, after = tf.split(tiles, (overlap, axis.step - overlap, overlap), axis=pixels)
    begin, size = [0] * 6, [-1] * 6
    size[count] = axis.tiles - 1
    moved = [(1, 0) if i == count else (0, 0) for i in range(6)]
    return tf.concat([before + tf.pad(tf.slice(after, begin, size), moved), inside], axis=pixels)


def _shape(tensor: Tensor) -> list[Any]:
    """The shape, with tensors in place of sides that are known only when the step runs."""
    dynamic = tf.shape(tensor)
    return [dynamic[i] if side is None else side for i, side in enumerate(tensor.shape)]
