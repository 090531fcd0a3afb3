"""Training on TensorFlow: pooling and unpooling compiled by XLA equal the plain ones, and never nest."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from segnet_nb import layers
from segnet_nb.networks.layers import (
    MaxPoolingWithIndices2D,
    MaxUnpooling2D,
    max_pool_with_indices,
    max_unpool,
)
from tests import oracles
from tests.cases import KINDS, arrays, feature_map, weighted_sum
from tests.gradients import gradient

on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="XLA is asked for on TensorFlow alone"
)


def there_and_back(x, training):
    values, indices = MaxPoolingWithIndices2D()(x, training=training)
    return values, indices, MaxUnpooling2D()([values, indices, x], training=training)


def graph_of(function, *specs, jit_compile=False):
    """A function of tensors, traced once, and whether something in it asks XLA to compile it."""
    import tensorflow as tf

    traced = tf.function(function, jit_compile=jit_compile).get_concrete_function(*specs)
    functions = traced.graph.as_graph_def().library.function
    return traced, any(f.attr["_XlaMustCompile"].b for f in functions)


# Every parity of the sides, and every way in which values come about.
CASES = [((2, 4, 6, 3), "relu"), ((1, 5, 6, 2), "ties"), ((2, 4, 3, 1), "negative")]
CASES += [((3, 5, 7, 2), "normal"), ((1, 1, 1, 1), "constant")]


@pytest.mark.parametrize(("shape", "kind"), CASES)
class TestTrainingEqualsInference:
    """On every backend; only on TensorFlow do the two take different ways."""

    def test_values(self, shape, kind):
        x = ops.convert_to_tensor(feature_map(shape, kind))
        fast, plain = arrays(there_and_back(x, True)), arrays(there_and_back(x, False))
        values, offsets, _ = oracles.pool(arrays(x))
        back = oracles.unpool(values, offsets, *shape[1:3])
        for one, other, expected in zip(fast, plain, (values, offsets, back), strict=True):
            np.testing.assert_array_equal(one, expected)
            np.testing.assert_array_equal(other, expected)

    def test_gradients(self, shape, kind):
        x = feature_map(shape, kind)
        values, offsets, _ = oracles.pool(x)
        pooled, full = feature_map(values.shape, seed=1), feature_map(shape, seed=2)

        def loss(tensor):
            values, _, back = there_and_back(tensor, True)
            return weighted_sum(values, pooled) + weighted_sum(back, full)

        # A value passes its own weight on, and that of the place where unpooling puts it.
        upstream = pooled + oracles.unpool_gradient(offsets, full)
        expected = oracles.unpool(upstream, offsets, *shape[1:3])
        np.testing.assert_array_equal(gradient(loss, x), expected)


@on_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True], ids=["plain graph", "XLA graph"])
@pytest.mark.parametrize("kind", KINDS)
def test_inside_a_graph(kind, jit_compile):
    import tensorflow as tf

    @tf.function(jit_compile=jit_compile)
    def step(x, pooled, full):
        with tf.GradientTape() as tape:
            tape.watch(x)
            values, indices, back = there_and_back(x, True)
            loss = tf.reduce_sum(values * pooled) + tf.reduce_sum(back * full)
        return values, indices, back, tape.gradient(loss, x)

    x = feature_map((2, 5, 4, 3), kind)
    values, offsets, _ = oracles.pool(x)
    pooled, full = feature_map(values.shape, seed=1), feature_map(x.shape, seed=2)
    results = arrays(step(*map(tf.constant, (x, pooled, full))))
    upstream = pooled + oracles.unpool_gradient(offsets, full)
    expected = [values, offsets, *(oracles.unpool(v, offsets, 5, 4) for v in (values, upstream))]
    for result, wanted in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, wanted)


@on_tensorflow
def test_sizes_unknown_until_the_graph_runs():
    import tensorflow as tf

    def step(x, pooled, full):
        with tf.GradientTape() as tape:
            tape.watch(x)
            values, indices, back = there_and_back(x, True)
            loss = tf.reduce_sum(values * pooled) + tf.reduce_sum(back * full)
        return values, indices, back, tape.gradient(loss, x)

    spec = tf.TensorSpec((None, None, None, 2))
    traced, compiled = graph_of(step, spec, spec, spec)
    assert compiled
    for batch, size in enumerate([(4, 6), (5, 6), (4, 3), (5, 7), (1, 1)], start=1):
        x = feature_map((batch, *size, 2), "ties", seed=batch)
        values, offsets, _ = oracles.pool(x)
        pooled, full = feature_map(values.shape, seed=1), feature_map(x.shape, seed=2)
        upstream = pooled + oracles.unpool_gradient(offsets, full)
        expected = [values, offsets, *(oracles.unpool(v, offsets, *size) for v in (values, upstream))]
        results = arrays(traced(*map(tf.constant, (x, pooled, full))))
        for result, wanted in zip(results, expected, strict=True):
            np.testing.assert_array_equal(result, wanted)


@on_tensorflow
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_precisions(dtype):
    import tensorflow as tf

    x = tf.cast(feature_map((2, 5, 4, 3)), dtype)
    layers_ = MaxPoolingWithIndices2D(dtype=dtype), MaxUnpooling2D(dtype=dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        values, indices = layers_[0](x, training=True)
        back = layers_[1]([values, indices, x], training=True)
        slope = tape.gradient(tf.reduce_sum(back * 3), x)
    assert {values.dtype, back.dtype, slope.dtype} == {tf.as_dtype(dtype)}
    rounded = tf.cast(x, "float64").numpy()
    expected, offsets, _ = oracles.pool(rounded)
    np.testing.assert_array_equal(tf.cast(values, "float64"), expected)
    np.testing.assert_array_equal(indices, offsets)
    np.testing.assert_array_equal(tf.cast(back, "float64"), oracles.unpool(expected, offsets, 5, 4))
    threes = np.full(expected.shape, 3.0)
    np.testing.assert_array_equal(tf.cast(slope, "float64"), oracles.unpool(threes, offsets, 5, 4))


@on_tensorflow
@pytest.mark.parametrize("training", [False, True])
def test_like_may_be_the_only_thing_unknown(training):
    import tensorflow as tf

    specs = [tf.TensorSpec((1, 2, 2, 1)), tf.TensorSpec((1, 2, 2, 1), tf.uint8)]
    specs.append(tf.TensorSpec((1, None, None, 1)))
    traced, _ = graph_of(lambda *inputs: MaxUnpooling2D()(list(inputs), training=training), *specs)
    values, offsets = feature_map((1, 2, 2, 1)), np.array([1, 2, 1, 0], "uint8").reshape(1, 2, 2, 1)
    for size in ((4, 4), (3, 3)):
        like = np.zeros((1, *size, 1), "float32")
        result = arrays(traced(*map(tf.constant, (values, offsets, like))))
        np.testing.assert_array_equal(result, oracles.unpool(values, offsets, *size))


@on_tensorflow
class TestWhatIsCompiled:
    def test_training_in_a_plain_graph_is(self):
        import tensorflow as tf

        assert graph_of(lambda x: there_and_back(x, True), tf.TensorSpec((1, 4, 4, 1)))[1]

    @pytest.mark.parametrize("training", [False, None])
    def test_inference_is_not(self, training):
        import tensorflow as tf

        assert not graph_of(lambda x: there_and_back(x, training), tf.TensorSpec((1, 4, 4, 1)))[1]

    def test_nothing_nests_in_a_graph_that_is_compiled_whole(self):
        import tensorflow as tf

        def step(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(there_and_back(x, True)[2])
            return tape.gradient(loss, x)

        assert not graph_of(step, tf.TensorSpec((1, 4, 4, 1)), jit_compile=True)[1]

    def test_nothing_nests_in_a_plain_function_called_from_one(self):
        import tensorflow as tf

        inner = tf.function(lambda x: there_and_back(x, True)[2])
        assert not graph_of(lambda x: inner(x) + 1, tf.TensorSpec((1, 4, 4, 1)), jit_compile=True)[1]

    @pytest.mark.parametrize(("jit_compile", "asked"), [(False, 2), (True, 0)])
    def test_in_a_keras_training_step(self, monkeypatch, jit_compile, asked):
        seen = []
        monkeypatch.setattr(layers, "_in_one_loop", lambda function: seen.append(function) or function)
        x = keras.Input((4, 4, 2))
        values, indices = MaxPoolingWithIndices2D()(keras.layers.Conv2D(2, 1)(x))
        model = keras.Model(x, MaxUnpooling2D()([values, indices, x]))
        model.compile("sgd", "mse", jit_compile=jit_compile)
        images = feature_map((2, 4, 4, 2))
        assert np.isfinite(model.train_on_batch(images, images))
        assert len(seen) == asked
        model.predict_on_batch(images)
        assert len(seen) == asked


@on_tensorflow
class TestWithoutXla:
    """A build of TensorFlow that cannot compile for its device trains all the same."""

    @pytest.fixture(autouse=True)
    def forget(self):
        layers._in_one_loop.cache_clear()
        yield
        layers._in_one_loop.cache_clear()

    @pytest.mark.parametrize("where", ["eagerly", "in a graph"])
    def test_function_that_does_not_compile_stays_as_it_is(self, where):
        import tensorflow as tf

        def with_text(values, indices, output_size):  # XLA knows no strings
            return tf.strings.to_number(tf.strings.as_string(values))

        chosen = []

        def call(x):
            chosen.append(layers._in_one_loop(with_text))
            return chosen[0](x, None, None)

        run = call if where == "eagerly" else tf.function(call)
        assert run(tf.constant([2.0])).numpy().tolist() == [2]
        assert chosen[0] is with_text

    @pytest.mark.parametrize("function", [max_pool_with_indices, max_unpool])
    def test_ours_compile_here(self, function):
        assert layers._in_one_loop(function) is not function
        assert layers._in_one_loop(function) is layers._in_one_loop(function)
