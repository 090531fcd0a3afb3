"""Images as people have them, and the files of other systems among them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from segnet_nb import datasets
from segnet_nb._shared.errors import UserError
from segnet_nb.cli import main
from segnet_nb.datasets import layouts
from segnet_nb.datasets.folder import read_image
from segnet_nb.datasets.mask_encoding import FolderError
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.data import load_data
from tests.datasets.layouts.writers import HEIGHT, WIDTH, image_of, save, save_image, truth_of, write_text

GREY = image_of(0)[..., 0]
ALPHA = np.full((HEIGHT, WIDTH), 128, np.uint8)

# Pixels, Pillow's mode to convert to, ending, and what the image is called.
KINDS = {
    "grey": (GREY, None, ".png", "greyscale"),
    "grey JPEG": (GREY, None, ".jpg", "greyscale"),
    "grey+alpha": (np.stack([GREY, ALPHA], -1), None, ".png", "greyscale with transparency"),
    "RGBA": (np.dstack([image_of(0), ALPHA]), None, ".png", "transparent"),
    "16 bits": (GREY.astype(np.uint16) * 257, None, ".png", "16-bit greyscale"),
    "16-bit TIFF": (GREY.astype(np.uint16) * 257, None, ".tif", "16-bit greyscale"),
    "32-bit floats": (GREY.astype(np.float32), None, ".tiff", "a floating-point image"),
    "CMYK": (image_of(0), "CMYK", ".jpg", "CMYK"),
    "palette": (image_of(0), "P", ".png", "a palette image"),
    "GIF": (image_of(0), "P", ".gif", "a palette image"),
    "1 bit": (GREY > 128, None, ".png", "black and white"),
}


def write(root, pixels, mode, end, count=4):
    for number in range(count):
        save(root / f"images/{number}{end}", pixels, mode)
        save(root / f"masks/{number}.png", truth_of(number))
    return root


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    def test_is_converted_and_it_is_said(self, kind, tmp_path):
        pixels, mode, end, name = KINDS[kind]
        root = write(tmp_path, pixels, mode, end)
        data = datasets.load(str(root))
        assert data.images.shape == (3, HEIGHT, WIDTH, 3) and data.images.dtype == np.uint8
        if kind in ("grey", "grey+alpha"):
            np.testing.assert_array_equal(data.images[0], np.stack([GREY] * 3, -1))
        if kind == "RGBA":
            np.testing.assert_array_equal(data.images[0], image_of(0))
        if kind in ("16 bits", "16-bit TIFF"):  # scaled so that the largest value is 255
            expected = np.rint(GREY.astype(float) * 255 / GREY.max()).astype(np.uint8)
            np.testing.assert_array_equal(data.images[0, ..., 0], expected)
        found = layouts.inspect(root)
        assert found.ok and f"converted to 8-bit RGB: {name}" in str(found)

    def test_is_refused_if_strict(self, kind, tmp_path):
        pixels, mode, end, name = KINDS[kind]
        root = write(tmp_path, pixels, mode, end)
        with pytest.raises(FolderError, match=f"is {name}.*must be 8-bit RGB"):
            datasets.load(str(root), strict=True)
        assert main(["data", "inspect", str(root), "--strict"]) == 1
        config = TrainConfig(dataset=str(root), image_size=(16, 16), strict=True)
        with pytest.raises(UserError, match="must be 8-bit RGB"):
            load_data(config)
        assert len(load_data(TrainConfig(dataset=str(root), image_size=(16, 16)))[0]) == 3


def test_a_16_bit_rgb_png_is_named(tmp_path):
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + struct.pack(">6H", 0, 257, 65535, 512, 1, 2) for _ in range(2))
    head = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)
    content = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    (tmp_path / "deep.png").write_bytes(content)
    assert read_image(tmp_path / "deep.png")[0, 0].tolist() == [0, 1, 255]
    with pytest.raises(FolderError, match="is 16-bit RGB, but must be 8-bit RGB"):
        read_image(tmp_path / "deep.png", strict=True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_images_and_the_size_that_is_reported(orientation, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(tmp_path / "images/a.jpg", image_of(0), exif=exif)
    save_image(tmp_path / "images/b.jpg", 1)
    height, width = (WIDTH, HEIGHT) if orientation > 4 else (HEIGHT, WIDTH)
    save(tmp_path / "masks/a.png", np.eye(height, width, dtype=np.uint8))
    save(tmp_path / "masks/b.png", truth_of(1))
    assert read_image(tmp_path / "images/a.jpg").shape == (height, width, 3)
    found = layouts.inspect(tmp_path)
    assert found.ok and (found.images.turned == (orientation > 1)) and found.images.sizes[height, width]


def test_a_mask_that_was_not_turned_with_its_image(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for number in range(2):
        save(tmp_path / f"images/{number}.jpg", image_of(number), exif=exif)
        save(tmp_path / f"masks/{number}.png", truth_of(number))
    with pytest.raises(FolderError, match="12 pixels high and 16 wide, but its image is 16 high and 12 wide"):
        datasets.load(str(tmp_path))
    assert layouts.inspect(tmp_path).fault_count == 2


def test_hidden_files_of_other_systems_are_left_out_and_said(tmp_path):
    root = write(tmp_path, image_of(0), None, ".png")
    for name in (
        *("images/._0.png", "images/.DS_Store", "images/Thumbs.db", "masks/._0.png", "masks/desktop.ini"),
        *("__MACOSX/images/0.png", "images/.ipynb_checkpoints/0-checkpoint.png", "@eaDir/0.png"),
    ):
        write_text(root / name, "nothing to see")
    reading = layouts.open_reading(root)
    assert len(reading.pairs) == 4
    assert any("8 hidden files or folders" in str(left) for left in reading.left_out)


def test_endings_that_are_skipped_are_said(tmp_path):
    root = write(tmp_path, image_of(0), None, ".png")
    for name in ("a.heic", "b.HEIC", "c.mp4", "notes"):
        write_text(root / "images" / name, "")
    (left,) = layouts.open_reading(root).left_out
    assert str(left) == "2 files .heic, 1 file .mp4, 1 file without ending: not an image that can be read"


def test_uppercase_and_rare_endings(tmp_path):
    for number, end in enumerate((".JPG", ".JPEG", ".jfif", ".Png", ".TIF", ".bmp", ".webp", ".gif", ".ppm")):
        name = f"images/{number}{end}"
        save(tmp_path / "x.png", image_of(number))
        picture = Image.open(tmp_path / "x.png")
        (tmp_path / name).parent.mkdir(exist_ok=True)
        picture.save(tmp_path / name, "JPEG" if end == ".jfif" else None)
        save(tmp_path / f"masks/{number}.PNG", truth_of(number), None)
    (tmp_path / "x.png").unlink()
    assert len(layouts.open_reading(tmp_path).pairs) == 9 and layouts.inspect(tmp_path).ok


def test_an_ending_of_another_format_is_said(tmp_path):
    root = write(tmp_path, image_of(0), None, ".png")
    save(root / "x.jpg", image_of(1))
    (root / "x.jpg").replace(root / "images/1.png")
    assert "1 have the ending of another format, such as 1.png is JPEG" in str(layouts.inspect(root))


def test_kaggles_camvid_is_read_where_camvid_is_asked_for(tmp_path, monkeypatch):
    from tests.datasets.layouts import writers

    expected = writers.camvid_kaggle(tmp_path)
    monkeypatch.setenv("SEGNET_NB_CAMVID", str(tmp_path))
    data = datasets.load("camvid", "val", image_size=(HEIGHT, WIDTH))
    assert data.classes.names == expected.names and len(data) == 2
