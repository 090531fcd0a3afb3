"""Files that name the classes, lists of names, and text in any of the usual encodings."""

from __future__ import annotations

import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given, strategies as st

from segnet_nb import datasets
from segnet_nb.datasets import layouts
from segnet_nb.datasets.layouts.class_files import read_class_file
from segnet_nb.datasets.layouts.text_files import decode_text
from segnet_nb.datasets.mask_encoding import FolderError
from tests.datasets.layouts.writers import image_of, save, save_image, truth_of, write_text


def read(tmp_path, name, text, encoding="utf-8"):
    write_text(tmp_path / name, text, encoding)
    declared = read_class_file(tmp_path / name)
    return {entry.name: entry.values for entry in declared.entries}, declared.void


@pytest.mark.parametrize(
    ("name", "text", "classes", "void"),
    [
        ("class_dict.csv", "name,r,g,b\nSky,128,128,128\nCar,64,0,128\n",
         {"Sky": ((128, 128, 128), 0), "Car": ((64, 0, 128), 1)}, ()),
        ("class_dict.csv", "name;r;g;b\r\nSky;1;2;3\r\nCar;4;5;6\r\nVoid;0;0;0\r\n",
         {"Sky": ((1, 2, 3), 0), "Car": ((4, 5, 6), 1)}, ((0, 0, 0), 2)),
        ("labels.csv", "id,label\n3,Sky\n9,Car\n", {"Sky": (3,), "Car": (9,)}, ()),
        ("classes.csv", "class,hex\nSky,#010203\nCar,#040506\n",
         {"Sky": ((1, 2, 3), 0), "Car": ((4, 5, 6), 1)}, ()),
        ("classes.csv", "class,color\nSky,\"(1, 2, 3)\"\nCar,\"(4, 5, 6)\"\n",
         {"Sky": ((1, 2, 3), 0), "Car": ((4, 5, 6), 1)}, ()),
        ("_classes.csv", "Pixel Value, Class\n0, background\n1, Car\n",
         {"background": (0,), "Car": (1,)}, ()),
        ("codes.txt", "Sky\nRoad side\nCar\n", {"Sky": (0,), "Road side": (1,), "Car": (2,)}, ()),
        ("codes.txt", "Sky\nCar\nVoid", {"Sky": (0,), "Car": (1,)}, (2,)),
        ("classes.txt", "0 Sky\n7: Car\n", {"Sky": (0,), "Car": (7,)}, ()),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncar:128,0,0:wheel:drive\n",
         {"background": ((0, 0, 0), 0), "car": ((128, 0, 0), 1)}, ()),
        ("label_colors.txt", "64 128 64\t\tAnimal\n192 0 128\tArch way\n",
         {"Animal": ((64, 128, 64), 0), "Arch way": ((192, 0, 128), 1)}, ()),
        ("class_names.txt", "__ignore__\n_background_\ncar\n", {"_background_": (0,), "car": (1,)}, ()),
        ("class_dict.csv", "name,r,g,b\nSky,1,1,1\nCar,2,2,2\nCar,3,3,3\n",
         {"Sky": ((1, 1, 1), 0), "Car": ((2, 2, 2), 1, (3, 3, 3), 2)}, ()),
        ("id2label.json", '{"0": "Sky", "4": "Car", "5": "unlabeled"}', {"Sky": (0,), "Car": (4,)}, (5,)),
        ("codes.txt", "Void\nCar", {"Void": (0,), "Car": (1,)}, ()),
    ],
)  # fmt: skip
def test_files_that_name_classes(name, text, classes, void, tmp_path):
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert read(tmp_path, name, text, encoding) == (classes, void)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("class_dict.csv", "name,r,g,b\nSky,1,1,1\nCar,1,1,1\n", r"gives \(1, 1, 1\) to two classes"),
        (
            "class_dict.csv",
            "name,r,g,b\nSky,1,1,1\nCar,1,1,300\n",
            "no colour of three numbers 0..255 for 'Car'",
        ),
        ("class_dict.csv", "", "is empty"),
        ("codes.txt", "Sky\n", "defines 1 classes"),
        ("id2label.json", "[]", "must map numbers to names"),
    ],
)
def test_files_that_cannot_be_understood(name, text, message, tmp_path):
    with pytest.raises(FolderError, match=message):
        read(tmp_path, name, text)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), st.booleans())
def test_text_in_any_encoding(text, little):
    text = "a" + text  # UTF-16 without a mark is told from zero bytes, which Western text has
    assert decode_text(text.encode("utf-8-sig")) == decode_text(text.encode()) == text
    assert decode_text(text.encode("utf-16")) == text
    assert decode_text(text.encode("utf-16-le" if little else "utf-16-be")) == text


def test_windows_1252_is_the_last_resort():
    assert decode_text("Möwe".encode("cp1252")) == "Möwe"


@pytest.fixture
def root(tmp_path):
    """Pairs with names as people have them."""
    for number, name in enumerate(("p1", "p1.v2", "my photo", "Straße", "café", "IMG_7")):
        save(tmp_path / f"images/{name}.{'JPG' if number == 5 else 'png'}", image_of(number))
        save(tmp_path / f"masks/{name}.png", truth_of(number))
    return tmp_path


class TestLists:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_names_with_dots_and_spaces_in_any_encoding(self, root, encoding, end):
        write_text(
            root / "train.txt",
            end.join(["p1.v2", "my photo", "Straße.png", "img_7.JPG", ""])[:-1].replace("img_7", "IMG_7"),
            encoding,
        )
        write_text(root / "val.txt", "p1", encoding)
        assert datasets.load(str(root), "train").names == ("p1.v2", "my photo", "Straße", "IMG_7")
        assert datasets.load(str(root), "val").names == ("p1",)

    def test_a_name_is_never_cut_at_a_dot(self, root):
        (root / "images/p1.v2.png").unlink()
        (root / "masks/p1.v2.png").unlink()
        write_text(root / "train.txt", "p1.v2\n")
        with pytest.raises(FolderError, match=r"contains 'p1\.v2', which is not in images/"):
            datasets.load(str(root))

    @pytest.mark.parametrize("form", ["NFC", "NFD"])
    @pytest.mark.parametrize("listed", ["NFC", "NFD"])
    def test_either_normal_form(self, form, listed, tmp_path):
        for number, name in enumerate(("café", "über")):
            save_image(tmp_path / "images" / unicodedata.normalize(form, f"{name}.png"), number)
            save(tmp_path / "masks" / unicodedata.normalize("NFC", f"{name}_mask.png"), truth_of(number))
        write_text(tmp_path / "train.txt", unicodedata.normalize(listed, "café"))
        write_text(tmp_path / "val.txt", unicodedata.normalize(listed, "über.png"))
        data = datasets.load(str(tmp_path))
        assert data.names == ("café",)
        np.testing.assert_array_equal(data.labels[0], truth_of(0))

    @pytest.mark.parametrize(
        "line",
        [
            "images/p1.png",
            "./images/p1.png masks/p1.png",
            "images\\p1.png,masks\\p1.png",
            "/data/images/p1.png\t/data/masks/p1.png",
            '"p1"',
            "p1 1",
        ],
    )
    def test_paths_and_columns(self, root, line):
        write_text(root / "train.txt", line)
        write_text(root / "val.txt", "IMG_7")
        assert datasets.load(str(root)).names == ("p1",)

    def test_paths_tell_equal_names_apart(self, tmp_path):
        for number, city in enumerate(("bonn", "ulm")):
            save_image(tmp_path / f"images/{city}/1.png", number)
            save(tmp_path / f"masks/{city}/1.png", truth_of(number))
        write_text(tmp_path / "train.txt", "ulm/1.png")
        write_text(tmp_path / "val.txt", "images/bonn/1.png")
        assert datasets.load(str(tmp_path)).names == ("images/ulm/1",)
        np.testing.assert_array_equal(datasets.load(str(tmp_path)).images[0], image_of(1))

    def test_a_name_twice_counts_once(self, root):
        write_text(root / "train.txt", "p1\np1.png\nIMG_7")
        write_text(root / "val.txt", "café")
        assert datasets.load(str(root), "train").names == ("p1", "IMG_7")


def test_classes_json_in_utf_16(root):
    content = json.dumps({"classes": {"Boden": 0, "Möwe": 1, "Straße": 2}}, ensure_ascii=False)
    write_text(root / "classes.json", content.replace(", ", ",\r\n"), "utf-16")
    assert datasets.load(str(root)).classes.names == ("Boden", "Möwe", "Straße")


def test_labels_of_colours_and_numbers_follow_the_masks(tmp_path):
    """A list of names and colours, but masks of the numbers of its lines."""
    write_text(tmp_path / "class_dict.csv", "name,r,g,b\nSky,9,9,9\nCar,64,0,128\nTree,1,2,3\n")
    for number in range(4):
        save_image(tmp_path / f"images/{number}.png", number)
        save(tmp_path / f"masks/{number}.png", truth_of(number))
    data = datasets.load(str(tmp_path))
    assert data.classes.names == ("Sky", "Car", "Tree") and data.classes.colors[1] == (64, 0, 128)
    np.testing.assert_array_equal(data.labels[0], truth_of(int(data.names[0])))
    assert layouts.inspect(tmp_path).ok
