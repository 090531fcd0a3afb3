"""Folders of images and masks: every kind of mask is read correctly, every error says how to fix it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image

from segnet_nb import datasets
from segnet_nb.datasets import folder
from segnet_nb.datasets.folder import read_image
from segnet_nb.datasets.layouts.undeclared import infer_encoding
from segnet_nb.datasets.mask_encoding import FolderError
from segnet_nb.training.config import TrainConfig

RNG = np.random.default_rng(0)


def save(path, pixels, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.asarray(pixels))
    (picture.convert(mode) if mode else picture).save(path, **options)


def random_image(height=6, width=8):
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def root(tmp_path):
    """Ten images with masks of ids 0, 1, 2 and void."""
    for number in range(10):
        ids = RNG.choice(np.array([0, 1, 2, 255], np.uint8), (6, 8))
        ids[0, :4] = (0, 1, 2, 255)
        save(tmp_path / "images" / f"p{number}.png", random_image())
        save(tmp_path / "masks" / f"p{number}.png", ids)
    return tmp_path


def write_classes(root, **content):
    (root / "classes.json").write_text(json.dumps(content))


def test_ids(root):
    data = datasets.load(str(root), "train")
    assert len(data) == 8 and data.classes.names == ("class 0", "class 1", "class 2")
    assert data.labels[0, 0, :4].tolist() == [0, 1, 2, 3]
    stored = np.asarray(Image.open(root / "images" / f"{data.names[0]}.png"))
    np.testing.assert_array_equal(data.images[0], stored)
    held = datasets.load(str(root), "val")
    assert sorted(data.names + held.names) == [f"p{number}" for number in range(10)]
    assert datasets.load(str(root), "val").names == held.names
    assert datasets.load(str(root), "val", seed=1).names != held.names


def test_zero_and_255_are_background_and_object(root):
    for path in (root / "masks").iterdir():
        save(path, np.where(np.asarray(Image.open(path)) == 1, 255, 0).astype(np.uint8))
    data = folder.load(root)
    assert data.classes.names == ("background", "object") and set(np.unique(data.labels)) == {0, 1}


def test_black_and_white(root):
    for path in (root / "masks").iterdir():
        save(path, np.asarray(Image.open(path)) == 1)
    data = folder.load(root)
    assert data.classes.num_classes == 2 and set(np.unique(data.labels)) == {0, 1}


def test_palette_masks_define_the_class_colors(root):
    palette = [10, 20, 30, 200, 0, 0, 0, 200, 0] + [0] * 759
    for path in (root / "masks").iterdir():
        picture = Image.fromarray(np.asarray(Image.open(path)) % 3, mode="P")
        picture.putpalette(palette)
        picture.save(path)
    data = folder.load(root)
    assert data.classes.colors[:3] == ((10, 20, 30), (200, 0, 0), (0, 200, 0))
    assert set(np.unique(data.labels)) == {0, 1, 2}


def test_undefined_colors_raise_with_a_file_to_start_from(root):
    colors = np.zeros((256, 3), np.uint8)
    colors[[0, 1, 2]] = (0, 0, 0), (255, 0, 0), (0, 0, 255)
    colors[255] = (9, 9, 9)
    colors[100] = (2, 0, 0)  # almost black, as lossy compression leaves it
    for path in (root / "masks").iterdir():
        ids = np.asarray(Image.open(path)).copy()
        ids[-1, -1] = 100
        save(path, colors[ids])
    with pytest.raises(
        FolderError, match=r"their classes are not defined, and .* are almost equal"
    ) as caught:
        folder.load(root)
    start = json.loads(str(caught.value).split("start from ")[1])
    assert {tuple(color) for color in start["classes"].values()} == set(
        map(tuple, colors[[0, 1, 2, 100, 255]].tolist())
    )
    for path in (root / "masks").iterdir():
        save(
            path,
            np.where(np.asarray(Image.open(path)) == (2, 0, 0), 0, np.asarray(Image.open(path))).astype(
                np.uint8
            ),
        )
    write_classes(
        root, classes={"ground": [0, 0, 0], "red": [255, 0, 0], "blue": [0, 0, 255]}, void=[9, 9, 9]
    )
    data = folder.load(root)
    assert data.labels[0, 0, :4].tolist() == [0, 1, 2, 3]
    assert data.classes.colors[1] == (255, 0, 0) and data.classes.names == ("ground", "red", "blue")
    write_classes(root, classes={"ground": [0, 0, 0], "red": [255, 0, 0]}, void=[9, 9, 9])
    with pytest.raises(
        FolderError, match=r"the colour \(0, 0, 255\) at row 0, column 2, but classes.json defines only"
    ):
        folder.load(root)


@given(st.dictionaries(st.integers(0, 255), st.integers(0, 11), min_size=2, max_size=12), st.integers(0, 99))
def test_ids_by_a_loop(meaning, seed):
    from segnet_nb.datasets import ClassList
    from segnet_nb.datasets.mask_encoding import MaskEncoding

    classes = ClassList(tuple("abcdefghijkl"), tuple((i, i, i) for i in range(13)))
    mask = np.random.default_rng(seed).choice(np.array(list(meaning), np.uint8), (5, 7))
    found = MaskEncoding(classes, meaning, "here").to_ids(mask, "mask")
    assert found.tolist() == [[meaning[int(value)] for value in row] for row in mask]


def test_an_unknown_value_is_found(root):
    save(root / "masks" / "p3.png", np.full((6, 8), 200, np.uint8))
    write_classes(root, classes={"a": 0, "b": 1, "c": 2}, void=255)
    with pytest.raises(FolderError, match=r"p3\.png contains the value 200 at row 0, column 0.*48 pixels"):
        [folder.load(root, split) for split in ("train", "val")]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: (r / "masks" / "p1.png").unlink(), r"1 of 10 images have no mask, the first is .*p1\.png"),
        (
            lambda r: (r / "images" / "p1.png").unlink(),
            r"1 of 10 masks have no image, the first is .*p1\.png",
        ),
        (
            lambda r: save(r / "masks" / "p1.png", np.zeros((6, 9), np.uint8)),
            "6 pixels high and 9 wide, but its",
        ),
        (
            lambda r: save(r / "masks" / "p1.png", np.full((6, 8), 300, np.uint16)),
            r"p1\.png contains the value 300 at row 0, column 0",
        ),
        (
            lambda r: save(r / "masks" / "p1.tif", random_image(), "CMYK") or (r / "masks/p1.png").unlink(),
            r"p1\.tif is CMYK, but masks must be ids, palette or RGB images",
        ),
        (
            lambda r: save(r / "masks" / "p1.png", random_image()),
            "is an RGB image, but classes.json defines one",
        ),
        (
            lambda r: (r / "images" / "p1.png").write_bytes(b"no picture"),
            r"p1\.png cannot be read as an image",
        ),
        (
            lambda r: save(r / "images" / "p1.jpg", random_image()),
            r"p1\.jpg and p1\.png in .*images have the same name",
        ),
        (lambda r: (r / "train.txt").write_text("p1\np77\n"), r"train\.txt contains 'p77', which is not in"),
    ],
)
def test_invalid_files(root, spoil, message):
    write_classes(root, classes={"a": 0, "b": 1, "c": 2}, void=255)
    spoil(root)
    with pytest.raises(FolderError, match=message):
        [folder.load(root, split) for split in ("train", "val")]


@pytest.mark.parametrize(
    ("pixels", "mode", "message"),
    [
        (random_image()[..., 0], None, r"p1\.png is greyscale, but must be 8-bit RGB"),
        (random_image(), "RGBA", r"is transparent \(it has an alpha"),
        (np.ones((6, 8), np.uint16), None, "is 16-bit greyscale"),
    ],
)
def test_other_images_are_converted_or_refused(root, pixels, mode, message):
    save(root / "images" / "p1.png", pixels, mode)
    parts = [folder.load(root, split) for split in ("train", "val")]
    assert sum(len(part) for part in parts) == 10
    with pytest.raises(FolderError, match=message):
        [folder.load(root, split, strict=True) for split in ("train", "val")]


def test_a_corrupt_image_is_found(root):
    path = root / "images" / "p2.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(FolderError, match=r"p2\.png cannot be read as an image"):
        [folder.load(root, split) for split in ("train", "val")]


def test_lossy_and_transparent_masks(root):
    (root / "masks" / "p1.png").unlink()
    save(root / "masks" / "p1.jpg", np.zeros((6, 8), np.uint8))
    with pytest.raises(FolderError, match=r"p1\.jpg has lossy compression"):
        folder.load(root)
    (root / "masks" / "p1.jpg").unlink()
    clear = np.dstack([random_image(), np.full((6, 8), 128, np.uint8)])
    save(root / "masks" / "p1.png", clear)
    with pytest.raises(FolderError, match="partly transparent, but a class is not"):
        folder.load(root)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is invalid. It must look like"),
        ('{"classes": [1, 2]}', "is invalid"),
        ('{"classes": {"a": 0, "b": 65536}}', "is invalid"),
        ('{"classes": {"a": 0, "b": true}}', "is invalid"),
        ('{"classes": {"a": 0, "b": 1}, "colours": {}}', "is invalid"),
        ('{"classes": {"a": 0}}', "defines 1 classes; at least two"),
        ('{"classes": {"a": 0, "b": [1, 2, 3]}}', "mixes numbers and colours"),
        ('{"classes": {"a": 0, "b": 1}, "void": 1}', "the same value to two classes"),
        ('{"classes": {"a": 0, "b": 1}, "colors": {"c": [1, 2, 3]}}', "defines a colour for 'c'"),
    ],
)
def test_an_invalid_classes_file(root, content, message):
    (root / "classes.json").write_text(content)
    with pytest.raises(FolderError, match=message):
        folder.load(root)


def test_values_that_do_not_look_like_ids():
    with pytest.raises(FolderError, match="contain 0, 37, 90, 255, which do not look like class ids"):
        infer_encoding([255, 90, 37, 0], None)
    with pytest.raises(FolderError, match="contain only 0, which is one class"):
        infer_encoding([0], None)
    with pytest.raises(FolderError, match="contain 255, which do not look like"):
        infer_encoding([255], None)


def test_lists_define_the_splits(root):
    (root / "train.txt").write_text("p1\np2.png\n\n")
    (root / "test.txt").write_text("p7")
    assert folder.load(root, "train").names == ("p1", "p2")
    assert folder.load(root, "test").names == ("p7",)
    with pytest.raises(FolderError, match=r"has no val\.txt"):
        folder.load(root, "val")
    (root / "val.txt").write_text("\n")
    with pytest.raises(FolderError, match=r"val\.txt is empty"):
        folder.load(root, "val")


def test_invalid_requests(root):
    with pytest.raises(FolderError, match=r"has no test\.txt"):
        folder.load(root, "test")
    with pytest.raises(ValueError, match="unknown split 'all'"):
        folder.load(root, "all")
    with pytest.raises(ValueError, match="count must be at most 8, the size of the train split, but got 9"):
        folder.load(root, count=9)
    with pytest.raises(ValueError, match="count must be at least 1"):
        folder.load(root, count=0)
    with pytest.raises(ValueError, match="val_share must be between 0 and 1"):
        folder.load(root, val_share=1.0)
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*images"):
        datasets.load(str(root / "masks"))
    with pytest.raises(ValueError, match=r"unknown dataset 'cityscapes'.*path of a folder"):
        datasets.load("cityscapes")


def test_sizes_may_differ_if_a_size_is_requested(root):
    save(root / "images" / "p1.png", random_image(12, 16))
    save(root / "masks" / "p1.png", np.zeros((12, 16), np.uint8))
    with pytest.raises(FolderError, match=r"12 x 16 pixels, but .* is 6 x 8|6 x 8 pixels, but .* is 12 x 16"):
        [folder.load(root, split) for split in ("train", "val")]
    assert folder.load(root, image_size=(4, 4)).images.shape == (8, 4, 4, 3)


def test_other_image_kinds_can_be_converted(tmp_path):
    # 16 bits: the largest, 1000, becomes 255; 500 becomes 127.5, which rounds to the even 128.
    save(tmp_path / "deep.png", np.array([[0, 500, 1000]], np.uint16))
    assert read_image(tmp_path / "deep.png", convert=True)[0, :, 0].tolist() == [0, 128, 255]
    save(tmp_path / "grey.png", np.array([[7, 9]], np.uint8))
    assert read_image(tmp_path / "grey.png", convert=True).tolist() == [[[7, 7, 7], [9, 9, 9]]]
    save(tmp_path / "alpha.png", np.array([[[1, 2, 3, 0]]], np.uint8))
    assert read_image(tmp_path / "alpha.png", convert=True).tolist() == [[[1, 2, 3]]]


def test_the_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    save(tmp_path / "phone.png", random_image(6, 8), exif=exif)
    assert read_image(tmp_path / "phone.png").shape == (8, 6, 3)


def test_a_folder_can_be_trained_on(root, tmp_path_factory, monkeypatch):
    from segnet_nb import model, training
    from tests.training_helpers import tiny_network

    monkeypatch.setattr(model, "build_network", tiny_network)
    options = {"epochs": 1, "image_size": (16, 24), "batch_size": 2, "network": "small"}
    config = TrainConfig(dataset=str(root), **options)
    run = training.train(config, directory=tmp_path_factory.mktemp("run"), progress=False)
    assert run.model.output_shape[-1] == 3 and run.status == "finished"
