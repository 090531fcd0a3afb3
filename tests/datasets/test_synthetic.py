from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from segnet_nb import datasets
from segnet_nb.datasets import CAMVID, synthetic

VOID = CAMVID.void_id

# Percent of the pixels, about CamVid's own shares: (least, most) by class id, void last.
SHARES = {
    "Sky": (12, 28),
    "Building": (14, 28),
    "Pole": (0.5, 4),
    "Road": (25, 40),
    "Pavement": (2, 7),
    "Tree": (4, 13),
    "SignSymbol": (0.7, 3),
    "Fence": (0.5, 3),
    "Car": (3, 10),
    "Pedestrian": (0.6, 3),
    "Bicyclist": (0.4, 3),
    "void": (1.5, 6),
}


@pytest.fixture(scope="module")
def val():
    return synthetic.load("val", image_size=(96, 128))


def shares(labels):
    return np.bincount(labels.ravel(), minlength=VOID + 1) / labels.size


def resized(labels, size):
    return np.asarray(Image.fromarray(labels).resize(size[::-1], Image.Resampling.NEAREST))


def test_defaults_are_the_documented_sizes_and_counts(monkeypatch):
    drawn = []

    def blank(rng, size):
        drawn.append(size)
        return np.zeros((*size, 3), np.uint8), np.zeros(size, np.uint8)

    monkeypatch.setattr(synthetic.scenes, "draw_scene", blank)
    counts = {split: len(synthetic.load(split)) for split in datasets.SPLITS}
    assert counts == {"train": 240, "val": 60, "test": 60}
    assert set(drawn) == {(180, 240)}


def test_arrays_names_and_source(val):
    assert val.images.shape == (60, 96, 128, 3)
    assert val.labels.shape == (60, 96, 128)
    assert val.images.dtype == val.labels.dtype == np.uint8
    assert val.classes is CAMVID
    assert val.names[0] == "scene_0000" and val.names[-1] == "scene_0059"
    assert "val" in val.source and "seed 0" in val.source


def test_datasets_load_returns_the_same():
    through = datasets.load("synthetic", "val", image_size=(32, 40), count=2, seed=5)
    direct = synthetic.load("val", image_size=(32, 40), count=2, seed=5)
    np.testing.assert_array_equal(through.images, direct.images)
    np.testing.assert_array_equal(through.labels, direct.labels)


def test_same_request_same_pixels(val):
    again = synthetic.load("val", image_size=(96, 128), count=3)
    np.testing.assert_array_equal(again.images, val.images[:3])
    np.testing.assert_array_equal(again.labels, val.labels[:3])
    assert again.names == val.names[:3]


def test_scenes_seeds_and_splits_differ():
    def load(split, seed):
        return synthetic.load(split, image_size=(24, 32), count=20, seed=seed)

    sets = [load(split, seed) for split in datasets.SPLITS for seed in (0, 1)]
    labels = np.concatenate([data.labels for data in sets])
    assert len(np.unique(labels.reshape(len(labels), -1), axis=0)) == len(labels)


def test_a_seed_draws_what_its_generator_draws():
    size = (32, 40)
    for one, other in zip(
        synthetic.draw_scene(11, size),
        synthetic.draw_scene(np.random.default_rng(11), size),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_a_generator_advances_equally_at_every_size():
    small, large = np.random.default_rng(2), np.random.default_rng(2)
    first, _ = synthetic.draw_scene(small, (16, 16))
    synthetic.draw_scene(large, (60, 80))
    assert small.random() == large.random()
    second, _ = synthetic.draw_scene(small, (16, 16))
    assert (first != second).any()


def test_scenes_can_be_written_to():
    image, labels = synthetic.draw_scene(0, (16, 16))
    image[0, 0], labels[0, 0] = 0, VOID


@pytest.mark.parametrize("size", [(16, 16), (17, 33), (61, 83), (16, 120), (120, 16), np.array([20, 24])])
def test_any_size_from_16_pixels(size):
    image, labels = synthetic.draw_scene(3, size)
    assert image.shape == (*size, 3) and labels.shape == tuple(size)
    assert image.dtype == labels.dtype == np.uint8
    assert labels.max() <= VOID
    assert image.std() > 10


@pytest.mark.parametrize(("size", "least"), [((90, 120), 0.9), ((45, 60), 0.85), ((200, 270), 0.9)])
def test_one_scene_has_one_layout_at_every_size(size, least):
    agree = [
        np.mean(resized(synthetic.draw_scene(seed, (180, 240))[1], size) == labels)
        for seed in range(6)
        for _, labels in [synthetic.draw_scene(seed, size)]
    ]
    assert min(agree) > least


def test_images_look_alike_at_every_size():
    large, _ = synthetic.draw_scene(4, (180, 240))
    small, _ = synthetic.draw_scene(4, (90, 120))
    shrunk = np.asarray(Image.fromarray(large).resize((120, 90), Image.Resampling.BOX), float)
    assert np.abs(shrunk - small).mean() < 12  # of 255; sensor grain is drawn anew


def test_all_classes_appear_with_about_the_frequencies_of_camvid(val):
    percent = dict(zip((*CAMVID.names, "void"), 100 * shares(val.labels), strict=True))
    outside = {
        name: percent[name] for name, (least, most) in SHARES.items() if not least <= percent[name] <= most
    }
    assert outside == {}


def test_most_classes_appear_in_most_scenes(val):
    per_scene = [np.count_nonzero(shares(labels)[:VOID]) for labels in val.labels]
    assert np.mean(per_scene) >= 9
    assert min(per_scene) >= 6


def test_rare_classes_can_be_learnt_from_small_images(val):
    for name in ("Pedestrian", "Bicyclist", "SignSymbol", "Pole", "Fence"):
        pixels = (val.labels == CAMVID.index(name)).sum(axis=(1, 2))
        assert np.mean(pixels >= 20) > 0.3, name


def test_sky_is_above_and_road_below(val):
    rows = np.arange(96)[None, :, None]
    above = np.mean((rows * (val.labels == 0)).sum() / (val.labels == 0).sum())
    below = np.mean((rows * (val.labels == 3)).sum() / (val.labels == 3).sum())
    assert above < 35 and below > 60


def test_labels_do_not_blend_at_borders():
    # Blending two ids makes the ids between them: a rim of such ids would run along borders. Sky (0)
    # and Tree (5) meet a lot, and nothing that is Pole (2) or Road (3) lies along their borders.
    _, labels = synthetic.draw_scene(0, (180, 240))
    for number in range(1, 8):
        labels = np.concatenate([labels, synthetic.draw_scene(number, (180, 240))[1]])
    left, middle, right = labels[:, :-2], labels[:, 1:-1], labels[:, 2:]
    met = (left == 0) & (right == 5)
    assert met.sum() > 50
    assert np.mean(np.isin(middle[met], (0, 5, VOID))) > 0.9


def test_colour_alone_is_not_enough(val):
    """The nearest mean colour, the best a model without shape could start from, fails."""
    train = synthetic.load("train", image_size=(96, 128), count=40)
    means = [train.images[train.labels == k].mean(axis=0) for k in range(CAMVID.num_classes)]
    pixels, truth = val.images[val.labels != VOID].astype(np.float32), val.labels[val.labels != VOID]
    distances = [((pixels - mean) ** 2).sum(axis=1) for mean in means]
    guess = np.argmin(distances, axis=0)
    ious = [
        np.sum((guess == k) & (truth == k)) / np.sum((guess == k) | (truth == k))
        for k in range(CAMVID.num_classes)
    ]
    assert np.mean(ious) < 0.35


@pytest.mark.parametrize("split", ["validation", "", None])
def test_unknown_splits_are_named(split):
    with pytest.raises(ValueError, match="train, val, test"):
        synthetic.load(split, count=1)


@pytest.mark.parametrize(
    "size", [(15, 240), (180, 8), (0, 0), (-180, 240), (180,), (180, 240, 3), 180, (90.5, 120), "no"]
)
def test_impossible_sizes_are_refused(size):
    with pytest.raises(ValueError, match=r"image_size must be .* at least 16.*Pass for example"):
        synthetic.load("val", image_size=size, count=1)
    with pytest.raises(ValueError, match="image_size"):
        synthetic.draw_scene(0, size)


@pytest.mark.parametrize("count", [0, -1, 2.0, True, "3"])
def test_impossible_counts_are_refused(count):
    with pytest.raises(ValueError, match=r"count must be an integer of at least 1.*Pass for example"):
        synthetic.load("val", image_size=(16, 16), count=count)


@pytest.mark.parametrize("seed", [-1, 0.5, None, False])
def test_impossible_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="seed must be an integer of at least 0"):
        synthetic.load("val", image_size=(16, 16), count=1, seed=seed)
    with pytest.raises(ValueError, match="seed"):
        synthetic.draw_scene(seed, (16, 16))
