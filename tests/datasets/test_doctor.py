"""The doctor: finds every planted fault, and nothing in sound data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from segnet_nb import datasets
from segnet_nb.datasets import camvid, doctor
from segnet_nb.datasets.doctor import examine, examine_folder


@pytest.fixture(scope="module")
def scenes():
    return datasets.load("synthetic", "train", image_size=(90, 120), count=24)


@pytest.fixture(scope="module")
def held():
    return datasets.load("synthetic", "val", image_size=(90, 120), count=12)


def changed(data, **parts):
    """The data with images or labels at some places replaced."""
    new = {name: getattr(data, name).copy() for name in ("images", "labels")}
    for name, places in parts.items():
        for place, value in places.items():
            new[name][place] = value
    return replace(data, **new)


def kinds(found):
    return [(each.kind, each.names) for each in found]


def test_valid_scenes_have_no_findings(scenes, held):
    assert examine(scenes, held) == []


@pytest.mark.camvid
@pytest.mark.parametrize(
    ("split", "suspects"), [pytest.param("train", 2, marks=pytest.mark.slow), ("val", 0)]
)
def test_few_masks_of_camvid_are_suspected(split, suspects):
    if not camvid.is_available(split):
        pytest.skip("CamVid is not here: set SEGNET_NB_CAMVID or run `segnet-nb data camvid`")
    found = examine(datasets.load("camvid", split, image_size=(180, 240)))
    # The two are shop fronts, whose windows have more edges than the mask has outlines.
    assert len([each for each in found if each.kind in ("mirrored", "swapped")]) <= suspects
    assert not [each for each in found if each.kind in ("flat", "void")]


@pytest.mark.parametrize(
    ("turn", "way"),
    [
        (lambda labels: labels[:, ::-1], "flipped horizontally"),
        (lambda labels: labels[::-1], "flipped vertically"),
        (lambda labels: labels[::-1, ::-1], "rotated by 180 degrees"),
    ],
)
def test_flipped_masks(scenes, turn, way):
    places = (2, 9, 17)
    sick = changed(scenes, labels={place: turn(scenes.labels[place]) for place in places})
    found = examine(sick)
    assert kinds(found) == [("mirrored", (scenes.names[place],)) for place in places]
    assert all(way in each.message for each in found)


def test_swapped_masks(scenes):
    sick = changed(scenes, labels={3: scenes.labels[8], 8: scenes.labels[3]})
    assert kinds(examine(sick)) == [
        ("swapped", (scenes.names[3], scenes.names[8])),
        ("swapped", (scenes.names[8], scenes.names[3])),
    ]


def test_void_flat_and_duplicate_images(scenes):
    sick = changed(
        scenes, labels={0: scenes.classes.void_id, 5: scenes.labels[6]}, images={5: scenes.images[6], 7: 99}
    )
    found = kinds(examine(sick))
    assert ("void", (scenes.names[0],)) in found and ("flat", (scenes.names[7],)) in found
    assert ("duplicate", (scenes.names[5], scenes.names[6])) in found


def test_an_image_in_both_splits(scenes, held):
    sick = changed(held, images={4: scenes.images[1]}, labels={4: scenes.labels[1]})
    found = examine(scenes, sick)
    assert kinds(found) == [("leak", (scenes.names[1], held.names[4]))]
    assert "the validation score will be too high" in str(found[0])


def test_several_copies_of_several_images(scenes, held):
    """Copies are told in the order in which they repeat, each group once, wherever its images are."""
    a, b = scenes.images[1], scenes.images[2]
    train = changed(scenes, images={4: b, 6: a, 7: b})
    val = changed(held, images={0: b, 3: a, 5: b})
    own, other = scenes.names, held.names
    found = kinds(each for each in examine(train, val) if each.kind in ("duplicate", "leak"))
    assert found == [
        ("duplicate", (own[2], own[4], own[7])),
        ("duplicate", (own[1], own[6])),
        ("duplicate", (other[0], other[5])),
        ("leak", (own[2], own[4], own[7], other[0], other[5])),
        ("leak", (own[1], own[6], other[3])),
    ]


def test_the_spread_is_the_largest_of_a_channel(scenes):
    image = scenes.images[3]
    assert doctor._spread(image) == pytest.approx(image.reshape(-1, 3).std(0).max())


def test_a_class_without_training_pixels(scenes, held):
    car = scenes.classes.index("Car")
    sick = changed(scenes)
    sick.labels[sick.labels == car] = scenes.classes.void_id
    found = [each for each in examine(sick, held) if each.kind == "absent"]
    assert len(found) == 1 and "is Car, but the validation set contains it" in found[0].message


def test_a_folder_with_many_problems(tmp_path, scenes):
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    for number in range(12):
        labels = scenes.labels[number]
        Image.fromarray(scenes.images[number]).save(tmp_path / "images" / f"{number:02}.png")
        Image.fromarray(labels[:, ::-1] if number == 9 else labels).save(
            tmp_path / "masks" / f"{number:02}.png"
        )
    assert [each.kind for each in examine_folder(tmp_path)] in (["mirrored"], ["mirrored", "absent"])
    Image.fromarray(scenes.images[2][..., 0]).save(tmp_path / "images" / "02.png")
    Image.fromarray(scenes.labels[3][:50]).save(tmp_path / "masks" / "03.png")
    found = examine_folder(tmp_path, strict=True)
    assert [each.names for each in found if each.kind == "file"] == [("02",), ("03",)]
    assert "is grey" in found[0].message and "50 pixels high" in found[1].message
    assert ("mirrored", ("09",)) in kinds(found)
    converted = examine_folder(tmp_path)
    assert [each.names for each in converted if each.kind == "file"] == [("03",)]
    (tmp_path / "masks" / "05.png").unlink()
    found = examine_folder(tmp_path)
    assert len(found) == 1 and "1 of 12 images have no mask" in str(found[0])
    with pytest.raises(FileNotFoundError):
        examine_folder(tmp_path / "images")


def test_tiny_images():
    tiny = datasets.load("synthetic", "val", image_size=(16, 16), count=2)
    one = replace(tiny, images=tiny.images[:, :1, :1], labels=np.ascontiguousarray(tiny.labels[:, :1, :1]))
    assert all(each.kind in ("flat", "duplicate", "absent", "void") for each in examine(one))


def test_the_command(tmp_path, scenes, capsys):
    from segnet_nb.cli import main

    for kind, pictures in (("images", scenes.images), ("masks", scenes.labels)):
        (tmp_path / kind).mkdir()
        for number, picture in enumerate(pictures):
            Image.fromarray(picture).save(tmp_path / kind / f"{number:02}.png")
    assert main(["data", "doctor", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "no problems found\n"
    Image.fromarray(scenes.labels[9, :, ::-1]).save(tmp_path / "masks" / "09.png")
    assert main(["data", "doctor", str(tmp_path)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("mirrored: the mask of 09") and told[1] == "1 findings"
    assert main(["data", "doctor", str(tmp_path / "nowhere")]) == 2
    assert "there is no folder" in capsys.readouterr().err
