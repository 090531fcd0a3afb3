"""Max pooling that returns the position of each maximum, and the unpooling that uses it.

An index is the offset of the maximum inside its 2 x 2 window, ``2 * dy + dx``: two bits, as in the paper
(PAPER = arXiv 1511.00561, section 3). Offsets, unlike flat positions, make both layers dense: no gather, no
scatter, no difference between frameworks in how batches are counted, and nothing that exporters do not
support. ``flat_indices`` gives the positions that papers and PyTorch use.

Only ``keras.ops`` is used, so everything here runs on TensorFlow, JAX and PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb._shared.framework import keras, ops
from segnet_nb.networks.replacing import replacement

Tensor = Any
Shape = tuple[int | None, ...]


def _halved(size: int | None) -> int | None:
    """Windows along one side; an odd side ends in a partial window (45 -> 23)."""
    return None if size is None else (size + 1) // 2


def _doubled(size: int | None) -> int | None:
    return None if size is None else 2 * size


def _padded(x: Tensor, axis: int) -> Tensor:
    """``x`` with its last row (axis 1) or column (axis 2) repeated, unless the side is even.

    A copy changes no maximum and wins no tie, because the original comes first. A side of unknown length is
    padded as well: the extra line is either the missing half of the last window or is never read.
    """
    side = x.shape[axis]
    if side is not None and side % 2 == 0:
        return x
    last = x[:, -1:] if axis == 1 else x[:, :, -1:]
    return ops.concatenate([x, last], axis=axis)


def max_pool_with_indices(x: Tensor) -> tuple[Tensor, Tensor]:
    """2 x 2 max pooling with stride 2, and the offset of each maximum in its window.

    The first maximum in row-major order wins, as in Caffe, TensorFlow and PyTorch. That matters: after
    a ReLU whole windows are ties of zeros. The gradient of a value goes to the winner alone.

    Args:
        x: floats, shape ``(batch, height, width, channels)``; any size, odd sides included.

    Returns:
        ``(values, indices)``, both of shape ``(batch, ceil(height / 2), ceil(width / 2), channels)``:
        the maxima in the dtype of ``x``, and uint8 offsets ``2 * dy + dx`` in 0..3.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1, 5], [5, 2]], dtype="float32").reshape(1, 2, 2, 1)
        >>> values, indices = max_pool_with_indices(x)
        >>> float(values[0, 0, 0, 0]), int(indices[0, 0, 0, 0])
        (5.0, 1)
    """
    # Comparisons, not argmax: keras.ops.argmax compiles on TensorFlow to bit operations that are slower and
    # that neither ONNX nor TFLite supports. Neighbours are separated by reshaping and slicing in two, which
    # copies contiguous memory; strided slices would gather single elements.
    batch, height, width, channels = ops.shape(x)
    rows, columns = (height + 1) // 2, (width + 1) // 2
    even = _padded(_padded(x, 1), 2)
    if None in x.shape[1:3]:  # padded whether odd or not
        even = even[:, : 2 * rows, : 2 * columns]
    pairs = ops.reshape(even, (batch, 2 * rows, columns, 2 * channels))
    left, right = pairs[..., :channels], pairs[..., channels:]
    is_right = right > left
    of_rows = _rows_apart(ops.where(is_right, right, left), rows, columns)
    (above, below), (right_above, right_below) = of_rows, _rows_apart(is_right, rows, columns)
    is_below = below > above
    # TFLite neither adds nor selects uint8.
    zero, one, two, three = (ops.cast(offset, "int8") for offset in range(4))
    offsets = ops.where(is_below, ops.where(right_below, three, two), ops.where(right_above, one, zero))
    return ops.where(is_below, below, above), ops.cast(offsets, "uint8")


def _rows_apart(x: Tensor, rows: Any, columns: Any) -> tuple[Tensor, Tensor]:
    """The even and the odd rows of ``x``, each of shape ``(batch, rows, columns, channels)``."""
    side_by_side = ops.reshape(x, (ops.shape(x)[0], rows, 2 * columns, x.shape[3]))
    return side_by_side[:, :, :columns], side_by_side[:, :, columns:]


def max_unpool(values: Tensor, indices: Tensor, output_size: tuple[Any, Any] | None) -> Tensor:
    """Place every value at its index, with zeros everywhere else.

    Args:
        values: floats, shape ``(batch, height, width, channels)``.
        indices: uint8 offsets in 0..3, same shape.
        output_size: height and width of the result, each twice the input's or one less; None doubles.

    Returns:
        Floats of shape ``(batch, output height, output width, channels)`` in the dtype of ``values``.

    Example:
        >>> import numpy as np
        >>> values = np.full((1, 1, 1, 1), 7, dtype="float32")
        >>> indices = np.full((1, 1, 1, 1), 2, dtype="uint8")
        >>> np.array(max_unpool(values, indices, None))[0, :, :, 0].tolist()
        [[0.0, 0.0], [7.0, 0.0]]
    """
    batch, height, width, channels = ops.shape(values)
    zero = ops.zeros((), dtype=values.dtype)
    offsets = ops.cast(indices, "int32")  # TFLite compares bytes as quantised numbers
    corners = [ops.where(ops.equal(offsets, offset), values, zero) for offset in range(4)]
    # Concatenated along the channels, then along the rows: two reshapes interleave the windows without a
    # tensor of more than four dimensions.
    top = ops.reshape(ops.concatenate(corners[:2], axis=3), (batch, height, width * 2 * channels))
    bottom = ops.reshape(ops.concatenate(corners[2:], axis=3), (batch, height, width * 2 * channels))
    rows = ops.concatenate([top, bottom], axis=2)
    full = ops.reshape(rows, (batch, 2 * height, 2 * width, channels))
    if output_size is None:
        return full
    # A side that is known only when the graph runs is a tensor, which has no truth value yet.
    known = all(isinstance(side, int) for side in output_size)
    if known and tuple(output_size) == (full.shape[1], full.shape[2]):
        return full
    return full[:, : output_size[0], : output_size[1], :]


def flat_indices(indices: Tensor, height: int, width: int) -> Tensor:
    """Offsets converted to positions ``y * width + x`` in each channel.

    These are the values that Caffe and PyTorch's ``max_pool2d(return_indices=True)`` return. (TensorFlow's
    ``max_pool_with_argmax`` counts channels too: ``(y * width + x) * channels + c``.)

    Args:
        indices: uint8 offsets, shape ``(batch, ceil(height / 2), ceil(width / 2), channels)``.
        height: height of the feature map that was pooled, in pixels.
        width: width of the feature map that was pooled, in pixels.

    Returns:
        int32 positions in ``0 .. height * width - 1``, same shape as ``indices``.

    Raises:
        ValueError: if ``height`` and ``width`` are not those of the feature map that was pooled.

    Example:
        >>> import numpy as np
        >>> offsets = np.array([[0, 3]], dtype="uint8").reshape(1, 1, 2, 1)
        >>> np.array(flat_indices(offsets, height=2, width=4)).ravel().tolist()
        [0, 7]
    """
    rows, columns = indices.shape[1], indices.shape[2]
    if (rows, columns) != (_halved(height), _halved(width)):
        raise UserError(
            f"indices of {rows} x {columns} windows do not come from a feature map of {height} x {width}, "
            f"which has {_halved(height)} x {_halved(width)}. Pass the height and width before "
            "pooling."
        )
    offsets = ops.cast(indices, "int32")
    y = 2 * ops.reshape(ops.arange(rows, dtype="int32"), (1, rows, 1, 1)) + offsets // 2
    x = 2 * ops.reshape(ops.arange(columns, dtype="int32"), (1, 1, columns, 1)) + offsets % 2
    return y * width + x


@cache
def _in_one_loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` compiled by XLA, where TensorFlow would otherwise run it operation by operation.

    Pooling and unpooling with their gradients are memory-bound, and one loop reads and writes each feature
    map once (``benchmarks/pooling.py``). Convolutions are left to the framework, whose own are faster on CPUs
    than XLA's.
    """
    import tensorflow as tf

    from segnet_nb.networks import compiled_pooling

    with_gradient = {
        max_pool_with_indices: compiled_pooling.max_pool_with_indices,
        max_unpool: compiled_pooling.max_unpool,
    }
    compiled = tf.function(with_gradient.get(function, function), jit_compile=True)
    try:
        # Outside of any graph that is being traced, so that it runs now and fails here if it fails.
        with tf.init_scope():
            compiled(*_probe_arguments(function))
    except (tf.errors.OpError, ValueError):  # a build of TensorFlow without XLA for this device
        return function
    return compiled


def _for_training(function: Callable[..., Any], training: bool | None) -> Callable[..., Any]:
    """The fastest form of a function of this module for this call.

    Inference uses plain operations, so that exporters see built-in ones only. Inside a function that XLA
    compiles as a whole, a second compilation would be a call that XLA cannot fuse, many times slower.
    """
    if not training:
        return replacement(function)
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf
    from tensorflow.python.ops import control_flow_util

    if control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph()):
        return function
    return _in_one_loop(function)


def _probe_arguments(function: Callable[..., Any]) -> tuple[Any, ...]:
    """The smallest arguments to test whether a function compiles."""
    values = ops.zeros((1, 2, 2, 1))
    if function is max_pool_with_indices:
        return (values,)
    return values, ops.zeros((1, 2, 2, 1), dtype="uint8"), None


def _check_rank_four(shape: Shape, who: str, what: str) -> None:
    if len(shape) != 4:
        raise UserError(
            f"{who} needs {what} of shape (batch, height, width, channels), but got {tuple(shape)}. "
            "Add a batch axis with x[None] or drop the extra ones."
        )


@keras.saving.register_keras_serializable(package="segnet_nb")
class MaxPoolingWithIndices2D(keras.layers.Layer):
    """2 x 2 max pooling with stride 2 that also returns where each maximum was.

    PAPER section 3: "storing only the max-pooling indices ... can be done using 2 bits for each 2 x 2
    pooling window". A partial window at an odd border is kept, so 45 rows pool to 23.

    Call arguments:
        inputs: floats, shape ``(batch, height, width, channels)``; every dimension except the channels may be
            unknown when the model is built.

    Returns:
        ``(values, indices)`` of shape ``(batch, ceil(height / 2), ceil(width / 2), channels)``; values in
        the layer's compute dtype, indices uint8 in 0..3, ``2 * dy + dx``, the first maximum winning.

    Raises:
        ValueError: if the input does not have four dimensions.

    Example:
        >>> import numpy as np
        >>> x = np.arange(16, dtype="float32").reshape(1, 4, 4, 1)
        >>> values, indices = MaxPoolingWithIndices2D()(x)
        >>> np.array(values)[0, :, :, 0].tolist()
        [[5.0, 7.0], [13.0, 15.0]]
        >>> np.array(indices).ravel().tolist()
        [3, 3, 3, 3]
    """

    def build(self, input_shape: Shape) -> None:
        """Check the rank; there are no weights."""
        _check_rank_four(input_shape, type(self).__name__, "a tensor")

    def call(self, inputs: Tensor, training: bool | None = None) -> tuple[Tensor, Tensor]:
        """Pool; see the class."""
        return _for_training(max_pool_with_indices, training)(inputs)

    def compute_output_shape(self, input_shape: Shape) -> tuple[Shape, Shape]:
        """The shape of values and the shape of indices, which are the same."""
        _check_rank_four(input_shape, type(self).__name__, "a tensor")
        batch, height, width, channels = input_shape
        pooled = (batch, _halved(height), _halved(width), channels)
        return pooled, pooled

    def compute_output_spec(
        self, inputs: Tensor, training: bool | None = None
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Shapes and dtypes of both outputs, without running anything."""
        pooled, _ = self.compute_output_shape(inputs.shape)
        return (
            keras.KerasTensor(pooled, dtype=self.compute_dtype),
            keras.KerasTensor(pooled, dtype="uint8"),
        )


@keras.saving.register_keras_serializable(package="segnet_nb")
class MaxUnpooling2D(keras.layers.Layer):
    """Upsampling with pooling indices: each value is placed where its maximum was, with zeros around it.

    PAPER section 3: the decoder "upsamples its input feature map(s) using the memorized max-pooling
    indices"; nothing is learned here, the convolutions that follow make the sparse feature map dense.

    Call arguments:
        inputs: ``[values, indices]`` or ``[values, indices, like]``. Values are floats of shape ``(batch,
            height, width, channels)``, indices uint8 offsets of the same shape. ``like`` is any tensor
            whose height and width the result shall have, usually the feature map that was pooled; only its
            shape is used, which also works where sizes are unknown until the model runs.
        output_size: ``(height, width)`` of the result, each twice the input's or one less (23 rows
            come from 45 or 46). None: that of ``like``, otherwise doubled.

    Returns:
        Floats of shape ``(batch, output height, output width, channels)``.

    Raises:
        ValueError: if values and indices differ in shape, or the size cannot have pooled to theirs.
        TypeError: if the indices are not uint8, for example flat positions of another library.

    Example:
        >>> import numpy as np
        >>> x = np.array([[1, 2], [9, 3]], dtype="float32").reshape(1, 2, 2, 1)
        >>> values, indices = MaxPoolingWithIndices2D()(x)
        >>> np.array(MaxUnpooling2D()([values, indices]))[0, :, :, 0].tolist()
        [[0.0, 0.0], [9.0, 0.0]]
    """

    @staticmethod
    def _check(inputs: Any) -> None:
        if not isinstance(inputs, list | tuple) or len(inputs) not in (2, 3):
            raise UserError(
                "MaxUnpooling2D takes a list [values, indices] or [values, indices, like], but got "
                f"{len(inputs) if isinstance(inputs, list | tuple) else 'one tensor'}. Pass both "
                "outputs of MaxPoolingWithIndices2D."
            )
        values, indices = tuple(inputs[0].shape), tuple(inputs[1].shape)
        _check_rank_four(values, "MaxUnpooling2D", "values")
        if len(inputs) == 3:
            _check_rank_four(inputs[2].shape, "MaxUnpooling2D", "like")
        differ = [None not in pair and pair[0] != pair[1] for pair in zip(values, indices, strict=False)]
        if any(differ) or len(indices) != 4:
            fix = (
                f"Bring the values to {indices[-1]} channels with a convolution before unpooling."
                if differ == [False, False, False, True]
                else "Pass the indices of the pooling that led to these values."
            )
            raise UserError(
                f"values of shape {values} cannot be placed by indices of shape {indices}: every value "
                f"needs an index. {fix}"
            )
        dtype = keras.backend.standardize_dtype(inputs[1].dtype)
        if dtype != "uint8" and replacement(max_unpool) is max_unpool:
            raise UserTypeError(
                f"indices must be uint8 offsets 0..3 inside their window, but got {dtype}. Use those of "
                "MaxPoolingWithIndices2D; flat positions are converted to offsets by 2 * (y % 2) + x % 2."
            )

    @staticmethod
    def _static_size(inputs: Any, output_size: Any) -> tuple[int | None, int | None]:
        """Height and width of the result as far as they are known now, checked against the input's."""
        pooled_size = inputs[0].shape[1:3]
        if output_size is None:
            rows, columns = inputs[2].shape[1:3] if len(inputs) == 3 else map(_doubled, pooled_size)
            size, asks = (rows, columns), "the third input has"
        elif not isinstance(output_size, list | tuple) or len(output_size) != 2 or None in output_size:
            raise UserError(
                f"output_size must be (height, width) in pixels, but got {output_size!r}. Pass the height "
                "and width of the feature map that was pooled, or that feature map as the third input."
            )
        else:
            size, asks = (output_size[0], output_size[1]), "output_size is"
        for side, given, pooled in zip(("height", "width"), size, pooled_size, strict=True):
            if None not in (given, pooled) and given not in (2 * pooled - 1, 2 * pooled):
                raise UserError(
                    f"a {side} of {pooled} unpools to {2 * pooled - 1} or {2 * pooled}, but {asks} {given}. "
                    "Pass the size of the feature map that was pooled."
                )
        return size

    def build(self, input_shape: Any) -> None:
        """Nothing to build; there are no weights."""

    def call(
        self,
        inputs: Any,
        output_size: tuple[int, int] | None = None,
        training: bool | None = None,
    ) -> Tensor:
        """Unpool; see the class."""
        self._check(inputs)
        size = self._static_size(inputs, output_size)
        if None in size:
            size = ops.shape(inputs[2])[1:3] if len(inputs) == 3 else None
        return _for_training(max_unpool, training)(inputs[0], inputs[1], size)

    def compute_output_spec(
        self,
        inputs: Any,
        output_size: tuple[int, int] | None = None,
        training: bool | None = None,
    ) -> keras.KerasTensor:
        """Shape and dtype of the result, without running anything."""
        self._check(inputs)
        static = self._static_size(inputs, output_size)
        batch, _, _, channels = inputs[0].shape
        return keras.KerasTensor((batch, *static, channels), dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape: Any, output_size: tuple[int, int] | None = None) -> Shape:
        """The shape of the result from the shapes of the inputs."""
        values = input_shape[0]
        if output_size is None and len(input_shape) == 3:
            output_size = input_shape[2][1:3]
        size = output_size or (_doubled(values[1]), _doubled(values[2]))
        return (values[0], *size, values[3])


@keras.saving.register_keras_serializable(package="segnet_nb")
class CropLike(keras.layers.Layer):
    """Crop a feature map to the height and width of another: 23 rows upsampled by two are 46, not 45.

    Call arguments:
        inputs: ``[x, like]``, both ``(batch, height, width, channels)``; only the size of ``like`` is used.

    Returns:
        The top left part of ``x`` with the height and width of ``like``.

    Example:
        >>> import numpy as np
        >>> CropLike()([np.zeros((1, 4, 6, 2)), np.zeros((1, 3, 6, 5))]).shape[1:3]
        TensorShape([3, 6])
    """

    def build(self, input_shape: Any) -> None:
        """Nothing to build; there are no weights."""

    def call(self, inputs: Any) -> Tensor:
        """Crop; see the class."""
        x, like = inputs
        if None not in x.shape[1:3] and x.shape[1:3] == like.shape[1:3]:
            return x
        height, width = ops.shape(like)[1:3]
        return x[:, :height, :width, :]

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Batch and channels of the first, height and width of the second."""
        (batch, _, _, channels), (_, height, width, _) = input_shape
        return (batch, height, width, channels)
