"""Local response normalisation against loops and by hand; the input normalisations by hand."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, strategies as st
from keras import ops

from segnet_nb.networks.normalization import (
    INPUT_NORMALIZATIONS,
    LocalResponseNormalization,
    input_normalization,
)
from tests import oracles
from tests.cases import arrays, few
from tests.gradients import gradient


def pixels(shape, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, shape).astype("float32")


class TestLocalResponse:
    def test_by_hand(self):
        # Five channels of 10, window of 3, alpha 0.03: edges sum two squares, the others three.
        # 1 + 0.03 / 3 * 200 = 3 and 1 + 0.03 / 3 * 300 = 4; beta 0.5: 10 / sqrt(3) and 10 / 2.
        x = np.full((1, 1, 1, 5), 10, "float32")
        result = arrays(LocalResponseNormalization(size=3, alpha=0.03, beta=0.5)(x)).ravel()
        np.testing.assert_allclose(result, [10 / 3**0.5, 5, 5, 5, 10 / 3**0.5], rtol=1e-6)

    def test_published_numbers_on_a_white_pixel(self):
        # Size 5 covers all three colours: 1 + 1e-4 / 5 * 3 * 255^2 = 4.9015; 255 / 4.9015^0.75 = 77.409
        x = np.full((1, 1, 1, 3), 255, "float32")
        np.testing.assert_allclose(arrays(LocalResponseNormalization()(x)).ravel(), [77.409] * 3, atol=1e-3)

    @few
    @given(
        st.integers(1, 9),
        st.sampled_from([1, 3, 5, 7]),
        st.floats(0, 0.1),
        st.floats(0.1, 2),
        st.integers(0, 10**6),
    )
    def test_matches_loops(self, channels, size, alpha, beta, seed):
        x = pixels((2, 2, 3, channels), seed) - 100
        layer = LocalResponseNormalization(size=size, alpha=alpha, beta=beta)
        expected = oracles.local_response(x, size, alpha, beta)
        np.testing.assert_allclose(arrays(layer(x)), expected, rtol=1e-4, atol=1e-5)

    def test_gradient_matches_finite_differences(self):
        x = pixels((1, 1, 2, 4), seed=1)
        layer = LocalResponseNormalization(size=3, alpha=1e-3)
        slope = gradient(lambda t: ops.sum(layer(t) * layer(t)), x)
        for index in np.ndindex(x.shape):
            shift = np.zeros(x.shape)
            shift[index] = 1e-3
            high, low = (
                (oracles.local_response(x + sign * shift, 3, 1e-3, 0.75) ** 2).sum() for sign in (1, -1)
            )
            assert slope[index] == pytest.approx((high - low) / 2e-3, rel=1e-3, abs=1e-2)

    @pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
    def test_white_survives_half_precision(self, policy):
        # 255^2 = 65025 is almost the largest float16 (65504); three of them are beyond it.
        x = np.full((1, 1, 1, 3), 255, "float32")
        result = LocalResponseNormalization(dtype=policy)(x)
        assert keras.backend.standardize_dtype(result.dtype) == policy.removeprefix("mixed_")
        rough = arrays(ops.cast(result, "float32")).ravel()
        np.testing.assert_allclose(rough, [77.409] * 3, rtol=0.02)

    def test_comes_back_from_its_config(self):
        layer = LocalResponseNormalization(size=3, alpha=0.5, beta=0.25, name="mine")
        saved = keras.saving.serialize_keras_object(layer)
        assert saved["registered_name"] == "segnet_nb>LocalResponseNormalization"
        again = keras.saving.deserialize_keras_object(saved)
        assert again.get_config() == layer.get_config()
        assert (again.size, again.alpha, again.beta, again.name) == (3, 0.5, 0.25, "mine")

    def test_shape_is_kept_and_may_be_unknown(self):
        inputs = keras.Input((None, None, 3))
        model = keras.Model(inputs, LocalResponseNormalization()(inputs))
        assert model.output_shape == (None, None, None, 3)
        assert model(pixels((2, 3, 5, 3))).shape == (2, 3, 5, 3)

    def test_negative_alpha_is_refused(self):
        with pytest.raises(ValueError, match=r"alpha must not be negative, but got -0.1"):
            LocalResponseNormalization(alpha=-0.1)

    @pytest.mark.parametrize(("size", "better"), [(2, 3), (4, 5), (0, 1), (-3, 1)])
    def test_even_sizes_are_refused(self, size, better):
        with pytest.raises(ValueError, match=rf"odd number of channels, but got {size}. Use {better}\."):
            LocalResponseNormalization(size=size)


PIXEL = np.array([[[[0, 127.5, 255]]]], "float32")
EXPECTED = {
    "scale": [-1, 0, 1],
    # minus (123.68, 116.779, 103.939), red first
    "vgg": [-123.68, 10.721, 151.061],
    # 1 + 2e-5 * (127.5^2 + 255^2) = 2.625625; to the power 0.75: 2.062645
    "local_response": [0, 61.814, 123.628],
}


class TestInputNormalization:
    @pytest.mark.parametrize("kind", EXPECTED)
    def test_by_hand(self, kind):
        result = arrays(input_normalization(kind)(PIXEL)).ravel()
        np.testing.assert_allclose(result, EXPECTED[kind], atol=2e-3)

    def test_none_is_no_layer(self):
        assert input_normalization("none") is None

    def test_all_kinds_are_listed(self):
        assert sorted(INPUT_NORMALIZATIONS) == sorted([*EXPECTED, "none"])

    def test_unknown_kind(self):
        with pytest.raises(ValueError, match=r"called 'zca'. Choose from: none, scale, local_response, vgg"):
            input_normalization("zca")

    @pytest.mark.parametrize("kind", EXPECTED)
    def test_saves_and_loads(self, kind, tmp_path):
        inputs = keras.Input((None, None, 3))
        model = keras.Model(inputs, input_normalization(kind)(inputs))
        model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        x = pixels((1, 3, 4, 3))
        np.testing.assert_array_equal(arrays(again(x)), arrays(model(x)))
