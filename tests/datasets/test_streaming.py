"""Streamed datasets: the same pixels as in memory, and what works with a dataset works with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from segnet_nb import datasets, losses
from segnet_nb.datasets import CAMVID, Dataset, StreamedDataset, alignment, doctor, streaming
from segnet_nb.datasets.base import batches
from tests.large_folders import write_pairs


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp("pairs"), 10, (48, 64), cells=(3, 4))


def both(name, split="train", **options):
    return [datasets.load(str(name), split, in_memory=kind, **options) for kind in (True, False)]


def streamed_from(data):
    """A dataset in memory as a streamed one."""
    return StreamedDataset(
        read=lambda number: (data.images[number], data.labels[number]),
        items=range(len(data)),
        classes=data.classes,
        names=data.names,
        source=data.source,
        sizes=(data.image_size,),
    )


def assert_same(streamed, held):
    assert isinstance(streamed, StreamedDataset) and isinstance(held, Dataset)
    assert (streamed.names, streamed.classes, streamed.source) == (held.names, held.classes, held.source)
    assert len(streamed) == len(held)
    np.testing.assert_array_equal(np.stack(list(streamed.images)), held.images)
    np.testing.assert_array_equal(np.stack(list(streamed.labels)), held.labels)


@pytest.mark.parametrize("options", [{}, {"image_size": (20, 30)}, {"count": 3}, {"workers": 1}])
@pytest.mark.parametrize("split", ["train", "val"])
def test_a_folder(root, split, options):
    if split == "val" and "count" in options:
        options = {"count": 1}
    held, streamed = both(root, split, **options)
    assert_same(streamed, held)
    assert streamed.image_size == options.get("image_size")


def test_synthetic_scenes():
    held, streamed = both("synthetic", image_size=(32, 48), count=3, seed=4)
    assert_same(streamed, held)
    assert repr(streamed) == repr(held).replace("Dataset", "StreamedDataset")


@pytest.mark.camvid
def test_camvid():
    if not datasets.camvid.is_available("val"):
        pytest.skip("CamVid is not here: set SEGNET_NB_CAMVID or run `segnet-nb data camvid`")
    held, streamed = both("camvid", "val", count=4, image_size=(90, 120))
    assert_same(streamed, held)


def test_the_size_decides_unless_it_is_said(monkeypatch):
    # Three images of 32 x 48 pixels, four bytes each.
    monkeypatch.setattr(streaming, "IN_MEMORY_LIMIT", 3 * 32 * 48 * 4)
    options = {"image_size": (32, 48), "count": 3}
    assert isinstance(datasets.load("synthetic", **options), Dataset)
    monkeypatch.setattr(streaming, "IN_MEMORY_LIMIT", 3 * 32 * 48 * 4 - 1)
    assert isinstance(datasets.load("synthetic", **options), StreamedDataset)
    assert isinstance(datasets.load("synthetic", in_memory=True, **options), Dataset)


def test_images_are_decoded_when_they_are_used(monkeypatch):
    data = streamed_from(datasets.load("synthetic", image_size=(32, 48), count=3))
    used, read = [], data.read
    counting = replace(data, read=lambda item: used.append(item) or read(item))
    assert counting.image_size == (32, 48) and counting.subset([2, 0]).names == ("scene_0002", "scene_0000")
    assert used == []
    counting.subset([2, 0]).pair(0)
    assert used == [2]


keys = st.one_of(
    st.integers(-5, 4),
    st.slices(5),
    st.lists(st.integers(-5, 4), max_size=6).map(lambda numbers: np.array(numbers, int)),
    st.lists(st.booleans(), min_size=5, max_size=5).map(np.array),
)


@given(keys)
@settings(max_examples=60, deadline=None)
def test_images_and_labels_are_indexed_like_arrays(key):
    held = numbered(5)
    data = streamed_from(held)
    expected = held.images[key]
    if expected.ndim == 4 and not len(expected):
        return  # an empty selection has nothing to stack
    np.testing.assert_array_equal(data.images[key], expected)
    np.testing.assert_array_equal(data.labels[key], held.labels[key])


def numbered(count):
    """Images whose every pixel is their number."""
    images = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 6, 3), np.uint8)
    return Dataset(images, images[..., 0] % 11, CAMVID, tuple(f"n_{number}" for number in range(count)))


def test_an_array_of_all_images_is_refused_with_what_to_do():
    data = streamed_from(numbered(3))
    for column in (data.images, data.labels):
        with pytest.raises(ValueError, match=r"these 3 images are streamed .* in_memory=True"):
            np.asarray(column)
        with pytest.raises(IndexError):
            column[3]
    np.testing.assert_array_equal(np.asarray(data.in_memory().images), numbered(3).images)


def test_a_random_access_source():
    data = streamed_from(numbered(3))
    assert [int(image[0, 0, 0]) for image, _ in data] == [0, 1, 2]
    np.testing.assert_array_equal(data[1][0], numbered(3).images[1])


def test_subsets_and_resizing_are_those_in_memory(root):
    held, streamed = both(root, image_size=(48, 64))
    assert_same(streamed.subset([5, 1, 3], "chosen"), held.subset([5, 1, 3], "chosen"))
    assert streamed.subset([1], "chosen").source.endswith("train split, chosen")
    # Twice, one after the other, is not the same as once.
    twice = streamed.resized((20, 30)).resized((10, 14))
    assert_same(twice, held.resized((20, 30)).resized((10, 14)))
    assert twice.image_size == (10, 14)
    assert (twice.images[0] != streamed.resized((10, 14)).images[0]).any()


def test_drives_are_held_out_alike():
    held = numbered(6)
    held = replace(held, names=("a_0", "b_0", "a_1", "c_0", "b_1", "a_2"))
    for one, other in zip(
        datasets.hold_out(streamed_from(held), ["a"]), datasets.hold_out(held, ["a"]), strict=True
    ):
        assert_same(one, other)


def test_images_of_different_sizes(tmp_path):
    for number, (height, width) in enumerate([(6, 8), (6, 8), (6, 8), (9, 12), (6, 8)]):
        for kind, mode in (("images", "RGB"), ("masks", "L")):
            (tmp_path / kind).mkdir(exist_ok=True)
            Image.new(mode, (width, height)).save(tmp_path / kind / f"{number}.png")
    (tmp_path / "classes.json").write_text('{"classes": {"a": 0, "b": 1}}')
    (tmp_path / "train.txt").write_text("0\n1\n2\n3\n4\n")
    data = datasets.load(str(tmp_path), in_memory=False)
    assert data.image_size is None and "sizes as stored" in repr(data)
    assert [images.shape[:3] for images, _ in batches(data, 2)] == [
        (2, 6, 8),
        (1, 6, 8),
        (1, 9, 12),
        (1, 6, 8),
    ]
    with pytest.raises(ValueError, match=r"3 is 9 x 12 pixels, but 0 is 6 x 8\. Pass image_size"):
        data.in_memory()
    assert data.resized((3, 4)).in_memory().images.shape == (5, 3, 4, 3)


def test_what_cannot_be(root):
    data = streamed_from(numbered(2))
    with pytest.raises(ValueError, match="names must have one entry per image, 2, but got 1"):
        replace(data, names=("a",))
    with pytest.raises(ValueError, match="workers must be at least 1"):
        datasets.load(str(root), in_memory=False, workers=0)
    bad = replace(data, read=lambda _: (np.zeros((2, 2, 3), np.uint8), np.full((2, 2), 12, np.uint8)))
    with pytest.raises(ValueError, match=r"the labels of n_1 contain the id 12, .* 0..11"):
        bad.pair(1)
    with pytest.raises(ValueError, match="there are no images to load"):
        data.subset([]).in_memory()
    with pytest.raises(ValueError, match="batch_size must be at least 1, but got 0"):
        next(batches(data, 0))


def test_class_weights_are_those_in_memory(root):
    held, streamed = both(root)
    for function in (losses.class_frequencies, losses.median_frequency_weights):
        expected = function(held.labels, held.classes.num_classes, held.classes.void_id)
        found = function(streamed.labels, streamed.classes.num_classes, streamed.classes.void_id)
        assert found.tolist() == expected.tolist() and (found > 0).all()


@pytest.fixture(scope="module")
def scenes():
    return datasets.load("synthetic", "train", image_size=(90, 120), count=24)


class TestDoctor:
    def sick(self, scenes):
        """Masks of 3 and 4 swapped, those of 8 and 20 too, 11 mirrored, 13 like 12, 15 void."""
        labels, images = scenes.labels.copy(), scenes.images.copy()
        labels[[3, 4, 8, 20]] = labels[[4, 3, 20, 8]]
        labels[11], labels[15], images[13] = labels[11, :, ::-1], CAMVID.void_id, images[12]
        labels[13] = labels[12]
        return replace(scenes, images=images, labels=labels)

    def test_streamed_and_in_memory_alike(self, scenes):
        sick, told = self.sick(scenes), []
        expected = doctor.examine(sick, scenes)
        assert len(expected) > 20  # every other image leaks
        found = doctor.examine(streamed_from(sick), scenes, progress=lambda *now: told.append(now))
        assert found == expected and told == [(done, 48) for done in range(1, 49)]

    def test_many_images_are_compared_with_their_neighbours(self, scenes, monkeypatch):
        monkeypatch.setattr(alignment, "COMPARED_WITH_ALL", 20)
        monkeypatch.setattr(alignment, "_BLOCK", 4)
        found = [each for each in doctor.examine(self.sick(scenes)) if each.kind in ("swapped", "mirrored")]
        names = scenes.names
        # 3 is in one block and 4 in the next; 8 and 20 are too far apart.
        assert [each.names for each in found if each.kind == "swapped"] == [
            (names[3], names[4]),
            (names[4], names[3]),
        ]
        assert (names[11],) in [each.names for each in found if each.kind == "mirrored"]

    def test_every_mask_is_judged_once_whatever_the_blocks(self, scenes, monkeypatch):
        flipped = replace(scenes, labels=np.ascontiguousarray(scenes.labels[:, :, ::-1]))
        monkeypatch.setattr(alignment, "_SWAP_GAIN", 9.0)  # neighbours are not the matter here
        expected = [each.names for each in doctor.examine(flipped) if each.kind == "mirrored"]
        assert len(expected) > 20
        monkeypatch.setattr(alignment, "COMPARED_WITH_ALL", 3)
        for block in (1, 5, 24, 50):
            monkeypatch.setattr(alignment, "_BLOCK", block)
            found = [each.names for each in doctor.examine(flipped) if each.kind == "mirrored"]
            assert found == expected

    def test_a_folder_in_one_pass(self, tmp_path):
        root, told = write_pairs(tmp_path, 10, (48, 64), cells=(3, 4)), []
        (root / "train.txt").write_text("000003\n000001\n000002\n")
        (root / "val.txt").write_text("000001\n000004\n")
        (root / "images" / "000002.jpg").write_bytes(b"broken")
        (root / "masks" / "000009.png").write_bytes(b"broken, but in no list, so left out")
        found = doctor.examine_folder(root, progress=lambda *now: told.append(now))
        assert [each.names for each in found if each.kind == "file"] == [("000002",)]
        assert [each.names for each in found if each.kind == "leak"] == [("000001", "000001")]
        # The five of the lists; the six pairs that no list names are left out, and the reading says so.
        assert told[-1] == (5, 5) and len(told) == 5
        assert "6 pairs: no list names them" in map(str, doctor.folders.open_folder(root).left_out)

    def test_a_class_of_few_pixels_is_seen(self, tmp_path):
        """It would be lost at the low resolution at which edges are compared."""
        root = write_pairs(tmp_path, 4, (360, 480), cells=(3, 4))
        for path in (root / "masks").iterdir():
            mask = np.zeros((360, 480), np.uint8)
            mask[1, 1:5] = (1, 2, 3, 4)
            Image.fromarray(mask).save(path)
        assert not [each for each in doctor.examine_folder(root) if each.kind == "absent"]
