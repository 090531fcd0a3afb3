"""The CamVid loader: all the ways a set can be wrong, and the real files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet_nb import datasets
from segnet_nb.datasets import CAMVID, camvid

HEIGHT, WIDTH = camvid.NATIVE_SIZE
# Asked for before any test changes the environment or the current directory.
REAL_ROOT = camvid.find_root()


def write_pair(root: Path, split: str, stem: str) -> tuple[np.ndarray, np.ndarray]:
    """One pair of coarse blocks (noise would be megabytes a file), entered in the split's list."""
    generator = np.random.default_rng(ord(stem))
    image = generator.integers(0, 256, (9, 12, 3), np.uint8).repeat(40, axis=0).repeat(40, axis=1)
    labels = generator.integers(0, 12, (9, 12), np.uint8).repeat(40, axis=0).repeat(40, axis=1)
    for folder, pixels in ((split, image), (f"{split}annot", labels)):
        (root / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / folder / f"{stem}.png")
    with (root / f"{split}.txt").open("a") as listing:
        listing.write(f"/SegNet/CamVid/{split}/{stem}.png /SegNet/CamVid/{split}annot/{stem}.png\n")
    return image, labels


@pytest.fixture(autouse=True)
def nowhere(tmp_path_factory, monkeypatch):
    """No set is found by chance: neither by the environment nor from the current directory."""
    monkeypatch.delenv(camvid.ENVIRONMENT_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path_factory.mktemp("nowhere"))


@pytest.fixture
def root(tmp_path):
    return tmp_path / "camvid"


@pytest.fixture
def pairs(root):
    """Three pairs of the train split, listed in another order than that of their names."""
    return {stem: write_pair(root, "train", stem) for stem in "cab"}


def test_reads_pixels_and_ids_in_the_order_of_the_list(root, pairs):
    data = camvid.load("train", root=root)
    assert data.names == ("c", "a", "b")
    assert data.images.shape == (3, HEIGHT, WIDTH, 3)
    for position, (image, labels) in enumerate(pairs.values()):
        np.testing.assert_array_equal(data.images[position], image)
        np.testing.assert_array_equal(data.labels[position], labels)
    assert data.classes is CAMVID
    assert str(root) not in repr(data)  # Reprs end up in committed notebooks.


def test_count_takes_the_first(root, pairs):
    assert camvid.load("train", root=root, count=2).names == ("c", "a")
    assert camvid.load("train", root=root, count=np.int64(1)).names == ("c",)


def test_is_reached_through_datasets_load(root, pairs):
    data = datasets.load("camvid", "train", root=root, image_size=(18, 24), count=1)
    assert data.images.shape == (1, 18, 24, 3)


def test_resized_pairs_stay_aligned(root, pairs):
    data = camvid.load("train", root=root, image_size=(9, 12))
    for position, (image, labels) in enumerate(pairs.values()):
        np.testing.assert_array_equal(data.images[position], image[::40, ::40])
        np.testing.assert_array_equal(data.labels[position], labels[::40, ::40])


@pytest.mark.parametrize("size", [(0, 4), (4, -1), (4,), (4, 4, 3), 7, (4.5, 4), ("4", "4"), "ab"])
def test_impossible_size(size):
    # No set is there: the request is refused before anything is looked for.
    with pytest.raises(ValueError, match=r"image_size must be \(height, width\)"):
        camvid.load("train", image_size=size)


@pytest.mark.parametrize("count", [0, -3])
def test_impossible_count(count):
    with pytest.raises(ValueError, match=f"at least 1, or None for all, but got {count}"):
        camvid.load("train", count=count)


def test_count_beyond_the_split(root, pairs):
    # Undecodable on purpose: the count is checked before any decoding.
    (root / "train" / "c.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"count must be at most 3.*but got 4"):
        camvid.load("train", root=root, count=4)


def test_unknown_split():
    for function in (camvid.load, camvid.is_available):
        with pytest.raises(ValueError, match=r"'training'\. Choose from: train, val, test"):
            function("training")


# What is not there


def assert_missing(root, split, *patterns):
    assert not camvid.is_available(split, root=root)
    with pytest.raises(FileNotFoundError) as caught:
        camvid.load(split, root=root)
    assert isinstance(caught.value, camvid.DatasetMissingError)
    for pattern in (*patterns, "segnet-nb data camvid"):
        assert pattern in str(caught.value)


def test_missing_set(root):
    assert_missing(root, "train", str(root), "SEGNET_NB_CAMVID")


def test_missing_split(root, pairs):
    assert_missing(root, "test", "test split", str(root / "test"))


def test_missing_label_folder(root, pairs):
    (root / "val").mkdir()
    assert_missing(root, "val", str(root / "valannot"))


def test_a_split_without_its_list_is_an_incomplete_download(root, pairs):
    (root / "train.txt").unlink()
    assert_missing(root, "train", "incomplete", str(root / "train.txt"))


# What is damaged


def assert_damaged(root, *patterns, count=None):
    with pytest.raises(ValueError) as caught:
        camvid.load("train", root=root, count=count)
    assert isinstance(caught.value, camvid.DatasetDamagedError)
    for pattern in (*patterns, "segnet-nb data verify"):
        assert pattern in str(caught.value)


@pytest.mark.parametrize(("folder", "what"), [("train", "image"), ("trainannot", "label")])
def test_missing_file_is_found_before_decoding(root, pairs, folder, what):
    (root / folder / "b.png").unlink()
    (root / "train" / "c.png").write_bytes(b"")
    assert_damaged(root, f"1 of the 3 {what} files", str(root / folder / "b.png"))
    assert not camvid.is_available("train", root=root)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("train/a.png\n", "line 1 of"),
        ("x/a.png x/a.png\nx/a.png x/a.png x\n", "line 2 of"),
        ("x/a.png y/a.png\nz/a.png y/b.png\n", "contains an image twice"),
        ("\x00\x01", "contains 1 words"),
    ],
)
def test_damaged_list(root, pairs, text, said):
    (root / "train.txt").write_text(text)
    assert_damaged(root, said, str(root / "train.txt"))


def test_a_list_of_bytes_that_are_not_text(root, pairs):
    (root / "train.txt").write_bytes(b"\xff\xfe.png \xff\xfe.png\n")
    assert_damaged(root, "1 of the 1 image files")


def test_only_file_names_of_the_list_count(root, pairs):
    (root / "train.txt").write_text("C:\\sets\\a.png ../../etc/b.png\r\n\n")
    data = camvid.load("train", root=root)
    np.testing.assert_array_equal(data.images[0], pairs["a"][0])
    np.testing.assert_array_equal(data.labels[0], pairs["b"][1])


@pytest.mark.parametrize("folder", ["train", "trainannot"])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9])
def test_truncated_png(root, pairs, folder, share):
    path = root / folder / "a.png"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert_damaged(root, str(path), "cannot be decoded as a PNG")


def test_bytes_of_another_format(root, pairs):
    path = root / "train" / "a.png"
    Image.fromarray(pairs["a"][0]).save(path, format="JPEG")
    assert_damaged(root, str(path), "cannot be decoded as a PNG")


@pytest.mark.parametrize("folder", ["train", "trainannot"])
def test_wrong_size(root, pairs, folder):
    path = root / folder / "a.png"
    shape = (WIDTH, HEIGHT, 3)[: 3 if folder == "train" else 2]
    Image.fromarray(np.zeros(shape, np.uint8)).save(path)
    assert_damaged(root, str(path), "360 pixels high and 480 wide", "480 high and 360 wide")


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA", "1", "I;16"])
def test_label_that_is_not_one_channel_of_8_bits(root, pairs, mode):
    path = root / "trainannot" / "a.png"
    Image.new(mode, (WIDTH, HEIGHT)).save(path)
    assert_damaged(root, str(path), "one channel of 8-bit class ids", f"has mode {mode}")


def test_label_with_several_channels_says_how_many(root, pairs):
    Image.new("RGB", (WIDTH, HEIGHT)).save(root / "trainannot" / "a.png")
    assert_damaged(root, "(3 channels)")


@pytest.mark.parametrize("mode", ["L", "RGBA", "P"])
def test_image_that_is_not_rgb(root, pairs, mode):
    path = root / "train" / "a.png"
    Image.new(mode, (WIDTH, HEIGHT)).save(path)
    assert_damaged(root, str(path), "an 8-bit RGB image", f"has mode {mode}")


def test_unknown_id_is_found_even_if_resizing_would_drop_it(root, pairs):
    labels = pairs["a"][1].copy()
    labels[7, 31] = 12
    path = root / "trainannot" / "a.png"
    Image.fromarray(labels).save(path)
    assert_damaged(root, str(path), "the id 12 at row 7, column 31", "0..11 (void)")
    with pytest.raises(camvid.DatasetDamagedError):
        camvid.load("train", root=root, image_size=(9, 12))


def test_damage_beyond_count_is_not_read(root, pairs):
    (root / "train" / "b.png").write_bytes(b"")
    assert len(camvid.load("train", root=root, count=2)) == 2
    assert_damaged(root, "b.png", count=3)


def test_system_errors_keep_their_message(root, pairs, monkeypatch):
    def refuse(path, **_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(camvid.Image, "open", refuse)
    with pytest.raises(PermissionError, match=r"Permission denied.*c\.png"):
        camvid.load("train", root=root)


# Where the set is looked for


def test_root_precedes_environment_precedes_search(tmp_path, monkeypatch):
    (tmp_path / "data" / "camvid").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert camvid.find_root() == tmp_path / "data" / "camvid"
    monkeypatch.setenv(camvid.ENVIRONMENT_VARIABLE, str(tmp_path / "elsewhere"))
    assert camvid.find_root() == tmp_path / "elsewhere"
    assert camvid.find_root(tmp_path / "given") == tmp_path / "given"
    monkeypatch.setenv(camvid.ENVIRONMENT_VARIABLE, "")
    assert camvid.find_root() == tmp_path / "data" / "camvid"


@pytest.mark.parametrize("start", ["notebooks", "notebooks/reports"])
def test_notebooks_find_the_dataset_next_to_their_folder(tmp_path, monkeypatch, start):
    (tmp_path / "data" / "camvid").mkdir(parents=True)
    (tmp_path / start).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / start)
    assert camvid.find_root() == tmp_path / "data" / "camvid"


def test_home_is_expanded(monkeypatch):
    monkeypatch.setenv(camvid.ENVIRONMENT_VARIABLE, "~/camvid")
    assert camvid.find_root() == Path.home() / "camvid"


def test_a_wheel_uses_the_current_directory(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "segnet_nb" / "datasets" / "camvid.py"
    monkeypatch.setattr(camvid, "__file__", str(package))
    monkeypatch.chdir(tmp_path)
    assert camvid.find_root() == tmp_path / "data" / "camvid"


def test_a_checkout_is_the_default_without_a_dataset(tmp_path, monkeypatch):
    (tmp_path / "checkout").mkdir()
    (tmp_path / "checkout" / "pyproject.toml").touch()
    package = tmp_path / "checkout" / "segnet_nb" / "datasets" / "camvid.py"
    monkeypatch.setattr(camvid, "__file__", str(package))
    assert camvid.find_root() == tmp_path / "checkout" / "data" / "camvid"


def test_importing_the_loader_loads_no_framework():
    code = (
        "import sys, segnet_nb.datasets.camvid\n"
        "heavy = {'tensorflow', 'keras', 'torch', 'matplotlib', 'requests'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


# The real files

real = pytest.mark.camvid


def real_or_skip(split: str) -> Path:
    if not camvid.is_available(split, root=REAL_ROOT):
        pytest.skip(
            f"the {split} split of CamVid is not there; get it with `segnet-nb data camvid` or "
            f"point {camvid.ENVIRONMENT_VARIABLE} to it"
        )
    return REAL_ROOT


@real
def test_real_train_split_has_the_published_class_distribution():
    data = camvid.load("train", root=real_or_skip("train"))
    assert data.images.shape == (367, 360, 480, 3)
    assert data.labels.shape == (367, 360, 480)
    assert (data.names[0], data.names[-1]) == ("0001TP_006690", "0016E5_08640")
    percent = 100 * np.bincount(data.labels.ravel(), minlength=12) / data.labels.size
    published = [16.85, 23.26, 0.98, 31.66, 4.49, 9.72, 1.17, 1.13, 5.87, 0.64, 0.29, 3.95]
    np.testing.assert_allclose(percent, published, rtol=0, atol=0.01)


@real
def test_real_val_split_at_a_smaller_size():
    data = camvid.load("val", root=real_or_skip("val"), image_size=(192, 256))
    assert data.images.shape == (101, 192, 256, 3)
    share = 100 * (data.labels == CAMVID.index("Sky")).mean()
    assert share == pytest.approx(9.2, abs=0.1)


@real
def test_real_images_are_rgb_and_aligned_with_their_labels():
    data = camvid.load("train", root=real_or_skip("train"), image_size=(45, 60))
    sky, road, car = (
        data.images[data.labels == CAMVID.index(name)].mean(axis=0) for name in ("Sky", "Road", "Car")
    )
    # The sky is bright and bluish: red is the least of it, unless channels came swapped.
    assert sky.min() > 200 > 100 > road.max()
    assert sky[0] < sky[1] < sky[2]
    assert road.mean() > car.mean()
