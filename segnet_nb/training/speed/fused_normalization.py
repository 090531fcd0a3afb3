"""Batch normalization in one pass over memory, faster in training on TensorFlow's CPU than Keras's own.

Keras computes mean, variance and the normalized values one after the other, and so does the gradient.
TensorFlow has a kernel that does all of it at once. ``benchmarks/training_on_cpu.py`` compares them.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import tensorflow as tf

from segnet_nb._shared.framework import keras

Tensor = Any


def replacements(model: keras.Model) -> list[tuple[Any, str, Any]]:
    """What to set so that the batch normalizations of a network train this way.

    Results differ by rounding alone; inference is Keras's own.

    Returns:
        One ``(layer, "call", function)`` per batch normalization, for ``patches.replaced``.
    """
    return [
        (layer, "call", partial(_call, layer, type(layer).call)) for layer in model.layers if _fits(layer)
    ]


def _fits(layer: keras.layers.Layer) -> bool:
    return (
        type(layer) is keras.layers.BatchNormalization
        and layer.axis in (3, -1)
        and layer.center
        and layer.scale
        and not layer.synchronized
        and not layer.renorm
        and layer.compute_dtype == "float32"
    )


def _is_image(inputs: Tensor) -> bool:
    return not isinstance(inputs, keras.KerasTensor) and len(inputs.shape) == 4


def _call(
    layer: Any,
    otherwise: Any,
    inputs: Tensor,
    training: bool | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """Replaces a layer's ``call``."""
    if not (training is True and layer.trainable and mask is None and _is_image(inputs)):
        return otherwise(layer, inputs, training=training, mask=mask)
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=tf.convert_to_tensor(inputs),
        scale=tf.convert_to_tensor(layer.gamma),
        offset=tf.convert_to_tensor(layer.beta),
        mean=[],
        variance=[],
        epsilon=layer.epsilon,
        is_training=True,
    )
    # The kernel divides by n - 1 for n values; Keras's moving variance is the one divided by n.
    count = tf.cast(tf.size(inputs) // layer.gamma.shape[0], tf.float32)
    kept = layer.momentum
    layer.moving_mean.assign(layer.moving_mean * kept + mean * (1 - kept))
    biased = variance * (count - 1) / count
    layer.moving_variance.assign(layer.moving_variance * kept + biased * (1 - kept))
    return outputs
