"""Dilated convolutions as one operation, for export.

On TensorFlow, Keras computes a dilated convolution by a convolution between two rearrangements of blocks.
Converters keep the three, and batch normalisation after them apart; a dilated convolution of its own is one
operator in ONNX and TFLite.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from segnet_nb._shared.framework import keras

kl = keras.layers

Tensor = Any


def direct(model: keras.Model) -> keras.Model:
    """The network with its dilated convolutions as one operation each; it shares all weights.

    Example:
        >>> image = keras.Input((16, 16, 3))
        >>> model = keras.Model(image, kl.Conv2D(2, 3, padding="same", dilation_rate=2)(image))
        >>> type(direct(model).layers[-1]).__name__
        'DirectConvolution'
    """
    # clone_model copies the layers of a network inside of a network, weights and all.
    if any(isinstance(layer, keras.Model) for layer in model.layers) or not any(
        map(_is_dilated, model.layers)
    ):
        return model
    return keras.models.clone_model(
        model, clone_function=lambda layer: DirectConvolution(layer) if _is_dilated(layer) else layer
    )


def _is_dilated(layer: Any) -> bool:
    return (
        type(layer) is kl.Conv2D
        and max(layer.dilation_rate) > 1
        and layer.groups == 1
        and layer.data_format == "channels_last"
        and layer.padding in ("same", "valid")
    )


class DirectConvolution(kl.Layer):
    """A convolution of Keras in one operation of TensorFlow.

    Args:
        of: the layer that has the weights.
    """

    def __init__(self, of: Any) -> None:
        super().__init__(name=f"{of.name}_direct", dtype=of.dtype_policy)
        self._of = of

    def call(self, inputs: Tensor) -> Tensor:
        """Convolve; see the class."""
        kernel, padding = tf.cast(self._of.kernel, inputs.dtype), self._of.padding.upper()
        x = tf.nn.conv2d(inputs, kernel, self._of.strides, padding, dilations=self._of.dilation_rate)
        if self._of.use_bias:
            x = tf.nn.bias_add(x, tf.cast(self._of.bias, inputs.dtype))
        return x if self._of.activation is None else self._of.activation(x)

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        """Shape and dtype, without running anything."""
        return self._of.compute_output_spec(inputs)
