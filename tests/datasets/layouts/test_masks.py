"""Masks by meaning: palettes by colour, gaps, several values, void, lossy compression, any format."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

from segnet_nb import datasets, metrics
from segnet_nb.cli import main
from segnet_nb.datasets import layouts
from segnet_nb.datasets.classes import numbered_classes
from segnet_nb.datasets.image_files import read_mask
from segnet_nb.datasets.mask_encoding import FolderError, MaskEncoding, RawMask
from tests.datasets.layouts.writers import image_of, palette_image, save, save_image, truth_of

COLORS = np.array([(0, 0, 0), (200, 0, 0), (0, 200, 0)], np.uint8)


def write(root, draw, *, count=6, mask="{}.png", **options):
    """Images and masks; ``draw`` makes a mask from the ids 0, 1 and 2 and the number of the scene."""
    for number in range(count):
        save_image(root / "images" / f"{number}.png", number)
        save(root / "masks" / mask.format(number), draw(truth_of(number), number), **options)
    return root


def load_all(root, **options):
    """All pairs of a folder, by name."""
    parts = [datasets.load(str(root), split, **options) for split in ("train", "val")]
    labels = {name: ids for part in parts for name, ids in zip(part.names, part.labels, strict=True)}
    return labels, parts[0].classes


def write_classes(root, **content):
    (root / "classes.json").write_text(json.dumps(content))


class TestPalettes:
    def test_that_differ_between_files_are_read_by_colour(self, tmp_path):
        def reordered(ids, number):
            order = np.random.default_rng(number).permutation(3)
            # Value order[i] is shown in colour i, so every file shows the same picture.
            palette = np.empty_like(COLORS)
            palette[order] = COLORS
            return palette_image(order.astype(np.uint8)[ids], palette)

        write(tmp_path, reordered)
        labels, classes = load_all(tmp_path)
        for name, ids in labels.items():
            shown = np.array(classes.colors[:3])[ids]
            np.testing.assert_array_equal(shown, COLORS[truth_of(int(name))])
        text = str(layouts.inspect(tmp_path))
        assert "their palettes differ, so they are read by colour" in text
        assert "color #c80000" in text

    def test_with_declared_colours(self, tmp_path):
        write(tmp_path, lambda ids, number: palette_image(ids[::1], COLORS))
        write_classes(tmp_path, classes={"square": [0, 200, 0], "bg": [0, 0, 0], "disc": [200, 0, 0]})
        labels, classes = load_all(tmp_path)
        assert classes.names == ("square", "bg", "disc")
        for name, ids in labels.items():
            np.testing.assert_array_equal(ids, np.array([1, 2, 0])[truth_of(int(name))])

    def test_a_colour_that_is_not_declared(self, tmp_path):
        write(tmp_path, lambda ids, number: palette_image(ids, COLORS))
        write_classes(tmp_path, classes={"bg": [0, 0, 0], "disc": [200, 0, 0]})
        with pytest.raises(
            FolderError, match=r"the colour \(0, 200, 0\) at row \d+, column \d+, but classes"
        ):
            load_all(tmp_path)

    def test_declared_numbers_need_palettes_that_agree(self, tmp_path):
        write(tmp_path, lambda ids, number: palette_image(ids, COLORS if number != 4 else COLORS[[0, 2, 1]]))
        write_classes(tmp_path, classes={"bg": 0, "disc": 1, "square": 2})
        with pytest.raises(FolderError, match=r"4\.png shows the value 1 in the colour .*palettes differ"):
            load_all(tmp_path)
        assert main(["data", "inspect", str(tmp_path)]) == 1

    def test_an_unused_entry_may_differ(self, tmp_path):
        def longer(ids, number):
            return palette_image(ids, np.vstack([COLORS, np.full((number, 3), 9, np.uint8)]))

        write(tmp_path, longer)
        labels, classes = load_all(tmp_path)
        assert classes.names == ("class 0", "class 1", "class 2") and classes.colors[1] == (200, 0, 0)
        np.testing.assert_array_equal(labels["3"], truth_of(3))

    def test_black_and_white_gifs(self, tmp_path):
        black_and_white = np.array([(0, 0, 0), (255, 255, 255)], np.uint8)
        write(
            tmp_path, lambda ids, n: palette_image((ids > 0).astype(np.uint8), black_and_white), mask="{}.gif"
        )
        labels, classes = load_all(tmp_path)
        assert classes.names == ("background", "object")
        np.testing.assert_array_equal(labels["0"], truth_of(0) > 0)


class TestIds:
    @pytest.mark.parametrize(
        "values", [(1, 2, 3), (0, 7, 15), (0, 38, 39), (7, 11, 26), (0, 100, 200), (5, 6, 63)]
    )
    def test_with_gaps(self, values, tmp_path):
        write(tmp_path, lambda ids, number: np.array(values, np.uint8)[ids])
        labels, classes = load_all(tmp_path)
        assert classes.names == tuple(f"class {value}" for value in values)
        for name, ids in labels.items():
            np.testing.assert_array_equal(ids, truth_of(int(name)))
        # A perfect prediction is perfect: no class that does not occur is in the mean.
        truth = np.stack(list(labels.values()))
        found = metrics.scores(metrics.confusion_matrix(truth, truth, classes.num_classes, classes.void_id))
        assert found.mean_iou == found.class_average == 1

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.integers(0, 63), min_size=2, max_size=12, unique=True))
    def test_only_what_occurs_is_a_class(self, values):
        from segnet_nb.datasets.layouts.meaning import infer_encoding

        encoding = infer_encoding([*values, 255], None)
        assert encoding.classes.names == tuple(f"class {value}" for value in sorted(values))
        assert encoding.ids[255] == encoding.classes.void_id == len(values)

    def test_255_is_void_by_default_and_it_is_said(self, tmp_path):
        write(tmp_path, lambda ids, number: np.array([0, 1, 255], np.uint8)[ids])
        labels, classes = load_all(tmp_path)
        assert classes.num_classes == 2
        np.testing.assert_array_equal(labels["1"] == classes.void_id, truth_of(1) == 2)
        assert "void: value 255, by default" in str(layouts.inspect(tmp_path))
        write_classes(tmp_path, classes={"bg": 0, "disc": 1})
        assert load_all(tmp_path)[1].names == ("bg", "disc")

    @pytest.mark.parametrize("values", [(0, 128, 255), (0, 64, 192, 255)])
    def test_shades_of_grey_get_a_file_that_keeps_them(self, values, tmp_path, capsys):
        write(
            tmp_path, lambda ids, n: np.array(values, np.uint8)[np.minimum(ids + (n == 5), len(values) - 1)]
        )
        with pytest.raises(FolderError, match="do not look like class ids") as caught:
            load_all(tmp_path)
        start = str(caught.value).split("for example ")[1].rstrip(".")
        assert set(json.loads(start)["classes"].values()) == set(values)
        assert main(["data", "inspect", str(tmp_path)]) == 1
        assert "to do" in capsys.readouterr().out
        (tmp_path / "classes.json").write_text(start)
        assert load_all(tmp_path)[1].num_classes == len(values)

    def test_three_equal_channels_are_ids(self, tmp_path):
        write(tmp_path, lambda ids, number: np.stack([ids] * 3, -1))
        labels, classes = load_all(tmp_path)
        assert classes.names == ("class 0", "class 1", "class 2")
        np.testing.assert_array_equal(labels["2"], truth_of(2))
        write_classes(tmp_path, classes={"bg": 0, "disc": 1, "square": 2})
        np.testing.assert_array_equal(load_all(tmp_path)[0]["2"], truth_of(2))

    @pytest.mark.parametrize("declared", [True, False])
    def test_of_16_bits(self, declared, tmp_path):
        write(tmp_path, lambda ids, number: np.array([1, 300, 1000], np.uint16)[ids])
        if declared:
            write_classes(tmp_path, classes={"a": 1, "b": 300, "c": 1000})
        labels, classes = load_all(tmp_path)
        assert classes.names == (("a", "b", "c") if declared else ("class 1", "class 300", "class 1000"))
        np.testing.assert_array_equal(labels["2"], truth_of(2))

    @pytest.mark.parametrize(
        ("end", "mode", "options"),
        [
            (".bmp", None, {}),
            (".tif", None, {"compression": "tiff_lzw"}),
            (".tiff", "F", {}),
            (".tif", "I", {}),
            (".webp", "RGB", {"lossless": True}),
            (".gif", None, {}),
            (".PNG", "LA", {}),
            (".png", "RGBA", {}),
            (".pgm", None, {}),
            (".tga", None, {}),
        ],
    )
    def test_in_any_lossless_format(self, end, mode, options, tmp_path):
        write(tmp_path, lambda ids, number: ids, mask="{}" + end, mode=mode, **options)
        labels, classes = load_all(tmp_path)
        assert classes.num_classes == 3
        np.testing.assert_array_equal(labels["2"], truth_of(2))

    def test_one_bit(self, tmp_path):
        write(tmp_path, lambda ids, number: ids > 0)
        for content in ({"bg": 0, "cell": 255}, {"bg": 0, "cell": 1}, {"bg": [0, 0, 0], "cell": [255] * 3}):
            write_classes(tmp_path, classes=content)
            labels, _ = load_all(tmp_path)
            np.testing.assert_array_equal(labels["2"], truth_of(2) > 0)
            assert layouts.inspect(tmp_path).ok


class TestDeclared:
    def test_several_values_per_class_and_for_void(self, tmp_path):
        write(tmp_path, lambda ids, number: (np.array([4, 9, 23], np.uint8) + number % 2)[ids])
        write_classes(tmp_path, classes={"ground": [4, 5], "disc": [9, 10]}, void=[23, 24, 200, 255])
        labels, classes = load_all(tmp_path)
        assert classes.names == ("ground", "disc")
        for name, ids in labels.items():
            np.testing.assert_array_equal(ids, truth_of(int(name)))  # void is 2

    def test_three_ids_of_one_class(self, tmp_path):
        write(tmp_path, lambda ids, number: ids)
        write_classes(tmp_path, kind="ids", classes={"all": [0, 1, 7], "square": 2})
        labels, _ = load_all(tmp_path)
        np.testing.assert_array_equal(labels["1"], truth_of(1) == 2)
        write_classes(tmp_path, classes={"all": [0, 1, 7], "square": 2})
        with pytest.raises(FolderError, match=r'mixes numbers and colours.*"kind": "ids"'):
            load_all(tmp_path)

    def test_several_colours_per_class(self, tmp_path):
        write(tmp_path, lambda ids, number: COLORS[ids])
        write_classes(tmp_path, classes={"bg": [0, 0, 0], "thing": [[200, 0, 0], [0, 200, 0]]})
        labels, classes = load_all(tmp_path)
        assert classes.num_classes == 2
        np.testing.assert_array_equal(labels["1"], truth_of(1) > 0)

    def test_colours_need_declaring_but_can_be_looked_at(self, tmp_path, capsys):
        write(tmp_path, lambda ids, number: COLORS[ids])
        with pytest.raises(FolderError, match="RGB with 3 colours, but their classes are not defined"):
            load_all(tmp_path)
        assert main(["data", "doctor", str(tmp_path)]) == 1
        assert "classes: the masks are RGB with 3 colours" in capsys.readouterr().out
        assert main(["data", "inspect", str(tmp_path), "--write"]) == 0
        labels, classes = load_all(tmp_path)
        shown = np.array(classes.colors[:3])[labels["1"]]
        np.testing.assert_array_equal(shown, COLORS[truth_of(1)])

    def test_grey_masks_of_declared_black_and_white(self, tmp_path):
        write(tmp_path, lambda ids, number: (ids > 0).astype(np.uint8) * 255)
        write_classes(tmp_path, classes={"bg": [0, 0, 0], "cell": [255, 255, 255]})
        np.testing.assert_array_equal(load_all(tmp_path)[0]["1"], truth_of(1) > 0)

    @settings(max_examples=40, deadline=None)
    @given(
        st.dictionaries(st.tuples(*[st.integers(0, 255)] * 3), st.integers(0, 5), min_size=1, max_size=9),
        st.integers(0, 99),
    )
    def test_colours_by_a_loop(self, meaning, seed):
        places = np.random.default_rng(seed).integers(0, len(meaning), (5, 7))
        mask = np.array(list(meaning), np.uint8)[places]
        found = MaskEncoding(numbered_classes(6), meaning, "here").decode(RawMask(mask), "mask")
        assert found.tolist() == [[meaning[tuple(p)] for p in row] for row in mask.tolist()]


class TestLossyCompression:
    def test_a_jpeg_named_png_is_refused_by_its_content(self, tmp_path):
        write(tmp_path, lambda ids, number: (ids * 100).astype(np.uint8))
        save(tmp_path / "x.jpg", (truth_of(2) * 100).astype(np.uint8))
        (tmp_path / "x.jpg").replace(tmp_path / "masks/2.png")
        with pytest.raises(FolderError, match=r"2\.png has lossy compression \(its content is JPEG\)"):
            load_all(tmp_path)
        found = layouts.inspect(tmp_path)
        assert found.fault_count == 1 and not found.ok

    def test_a_png_named_jpg_is_taken(self, tmp_path):
        write(tmp_path, lambda ids, number: ids)
        (tmp_path / "masks/2.png").replace(tmp_path / "masks/2.jpg")
        np.testing.assert_array_equal(load_all(tmp_path)[0]["2"], truth_of(2))

    @pytest.mark.parametrize(
        ("name", "options", "lossy"),
        [
            ("a.jpg", {}, True),
            ("a.webp", {"lossless": True}, False),
            ("a.webp", {"quality": 90}, True),
            ("a.tif", {"compression": "jpeg"}, True),
            ("a.tif", {"compression": "tiff_deflate"}, False),
            ("a.png", {}, False),
        ],
    )
    def test_which_files_are_lossy(self, name, options, lossy, tmp_path):
        path = save(tmp_path / name, np.stack([truth_of(0) * 100] * 3, -1).astype(np.uint8), **options)
        if lossy:
            with pytest.raises(FolderError, match="has lossy compression"):
                read_mask(path)
            assert read_mask(path, lossy=True).lossy
        else:
            np.testing.assert_array_equal(read_mask(path).values[..., 0], truth_of(0) * 100)

    @pytest.mark.parametrize("declared", [True, False])
    def test_the_nearest_class_and_how_many_pixels_are_uncertain(self, declared, tmp_path, capsys):
        def big(ids, number):
            return np.kron((ids > 0).astype(np.uint8) * 255, np.ones((8, 8), np.uint8))

        for number in range(4):
            save(tmp_path / f"images/{number}.png", np.kron(image_of(number), np.ones((8, 8, 1), np.uint8)))
            save(tmp_path / f"masks/{number}.jpg", big(truth_of(number), number), quality=40)
        if declared:
            write_classes(tmp_path, classes={"background": 0, "object": 255})
        with pytest.raises(FolderError, match="--lossy-masks nearest"):
            load_all(tmp_path)
        labels, classes = load_all(tmp_path, lossy_masks="nearest")
        assert classes.names == ("background", "object")
        for name, ids in labels.items():
            truth = big(truth_of(int(name)), 0) == 255
            assert (ids != truth).mean() < 0.02
        assert main(["data", "inspect", str(tmp_path), "--lossy-masks", "nearest"]) == 0
        text = capsys.readouterr().out
        assert "4 have lossy compression: the nearest class is taken; " in text
        uncertain = layouts.inspect(tmp_path, lossy_masks="nearest").uncertain
        # By hand: a value is uncertain if it is more than a quarter of the way from either class.
        stored = np.stack([np.asarray(Image.open(path)) for path in sorted((tmp_path / "masks").iterdir())])
        assert uncertain == int(((stored > 63.75) & (stored < 191.25)).sum())

    def test_ids_that_are_too_close(self, tmp_path):
        write(tmp_path, lambda ids, number: ids, mask="{}.jpg")
        with pytest.raises(FolderError, match="too close to be told apart"):
            load_all(tmp_path, lossy_masks="nearest")

    def test_an_unknown_choice(self, tmp_path):
        write(tmp_path, lambda ids, number: ids)
        with pytest.raises(ValueError, match="lossy_masks must be 'refuse' or 'nearest', but got 'guess'"):
            load_all(tmp_path, lossy_masks="guess")


def test_absent_classes_can_be_left_out_of_the_means():
    matrix = np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    zero, ignored = (metrics.scores(matrix, absent=how) for how in ("zero", "ignore"))
    # IoU 3/4 and 4/5; the third class does not occur.
    assert zero.mean_iou == pytest.approx((0.75 + 0.8) / 3)
    assert ignored.mean_iou == pytest.approx((0.75 + 0.8) / 2)
    assert "without a pixel in the ground truth, 0 in the means: c" in zero.table("abc")
    assert "without a pixel in the ground truth, left out of the means: c" in ignored.table("abc")


def test_the_command_leaves_absent_classes_out(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    line = "evaluate --weights small-synthetic --dataset synthetic --count 1 --image-size 16x16 --no-boundary"
    assert main([*line.split(), "--absent", "ignore"]) == 0
    assert "left out of the means" in capsys.readouterr().out
