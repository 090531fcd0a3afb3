"""What Keras may ask of the two layers: shapes, dtypes, files, unknown sizes, and errors that help."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, strategies as st
from keras import ops

from segnet_nb.networks.layers import MaxPoolingWithIndices2D, MaxUnpooling2D
from tests import oracles
from tests.cases import arrays, feature_map, few


def there_and_back(shape, *, by="like", batch_size=None, training=False):
    """A model that pools and unpools, telling unpooling the size in one way or the other."""
    x = keras.Input(shape, batch_size=batch_size)
    values, indices = MaxPoolingWithIndices2D()(x, training=training)
    if by == "like":
        back = MaxUnpooling2D()([values, indices, x], training=training)
    elif by == "output_size":
        back = MaxUnpooling2D()([values, indices], output_size=shape[:2], training=training)
    else:
        back = MaxUnpooling2D()([values, indices], training=training)
    return keras.Model(x, [values, indices, back])


def expected_of(x):
    values, offsets, _ = oracles.pool(x)
    return values, offsets, oracles.unpool(values, offsets, *x.shape[1:3])


class TestShapes:
    @few
    @given(
        st.tuples(*[st.integers(1, 6)] * 4),
        st.tuples(*[st.booleans()] * 3),
        st.sampled_from(["like", "doubled"]),
    )
    def test_symbolic_shapes_promise_what_comes(self, shape, unknown, by):
        batch, *size = (None if hide else side for hide, side in zip(unknown, shape, strict=False))
        model = there_and_back((*size, shape[3]), by=by, batch_size=batch)
        results = model(feature_map(shape))
        for promised, result in zip(model.outputs, results, strict=True):
            assert len(promised.shape) == 4
            for said, side in zip(promised.shape, result.shape, strict=True):
                assert said in (None, side)
            assert promised.dtype == keras.backend.standardize_dtype(result.dtype)
        # What is known of the input is known of the results.
        assert [side is None for side in model.outputs[2].shape[:3]] == list(unknown)

    def test_symbolic_shapes_by_hand(self):
        model = there_and_back((45, 33, 7), by="output_size")
        assert [tuple(out.shape[1:]) for out in model.outputs] == [(23, 17, 7), (23, 17, 7), (45, 33, 7)]
        assert [out.dtype for out in model.outputs] == ["float32", "uint8", "float32"]

    def test_shapes_from_shapes(self):
        pool, unpool = MaxPoolingWithIndices2D(), MaxUnpooling2D()
        pooled = pool.compute_output_shape((None, 45, None, 3))
        assert pooled == ((None, 23, None, 3),) * 2
        assert unpool.compute_output_shape(pooled) == (None, 46, None, 3)
        assert unpool.compute_output_shape([*pooled, (None, 45, 80, 9)]) == (None, 45, 80, 3)
        assert unpool.compute_output_shape(pooled, output_size=(45, 79)) == (None, 45, 79, 3)

    @pytest.mark.parametrize("by", ["like", "doubled"])
    def test_one_model_for_all_sizes(self, by):
        model = there_and_back((None, None, 2), by=by)
        sizes = [(4, 6), (2, 2), (8, 4)] + [(5, 7), (1, 4), (6, 3)] * (by == "like")
        for batch, size in enumerate(sizes, start=1):
            x = feature_map((batch, *size, 2), "ties", seed=batch)
            results = model.predict_on_batch(x)
            for result, expected in zip(results, expected_of(x), strict=True):
                np.testing.assert_array_equal(result, expected)

    def test_like_lends_its_size_alone(self):
        values, indices = feature_map((2, 2, 3, 4)), np.zeros((2, 2, 3, 4), "uint8")
        # Another batch, other channels, another dtype: 3 x 5 is all that counts.
        like = np.zeros((1, 3, 5, 1), "uint8")
        result = arrays(MaxUnpooling2D()([values, indices, like]))
        assert result.shape == (2, 3, 5, 4)
        np.testing.assert_array_equal(result[:, ::2, ::2], values)

    def test_output_size_is_stronger_than_like(self):
        values, indices = feature_map((1, 2, 2, 1)), np.zeros((1, 2, 2, 1), "uint8")
        like = np.zeros((1, 4, 4, 1), "float32")
        assert MaxUnpooling2D()([values, indices, like], output_size=(3, 4)).shape == (1, 3, 4, 1)

    def test_gradient_does_not_reach_like(self):
        # Only the size of the third input is used, so nothing of it may flow into the result.
        values, indices = feature_map((1, 2, 2, 1)), np.zeros((1, 2, 2, 1), "uint8")
        plain = arrays(MaxUnpooling2D()([values, indices, np.zeros((1, 4, 4, 1), "float32")]))
        other = arrays(MaxUnpooling2D()([values, indices, np.full((1, 4, 4, 1), np.nan, "float32")]))
        np.testing.assert_array_equal(plain, other)


class TestPrecision:
    def test_mixed_bfloat16(self):
        pool = MaxPoolingWithIndices2D(dtype="mixed_bfloat16")
        unpool = MaxUnpooling2D(dtype="mixed_bfloat16")
        x = feature_map((1, 5, 4, 2))
        values, indices = pool(x)
        back = unpool([values, indices, x])
        assert keras.backend.standardize_dtype(values.dtype) == "bfloat16"
        assert keras.backend.standardize_dtype(indices.dtype) == "uint8"
        assert keras.backend.standardize_dtype(back.dtype) == "bfloat16"
        # 8 bits of mantissa make ties; the maxima are those of the rounded map.
        rounded = arrays(ops.cast(ops.cast(x, "bfloat16"), "float32"))
        for result, expected in zip((values, indices, back), expected_of(rounded), strict=True):
            np.testing.assert_array_equal(arrays(ops.cast(result, "float32")), expected)

    def test_symbolic_dtypes_follow_the_policy(self):
        x = keras.Input((4, 4, 1))
        values, indices = MaxPoolingWithIndices2D(dtype="mixed_float16")(x)
        back = MaxUnpooling2D(dtype="mixed_float16")([values, indices])
        assert (values.dtype, indices.dtype, back.dtype) == ("float16", "uint8", "float16")


class TestFiles:
    @pytest.mark.parametrize("by", ["like", "output_size", "doubled"])
    def test_model_saves_and_loads(self, tmp_path, by):
        size = (4, 6) if by == "doubled" else (5, 7)
        model = there_and_back((*size, 3), by=by)
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        x = feature_map((2, *size, 3), "relu")
        for before, after, expected in zip(arrays(model(x)), arrays(again(x)), expected_of(x), strict=True):
            np.testing.assert_array_equal(before, expected)
            np.testing.assert_array_equal(after, expected)

    @pytest.mark.parametrize("cls", [MaxPoolingWithIndices2D, MaxUnpooling2D])
    def test_layer_comes_back_from_its_config(self, cls):
        layer = cls(name="mine", dtype="mixed_bfloat16")
        saved = keras.saving.serialize_keras_object(layer)
        assert saved["registered_name"] == f"segnet_nb>{cls.__name__}"
        again = keras.saving.deserialize_keras_object(saved)
        assert type(again) is cls
        assert again.get_config() == layer.get_config()
        assert (again.name, again.compute_dtype) == ("mine", "bfloat16")

    @pytest.mark.parametrize("cls", [MaxPoolingWithIndices2D, MaxUnpooling2D])
    def test_layers_have_nothing_to_learn(self, cls):
        layer = cls()
        x = feature_map((1, 2, 2, 1))
        layer(x) if cls is MaxPoolingWithIndices2D else layer([x, np.zeros((1, 2, 2, 1), "uint8")])
        assert layer.built
        assert layer.variables == []


def one(*shape, dtype="float32"):
    return np.zeros(shape, dtype)


ERRORS = {
    "pooling without a batch": (
        lambda: MaxPoolingWithIndices2D()(one(4, 4, 3)),
        ValueError,
        r"MaxPoolingWithIndices2D needs a tensor of shape \(batch, height, width, channels\), "
        r"but got \(4, 4, 3\)\. Add a batch axis with x\[None\]",
    ),
    "pooling with too many axes": (
        lambda: MaxPoolingWithIndices2D().compute_output_shape((1, 2, 4, 4, 3)),
        ValueError,
        r"but got \(1, 2, 4, 4, 3\)\..*drop the extra ones",
    ),
    "unpooling one tensor": (
        lambda: MaxUnpooling2D()(one(1, 2, 2, 1)),
        ValueError,
        r"takes a list \[values, indices\] or \[values, indices, like\], but got one tensor",
    ),
    "unpooling one symbolic tensor": (
        lambda: MaxUnpooling2D()(keras.Input((2, 2, 1))),
        ValueError,
        "but got one tensor. Pass both outputs of MaxPoolingWithIndices2D",
    ),
    "unpooling a list of one": (
        lambda: MaxUnpooling2D()([one(1, 2, 2, 1)]),
        ValueError,
        "but got 1",
    ),
    "unpooling a list of four": (
        lambda: MaxUnpooling2D()([one(1, 2, 2, 1)] * 4),
        ValueError,
        "but got 4",
    ),
    "values without a batch": (
        lambda: MaxUnpooling2D()([one(2, 2, 1), one(2, 2, 1, dtype="uint8")]),
        ValueError,
        r"MaxUnpooling2D needs values of shape .*but got \(2, 2, 1\)",
    ),
    "like without a batch": (
        lambda: MaxUnpooling2D()([one(1, 2, 2, 1), one(1, 2, 2, 1, dtype="uint8"), one(4, 4, 1)]),
        ValueError,
        r"MaxUnpooling2D needs like of shape .*but got \(4, 4, 1\)",
    ),
    "indices without a batch": (
        lambda: MaxUnpooling2D()([one(1, 2, 2, 1), one(2, 2, 1, dtype="uint8")]),
        ValueError,
        r"values of shape \(1, 2, 2, 1\) cannot be placed by indices of shape \(2, 2, 1\)",
    ),
    "too many channels, as in the usual introduction": (
        lambda: MaxUnpooling2D()([keras.Input((16, 16, 512)), keras.Input((16, 16, 256), dtype="uint8")]),
        ValueError,
        r"values of shape \(None, 16, 16, 512\) cannot be placed by indices of shape "
        r"\(None, 16, 16, 256\).*Bring the values to 256 channels with a convolution before unpooling",
    ),
    "indices of another map": (
        lambda: MaxUnpooling2D()([one(1, 3, 2, 1), one(1, 2, 2, 1, dtype="uint8")]),
        ValueError,
        "every value needs an index. Pass the indices of the pooling that led to these values",
    ),
    "indices of fewer images": (
        lambda: MaxUnpooling2D()([one(2, 2, 2, 1), one(1, 2, 2, 1, dtype="uint8")]),
        ValueError,
        "every value needs an index. Pass the indices of the pooling",
    ),
    "flat positions for indices": (
        lambda: MaxUnpooling2D()([one(1, 2, 2, 1), one(1, 2, 2, 1, dtype="int32")]),
        TypeError,
        r"indices must be uint8 offsets 0..3 inside their window, but got int32.*"
        r"2 \* \(y % 2\) \+ x % 2",
    ),
    "symbolic positions for indices": (
        lambda: MaxUnpooling2D()([keras.Input((2, 2, 1)), keras.Input((2, 2, 1), dtype="int32")]),
        TypeError,
        "but got int32",
    ),
    "a map of another size": (
        lambda: MaxUnpooling2D()([one(1, 2, 2, 1), one(1, 2, 2, 1, dtype="uint8"), one(1, 4, 9, 1)]),
        ValueError,
        "a width of 2 unpools to 3 or 4, but the third input has 9",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), ERRORS.values(), ids=ERRORS)
def test_error_says_how_to_mend_it(call, error, message):
    with pytest.raises(error, match=rf"(?s){message}"):
        call()


@pytest.mark.parametrize("size", [(2, 4), (5, 4), (4, 2), (4, 5), (3, 40)])
@pytest.mark.parametrize("symbolic", [False, True])
def test_output_size_that_cannot_have_pooled_to_the_input(size, symbolic):
    values, indices = one(1, 2, 2, 1), one(1, 2, 2, 1, dtype="uint8")
    if symbolic:
        values, indices = keras.Input((2, 2, 1)), keras.Input((2, 2, 1), dtype="uint8")
    with pytest.raises(ValueError, match=r"of 2 unpools to 3 or 4, but output_size is"):
        MaxUnpooling2D()([values, indices], output_size=size)


@pytest.mark.parametrize("size", [(4,), (1, 4, 4, 1), (None, 4), (4, None), 4])
def test_output_size_that_is_no_size(size):
    with pytest.raises(ValueError, match=r"output_size must be \(height, width\) in pixels, but"):
        MaxUnpooling2D()([one(1, 2, 2, 1), one(1, 2, 2, 1, dtype="uint8")], output_size=size)


@pytest.mark.parametrize("size", [(3, 3), (3, 4), (4, 3), [4, 4]])
def test_every_output_size_that_is_possible(size):
    back = MaxUnpooling2D()([one(1, 2, 2, 1), one(1, 2, 2, 1, dtype="uint8")], output_size=size)
    assert back.shape == (1, *size, 1)
