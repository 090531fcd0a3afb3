"""Augmentation keeps image and labels together, invents no class, and obeys its source of chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from segnet_nb.datasets import CAMVID
from segnet_nb.datasets.augment import Augmentation

VOID = CAMVID.void_id
few = settings(max_examples=40, deadline=None, derandomize=True)


def blocks(height=48, width=64, cell=16, seed=0, ids=(2, 3, 5, 8)):
    """An image whose colour says the label: cells of one id each, painted with the palette. No Sky (0)."""
    cells = np.random.default_rng(seed).choice(ids, (height // cell, width // cell))
    labels = cells.repeat(cell, 0).repeat(cell, 1).astype(np.uint8)
    return CAMVID.palette[labels], labels


def nearest_class(view, ids):
    distance = ((view[:, :, None].astype(int) - CAMVID.palette[list(ids)].astype(int)) ** 2).sum(-1)
    return np.array(ids)[distance.argmin(-1)]


def inside(labels):
    """Pixels whose eight neighbours have their label: away from edges, where colours are mixed."""
    core = labels[1:-1, 1:-1]
    same = np.ones(core.shape, bool)
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            same &= labels[dy : dy + core.shape[0], dx : dx + core.shape[1]] == core
    return np.pad(same, 1)


def view_of(augmentation, image, labels, size=(36, 40), seed=0):
    rng = np.random.default_rng(seed)
    return augmentation.apply(image, labels, size=size, void_id=VOID, rng=rng)


scales = st.tuples(st.floats(0.3, 3), st.floats(0.3, 3)).map(sorted).map(tuple)


class TestEveryView:
    @few
    @given(scales, st.booleans(), st.integers(0, 10**6), st.tuples(st.integers(16, 70), st.integers(16, 70)))
    def test_colour_still_matches_the_label(self, scale, flip, seed, size):
        """Black is void's colour in the palette, so a field of void around the image fits as well."""
        image, labels = blocks(seed=seed)
        view, ids = view_of(Augmentation(flip, scale, color_jitter=0), image, labels, size, seed)
        assert (view.shape, ids.shape) == ((*size, 3), size)
        assert (view.dtype, ids.dtype) == (np.uint8, np.uint8)
        guessed = nearest_class(view, (*np.unique(labels), VOID))
        clear = inside(ids)
        assert clear.any()
        np.testing.assert_array_equal(guessed[clear], ids[clear])

    @few
    @given(scales, st.integers(0, 10**6), st.integers(0, VOID))
    def test_no_label_is_invented(self, scale, seed, only):
        image = np.zeros((20, 30, 3), np.uint8)
        labels = np.full((20, 30), only, np.uint8)
        labels[5:9, 7:20] = (only + 4) % VOID
        _, ids = view_of(Augmentation(scale=scale), image, labels, seed=seed)
        allowed = set(np.unique(labels)) | ({VOID} if scale[0] < 1 else set())
        assert set(np.unique(ids)) <= allowed

    @few
    @given(scales, st.floats(0, 0.9), st.integers(0, 10**6))
    def test_same_seed_same_view_and_inputs_unchanged(self, scale, color, seed):
        image, labels = blocks(seed=1)
        kept = image.copy(), labels.copy()
        augmentation = Augmentation(scale=scale, color_jitter=color)
        first, again = (view_of(augmentation, image, labels, seed=seed) for _ in range(2))
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])
        np.testing.assert_array_equal(image, kept[0])
        np.testing.assert_array_equal(labels, kept[1])

    def test_another_seed_gives_another_view(self):
        image, labels = blocks()
        views = {view_of(Augmentation(), image, labels, seed=seed)[0].tobytes() for seed in range(12)}
        assert len(views) == 12


class TestScale:
    def test_one_is_a_plain_resize(self):
        image = np.random.default_rng(0).integers(0, 256, (30, 50, 3)).astype(np.uint8)
        labels = np.random.default_rng(1).integers(0, 12, (30, 50)).astype(np.uint8)
        view, ids = view_of(
            Augmentation(horizontal_flip=False, scale=(1, 1), color_jitter=0), image, labels, size=(20, 25)
        )
        expected = Image.fromarray(image).resize((25, 20), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(view, expected)
        # Nearest neighbour takes the middle: row 20 / 30 * y + 0.5 and so on, computed by hand.
        rows = np.floor((np.arange(20) + 0.5) * 30 / 20).astype(int)
        columns = np.floor((np.arange(25) + 0.5) * 50 / 25).astype(int)
        np.testing.assert_array_equal(ids, labels[rows][:, columns])

    def test_at_the_same_size_nothing_changes(self):
        image, labels = blocks()
        view, ids = view_of(
            Augmentation(horizontal_flip=False, scale=(1, 1), color_jitter=0), image, labels, size=(48, 64)
        )
        np.testing.assert_array_equal(view, image)
        np.testing.assert_array_equal(ids, labels)

    def test_scale_two_is_a_quarter_of_the_image(self):
        """With one id per pixel row and column block, a window of half the sides spans half the ids."""
        labels = np.arange(8, dtype=np.uint8)[None, :].repeat(8, 1).repeat(64, 0)  # 64 x 64, bands of 8 wide
        image = np.zeros((64, 64, 3), np.uint8)
        for seed in range(20):
            _, ids = view_of(Augmentation(horizontal_flip=False, scale=(2, 2)), image, labels, (64, 64), seed)
            seen, counts = np.unique(ids, return_counts=True)
            # Half of 64 columns is 4 bands of 8, cut by at most one more.
            assert len(seen) in (4, 5)
            assert set(np.diff(seen)) == {1}
            assert (counts[1:-1] == 16 * 64).all()  # a band twice as wide, in all 64 rows

    def test_scale_half_is_padded_with_void(self):
        """Half the sides of 40 x 60 are 20 x 30 pixels, the whole image, somewhere; the rest is void."""
        image, labels = blocks(ids=(3, 8))
        corners = set()
        for seed in range(20):
            view, ids = view_of(Augmentation(scale=(0.5, 0.5), color_jitter=0), image, labels, (40, 60), seed)
            rows, columns = np.nonzero(ids != VOID)
            assert (np.ptp(rows) + 1, np.ptp(columns) + 1, len(rows)) == (20, 30, 600)
            # Never Sky, whose id is 0; and black where void is.
            assert 0 not in ids
            assert not view[ids == VOID].any()
            corners.add((rows.min(), columns.min()))
        assert len(corners) > 10

    @pytest.mark.parametrize("scale", [2.0, 0.5])
    def test_height_and_width_are_placed_independently(self, scale):
        """Ids that count rows, then ids that count columns, under the same chance."""
        image, count = np.zeros((60, 60, 3), np.uint8), np.arange(60, dtype=np.uint8)
        places = []
        for seed in range(200):
            augmentation = Augmentation(horizontal_flip=False, scale=(scale, scale))
            rng_of = np.random.default_rng
            by_row, by_column = (
                augmentation.apply(image, labels, size=(60, 60), void_id=255, rng=rng_of(seed))[1]
                for labels in (count[:, None].repeat(60, 1), count[None, :].repeat(60, 0))
            )
            # Magnified: the first id that is seen. Shrunk: where the image begins.
            top, left = (by_row.min(), by_column.min()) if scale > 1 else np.argwhere(by_row < 255)[0]
            places.append((int(top), int(left)))
        tops, lefts = np.array(places).T
        # All of the 30 rows and columns of freedom is used; chance alone correlates 200 pairs by 0.07.
        assert min(np.ptp(tops), np.ptp(lefts)) >= 28
        assert abs(np.corrcoef(tops, lefts)[0, 1]) < 0.25

    def test_doubling_is_as_likely_as_halving(self):
        """Steps are even in the logarithm: between 0.25 and 4, half of the views magnify."""
        image, labels = blocks()
        augmentation = Augmentation(scale=(0.25, 4))
        smaller = sum(VOID in view_of(augmentation, image, labels, seed=seed)[1] for seed in range(200))
        # Binomial, 200 and 0.5: mean 100, standard deviation 7.07; linear steps would give 40.
        assert 75 < smaller < 125


class TestFlip:
    def test_half_of_the_views_are_flipped_with_their_labels(self):
        image, labels = blocks(ids=(2, 3, 5, 8), seed=3)
        assert not np.array_equal(labels, labels[:, ::-1])
        mirrored = 0
        for seed in range(200):
            view, ids = view_of(Augmentation(scale=(1, 1), color_jitter=0), image, labels, (48, 64), seed)
            step = -1 if np.array_equal(ids, labels[:, ::-1]) else 1
            np.testing.assert_array_equal(ids, labels[:, ::step])
            np.testing.assert_array_equal(view, image[:, ::step])
            mirrored += step == -1
        assert 75 < mirrored < 125

    def test_no_flip_unless_enabled(self):
        image, labels = blocks(seed=3)
        for seed in range(20):
            _, ids = view_of(Augmentation(horizontal_flip=False, scale=(1, 1)), image, labels, (48, 64), seed)
            np.testing.assert_array_equal(ids, labels)


class TestColor:
    def test_changes_the_image_alone(self):
        image, labels = blocks()
        plain = Augmentation(horizontal_flip=False, scale=(1, 1), color_jitter=0)
        colored = Augmentation(horizontal_flip=False, scale=(1, 1), color_jitter=0.5)
        for seed in range(5):
            before, after = (view_of(a, image, labels, (48, 64), seed) for a in (plain, colored))
            assert not np.array_equal(before[0], after[0])
            np.testing.assert_array_equal(before[1], after[1])

    def test_colour_does_not_disturb_the_geometry(self):
        """The same chance gives the same crop with and without colour."""
        image, labels = blocks(seed=5)
        for seed in range(5):
            ids = [
                view_of(Augmentation(color_jitter=color), image, labels, seed=seed)[1] for color in (0, 0.5)
            ]
            np.testing.assert_array_equal(*ids)

    def test_factors_stay_in_range(self):
        """On a grey image saturation changes nothing and contrast nothing: what is left is brightness."""
        image = np.full((20, 20, 3), 100, np.uint8)
        labels = np.full((20, 20), 3, np.uint8)
        levels = [
            int(
                view_of(Augmentation(scale=(1, 1), color_jitter=0.3), image, labels, (20, 20), seed)[0][
                    0, 0, 0
                ]
            )
            for seed in range(100)
        ]
        # Factors in 0.7..1.3 of 100, and most of that range is used.
        assert 69 <= min(levels) < 80
        assert 120 < max(levels) <= 130


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": (2, 1)}, r"scale must be \(smallest, largest\).*but got \(2, 1\)"),
        ({"scale": (0.05, 1)}, r"with 0\.1 <= smallest"),
        ({"scale": (1, 11)}, r"largest <= 10"),
        ({"scale": (float("nan"), 1)}, "scale must be"),
        ({"color_jitter": -0.1}, r"color_jitter must be in 0\.\.1, 1 excluded, but got -0\.1"),
        ({"color_jitter": 1}, r"color_jitter must be in 0\.\.1, 1 excluded, but got 1"),
    ],
)
def test_values_out_of_range_raise(options, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**options)


class TestRareClassCrops:
    """On an image with one pixel of class 8 among Road, and void."""

    image = np.zeros((48, 64, 3), np.uint8)
    labels = np.full((48, 64), 3, np.uint8)
    labels[40, 5] = 8
    labels[:4] = VOID

    def share(self, focus, pixel=8, scale=(4, 4), tries=200):
        views = Augmentation(scale=scale, horizontal_flip=False, color_jitter=0, rare_class_crop_prob=focus)
        # At 4 a window of 12 x 16 is shown as 48 x 64: nothing is lost to resampling.
        size = (48, 64)
        return np.mean(
            [(view_of(views, self.image, self.labels, size, s)[1] == pixel).any() for s in range(tries)]
        )

    def test_a_class_of_one_pixel_is_in_half_of_the_crops(self):
        # Drawn evenly from Road and class 8; those around Road hold the pixel now and then too: it lies near
        # a corner, in about a tenth of them.
        assert 0.45 < self.share(1.0) < 0.68
        assert self.share(0.0) < 0.2
        assert self.share(0.0) < self.share(0.5) < self.share(1.0)

    def test_the_pixel_may_be_anywhere_in_the_crop(self):
        views = Augmentation(scale=(4, 4), horizontal_flip=False, color_jitter=0, rare_class_crop_prob=1.0)
        labels = np.full((48, 64), VOID, np.uint8)
        labels[24, 32] = 8
        places = []
        for seed in range(80):
            _, ids = view_of(views, self.image, labels, (48, 64), seed)
            assert (ids == 8).any()
            places.append(np.argwhere(ids == 8).mean(0) / (48, 64))
        assert (np.min(places, 0) < 0.2).all() and (np.max(places, 0) > 0.8).all()

    def test_crops_stay_inside_the_image(self):
        views = Augmentation(scale=(1.5, 4), horizontal_flip=False, color_jitter=0, rare_class_crop_prob=1.0)
        for seed in range(40):
            image, labels = blocks(seed=seed)
            view, ids = view_of(views, image, labels, (36, 40), seed)
            assert (view.any(-1)).all() and (ids != VOID).all()

    def test_void_images_and_scale_one_are_ordinary_views(self):
        views = Augmentation(scale=(2, 2), rare_class_crop_prob=1.0)
        _, ids = view_of(views, self.image, np.full((48, 64), VOID, np.uint8))
        assert (ids == VOID).all()
        whole = Augmentation(scale=(1, 1), horizontal_flip=False, color_jitter=0, rare_class_crop_prob=1.0)
        np.testing.assert_array_equal(view_of(whole, *blocks(), (48, 64))[1], blocks()[1])

    def test_probability_zero_changes_nothing(self):
        plain, none = Augmentation(), Augmentation(rare_class_crop_prob=0.0)
        for one, other in zip(view_of(plain, *blocks()), view_of(none, *blocks()), strict=True):
            np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize("share", [-0.1, 1.5])
    def test_probabilities_out_of_range_raise(self, share):
        with pytest.raises(ValueError, match=f"rare_class_crop_prob must be in 0..1, but got {share}"):
            Augmentation(rare_class_crop_prob=share)
