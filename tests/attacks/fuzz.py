"""Random changes of good files, given to every reader: ``python -m tests.attacks.fuzz --count 10000``.

A reader may accept a file, or refuse it by an error that users can fix: one sentence. Anything else, such as
another exception, is a finding, and so is an input that takes longer than 20 seconds.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, seed as seeded, settings, strategies as st
from PIL import Image

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets import registry
from segnet_nb.datasets.image_files import read_image, read_mask
from segnet_nb.datasets.layouts.class_files import read_class_file
from segnet_nb.datasets.layouts.text_files import read_json, read_lines
from segnet_nb.reports import notebook_files, notebook_parameters
from tests.attacks import folders, reports
from tests.datasets.layouts import writers

# What is put into texts: what parsers treat in a way of their own.
TOKENS = (
    "\0",
    "\n",
    "\r",
    '"',
    "'",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "-",
    "0",
    "9" * 20,
    "1e999",
    "NaN",
    "null",
)
TOKENS += (
    "true",
    "\\u0000",
    "\\ud800",
    "../",
    "/",
    "\ufeff",
    "²",
    "٣",
    "*",
    "&a",
    "<<",
    "!!python/name:os.system",
)
TOKENS += ("%", "$", "#", "=", "(", ")", "lambda: 0", "__import__('os')", "\x1b[31m", "\t", "é", "\U0001f600")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(TOKENS),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


@st.composite
def changed_bytes(draw: Any, seeds: list[bytes]) -> bytes:
    """A good file with up to eight changes of its bytes."""
    content = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 8))):
        place = draw(st.integers(0, max(0, len(content) - 1)))
        match draw(st.integers(0, 5)):
            case 0 if content:
                content[place] ^= 1 << draw(st.integers(0, 7))
            case 1:
                del content[place : place + draw(st.integers(1, 50))]
            case 2:
                content[place:place] = draw(st.sampled_from(TOKENS)).encode("utf-8", "surrogatepass")
            case 3:
                content[place:place] = content[place : place + draw(st.integers(1, 200))]
            case 4:
                content[place : place + 4] = draw(st.binary(min_size=4, max_size=4))
            case _:
                del content[place:]
    return bytes(content)


@st.composite
def changed_json(draw: Any, seeds: list[Any]) -> bytes:
    """Good JSON with up to three other values in it, or without some."""
    content = json.loads(json.dumps(draw(st.sampled_from(seeds))))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(list(folders.places(content))))
        content = folders.with_value(content, place, draw(values))
    return json.dumps(content).encode()


def mixed(seeds: list[Any]) -> st.SearchStrategy[bytes]:
    """JSON with changes of its values, or of its bytes."""
    return changed_json(seeds) | changed_bytes([json.dumps(each).encode() for each in seeds])


@dataclass(frozen=True)
class Reader:
    """What reads a file, and files to give it.

    Attributes:
        files: a strategy of the content of the file.
        name: of the file.
        read: reads it.
        prepare: writes what else has to be in the folder.
    """

    files: st.SearchStrategy[bytes]
    name: str
    read: Callable[[Path], Any]
    prepare: Callable[[Path], Any] = lambda folder: None

    def give(self, content: bytes) -> bool:
        """Give the reader a content; whether it accepted it.

        Raises:
            Exception: what users cannot fix.
        """
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            self.prepare(folder)
            path = folder / self.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            before = {each for each in folder.rglob("*") if each != path}
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # Pillow's, about metadata
                    self.read(path)
            except UserError as error:
                assert len(str(error)) < 3_000, f"a message of {len(str(error)):,} characters"
                return False
            except OSError as error:
                assert error.errno is not None, "an OSError that names nothing"
                return False
            finally:
                assert {each for each in folder.rglob("*") if each != path} == before, "a file was written"
        return True


def saved(pixels: np.ndarray, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def pictures() -> list[bytes]:
    rgb, ids = writers.image_of(0), writers.truth_of(0)
    kinds = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA", "JPEG2000")
    found = [saved(rgb, kind) for kind in kinds] + [saved(ids, kind) for kind in ("PNG", "GIF", "TIFF")]
    found += [saved(ids.astype(np.uint16) * 1000, "PNG"), saved(ids > 0, "PNG")]
    return [*found, saved(rgb, "TIFF", compression="jpeg"), saved(rgb, "WEBP", lossless=True)]


def json_of(writer: Callable[[Path], Any]) -> tuple[str, Any]:
    """The JSON file with the truth that a writer writes: its path and what it holds."""
    with tempfile.TemporaryDirectory() as place:
        writer(Path(place))
        found = folders.files_of(Path(place), ".json")
        path = next((each for each in found if "instances" in each.name), found[0])  # not COCO's captions
        return path.relative_to(place).as_posix(), json.loads(path.read_text())


def layout(writer: Callable[[Path], Any]) -> Reader:
    name, content = json_of(writer)

    def read(path: Path) -> None:
        root = path.parents[len(Path(name).parts) - 1]
        registry.load(root, "train", image_size=(12, 16))

    return Reader(mixed([content]), name, read, writer)


def listed(path: Path) -> None:
    writers.images_masks(path.parent)
    try:
        registry.load(path.parent, "train", image_size=(12, 16))
    finally:
        for each in folders.files_of(path.parent, ".png"):
            each.unlink()
        for each in ("images", "masks"):
            (path.parent / each).rmdir()


def parameters(path: Path) -> None:
    declared = notebook_parameters.read_parameters(path) or {}
    for name in declared:
        for value in ("3", "[1, 2]", "{", "x"):
            try:
                notebook_parameters.assignments(notebook_parameters.check_parameters(path, {name: value}))
            except UserError:
                continue


def given_parameter(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    for hint in ("int", "float | None", "list[str]", "tuple[int, int]", "dict[str, int]", "Any"):
        declared = notebook_parameters.parse_parameters(f"x: {hint} = ...")["x"]
        try:
            value = notebook_parameters.coerce(text, declared.hint)
            notebook_parameters.assignments({"x": value})
        except UserError:
            continue


def page(path: Path) -> None:
    from segnet_nb.reports import html

    notebook_files.read_notebook(path)
    html.page(path)


def sweep(path: Path) -> None:
    from segnet_nb.sweeps import sweep_file

    content = sweep_file.read(path)
    content.parts()


def record(path: Path) -> None:
    from segnet_nb.training import load_run

    load_run(path.parent)


def weights(path: Path) -> None:
    import segnet_nb as sn

    sn.load_model(path)


def good_record() -> dict[str, Any]:
    """The record of a run of one epoch."""
    from segnet_nb.training import TrainConfig, train
    from tests.training_helpers import tiny_pair

    with tempfile.TemporaryDirectory() as place:
        config = TrainConfig(epochs=1, batch_size=2, network="small", image_size=(16, 24))
        train(config, directory=place, progress=False, data=tiny_pair())
        return json.loads((Path(place) / "record.json").read_text())


def good_weights() -> bytes:
    """A small network."""
    from segnet_nb.networks.model import segnet_basic

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "network.keras"
        segnet_basic((None, None, 3), 3, filters=2, kernel_size=3).save(path)
        return path.read_bytes()


@st.composite
def changed_archive(draw: Any, content: bytes) -> bytes:
    """The members of an archive changed one by one, so that their checksums fit."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = draw(st.sampled_from(sorted(parts)))
    if name.endswith(".json"):
        parts[name] = draw(mixed([json.loads(parts[name])]))
    else:
        parts[name] = draw(changed_bytes([parts[name]]))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for each, data in parts.items():
            archive.writestr(each, data)
    return stream.getvalue()


NOTEBOOK = reports.notebook(
    cells=[
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Title\n$x^2$ ![a](b.png) [c](d)\n"},
        *reports.notebook()["cells"],
        {
            **reports.notebook()["cells"][0],
            "id": "b",
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": "a\n"},
                {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mE: v"]},
                {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<b>x</b>"}},
            ],
        },
    ]
)
PARAMETERS_CELL = 'a: int = 3  # text\nb: Literal["x", "y"] = "x"\nc: tuple[int, int] | None = (1, 2)\n'
SWEEP = "notebook: nb.ipynb\nfixed: {a: 1}\ngrid:\n  b: [1, 2]\nseeds: {parameter: s, values: [1, 2, 3]}\n"
LISTS = [b"scene0\nscene1\n", "scene0\r\nimages/scene1.png masks/scene1.png\n".encode("utf-16")]
CLASSES = [b"0 Sky\n1 Car\n2 Road\n", b"name,r,g,b\nSky,1,2,3\nCar,4,5,6\n", b"label:1,2,3::\nCar:4,5,6::\n"]


def readers(*, frameworks: bool = True) -> dict[str, Reader]:
    """Every reader by its name.

    Args:
        frameworks: also those whose files need a network.
    """
    found = {
        "images": Reader(changed_bytes(pictures()), "a.png", read_image),
        "masks": Reader(changed_bytes(pictures()), "a.png", read_mask),
        "lists": Reader(changed_bytes(LISTS), "train.txt", listed),
        "lines": Reader(changed_bytes(LISTS), "train.txt", read_lines),
        "class files": Reader(changed_bytes(CLASSES), "classes.csv", read_class_file),
        "class lists": Reader(changed_bytes(CLASSES), "classes.txt", read_class_file),
        "JSON": Reader(mixed([{"a": [1, {"b": None}]}]), "a.json", read_json),
    }
    layouts = (writers.coco, writers.labelme, writers.supervisely, folders.with_classes, folders.write_pinned)
    found |= {f"layout {writer.__name__}": layout(writer) for writer in layouts}
    cell = json.dumps(reports.notebook()).replace("x: int = 1", "{}")
    quoted = changed_bytes([PARAMETERS_CELL.encode()]).map(
        lambda text: cell.replace('"{}"', json.dumps(text.decode("utf-8", "replace"))).encode()
    )
    found |= {
        "notebooks": Reader(mixed([NOTEBOOK]), "a.ipynb", page),
        "parameter cells": Reader(quoted, "a.ipynb", parameters),
        "parameters": Reader(
            changed_bytes([each.encode() for each in reports.PARAMETERS[:20]]), "a", given_parameter
        ),
        "sweep files": Reader(changed_bytes([SWEEP.encode()]), "a.yml", sweep),
    }
    if frameworks:
        found["run records"] = Reader(mixed([good_record()]), "record.json", record)
        found["weights"] = Reader(changed_archive(good_weights()), "a.keras", weights)
    return found


def fuzz(reader: Reader, count: int, seed: int) -> tuple[int, str]:
    """Give a reader random files; how many it accepted, and the first finding."""
    accepted, first = 0, True

    @seeded(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(reader.files)
    def run(content: bytes) -> None:
        nonlocal accepted
        nonlocal first
        began = time.monotonic()
        accepted += reader.give(content)
        first, is_first = False, first  # which may import what others have already
        assert is_first or time.monotonic() - began < 20, "more than 20 seconds"

    try:
        run()
    except Exception:
        return accepted, traceback.format_exc()
    return accepted, ""


def main() -> int:
    """Fuzz all readers, print a table; 1 if there are findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="inputs, over all readers")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--only", default="", help="readers whose names contain this")
    options = parser.parse_args()
    chosen = {name: each for name, each in readers().items() if options.only in name}
    print(f"seed {options.seed}")
    failures = 0
    for name, reader in chosen.items():
        count, began = -(-options.count // len(chosen)), time.monotonic()
        accepted, finding = fuzz(reader, count, options.seed)
        failures += bool(finding)
        print(
            f"{name:20} {count:6} inputs, {accepted:6} accepted, {time.monotonic() - began:6.1f} s",
            flush=True,
        )
        if finding:
            print("\n".join(finding.splitlines()[-25:]), flush=True)
    print(f"{failures} of {len(chosen)} readers with findings")
    return bool(failures)


if __name__ == "__main__":
    raise SystemExit(main())
