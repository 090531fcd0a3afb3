"""Photometric augmentation changes colours within stated ranges, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb.datasets import CAMVID, photometric
from segnet_nb.datasets.augment import Augmentation
from segnet_nb.datasets.photometric import Photometric

few = settings(max_examples=40, deadline=None, derandomize=True)
rngs = st.integers(0, 10**6).map(np.random.default_rng)


def noise_image(height=20, width=30, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@few
@given(st.floats(0, 1), st.integers(0, 10**6), st.integers(1, 40), st.integers(1, 40))
def test_same_seed_same_image_and_input_unchanged(strength, seed, height, width):
    image = noise_image(height, width)
    kept = image.copy()
    first, again = (Photometric(strength).apply(image, np.random.default_rng(seed)) for _ in range(2))
    assert first.shape == image.shape and first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(image, kept)


def test_strength_zero_changes_nothing():
    image = noise_image()
    np.testing.assert_array_equal(Photometric(0.0).apply(image, np.random.default_rng(3)), image)


@few
@given(rngs)
def test_tone_curves_rise_and_stay_in_their_ranges(rng):
    """Without haze black stays black, and mid-grey is at most 255 * e^0.2 * 0.5^(e^-0.6) = 212.9."""
    curves = photometric._tone_curves(rng, 1.0, haze=False).astype(int)
    assert (np.diff(curves, axis=1) >= 0).all()
    assert (curves[:, 0] == 0).all()
    assert (curves[:, 127] <= 213).all()
    # The smallest: 255 * e^-0.2 * (127/255)^(e^0.6) = 58.6, rounded down.
    assert (curves[:, 127] >= 58).all()


@few
@given(rngs, st.floats(0.1, 1))
def test_shadow_scales_all_channels_by_one_factor(rng, strength):
    """Of one grey the result is grey, at most e^(0.5 * strength) and at least e^-strength times as bright."""
    shaded = photometric._shadow(np.full((24, 32, 3), 100, np.uint8), rng, strength).astype(int)
    assert (shaded == shaded[..., :1]).all()
    assert shaded.min() >= int(100 * np.exp(-strength)) - 1
    assert shaded.max() <= 100 * np.exp(0.5 * strength) + 1e-3


@few
@given(rngs)
def test_erased_rectangle_has_the_mean_colour_and_the_rest_is_kept(rng):
    image = noise_image()
    erased = photometric._erase(image, rng, 1.0)
    changed = (erased != image).any(-1)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    box = erased[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].reshape(-1, 3)
    assert (box == image.mean((0, 1)).astype(np.uint8)).all()
    # At most 0.4 of each side: 8 of 20 rows and 12 of 30 columns.
    assert len(rows) <= 8 and len(columns) <= 12


@few
@given(rngs)
def test_noise_has_the_deviation_it_was_given(rng):
    """Of 30,000 normal values the standard deviation is within 5 standard errors, 10 * 5 / sqrt(60,000)."""
    noisy = photometric._noise(np.full((100, 100, 3), 128, np.uint8), rng, 10.0).astype(float)
    # Rounding down moves the mean by half and adds a variance of 1/12.
    assert abs(noisy.mean() - 127.5) < 5 * 10 / np.sqrt(30_000)
    assert abs(np.sqrt(noisy.var() - 1 / 12) - 10) < 5 * 10 / np.sqrt(60_000)


def test_labels_of_an_augmentation_do_not_depend_on_it():
    image, labels = noise_image(48, 64), np.random.default_rng(1).integers(0, 12, (48, 64)).astype(np.uint8)
    views = [
        Augmentation(photometric=strength, rare_class_crop_prob=0.5).apply(
            image, labels, size=(24, 32), void_id=CAMVID.void_id, rng=np.random.default_rng(5)
        )
        for strength in (0.0, 1.0)
    ]
    np.testing.assert_array_equal(views[0][1], views[1][1])
    assert (views[0][0] != views[1][0]).any()


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_impossible_strength(strength):
    with pytest.raises(ValueError, match=r"strength must be in 0\.\.1"):
        Photometric(strength)
    with pytest.raises(ValueError, match=r"strength must be in 0\.\.1"):
        Augmentation(photometric=strength)
