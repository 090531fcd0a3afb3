"""Which files are images to segment, where their results go, and what is left out."""

from __future__ import annotations

import doctest
import os
import sys
from pathlib import Path

import pytest

from segnet_nb.inference import image_listing
from segnet_nb.inference.image_listing import list_images


def made(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


def stems(*paths, **options):
    return [source.stem for source in list_images(paths, **options).sources]


def test_a_folder_stands_for_its_images_and_those_of_its_subfolders(tmp_path):
    made(tmp_path, "b.jpg", "a.png", "trip/day 1/c.JPEG", "trip/a.webp", "Zebra.tif", "x.y.bmp")
    listing = list_images([tmp_path])
    assert [source.stem for source in listing.sources] == ["Zebra", "a", "b", "x.y", "trip/a", "trip/day 1/c"]
    assert [source.relative for source in listing.sources][-1] == "trip/day 1/c.JPEG"
    assert listing.left_out() == ""


def test_files_of_other_systems_are_left_out_in_silence_and_other_endings_are_told(tmp_path):
    made(tmp_path, "a.png", "._a.png", ".DS_Store", ".b.jpg", "Thumbs.db", "desktop.ini")
    made(tmp_path, "__MACOSX/a.png", "__MACOSX/._a.png", ".git/c.png", "@eaDir/a.png", "$RECYCLE.BIN/d.png")
    made(tmp_path, "notes.txt", "b.heic", "c.HEIC", "sub/README")
    listing = list_images([tmp_path])
    assert [source.stem for source in listing.sources] == ["a"]
    assert listing.left_out() == "left out: 1 without ending, 2 .heic, 1 .txt"


def test_files_that_a_shell_expands_to(tmp_path):
    """``photos/*`` names system files too; a hidden image that is named is meant."""
    made(tmp_path, "a.png", "._a.png", "Thumbs.db", ".b.png")
    paths = [tmp_path / name for name in ("a.png", "._a.png", "Thumbs.db", ".b.png")]
    assert stems(*paths) == ["a", ".b"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["one", "two"], ["one/a", "two/a"]),
        (["one", "one"], ["one/a"]),
        (["one"], ["a"]),
        (["one/a.png", "two/a.png"], ["one/a", "two/a"]),
        (["one/a.png", "one/b.jpg"], ["a", "b"]),
        (["x.png", "one"], ["x", "one/a", "one/b"]),
        (["deep", "deep/two"], ["one/a", "two/a"]),
        (["deep/two", "deep/../one"], ["deep/two/a", "one/a", "one/b"]),
    ],
)
def test_results_mirror_the_images(given, expected, tmp_path, monkeypatch):
    made(tmp_path, "one/a.png", "two/a.png", "x.png", "deep/one/a.png", "deep/two/a.png")
    if "one/b" in expected or "b" in expected:
        made(tmp_path, "one/b.jpg")
    monkeypatch.chdir(tmp_path)
    expected = [*expected] if given != ["one", "one"] else ["a"]
    assert stems(*given) == expected
    assert stems(*(tmp_path / each for each in given)) == expected


def test_no_result_leaves_the_output_folder(tmp_path, monkeypatch):
    made(tmp_path, "here/x.png", "there/y.png")
    monkeypatch.chdir(tmp_path / "here")
    found = stems("../there", ".")
    assert found == ["there/y", "here/x"] and not any(".." in Path(each).parts for each in found)


def test_images_of_one_name_keep_their_endings(tmp_path):
    made(tmp_path, "a.png", "a.jpg", "b.png", "sub/a.png", "c.PNG", "C.jpg")
    assert stems(tmp_path) == ["C.jpg", "a.jpg", "a.png", "b", "c.PNG", "sub/a"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_links_are_followed_but_not_in_circles(tmp_path):
    made(tmp_path, "photos/a.png", "elsewhere/b.png")
    (tmp_path / "photos" / "round").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "broken.png").symlink_to(tmp_path / "gone.png")
    assert stems(tmp_path / "photos") == ["a", "broken", "more/b"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_no_image(tmp_path):
    made(tmp_path, "a.png")
    os.mkfifo(tmp_path / "b.png")
    assert stems(tmp_path) == ["a"]


def test_masks_beside_images_are_not_segmented(tmp_path):
    made(tmp_path, "images/a.png", "masks/a.png", "labels/a.png", "other/b.png")
    listing = list_images([tmp_path])
    assert [source.stem for source in listing.sources] == ["images/a", "other/b"]
    assert listing.left_out() == f"left out: masks in {tmp_path / 'labels'}, masks in {tmp_path / 'masks'}"
    assert stems(tmp_path / "masks") == ["a"]  # named, so meant


def test_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no image at .*gone.png"):
        list_images([tmp_path / "gone.png"])
    with pytest.raises(FileNotFoundError, match=r"no images in .*\. Pass image files"):
        list_images([tmp_path])
    with pytest.raises(ValueError, match=r"got no images"):
        list_images([])
    made(tmp_path, "a.heic", "b.txt")
    with pytest.raises(FileNotFoundError, match=r"no images in .* \(left out: 1 \.heic, 1 \.txt\)\."):
        list_images([tmp_path])
    made(tmp_path, "._a.png")
    with pytest.raises(ValueError, match="nothing to segment"):
        list_images([tmp_path / "._a.png"])


def test_examples_in_docstrings_hold():
    assert doctest.testmod(image_listing).failed == 0
