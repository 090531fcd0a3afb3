"""Gradients on any backend of Keras."""

from __future__ import annotations

import keras
import numpy as np


def gradient(function, x):
    """Gradient of a scalar function of one array."""
    x = np.asarray(x, dtype="float32")
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        variable = tf.Variable(x)
        with tf.GradientTape() as tape:
            value = function(tf.convert_to_tensor(variable))
        return tape.gradient(value, variable).numpy()
    if backend == "torch":
        variable = keras.ops.convert_to_tensor(x).detach().requires_grad_(True)
        function(variable).backward()
        return variable.grad.cpu().numpy()
    import jax

    return np.asarray(jax.grad(function)(x))


def weight_gradient(model, loss, variable, images):
    """Gradient of ``loss(model(images, training=True))`` with respect to a trainable variable."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = loss(model(images, training=True))
        return tf.convert_to_tensor(tape.gradient(value, variable.value)).numpy()
    if backend == "torch":
        model.zero_grad()
        loss(model(images, training=True)).backward()
        return variable.value.grad.detach().cpu().numpy()
    import jax

    rest = [v.value for v in model.non_trainable_variables]
    position = next(i for i, v in enumerate(model.trainable_variables) if v is variable)

    def of_variables(values):
        outputs, _ = model.stateless_call(values, rest, images, training=True)
        return loss(outputs)

    values = [v.value for v in model.trainable_variables]
    return np.asarray(jax.grad(of_variables)(values)[position])
