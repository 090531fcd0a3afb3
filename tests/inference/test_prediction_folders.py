"""Folders of images: broken files, files of others, resuming, kills, sizes; the right value of each case."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.large_image import photograph
from segnet_nb import cli
from segnet_nb.datasets.classes import CAMVID, ClassList
from segnet_nb.inference import prediction_images, prediction_record, prediction_work
from segnet_nb.inference.prediction_files import predict_files
from segnet_nb.inference.pretrained import load_pretrained
from segnet_nb.networks.model import segnet_basic

THREE = ClassList(("a", "b", "c"), ((1, 2, 3), (40, 50, 60), (250, 0, 9), (0, 0, 0)))


@pytest.fixture(scope="module")
def network():
    return segnet_basic((None, None, 3), 3, filters=4, kernel_size=3)


def picture(path, seed=0, size=(20, 28)):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def photos(tmp_path):
    for number, name in enumerate(("a.png", "trip/a.png", "trip/b.jpg")):
        picture(tmp_path / "photos" / name, number)
    return tmp_path / "photos"


def state(folder):
    """Every file and its content."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_subfolders_are_mirrored(network, photos, tmp_path):
    found = predict_files(network, [photos], tmp_path / "out", THREE)
    expected = [f"{stem}-{what}.png" for stem in ("a", "trip/a", "trip/b") for what in ("mask", "overlay")]
    assert sorted(state(tmp_path / "out")) == [*sorted([*expected, "predictions.json"])]
    assert [entry["mask"] for entry in found["images"]] == [
        "a-mask.png",
        "trip/a-mask.png",
        "trip/b-mask.png",
    ]


class TestBrokenFiles:
    @pytest.fixture
    def some_broken(self, photos):
        """One cut off, one empty, one that is no picture, one broken link."""
        whole = (photos / "trip" / "b.jpg").read_bytes()
        (photos / "cut.jpg").write_bytes(whole[: len(whole) // 2])
        (photos / "empty.jpg").touch()
        (photos / "text.png").write_text("no picture")
        return photos

    def test_others_are_done_and_each_is_listed(self, network, some_broken, tmp_path):
        found = predict_files(network, [some_broken], tmp_path / "out", THREE)
        assert len(found["images"]) == 3
        assert [Path(each["image"]).name for each in found["failed"]] == ["cut.jpg", "empty.jpg", "text.png"]
        for each in found["failed"]:
            assert each["image"] in each["error"] and each["error"].endswith(".")
        assert not [name for name in state(tmp_path / "out") if name.startswith(("cut", "empty", "text"))]

    def test_the_command_says_each_and_exits_with_1(self, some_broken, tmp_path, capsys):
        out = tmp_path / "out"
        line = ["predict", str(some_broken), "--weights", "small-synthetic", "--output-dir", str(out)]
        assert cli.main(line) == 1
        said = capsys.readouterr()
        errors = said.err.splitlines()
        assert [text.split(": ")[0] for text in errors] == ["failed"] * 3 + ["error"]
        assert errors[-1] == f"error: 3 of 6 images failed; {out / 'predictions.json'} lists them."
        assert len(json.loads((out / "predictions.json").read_text())["failed"]) == 3
        assert "a-mask.png: " in said.out

    def test_one_that_was_repaired_is_done_at_the_next_call(self, network, some_broken, tmp_path):
        predict_files(network, [some_broken], tmp_path / "out", THREE)
        picture(some_broken / "cut.jpg")
        found = predict_files(network, [some_broken], tmp_path / "out", THREE)
        assert (len(found["images"]), len(found["failed"]), found["skipped"]) == (4, 2, 3)

    def test_the_only_image_is_an_error_and_nothing_is_written(self, network, tmp_path):
        (tmp_path / "a.png").write_text("no picture")
        with pytest.raises(ValueError, match=r"a\.png cannot be read as an image"):
            predict_files(network, [tmp_path / "a.png"], tmp_path / "out", THREE)
        assert state(tmp_path / "out") == {}

    def test_too_little_memory_is_a_sentence_with_tile(self, network, photos, tmp_path, monkeypatch):
        original = prediction_work.predict_labels

        def full(model, image, **options):
            if image.shape[0] > 50:
                raise MemoryError
            return original(model, image, **options)

        monkeypatch.setattr(prediction_work, "predict_labels", full)
        picture(photos / "large.png", size=(60, 70))
        found = predict_files(network, [photos], tmp_path / "out", THREE)
        assert len(found["images"]) == 3
        expected = "large.png of 60 x 70 pixels. Pass smaller tiles, such as --tile 256"
        assert expected in found["failed"][0]["error"]


class TestFilesOfOthers:
    def test_a_result_never_replaces_an_image(self, network, tmp_path):
        street = picture(tmp_path / "street.png")
        mask = picture(tmp_path / "street-mask.png", 1)
        before = state(tmp_path)
        with pytest.raises(ValueError, match=r"street-mask\.png exists, and predict has not written it"):
            predict_files(network, [street, mask], tmp_path, THREE)
        assert state(tmp_path) == before

    @pytest.mark.parametrize("name", ["a-mask.png", "a-overlay.png", "predictions.json", "predictions.jsonl"])
    @pytest.mark.parametrize("content", [b" ", b"mine", b'{"images": []}', b'{"a": 1}\n'])
    def test_any_file_of_the_user_stays(self, network, photos, tmp_path, name, content):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / name).write_bytes(content)
        with pytest.raises(ValueError, match=r"exists, and|exists and is not a file of predict"):
            predict_files(network, [photos], tmp_path / "out", THREE)
        assert state(tmp_path / "out") == {name: content}

    @pytest.mark.parametrize(
        ("polygons", "name"), [("coco", "predictions-coco.json"), ("labelme", "trip/b.json")]
    )
    def test_nor_do_polygons_replace_one(self, network, photos, tmp_path, polygons, name):
        (tmp_path / "out" / "trip").mkdir(parents=True)
        (tmp_path / "out" / name).write_text("{}")
        with pytest.raises(ValueError, match=f"{Path(name).name} exists"):
            predict_files(network, [photos], tmp_path / "out", THREE, polygons=polygons)
        assert state(tmp_path / "out") == {name: b"{}"}

    def test_a_mask_that_was_edited_stays(self, network, photos, tmp_path):
        predict_files(network, [photos], tmp_path / "out", THREE)
        picture(tmp_path / "out" / "a-mask.png", 9)
        before = state(tmp_path / "out")
        for options in ({}, {"flip": True}, {"redo": True}):
            with pytest.raises(ValueError, match=r"a-mask\.png exists, .* or it was edited since"):
                predict_files(network, [photos], tmp_path / "out", THREE, **options)
        assert state(tmp_path / "out") == before

    def test_a_file_that_appears_meanwhile_stays(self, network, photos, tmp_path, monkeypatch):
        original = prediction_work.predict_labels

        def slow(*arguments, **options):
            (tmp_path / "out" / "trip").mkdir(exist_ok=True)
            (tmp_path / "out" / "trip" / "b-overlay.png").write_bytes(b"mine")
            return original(*arguments, **options)

        monkeypatch.setattr(prediction_work, "predict_labels", slow)
        found = predict_files(network, [photos], tmp_path / "out", THREE)
        assert (tmp_path / "out" / "trip" / "b-overlay.png").read_bytes() == b"mine"
        assert not (tmp_path / "out" / "trip" / "b-mask.png").exists()
        assert "b-overlay.png exists" in found["failed"][0]["error"] and len(found["images"]) == 2

    def test_results_of_two_images_never_share_a_name(self, network, tmp_path):
        for name in ("predictions.png", "b.png"):
            picture(tmp_path / "in" / name)
        with pytest.raises(
            ValueError, match=r"predictions\.json would be written twice, for .*predictions\.png"
        ):
            predict_files(network, [tmp_path / "in"], tmp_path / "out", THREE, polygons="labelme")
        assert not (tmp_path / "out").exists()


class TestOwnResults:
    def test_they_are_not_read_again(self, network, photos):
        """The output folder is the folder of the images itself."""
        first = predict_files(network, [photos], photos, THREE, polygons="labelme")
        before = state(photos)
        again = predict_files(network, [photos], photos, THREE, polygons="labelme")
        assert [entry["image"] for entry in again["images"]] == [entry["image"] for entry in first["images"]]
        assert again["left_out"].endswith("6 results of an earlier prediction")
        after = state(photos)
        assert {**after, "predictions.json": b""} == {**before, "predictions.json": b""}

    def test_nor_from_another_output_folder_or_by_name(self, network, photos, tmp_path):
        predict_files(network, [photos], photos / "predictions", THREE)
        found = predict_files(network, [photos], tmp_path / "other", THREE)
        assert len(found["images"]) == 3
        named = sorted(path for path in photos.rglob("*.png"))
        assert len(named) == 2 + 6
        assert len(predict_files(network, named, tmp_path / "third", THREE)["images"]) == 2


class TestResuming:
    @pytest.fixture
    def calls(self, monkeypatch):
        """The images that are segmented, not skipped."""
        seen, original = [], prediction_images.read

        def read(path, *rest, **options):
            seen.append(path.name)
            return original(path, *rest, **options)

        monkeypatch.setattr(prediction_images, "read", read)
        return seen

    def test_what_is_done_is_skipped(self, network, photos, tmp_path, calls):
        first = predict_files(network, [photos], tmp_path / "out", THREE)
        assert (len(calls), first["skipped"]) == (3, 0)
        again = predict_files(network, [photos], tmp_path / "out", THREE)
        assert (len(calls), again["skipped"]) == (3, 3)
        assert again["images"] == first["images"]

    @pytest.mark.parametrize(
        "change",
        [
            {"flip": True},
            {"image_size": (32, 32)},
            {"scales": (1.0, 0.5)},
            {"tile": 64},
            {"polygons": "labelme"},
            {"redo": True},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_other_options_do_it_again(self, network, photos, tmp_path, calls, change):
        predict_files(network, [photos], tmp_path / "out", THREE)
        found = predict_files(network, [photos], tmp_path / "out", THREE, **change)
        assert (len(calls), found["skipped"]) == (6, 0)

    def test_other_weights_do_it_again(self, network, photos, tmp_path, calls):
        predict_files(network, [photos], tmp_path / "out", THREE)
        other = segnet_basic((None, None, 3), 3, filters=4, kernel_size=3)
        other.set_weights([weight * 0.5 for weight in network.get_weights()])
        found = predict_files(other, [photos], tmp_path / "out", THREE)
        assert (len(calls), found["skipped"]) == (6, 0)

    def test_an_image_or_a_result_that_changed_is_done_again(self, network, photos, tmp_path, calls):
        predict_files(network, [photos], tmp_path / "out", THREE)
        picture(photos / "a.png", 7)
        os.utime(photos / "a.png", (1, 1))
        (tmp_path / "out" / "trip" / "b-mask.png").unlink()
        found = predict_files(network, [photos], tmp_path / "out", THREE)
        assert calls[3:] == ["a.png", "b.jpg"] and found["skipped"] == 1

    def test_an_image_that_is_new_is_added(self, network, photos, tmp_path, calls):
        predict_files(network, [photos], tmp_path / "out", THREE)
        picture(photos / "new.png")
        found = predict_files(network, [photos], tmp_path / "out", THREE)
        assert calls[3:] == ["new.png"] and len(found["images"]) == 4

    def test_results_of_other_images_stay_known(self, network, photos, tmp_path, calls):
        picture(tmp_path / "b" / "other.png")
        predict_files(network, [photos], tmp_path / "out", THREE)
        found = predict_files(network, [tmp_path / "b"], tmp_path / "out", THREE)
        assert [entry["stem"] for entry in found["images"]] == ["other"]
        assert [entry["stem"] for entry in found["other_images"]] == ["a", "trip/a", "trip/b"]
        assert predict_files(network, [photos], tmp_path / "out", THREE)["skipped"] == 3
        assert len(calls) == 4

    def test_ctrl_c_keeps_what_is_done(self, network, photos, tmp_path, monkeypatch):
        original, seen = prediction_images.read, []

        def read(path, *rest, **options):
            seen.append(path.name)
            if len(seen) == 3:
                raise KeyboardInterrupt
            return original(path, *rest, **options)

        with monkeypatch.context() as patch:
            patch.setattr(prediction_images, "read", read)
            with pytest.raises(KeyboardInterrupt):
                predict_files(network, [photos], tmp_path / "out", THREE)
        assert (tmp_path / "out" / "predictions.jsonl").exists()
        found = predict_files(network, [photos], tmp_path / "out", THREE)
        assert (len(found["images"]), found["skipped"]) == (3, 2)
        assert not (tmp_path / "out" / "predictions.jsonl").exists()

    @pytest.mark.parametrize("moment", range(1, 7))
    def test_killed_at_any_write(self, network, photos, tmp_path, monkeypatch, moment):
        """Dead amid a file, in the folder of the images: nothing is lost, no half of a file is an image."""

        class Killed(BaseException):
            pass

        writes = []

        def dying(path, content):
            writes.append(path)
            part = path.with_name("part-" + path.name)
            part.write_bytes(content[:50])
            if len(writes) == moment:
                raise Killed
            part.write_bytes(content)
            part.replace(path)

        with monkeypatch.context() as patch:
            patch.setattr(prediction_record, "write_whole", dying)
            patch.setattr(prediction_record.PredictionRecord, "abandon", lambda _: None)
            with contextlib.suppress(Killed):
                predict_files(network, [photos], photos, THREE)
        assert len(writes) == moment
        found = predict_files(network, [photos], photos, THREE)
        assert [entry["stem"] for entry in found["images"]] == ["a", "trip/a", "trip/b"]
        assert found["skipped"] == (moment - 1) // 2 and found["failed"] == []
        names = sorted(state(photos))
        assert not [name for name in names if "part-" in name or "jsonl" in name]
        assert len(names) == 3 + 6 + 1

    def test_a_journal_that_is_cut_off_amid_a_line(self, network, photos, tmp_path):
        record = prediction_record.PredictionRecord(tmp_path)
        record.write("a", {"a-mask.png": b"x"}, {"mask": "a-mask.png", "settings": "s", "source": {}})
        journal = tmp_path / "predictions.jsonl"
        journal.write_bytes(journal.read_bytes() + b'{"entry": {"stem": "half')
        again = prediction_record.PredictionRecord(tmp_path)
        assert again.is_done("a", "s", {}) and not again.is_done("a", "t", {})
        again.write("b", {"b-mask.png": b"y"}, {"mask": "b-mask.png", "settings": "s", "source": {}})
        assert prediction_record.PredictionRecord(tmp_path).is_done("b", "s", {})
        assert again.entries["b"]["files"] == {"b-mask.png": hashlib.sha256(b"y").hexdigest()}


ENDLESS = """
import sys
from pathlib import Path
from segnet_nb.inference.prediction_files import predict_files
from segnet_nb.inference.pretrained import load_pretrained
from segnet_nb.networks.model import segnet_basic
from segnet_nb.datasets.classes import numbered_classes
import keras
model = keras.models.load_model(sys.argv[1])
print("ready", flush=True)
predict_files(model, [sys.argv[2]], sys.argv[3], numbered_classes(3))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_kill_9_then_again(network, tmp_path):
    """A process is killed; what it had done is complete and is not done again."""
    network.save(tmp_path / "network.keras")
    for number in range(400):
        picture(tmp_path / "in" / f"{number:03}.png", number)
    out = tmp_path / "out"
    command = [sys.executable, "-c", ENDLESS, *map(str, (tmp_path / "network.keras", tmp_path / "in", out))]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and len(list(out.glob("*-overlay.png"))) < 5:
            time.sleep(0.01)
        process.kill()
    masks = list(out.glob("[0-9]*-mask.png"))
    assert 5 <= len(masks) < 400 and not (out / "predictions.json").exists()
    for path in masks:
        with Image.open(path) as mask:
            assert mask.size == (28, 20) and np.asarray(mask).max() < 3
    from segnet_nb.datasets.classes import numbered_classes

    few = sorted((tmp_path / "in").iterdir())[: len(masks) + 1]
    found = predict_files(network, few, out, numbered_classes(3))
    assert found["skipped"] >= len(masks) - 1 and len(found["images"]) == len(few)


class TestSizes:
    def test_pillows_limit_is_said_with_the_way_around(self, network, tmp_path, monkeypatch):
        monkeypatch.setattr(prediction_images, "_PILLOW_LIMIT", 300)  # Pillow refuses twice as many
        path = picture(tmp_path / "a.png", size=(20, 31))  # 620 pixels
        with pytest.raises(
            ValueError, match=r"a\.png has 20 x 31 pixels, above the limit of .*--max-megapixels 1 "
        ):
            predict_files(network, [path], tmp_path / "out", THREE)
        found = predict_files(network, [path], tmp_path / "out", THREE, max_megapixels=1)
        assert found["images"][0]["size"] == [20, 31]

    def test_pillow_neither_warns_nor_refuses(self, network, tmp_path, monkeypatch, recwarn):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 300)
        path = picture(tmp_path / "a.png", size=(20, 40))
        assert predict_files(network, [path], tmp_path / "out", THREE)["images"]
        assert not [each for each in recwarn if "Decompression" in each.category.__name__]
        assert Image.MAX_IMAGE_PIXELS == 300

    @pytest.mark.parametrize("size", [(1, 1), (1, 40), (17, 3), (5, 7)])
    def test_tiny_images(self, network, tmp_path, size):
        found = predict_files(network, [picture(tmp_path / "a.png", size=size)], tmp_path / "out", THREE)
        assert found["images"][0]["size"] == list(size)

    def test_a_network_of_one_size(self, tmp_path):
        fixed = segnet_basic((32, 48, 3), 3, filters=4, kernel_size=3)
        path = picture(tmp_path / "a.png")
        with pytest.raises(
            ValueError, match=r"accepts images of 32 x 48 pixels only\. Pass --image-size 32x48"
        ):
            predict_files(fixed, [path], tmp_path / "out", THREE)
        assert predict_files(fixed, [path], tmp_path / "out", THREE, image_size=(32, 48))["images"]

    def test_tiles_write_the_mask_of_the_whole(self, tmp_path):
        # Trained weights: where two values of a window tie, rounding chooses the index, and it depends on the
        # size of the tile. In a network of random weights one such index can change a large patch.
        model, path = load_pretrained("small-synthetic"), tmp_path / "a.png"
        Image.fromarray(photograph(470, 500, enlarged=2)).save(path)
        predict_files(model, [path], tmp_path / "whole", CAMVID, tile=0)
        predict_files(model, [path], tmp_path / "tiles", CAMVID, tile=64)
        whole, tiled = (np.asarray(Image.open(tmp_path / each / "a-mask.png")) for each in ("whole", "tiles"))
        assert len(np.unique(whole)) > 3
        assert (whole == tiled).mean() >= 0.995


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tile": 7}, "tile must be at least 64"),
        ({"polygons": "voc"}, "polygons must be one of"),
        ({"max_megapixels": 0}, "max_megapixels must be above 0"),
        ({"scales": (9,)}, "scales must be"),
    ],
)
def test_options_that_cannot_be(network, photos, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        predict_files(network, [photos], tmp_path / "out", THREE, **options)
    assert not (tmp_path / "out").exists()


def test_polygons_beside_masks(network, photos, tmp_path):
    """Both formats name every image, with the size and the classes of its mask."""
    predict_files(network, [photos], tmp_path / "out", THREE, polygons="coco")
    found = json.loads((tmp_path / "out" / "predictions-coco.json").read_text())
    assert [each["file_name"] for each in found["images"]] == ["a.png", "trip/a.png", "trip/b.jpg"]
    assert {each["image_id"] for each in found["annotations"]} == {1, 2, 3}
    predict_files(network, [photos], tmp_path / "out", THREE, polygons="labelme")
    for stem in ("a", "trip/a", "trip/b"):
        path = tmp_path / "out" / f"{stem}.json"
        found = json.loads(path.read_text())
        mask = np.asarray(Image.open(tmp_path / "out" / f"{stem}-mask.png"))
        assert {shape["label"] for shape in found["shapes"]} == {THREE.names[i] for i in np.unique(mask)}
        image = photos / (f"{stem}.jpg" if stem == "trip/b" else f"{stem}.png")
        assert (path.parent / found["imagePath"]).samefile(image)
