"""Folders of data in every layout, each with one damage: of an image, a mask, a list or an annotation."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.datasets.layouts import writers

IMAGES = (".png", ".jpg", ".tif")
TEXTS = (".txt", ".csv")


def png(width: int, height: int, *chunks: bytes, depth: int = 8, kind: int = 2) -> bytes:
    """A PNG file whose header claims a size."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    parts = [(b"IHDR", header), *((b"IDAT", chunk) for chunk in chunks), (b"IEND", b"")]
    packed = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def flipped(content: bytes) -> bytes:
    changed = bytearray(content)
    for place in random.Random(0).sample(range(len(changed)), min(8, len(changed))):
        changed[place] ^= 0xFF
    return bytes(changed)


# What the bytes of a file become.
BYTES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[: len(content) // 2],
    "its first bytes": lambda content: content[:10],
    "nulls": lambda content: bytes(len(content)),
    "noise": lambda content: random.Random(0).randbytes(len(content)),
    "flipped": flipped,
    "text": lambda _: b"this is not what it seems",
    "a program": lambda _: b"\x7fELF" + bytes(100),
    "twice": lambda content: content * 2,
    "another line end": lambda content: content.replace(b"\n", b"\r\n"),
}

# What an image file becomes.
PICTURES: dict[str, bytes] = {
    "a header of 4 gigapixels": png(65_000, 65_000),
    "a bomb": png(30_000, 30_000, zlib.compress(bytes(1_000_000), 9)),
    "no pixels": png(0, 0),
    "the largest size": png(2**31 - 1, 2**31 - 1),
    "no data": png(16, 12),
    "data of one row": png(16, 12, zlib.compress(bytes(49))),
    "an unknown kind": png(16, 12, zlib.compress(bytes(1000)), kind=5),
    "one bit": png(16, 12, zlib.compress(bytes(36)), depth=1, kind=0),
}

# What a folder holds instead of a file.
NODES = ("a folder", "a pipe", "a link to nowhere", "a link to itself", "a link to a folder", "gone")

# What a value in JSON becomes.
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 3, 10**30, 1e308, float("nan"), float("inf"), "", "x", "\0", "../../etc/passwd", "/"),
    *([], {}, [[]], [None], ["x"], {"a": 1}, [[1, 2], [3]], "9" * 5000, [0] * 1000, "\ud800", "x" * 100_000),
)

# Lists and class files.
LISTS: dict[str, bytes] = {
    "UTF-16": "scene0\nscene1\n".encode("utf-16"),
    "UTF-16 without a mark": "scene0\nscene1\n".encode("utf-16-le"),
    "UTF-32": "scene0\n".encode("utf-32"),
    "a binary record": struct.pack("<QI", 12, 99) + random.Random(1).randbytes(500),
    "nulls": bytes(1000),
    "one long line": b"x" * 1_000_000,
    "a million lines": b"x\n" * 1_000_000,
    "names outside": b"../../../etc/passwd\n/etc/passwd\n",
    "every name twice": b"scene0\nscene0\nscene1\nscene1\n",
    "names with nulls": b"scene0\0\nscene1\n",
    "colors out of range": b"name,r,g,b\nSky,1,2,300\nCar,-1,0,0\n",
    "colors that are no numbers": b"name,r,g,b\nSky,nan,inf,1e9\nCar,1,2,3\n",
    "300 classes": b"\n".join(b"class %d" % number for number in range(300)),
    "70,000 classes": b"\n".join(b"class %d" % number for number in range(70_000)),
    "an unclosed quote": b'name,r,g,b\n"Sky,1,2,3\nCar,1,2,3\n',
    "huge numbers": b"id,name\n" + b"9" * 5000 + b",Sky\n1,Car\n",
    "only commas": b",,,,\n,,,,\n",
    "a field of 200 kB": b"name,r,g,b\n" + b"S" * 200_000 + b",1,2,3\nCar,2,3,4\n",
}


def replace_node(path: Path, node: str) -> None:
    """Put something else in the place of a file."""
    path.unlink()
    if node == "a folder":
        path.mkdir()
    elif node == "a pipe":
        os.mkfifo(path)
    elif node == "a link to nowhere":
        path.symlink_to(path.with_name("nowhere"))
    elif node == "a link to itself":
        path.symlink_to(path)
    elif node == "a link to a folder":
        path.symlink_to(path.parent.parent, target_is_directory=True)


def files_of(root: Path, *endings: str) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix in endings and path.is_file())


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The paths of all values in JSON."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def with_value(content: Any, path: tuple, value: Any) -> Any:
    if not path:
        return value
    parent = content
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return content


def json_damage(number: int) -> Callable[[Path], None]:
    """Another value at some place of the first JSON file."""

    def damage(root: Path) -> None:
        path = files_of(root, ".json")[0]
        content = json.loads(path.read_text())
        everywhere = sorted(places(content), key=lambda place: (len(place), str(place)))
        place = everywhere[number * 7919 % min(len(everywhere), 40)]
        path.write_text(json.dumps(with_value(content, place, VALUES[number % len(VALUES)])))

    return damage


def byte_damage(change: Callable[[bytes], bytes], *endings: str, which: int = 0) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        path = files_of(root, *endings)[which]
        path.write_bytes(change(path.read_bytes()))

    return damage


def node_damage(node: str, *endings: str, which: int = 0) -> Callable[[Path], None]:
    return lambda root: replace_node(files_of(root, *endings)[which], node)


def write_pinned(root: Path) -> None:
    """A dataset.json beside images and masks."""
    from segnet_nb.cli.main import main

    writers.images_masks(root)
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["data", "inspect", str(root), "--write"]) == 0


def with_classes(root: Path) -> None:
    writers.images_masks(root)
    (root / "classes.json").write_text(json.dumps({"classes": {"background": 0, "disc": 1, "square": 2}}))


def with_lists(root: Path) -> None:
    writers.images_masks(root)
    for name in ("train.txt", "val.txt", "classes.txt"):
        (root / name).write_text("scene0\nscene1\nscene2\n")


def same_masks(root: Path, pixels: np.ndarray) -> None:
    """Every mask has these values."""
    for path in files_of(root / "masks", ".png"):
        Image.fromarray(pixels).save(path)


Case = tuple[Callable[[Path], Any], Callable[[Path], Any]]
FOLDERS: dict[str, Case] = {}
JSON_WRITERS = (writers.coco, writers.roboflow_coco, writers.labelme, writers.supervisely, with_classes)
for _writer in (*JSON_WRITERS, writers.supervisely_masks, write_pinned):
    for _number in range(len(VALUES)):
        FOLDERS[f"{_writer.__name__}: value {_number}"] = _writer, json_damage(_number)
    for _name in ("empty", "cut", "nulls", "noise", "flipped", "text"):
        FOLDERS[f"{_writer.__name__}: JSON {_name}"] = _writer, byte_damage(BYTES[_name], ".json")
for _name, _change in BYTES.items():
    FOLDERS[f"image {_name}"] = writers.images_masks, byte_damage(_change, ".png")
    FOLDERS[f"mask {_name}"] = writers.images_masks, byte_damage(_change, ".png", which=-1)
    FOLDERS[f"XML or list {_name}"] = writers.voc, byte_damage(_change, ".txt", ".xml")
    FOLDERS[f"class_dict {_name}"] = writers.camvid_kaggle, byte_damage(_change, ".csv")
for _name, _content in PICTURES.items():
    for _place in (0, -1):
        FOLDERS[f"picture {_place}: {_name}"] = (
            writers.images_masks,
            byte_damage(lambda _, content=_content: content, ".png", which=_place),
        )
for _node in NODES:
    FOLDERS[f"image is {_node}"] = writers.images_masks, node_damage(_node, ".png")
    FOLDERS[f"mask is {_node}"] = writers.images_masks, node_damage(_node, ".png", which=-1)
    FOLDERS[f"JSON is {_node}"] = with_classes, node_damage(_node, ".json")
    FOLDERS[f"list is {_node}"] = with_lists, node_damage(_node, ".txt")
for _name, _content in LISTS.items():
    for _file in ("train.txt", "classes.txt", "class_dict.csv"):
        FOLDERS[f"{_file}: {_name}"] = (
            with_lists,
            lambda root, file=_file, content=_content: (root / file).write_bytes(content),
        )
for _name, _pixels in {
    "256 values": np.arange(256, dtype=np.uint8).reshape(16, 16)[:12],
    "16-bit values": np.arange(192, dtype=np.uint16).reshape(12, 16) * 341,
    "noise in color": np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8),
    "one pixel": np.zeros((1, 1), np.uint8),
    "another size": np.zeros((16, 12), np.uint8),
    "only 255": np.full((12, 16), 255, np.uint8),
    "transparent": np.zeros((12, 16, 4), np.uint8),
}.items():
    FOLDERS[f"masks: {_name}"] = (
        writers.images_masks,
        lambda root, pixels=_pixels: same_masks(root, pixels),
    )
FOLDERS |= {
    "nothing": (lambda root: root.mkdir(exist_ok=True), lambda root: None),
    "a file": (lambda root: root.rmdir(), lambda root: root.write_text("x")),
    "only images": (
        writers.images_masks,
        lambda root: [path.unlink() for path in files_of(root / "masks", ".png")],
    ),
    "one pair": (writers.images_masks, lambda root: [path.unlink() for path in files_of(root, ".png")[1:6]]),
    "a folder in itself": (writers.images_masks, lambda root: (root / "images" / "again").symlink_to(root)),
    "300 folders deep": (
        writers.images_masks,
        lambda root: Path(root, "images", *["d"] * 300).mkdir(parents=True),
    ),
    "names with line ends": (
        writers.images_masks,
        lambda root: files_of(root, ".png")[0].rename(root / "images" / "a\nb\x1b[31m.png"),
    ),
    "names that are no text": (
        writers.images_masks,
        lambda root: files_of(root, ".png")[0].rename(root / "images" / os.fsdecode(b"\xff\xfe.png")),
    ),
}
