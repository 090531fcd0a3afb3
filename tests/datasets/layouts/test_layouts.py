"""Every layout is recognised, counted and decoded; what fits none or two is refused with what to do."""

from __future__ import annotations

import json

import numpy as np
import pytest

from segnet_nb import datasets
from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.cli import main
from segnet_nb.datasets import folder, layouts
from segnet_nb.datasets.layouts import dataset_file
from segnet_nb.datasets.mask_encoding import FolderError
from tests.datasets.layouts import writers
from tests.datasets.layouts.writers import WRITERS, image_of, save, save_image, truth_of, write_text


def check(reading, expected):
    """Layout, splits, classes and the labels of every pair."""
    assert reading.layout == expected.layout
    assert {split: len(own) for split, own in reading.splits.items()} == expected.splits
    encoding = reading.mask_encoding()
    assert encoding.classes.names == expected.names
    assert {pair.name for pair in reading.pairs} <= set(expected.numbers)
    for pair in reading.pairs:
        image, labels = folder.read_pair(pair, encoding)
        number = expected.numbers[pair.name]
        assert image.shape == (writers.HEIGHT, writers.WIDTH, 3) and labels.dtype == np.uint8
        np.testing.assert_array_equal(labels, np.array(expected.ids)[truth_of(number)], pair.name)
        if pair.image.suffix == ".png":
            np.testing.assert_array_equal(image, image_of(number))


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__)
class TestEveryLayout:
    def test_is_recognised_and_decoded(self, write, tmp_path):
        expected = write(tmp_path)
        check(layouts.open_reading(tmp_path), expected)

    def test_is_inspected(self, write, tmp_path, capsys):
        expected = write(tmp_path)
        assert main(["data", "inspect", str(tmp_path)]) == 0
        text = capsys.readouterr().out
        assert text.startswith(f"layout     {expected.layout} (")
        counts = [f"{split} {count}" for split, count in expected.splits.items() if split != "all"]
        assert ", ".join(counts) in text and f"{len(expected.names)}, from " in text

    def test_is_pinned_and_read_again(self, write, tmp_path):
        expected = write(tmp_path)
        found = layouts.inspect(tmp_path)
        path = dataset_file.write_dataset_file(found.reading, found.declared, tmp_path / "dataset.json")
        again = layouts.open_reading(tmp_path)
        assert again.notes[-1] == "pinned by dataset.json" and path.is_file()
        check(again, expected)


def test_every_layout_is_written_here(tmp_path):
    written = {write(tmp_path / write.__name__).layout for write in WRITERS}
    assert written == {layout.name for layout in layouts.LAYOUTS}


class TestWhatFitsNoneOrTwo:
    def test_nothing(self, tmp_path):
        save_image(tmp_path / "a.png", 0)
        with pytest.raises(
            MissingFileError, match=r"nearest layout is images-masks.*has images, but no folder"
        ):
            layouts.open_reading(tmp_path)

    @pytest.mark.parametrize(
        ("paths", "message"),
        [
            (["images/a.png"], r"images-masks.*has images in images/, but no masks/ beside it"),
            (["images/a.png", "masks/a.txt"], r"only 1 \.txt file\. .*YOLO.* export masks as PNG"),
            (["images/a.png", "gt/a.npy", "gt/b.npy", "gt/a.md"], r"only 2 \.npy files\. Save the arrays as"),
            (["images/a.png", "masks/a"], r"only 1 other file\. Masks must be images"),
            (["images/a.png", "masks/deeper/a.xml"], r"masks, only 1 \.xml file"),
            (["masks/a.png"], r"has masks in masks/, but no images/ beside it"),
            (
                ["SegmentationClass/a.png"],
                r"voc, JPEGImages/ .*no images in JPEGImages/ \(in CVAT, export with",
            ),
            (["JPEGImages/a.jpg"], r"has no masks in SegmentationClass/|no masks/ beside it"),
            (["leftImg8bit/train/ulm/a_leftImg8bit.png"], r"cityscapes, .*has leftImg8bit/, but no gtFine/"),
            (["train/a.jpg", "train/_classes.csv"], r"roboflow, .*but no masks that end in _mask"),
        ],
    )
    def test_the_nearest_layout_is_named(self, paths, message, tmp_path):
        for name in paths:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(("png", "jpg")):
                save_image(tmp_path / name, 0)
            else:
                (tmp_path / name).write_text("")
        with pytest.raises(FileNotFoundError, match=message):
            layouts.open_reading(tmp_path)

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("data.zip", r"data\.zip is an archive\. Unpack it, and pass the folder"),
            ("data.tar.gz", "is an archive"),
            ("a.png", r"a\.png is a file\. Pass its folder, or a dataset\.json"),
        ],
    )
    def test_a_file(self, name, message, tmp_path, capsys):
        (tmp_path / name).write_bytes(b"PK")
        with pytest.raises(FolderError, match=message):
            layouts.open_reading(tmp_path / name)
        assert main(["data", "inspect", str(tmp_path / name)]) == 2
        assert name in capsys.readouterr().err

    def test_two_layouts(self, tmp_path, capsys):
        writers.images_masks(tmp_path)
        for path in (tmp_path / "images").iterdir():
            content = {"imagePath": path.name, "imageHeight": 12, "imageWidth": 16}
            shape = {"label": "disc", "points": [[1, 1], [5, 1], [5, 5]]}
            write_text(path.with_suffix(".json"), json.dumps({**content, "shapes": [shape]}))
        with pytest.raises(FolderError, match=r"fits two layouts: images-masks .* and labelme .*--layout"):
            datasets.load(str(tmp_path))
        assert main(["data", "inspect", str(tmp_path), "--layout", "labelme", "--write"]) == 0
        assert capsys.readouterr().out.startswith("layout     labelme")
        assert datasets.load(str(tmp_path)).classes.names == ("background", "disc")

    def test_two_folders_of_masks(self, tmp_path):
        writers.images_masks(tmp_path)
        for number in range(6):
            save(tmp_path / f"labels/scene{number}.png", truth_of(number) // 2)
        with pytest.raises(
            FolderError, match=r"two folders could hold the masks of images/: labels and masks"
        ):
            layouts.open_reading(tmp_path)
        reading = layouts.open_reading(tmp_path, masks="labels")
        assert reading.mask_encoding().classes.num_classes == 2
        assert all(pair.mask.parent.name == "labels" for pair in reading.pairs)

    def test_an_unknown_layout(self, tmp_path):
        with pytest.raises(UserError, match=r"unknown layout 'yolo'. Choose from: images-masks, "):
            layouts.open_reading(tmp_path, layout="yolo")

    def test_a_folder_that_does_not_exist_is_named_with_its_place(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(MissingFileError, match=f"no folder gone, looked for at {tmp_path}"):
            layouts.open_reading("gone")


class TestSplits:
    def test_without_a_validation_split_a_fifth_of_train_is_held_out(self, tmp_path):
        for number in range(10):
            save_image(tmp_path / f"train/images/{number}.png", number)
            save(tmp_path / f"train/masks/{number}.png", truth_of(number))
        parts = [set(datasets.load(str(tmp_path), split).names) for split in ("train", "val")]
        assert [len(part) for part in parts] == [8, 2] and not parts[0] & parts[1]
        with pytest.raises(FolderError, match=r"has no test\.txt and no folder of a test split"):
            datasets.load(str(tmp_path), "test")

    def test_images_that_no_mask_belongs_to_are_said(self, tmp_path):
        expected = writers.unlabelled_test(tmp_path)
        reading = layouts.open_reading(tmp_path)
        assert expected.splits == {split: len(own) for split, own in reading.splits.items()}
        assert "1 image in test/images/: no masks belong to them" in map(str, reading.left_out)

    def test_lists_may_leave_out_images_without_masks(self, tmp_path):
        writers.images_masks(tmp_path)
        (tmp_path / "masks/scene5.png").unlink()
        with pytest.raises(FolderError, match=r"1 of 6 images have no mask.*or list the names to use"):
            layouts.open_reading(tmp_path)
        write_text(tmp_path / "train.txt", "scene0\nscene1")
        write_text(tmp_path / "val.txt", "scene2")
        reading = layouts.open_reading(tmp_path)
        # Of the five pairs the lists name three.
        assert [str(left) for left in reading.left_out] == [
            "1 image: no masks belong to them",
            "2 pairs: no list names them",
        ]

    def test_an_image_in_two_splits_is_pointed_out(self, tmp_path):
        writers.images_masks(tmp_path)
        write_text(tmp_path / "train.txt", "scene0\nscene1")
        write_text(tmp_path / "val.txt", "scene1\nscene2")
        assert "1 images are in both train and val" in str(layouts.inspect(tmp_path))


class TestDatasetFile:
    def test_it_can_be_edited(self, tmp_path):
        writers.images_masks(tmp_path)
        assert main(["data", "inspect", str(tmp_path), "--write"]) == 0
        path = tmp_path / "dataset.json"
        content = json.loads(path.read_text())
        content["classes"] = {"ground": 0, "thing": [1, 2]}
        content["colors"] = {"thing": [1, 2, 3]}
        pairs = content["splits"].pop("all")
        content["splits"] = {"train": pairs[1:4], "val": pairs[:1]}
        path.write_text(json.dumps(content))
        train, val = (datasets.load(str(tmp_path), split) for split in ("train", "val"))
        assert train.names == ("scene1", "scene2", "scene3") and val.names == ("scene0",)
        assert train.classes.names == ("ground", "thing") and train.classes.colors[1] == (1, 2, 3)
        np.testing.assert_array_equal(val.labels[0], truth_of(0) > 0)

    def test_it_is_never_overwritten(self, tmp_path):
        writers.images_masks(tmp_path)
        (tmp_path / "dataset.json").write_text('{"name": "of another program"}')
        found = layouts.inspect(tmp_path)
        with pytest.raises(UserError, match=r"dataset\.json exists, and may have been edited"):
            dataset_file.write_dataset_file(found.reading, found.declared)
        assert found.reading.layout == "images-masks"

    def test_it_may_be_elsewhere(self, tmp_path, capsys):
        writers.split_first(tmp_path / "data")
        output = tmp_path / "pins" / "mine.json"
        assert main(["data", "inspect", str(tmp_path / "data"), "--output", str(output)]) == 0
        assert capsys.readouterr().out.strip().endswith(str(output))
        assert len(datasets.load(str(output), "val")) == 2

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda c: c.pop("splits"), "is not a valid dataset.json"),
            (lambda c: c["splits"].update(extra=c["splits"]["all"]), "has the split 'extra'"),
            (lambda c: c["splits"]["all"][0].update(image="gone.png"), r"names .*gone\.png, which does not"),
            (lambda c: c.update(classes={"a": 0}), "defines 1 classes"),
        ],
    )
    def test_mistakes(self, change, message, tmp_path):
        writers.images_masks(tmp_path)
        found = layouts.inspect(tmp_path)
        path = dataset_file.write_dataset_file(found.reading, found.declared)
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
        with pytest.raises(FolderError, match=message):
            layouts.open_reading(tmp_path)


class TestFindings:
    def test_near_duplicates_across_splits(self, tmp_path):
        from scipy import ndimage

        rng = np.random.default_rng(0)
        smooth = [ndimage.zoom(rng.integers(0, 256, (6, 8)), 8, order=1).astype(np.uint8) for _ in range(6)]
        for number, grey in enumerate(smooth):
            split = "train" if number < 4 else "val"
            save(tmp_path / split / "images" / f"{'abcdef'[number]}.png", np.stack([grey] * 3, -1))
            save(tmp_path / split / "masks" / f"{'abcdef'[number]}.png", (grey > 128).astype(np.uint8))
        assert not layouts.inspect(tmp_path).shared
        save(tmp_path / "val/images/z.jpg", np.stack([smooth[1]] * 3, -1), quality=60)
        save(tmp_path / "val/masks/z.png", (smooth[1] > 128).astype(np.uint8))
        (shared,) = layouts.inspect(tmp_path).shared
        assert (shared.kind, shared.count, shared.example) == ("near-duplicates", 1, ("b", "z"))
        assert not layouts.inspect(tmp_path, similar=False).shared

    def test_frames_of_one_film(self, tmp_path):
        from scipy import ndimage

        rng = np.random.default_rng(1)
        for film in range(3):
            wide = ndimage.gaussian_filter(rng.normal(0, 1, (64, 200)), 6)
            wide = np.interp(wide, (wide.min(), wide.max()), (0, 255)).astype(np.uint8)
            for frame in range(12):
                grey = wide[:, 4 * frame : 4 * frame + 96]
                split, name = ("val" if frame % 4 == 3 else "train"), f"film{film}_{1000 + 30 * frame:06}"
                save(tmp_path / split / "images" / f"{name}.png", np.stack([grey] * 3, -1))
                save(tmp_path / split / "masks" / f"{name}.png", (grey > 128).astype(np.uint8))
        (shared,) = [each for each in layouts.inspect(tmp_path).shared if each.kind == "film"]
        assert shared.splits == ("train", "val") and set(shared.films) == {"film0", "film1", "film2"}

    def test_a_broken_image_and_another_size(self, tmp_path, capsys):
        writers.images_masks(tmp_path)
        (tmp_path / "images/scene1.png").write_bytes(b"nothing")
        save(tmp_path / "masks/scene2.png", np.zeros((4, 4), np.uint8))
        assert main(["data", "inspect", str(tmp_path)]) == 1
        text = capsys.readouterr().out
        assert "scene1.png cannot be read as an image" in text
        assert "scene2.png is 4 x 4 pixels, but the image is 12 x 16" in text.replace("the mask of ", "")
