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
from segnet_nb.datasets.doctor import examine_folder
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
        from segnet_nb.datasets.layouts.undeclared import infer_encoding

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

    @pytest.mark.parametrize("values", [(0, 127, 255), (0, 64, 191, 255)])
    def test_soft_edges_get_a_file_that_keeps_their_shades(self, values, tmp_path, capsys):
        """Between black and white the shades are columns of one pixel, as smooth resizing leaves them."""

        def soft(ids, number):
            mask = np.zeros(ids.shape, np.uint8)
            mask[:, 8:] = 255
            mask[:, 8 - len(values[1:-1]) : 8] = values[1:-1]
            return mask

        write(tmp_path, soft)
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


def soft_edges(ids, number):
    """A colour mask at twice the size, resized smoothly, in the middle of which the mixtures are."""
    picture = Image.fromarray(COLORS[ids])
    return picture.resize((2 * ids.shape[1], 2 * ids.shape[0]), Image.Resampling.BILINEAR).crop(
        (8, 6, 8 + ids.shape[1], 6 + ids.shape[0])
    )


class TestNothingDeclared:
    """Masks without a file of classes: each colour, or each shade of grey, is a class."""

    def test_colours_are_classes_in_an_order_of_their_own(self, tmp_path, capsys):
        write(tmp_path, lambda ids, number: COLORS[ids])
        labels, classes = load_all(tmp_path)
        assert classes.names == ("color #000000", "color #00c800", "color #c80000")
        assert classes.colors[:3] == ((0, 0, 0), (0, 200, 0), (200, 0, 0))
        for name, ids in labels.items():
            np.testing.assert_array_equal(np.array([0, 2, 1])[ids], truth_of(int(name)))
        assert main(["data", "inspect", str(tmp_path)]) == 0
        said = capsys.readouterr().out
        assert "no file names the classes: they are named by their colours" in said
        assert f"data inspect {tmp_path} --write" in said and "black is a class like the others" in said
        assert not [each for each in examine_folder(tmp_path) if each.kind in ("classes", "file")]

    def test_they_are_named_in_a_file(self, tmp_path, capsys):
        write(tmp_path, lambda ids, number: COLORS[ids])
        assert main(["data", "inspect", str(tmp_path), "--write"]) == 0
        path = tmp_path / "dataset.json"
        content = json.loads(path.read_text())
        colors = content.pop("classes")
        kept = {"lawn": colors["color #00c800"], "roof": colors["color #c80000"]}
        path.write_text(
            json.dumps({**content, "classes": kept, "void": colors["color #000000"], "colors": {}})
        )
        labels, classes = load_all(tmp_path)
        assert classes.names == ("lawn", "roof")
        np.testing.assert_array_equal(labels["1"], np.array([2, 1, 0])[truth_of(1)])
        assert main(["data", "inspect", str(tmp_path)]) == 0
        assert "no file names the classes" not in capsys.readouterr().out.split("dataset.json")[-1]

    @pytest.mark.parametrize(
        ("images", "masks"),
        [("images/{}", "masks/{}"), ("{}/images", "{}/masks"), ("{}", "{}annot"), ("{}", "{}_masks")],
    )
    def test_every_split_has_the_same_classes(self, images, masks, tmp_path):
        """A colour of the validation masks alone does not shift the others."""
        for split, numbers in (("train", range(4)), ("val", range(4, 6))):
            for number in numbers:
                save_image(tmp_path / images.format(split) / f"{number}.png", number)
                ids = np.where((truth_of(number) == 2) & (split == "train"), 1, truth_of(number))
                save(tmp_path / masks.format(split) / f"{number}.png", COLORS[ids])
        train, val = (datasets.load(str(tmp_path), split) for split in ("train", "val"))
        assert train.classes == val.classes and train.classes.num_classes == 3
        assert set(np.unique(train.labels)) == {0, 2} and set(np.unique(val.labels)) == {0, 1, 2}

    def test_the_order_does_not_depend_on_how_frequent_a_colour_is(self, tmp_path):
        rare = write(tmp_path / "a", lambda ids, number: COLORS[ids])
        common = write(tmp_path / "b", lambda ids, number: COLORS[(ids + 1) % 3])
        assert load_all(rare)[1] == load_all(common)[1]

    def test_void_of_voc_is_void(self, tmp_path):
        colors = np.array([(0, 0, 0), (128, 0, 0), (224, 224, 192)], np.uint8)
        write(tmp_path, lambda ids, number: colors[ids])
        labels, classes = load_all(tmp_path)
        assert classes.names == ("color #000000", "color #800000")
        np.testing.assert_array_equal(labels["1"] == classes.void_id, truth_of(1) == 2)

    def test_masks_of_black_alone_belong_to_them(self, tmp_path):
        write(tmp_path, lambda ids, number: COLORS[ids * (number > 1)])
        labels, classes = load_all(tmp_path)
        assert classes.num_classes == 3 and not labels["0"].any()

    @pytest.mark.parametrize("mode", ["RGBA", "P"])
    def test_in_files_of_other_kinds(self, mode, tmp_path):
        """Transparent masks, and palette images among RGB ones, have the same colours."""

        def draw(ids, number):
            if mode == "P" and number % 2:
                return palette_image(ids, COLORS)
            return Image.fromarray(COLORS[ids]).convert("RGB" if mode == "P" else mode)

        write(tmp_path, draw)
        labels, classes = load_all(tmp_path)
        assert classes.names == ("color #000000", "color #00c800", "color #c80000")
        for name, ids in labels.items():
            np.testing.assert_array_equal(np.array([0, 2, 1])[ids], truth_of(int(name)))

    @pytest.mark.parametrize(
        ("values", "mode"),
        [((0, 128, 255), None), ((0, 100, 255), None), ((0, 128, 255), "RGB"), ((0, 128, 255), "LA")],
    )
    def test_shades_of_grey_are_classes(self, values, mode, tmp_path, capsys):
        write(tmp_path, lambda ids, number: np.array(values, np.uint8)[ids], mode=mode)
        labels, classes = load_all(tmp_path)
        assert classes.names == tuple(f"class {value}" for value in values)
        for name, ids in labels.items():
            np.testing.assert_array_equal(ids, truth_of(int(name)))
        assert main(["data", "inspect", str(tmp_path)]) == 0
        assert "255 is a class, not void" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("draw", "why"),
        [
            (soft_edges, r"occurs only along edges, and could be a mixture of"),
            (lambda ids, number: COLORS[ids] + np.uint8(number == 3), r"are almost equal"),
        ],
        ids=["soft edges", "almost equal"],
    )
    def test_what_could_be_no_class_is_refused_with_a_file(self, draw, why, tmp_path, capsys):
        write(tmp_path, draw)
        with pytest.raises(
            FolderError, match=f"classes are not defined, and .*{why}.*classes.json"
        ) as caught:
            load_all(tmp_path)
        assert json.loads(str(caught.value).split("start from ")[1])["classes"]
        assert main(["data", "doctor", str(tmp_path)]) == 1
        assert "classes: the masks are RGB with" in capsys.readouterr().out
        assert main(["data", "inspect", str(tmp_path)]) == 1

    def test_a_thin_class_is_a_class(self, tmp_path):
        """A line of one pixel whose colour is between no two others."""

        def draw(ids, number):
            mask = COLORS[ids]
            mask[:, 8] = (90, 90, 250)
            return mask

        write(tmp_path, draw)
        assert load_all(tmp_path)[1].num_classes == 4


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
