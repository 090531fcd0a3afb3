"""ClassMix moves image and labels together, and only whole classes of the next image."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings, strategies as st

from segnet_nb.datasets import CAMVID
from segnet_nb.datasets.class_mix import class_mix

VOID = CAMVID.void_id
few = settings(max_examples=60, deadline=None, derandomize=True)


def batch(seed, count=4, height=9, width=12):
    """Images whose red is the label and whose green is the number of the image."""
    labels = np.random.default_rng(seed).integers(0, VOID + 1, (count, height, width))
    images = np.zeros((count, height, width, 3), np.uint8)
    images[..., 0] = labels
    images[..., 1] = np.arange(count)[:, None, None]
    return images, labels


@few
@given(st.integers(0, 10**6), st.floats(0, 1), st.integers(1, 5))
def test_every_pixel_comes_with_its_label_from_itself_or_the_next_image(seed, prob, count):
    images, labels = batch(seed, count)
    kept = images.copy(), labels.copy()
    mixed, ids = class_mix(images, labels, prob=prob, void_id=VOID, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(images, kept[0])
    np.testing.assert_array_equal(labels, kept[1])
    np.testing.assert_array_equal(mixed[..., 0], ids)
    for at in range(count):
        donor = (at + 1) % count
        foreign = mixed[at, ..., 1] != at
        assert set(np.unique(mixed[at, ..., 1][foreign])) <= {donor}
        pasted = set(np.unique(ids[at][foreign]))
        assert VOID not in pasted
        present = set(np.unique(labels[donor])) - {VOID}
        if pasted:
            assert len(pasted) == (len(present) + 1) // 2
            # Whole classes: wherever the donor has one of them, it was pasted.
            assert foreign[np.isin(labels[donor], list(pasted))].all()


def test_probabilities_zero_and_one():
    images, labels = batch(1)
    never = class_mix(images, labels, prob=0, void_id=VOID, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(never[0], images)
    always = class_mix(images, labels, prob=1, void_id=VOID, rng=np.random.default_rng(0))
    assert all((always[0][at, ..., 1] != at).any() for at in range(4))


def test_nothing_but_void_pastes_nothing():
    images, labels = batch(2)
    labels[1] = VOID
    mixed = class_mix(images, labels, prob=1, void_id=VOID, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(mixed[0][0], images[0])
