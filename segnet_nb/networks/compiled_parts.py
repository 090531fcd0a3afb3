"""A function of a network's tensors, compiled once for all sizes that the network takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from segnet_nb._shared.framework import keras


def compiled(function: Callable[..., Any], inputs: Sequence[Any]) -> Callable[..., Any]:
    """Compile a function with TensorFlow; with another backend it stays as it is.

    Args:
        function: of one image each; its arguments are float32 with the shapes of ``inputs``.
        inputs: symbolic tensors, whose first axis is the batch.
    """
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    given = [tf.TensorSpec((1, *tensor.shape[1:]), "float32") for tensor in inputs]
    return tf.function(function, input_signature=given, autograph=False)
