"""Training of a network's last linear layers as one, with batch statistics from a sample of the pixels.

A decoder stage of SegNet-Basic has no ReLU, so its largest layer, a convolution to 64 channels at full size,
is followed by batch normalization and a classifier without a nonlinearity in between. If mean and variance of
the 64 channels were known, all three would be one convolution to the classes, as ``folding`` does for
inference. In training they depend on the batch, and a sample of its pixels estimates them well: the image is
tiled with windows of the kernel's size, and the 64 channels are computed at the centre of each. Gradients
flow through both, so the three layers are trained, not their product. ``benchmarks/training_on_cpu.py``
compares speeds.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from segnet_nb._shared.framework import keras, ops as keras_ops

kl = keras.layers
ops: Any = keras_ops  # its annotations are incomplete

Tensor = Any

# No network of this package takes smaller images, so a window always fits.
_LARGEST_KERNEL = 15


def replacements(model: keras.Model) -> list[tuple[Any, str, Any]]:
    """What to set so that a network trains its last linear layers as one; inference is Keras's own.

    Args:
        model: any network.

    Returns:
        One ``(model, "call", function)`` for ``patches.replaced``, if the network ends in a convolution,
        batch normalization, a 1 x 1 convolution, and softmax or logits; else nothing.
    """
    end = _linear_end(model)
    if end is None:
        return []
    convolution, normalization, classifier, last = end
    trunk = keras.Model(model.input, convolution.input)
    otherwise = model.call

    def call(inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        if training is not True:
            return otherwise(inputs, training=training, mask=mask)
        return last(_scores(trunk(inputs, training=True), convolution, normalization, classifier))

    return [(model, "call", call)]


def _linear_end(model: Any) -> list[Any] | None:
    """Convolution, normalization, classifier and last layer of a network that ends in these."""
    kinds = (kl.Conv2D, kl.BatchNormalization, kl.Conv2D, kl.Softmax | kl.Activation)
    end = model.layers[-4:]
    if len(end) < 4 or not all(isinstance(layer, kind) for layer, kind in zip(end, kinds, strict=True)):
        return None
    in_a_row = all(after.input is before.output for before, after in pairwise(end))
    convolution, normalization, classifier, _ = end
    fits = (
        in_a_row
        and convolution.padding == "same"
        # Odd, so that all four positions of an unpooling window are sampled: they differ.
        and all(size % 2 and size <= _LARGEST_KERNEL for size in convolution.kernel_size)
        and not convolution.use_bias
        and classifier.kernel_size == (1, 1)
        and normalization.axis in (3, -1)
        and normalization.center
        and normalization.scale
        and all(
            each.activation is keras.activations.linear
            and each.data_format == "channels_last"
            and each.groups == 1
            and {*each.strides, *each.dilation_rate} == {1}
            for each in (convolution, classifier)
        )
        and all(layer.compute_dtype == "float32" for layer in end)
    )
    return end if fits else None


def _scores(features: Tensor, convolution: Any, normalization: Any, classifier: Any) -> Tensor:
    """The output of the three layers in training, with statistics of the sample."""
    kernel = ops.convert_to_tensor(convolution.kernel)
    mean, variance = ops.moments(_sample(features, kernel), axes=0)
    factor = normalization.gamma * ops.rsqrt(variance + normalization.epsilon)
    by_class = ops.convert_to_tensor(classifier.kernel)[0, 0]
    bias = ops.matmul((normalization.beta - mean * factor)[None], by_class)[0]
    if classifier.use_bias:
        bias = bias + classifier.bias
    kept = normalization.momentum
    for moving, now in ((normalization.moving_mean, mean), (normalization.moving_variance, variance)):
        moving.assign(moving * kept + ops.stop_gradient(now) * (1 - kept))
    to_classes = ops.tensordot(kernel, factor[:, None] * by_class, axes=1)
    return convolution.convolution_op(features, to_classes) + bias


def _sample(features: Tensor, kernel: Tensor) -> Tensor:
    """The convolution at the centres of windows of its kernel's size, shape ``(windows, channels)``."""
    tall, wide, ins, outs = kernel.shape
    height, width = ops.shape(features)[1:3]
    down, across = height // tall, width // wide
    top, left = (height - down * tall) // 2, (width - across * wide) // 2
    cropped = features[:, top : top + down * tall, left : left + across * wide]
    tiles = ops.reshape(cropped, (-1, down, tall, across, wide, ins))
    windows = ops.reshape(ops.transpose(tiles, (0, 1, 3, 2, 4, 5)), (-1, tall * wide * ins))
    return ops.matmul(windows, ops.reshape(kernel, (-1, outs)))
