"""The gallery of a sweep, opened from disk off line: sorted, filtered, compared by mouse and by keys."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from PIL import Image

from segnet_nb.sweeps.gallery import write_gallery
from tests.browser.driver import eventually, pixels, slide
from tests.sweeps.generated import NAMES, VOID, write_run, write_sweep

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = [pytest.mark.browser]

VIEWS = ("runs", "parameters", "curves", "images", "compare")
BLUE, ORANGE, PINK = (0, 114, 178), (230, 159, 0), (204, 121, 167)


class Gallery:
    """A page from disk in a browser that is off line; everything it asks for is written down."""

    def __init__(self, browser, index, link="", *, width=1280, scheme="light"):
        self.folder = index.parent
        self.context = browser.new_context(
            offline=True, viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.requests, self.failures = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.failures.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.failures.append(said.text))
        self.page.goto(index.as_uri() + link)

    def keys(self):
        """The keys of the runs in the table, from top to bottom."""
        return self.page.locator(".gl-grid tbody tr").evaluate_all("rows => rows.map(row => row.dataset.key)")

    def cells(self, key):
        row = self.page.locator(f".gl-grid tbody tr[data-key='{key}']")
        return row.locator("th, td").evaluate_all("cells => cells.map(cell => cell.innerText)")

    def head(self):
        return self.page.locator(".gl-grid thead th").evaluate_all("all => all.map(th => th.dataset.column)")

    def link(self):
        return {name: values[0] for name, values in parse_qs(urlparse(self.page.url).fragment).items()}

    def show(self, view):
        self.page.locator(f"[role=tab][data-view={view}]").click()

    def filter(self, column, condition, *, value=None, number=None):
        page = self.page
        page.locator("[data-filter=column]").select_option(label=column)
        page.locator("[data-filter=operation]").select_option(label=condition)
        if number is None:
            page.locator("[data-filter=choice]").select_option(label=value)
        else:
            page.locator("[data-filter=number]").fill(number)
        page.locator("[data-action=add-filter]").click()

    def choose(self, trait, value):
        self.page.locator(f"[data-trait={trait}][data-value={value}]").check(force=True)

    def counts(self):
        """The numbers of the table of a comparison, by class and by what they count."""
        cells = self.page.locator(".gl-right td[data-count]").evaluate_all(
            "all => all.map(cell => [cell.closest('tr').dataset.class, cell.dataset.count,"
            " cell.firstChild.textContent.replaceAll(',', ''),"
            " cell.querySelector('small')?.textContent ?? ''])"
        )
        return {(name, kind): (int(count), share) for name, kind, count, share in cells}

    def focused(self):
        return self.page.evaluate(
            "() => { const f = document.activeElement; const cell = f.closest('td, th');"
            " return cell ? [cell.parentElement.rowIndex, cell.cellIndex] : [f.tagName, f.id]; }"
        )

    def close(self):
        """Nothing has failed, and nothing was requested but files of the sweep."""
        self.context.close()
        assert self.failures == []
        beyond = [url for url in self.requests if not url.startswith(self.folder.as_uri() + "/")]
        assert [url for url in beyond if not url.startswith(("blob:", "data:"))] == []


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gallery")
    records = write_sweep(folder)
    return write_gallery(folder), records


@pytest.fixture
def opened(browser, swept):
    pages = []

    def at(link="", index=None, **options):
        pages.append(Gallery(browser, index or swept[0], link, **options))
        return pages[-1]

    yield at
    for page in pages:
        page.close()


def ranked(records, score=lambda record: record["scores"].get("mean_iou"), largest=True):
    """Keys by score, those without one at the end, equal ones in the order of the plan."""
    known = [key for key, record in records.items() if score(record) is not None]
    return sorted(known, key=lambda key: score(records[key]), reverse=largest) + [
        key for key in records if key not in known
    ]


def test_the_best_run_comes_first_and_columns_sort(opened, swept):
    gallery, records = opened(), swept[1]
    assert gallery.keys() == ranked(records)
    sort = gallery.page.locator("[data-column='s:global_accuracy'] button")
    sort.click()
    accuracy = ranked(records, lambda record: record["scores"].get("global_accuracy"))
    assert gallery.keys() == accuracy
    sort.click()
    assert gallery.keys() == ranked(records, lambda record: record["scores"].get("global_accuracy"), False)
    assert gallery.page.locator("[aria-sort=ascending]").get_attribute("data-column") == "s:global_accuracy"
    gallery.page.locator("[data-column='p:decoder'] button").click()
    decoders = [records[key]["parameters"]["decoder"] for key in gallery.keys()]  # noqa: SIM118
    assert decoders == ["indices"] * 9 + ["bilinear"] * 9  # in the order of the axis


def test_rows_show_parameters_scores_and_the_sentence_of_a_failure(opened, swept):
    gallery, records = opened(), swept[1]
    head = gallery.head()
    for key, record in records.items():
        row = dict(zip(head, gallery.cells(key), strict=True))
        for name in ("learning_rate", "decoder", "seed"):
            assert row[f"p:{name}"] == str(record["parameters"][name])
        if record["state"] == "finished":
            assert row["s:mean_iou"] == f"{100 * record['scores']['mean_iou']:.1f}"
            assert row["state"] == "finished"
        else:
            assert row["s:mean_iou"] == "–"
            assert row["state"] == f"failed: {record['error']}"


def test_the_report_of_a_run_opens(opened, swept):
    gallery = opened()
    key = gallery.keys()[2]
    gallery.page.locator(f"tr[data-key='{key}'] a").click()
    gallery.page.wait_for_url(f"**/runs/{key}/report.html")
    assert gallery.page.title() == f"report of {key}"


def test_without_a_report_the_notebook_is_linked_or_nothing(opened, tmp_path):
    records = write_sweep(tmp_path, axes={"seed": [0, 1, 2]}, failed=1)
    for key in records:
        (tmp_path / "runs" / key / "report.html").unlink()
    first, second, failed = records
    for key in (first, failed):
        (tmp_path / "runs" / key / "notebook.ipynb").write_text("{}")
    gallery = opened("", write_gallery(tmp_path))
    links = gallery.page.locator(".gl-grid a").evaluate_all(
        "all => all.map(link => link.getAttribute('href'))"
    )
    assert links == [f"runs/{key}/notebook.ipynb" for key in gallery.keys() if key != second]  # noqa: SIM118
    assert gallery.page.locator(".gl-failures a").get_attribute("href") == f"runs/{failed}/notebook.ipynb"


def test_a_row_that_was_filtered_away_knows_the_pair_when_it_is_back(opened, swept):
    gallery = opened()
    a = gallery.page.locator(".gl-grid [data-pair=run][aria-pressed=true]")
    first = ranked(swept[1])[0]
    assert a.get_attribute("data-run") == first
    gallery.filter("seed", "is not", value=str(swept[1][first]["parameters"]["seed"]))
    assert a.count() == 0
    gallery.page.locator(".gl-grid [data-pair=run]").first.click()
    other = a.get_attribute("data-run")
    gallery.page.locator(".gl-chips button").click()
    assert len(gallery.keys()) == len(swept[1])
    assert a.evaluate_all("all => all.map(one => one.dataset.run)") == [other]


def test_filters_by_parameter_score_class_and_state(opened, swept):
    gallery, records = opened(), swept[1]
    finished = {key: record for key, record in records.items() if record["state"] == "finished"}
    gallery.filter("seed", "is", value="1")
    expected = {key for key, record in records.items() if record["parameters"]["seed"] == 1}
    assert set(gallery.keys()) == expected

    middle = float(np.median([records[key]["scores"]["mean_iou"] for key in expected if key in finished]))
    gallery.filter("mean_iou, %", "at least", number=f"{100 * middle:.6f}")
    above = {key for key in expected & set(finished) if finished[key]["scores"]["mean_iou"] >= middle - 1e-7}
    assert set(gallery.keys()) == above
    assert 0 < len(above) < len(expected)
    assert gallery.page.locator(".gl-chips li").count() == 2

    gallery.page.locator(".gl-chips button").first.click()
    gallery.page.locator(".gl-chips button").first.click()
    assert len(gallery.keys()) == len(records)

    roads = {key: record["class_scores"]["iou"]["Road"] for key, record in finished.items()}
    limit = sorted(roads.values())[5]
    gallery.filter("Road iou, %", "at most", number=f"{100 * limit + 1e-6:.6f}")
    assert set(gallery.keys()) == {key for key, score in roads.items() if score <= limit}
    gallery.page.locator(".gl-chips button").click()

    gallery.filter("state", "is not", value="finished")
    assert set(gallery.keys()) == set(records) - set(finished)


def test_a_number_is_asked_for(opened, swept):
    gallery = opened()
    gallery.filter("mean_iou, %", "at least", number="high")
    assert gallery.page.locator(".gl-wrong").text_content() == "Type a number, such as 50."
    assert gallery.page.locator(".gl-chips li").count() == 0
    assert len(gallery.keys()) == len(swept[1])


def test_scores_of_classes_are_columns_on_request(opened, swept):
    gallery, records = opened(), swept[1]
    assert not [column for column in gallery.head() if column.startswith("c:")]
    gallery.page.locator("[data-trait=classes]").select_option(label="iou")
    assert [c for c in gallery.head() if c.startswith("c:")] == [f"c:iou:{name}" for name in NAMES]
    gallery.page.locator("[data-column='c:iou:Pole'] button").click()
    assert gallery.keys() == ranked(records, lambda r: r["class_scores"].get("iou", {}).get("Pole"))


def test_mean_and_spread_over_seeds(opened, swept):
    gallery, records = opened(), swept[1]
    gallery.page.locator("[data-trait=group]").check()
    head = gallery.head()
    assert "p:seed" not in head
    groups = {}
    for record in records.values():
        setting = (str(record["parameters"]["learning_rate"]), record["parameters"]["decoder"])
        groups.setdefault(setting, []).append(record["scores"].get("mean_iou"))
    assert len(gallery.keys()) == len(groups) == 6
    means = []
    for key in gallery.keys():  # noqa: SIM118
        row = dict(zip(head, gallery.cells(key), strict=True))
        scores = groups[row["p:learning_rate"], row["p:decoder"]]
        known = 100 * np.array([score for score in scores if score is not None])
        assert row["key"] == f"{len(known)} of {len(scores)}"
        assert row["s:mean_iou"].split("\n") == [
            f"{known.mean():.1f} ± {known.std(ddof=1):.1f}",
            f"{known.min():.1f} to {known.max():.1f}",
        ]
        means.append(known.mean())
    assert means == sorted(means, reverse=True)

    gallery.page.locator(".gl-grid tbody tr button").nth(1).click()
    assert gallery.page.locator(".gl-chips li").count() == 2
    assert len(gallery.keys()) == 3


def test_what_changes_is_said(opened):
    gallery = opened()
    gallery.filter("seed", "is", value="0")
    live = gallery.page.locator("[data-live]")
    eventually(gallery.page, lambda: "6 of 18 runs, by mean_iou, largest first." in live.text_content())


# --- parameters, curves, images -----------------------------------------------------------------------


def test_parameters_come_by_their_effect(opened, swept):
    gallery, records = opened("#view=parameters"), swept[1]
    finished = [record for record in records.values() if record["state"] == "finished"]
    ranges = {}
    for name in ("learning_rate", "decoder", "seed"):
        by_value = {}
        for record in finished:
            by_value.setdefault(record["parameters"][name], []).append(record["scores"]["mean_iou"])
        means = [np.mean(scores) for scores in by_value.values()]
        ranges[name] = 100 * (max(means) - min(means))
    captions = gallery.page.locator(".gl-panel figcaption").all_text_contents()
    assert captions == [
        f"{name}: {ranges[name]:.1f} points" for name in sorted(ranges, key=ranges.get, reverse=True)
    ]
    plot = gallery.page.locator("[data-effect=decoder]")
    assert plot.locator(".gl-dot").count() == len(finished)
    assert plot.locator(".gl-mean-dot").count() == 2
    assert "indices: " in plot.get_attribute("aria-label")


def test_curves_of_the_first_runs_over_each_other(opened, swept):
    gallery, records = opened("#view=curves"), swept[1]
    drawing = gallery.page.locator(".gl-curves")
    drawing.locator("[data-line]").first.wait_for(state="attached")
    lines = drawing.locator("[data-line]").evaluate_all("all => all.map(line => line.dataset.line)")
    assert set(lines) == set(ranked(records)[:8])
    gallery.choose("lines", "all")
    eventually(gallery.page, lambda: drawing.get_attribute("data-lines") == "17")
    gallery.page.locator("[data-trait=curve]").select_option(label="loss")
    best = ranked(records)[0]
    row = gallery.page.locator(".gl-legend tbody tr").first
    eventually(
        gallery.page,
        lambda: row.locator("td").nth(1).text_content() == f"{records[best]['history'][-1]['loss']:.4g}",
    )


def test_thumbnails_are_the_masks_in_the_order_of_the_table(opened, swept):
    gallery, records = opened("#view=images&colors=dataset"), swept[1]
    cards = gallery.page.locator(".gl-card[data-key]")
    assert cards.evaluate_all("all => all.map(card => card.dataset.key)") == ranked(records)[:17]
    gallery.page.locator(".gl-card[data-key] [data-drawn]").first.wait_for()
    key = ranked(records)[0]
    ids = mask_of(swept, key, 0)
    colors = np.array(records[key]["classes"]["colors"], np.uint8)
    drawn = pixels(cards.first.locator("canvas"))
    np.testing.assert_allclose(drawn[..., :3].astype(int), colors[ids], atol=1)
    image = cards.first.locator("img")
    eventually(gallery.page, lambda: image.evaluate("img => img.complete && img.naturalWidth") == 64)


# --- two runs compared --------------------------------------------------------------------------------


def mask_of(swept, key, number):
    with Image.open(swept[0].parent / "runs" / key / swept[1][key]["masks"][number]["mask"]) as file:
        return np.array(file)


def truth_of(swept, key, number):
    name = swept[1][key]["masks"][number]["image"]
    with Image.open(swept[0].parent / "images" / f"{name}-truth.png") as file:
        return np.array(file)


def tenths(number):
    """Ties go up, as in JavaScript."""
    return str(Decimal(number).quantize(Decimal("0.1"), ROUND_HALF_UP))


def expected_counts(swept, pair, numbers):
    """By NumPy's boolean masks."""
    found = {}
    for label, name in [*enumerate(NAMES), (None, "")]:
        sums = np.zeros(6, int)
        for number in numbers:
            truth = truth_of(swept, pair[0], number)
            a, b = (mask_of(swept, key, number) for key in pair)
            of = truth != VOID if label is None else truth == label
            right_a, right_b = a == truth, b == truth
            parts = (of, of & right_a & right_b, of & right_a & ~right_b, of & ~right_a & right_b)
            sums += [part.sum() for part in (*parts, of & ~right_a & ~right_b, of & (a != b))]
        for kind, count in zip(("pixels", "both", "onlyA", "onlyB", "neither", "differ"), sums, strict=True):
            share = "" if kind == "pixels" else f"{tenths(100 * int(count) / int(sums[0]))} %"
            found[name, kind] = (int(count), share)
    return found


def test_two_runs_chosen_by_mouse_are_counted_pixel_by_pixel(opened, swept):
    gallery = opened()
    pair = ranked(swept[1])[0], ranked(swept[1])[9]
    gallery.page.locator(f"[data-pair=run][data-run='{pair[0]}']").first.click()
    button = gallery.page.locator(f".gl-grid [data-pair=compare][data-run='{pair[1]}']")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    gallery.show("compare")
    eventually(gallery.page, gallery.counts)
    assert gallery.counts() == expected_counts(swept, pair, [0])
    gallery.choose("scope", "all")
    everything = expected_counts(swept, pair, [0, 1])
    eventually(gallery.page, lambda: gallery.counts() == everything)
    assert everything["", "onlyA"] != everything["", "onlyB"]
    assert (gallery.link()["run"], gallery.link()["compare"]) == pair


def test_the_picture_in_every_mode(opened, swept):
    pair = ranked(swept[1])[1], ranked(swept[1])[6]
    gallery = opened(f"#view=compare&run={pair[0]}&compare={pair[1]}&colors=dataset&opacity=1")
    eventually(gallery.page, gallery.counts)
    canvas = gallery.page.locator("[data-canvas=comparison]")
    truth, (a, b) = truth_of(swept, pair[0], 0), (mask_of(swept, key, 0) for key in pair)
    known = truth != VOID
    only_a, only_b = known & (a == truth) & (b != truth), known & (b == truth) & (a != truth)
    third = known & (a != truth) & (b != truth) & (a != b)
    assert min(only_a.sum(), only_b.sum(), third.sum()) > 0
    colors = np.array(swept[1][pair[0]]["classes"]["colors"])
    curtain = np.where(np.arange(64) < 32, a, b)
    everywhere = np.ones_like(known)
    for mode, layers in {
        "curtain": [(everywhere, colors[curtain])],
        "a": [(everywhere, colors[a])],
        "b": [(everywhere, colors[b])],
        "truth": [(known, colors[np.where(known, truth, 0)])],
        "onlyA": [(only_a, BLUE)],
        "onlyB": [(only_b, ORANGE)],
        "difference": [(only_a, BLUE), (only_b, ORANGE), (third, PINK)],
    }.items():
        gallery.choose("mode", mode)
        expected = np.zeros((48, 64, 4), int)
        for where, color in layers:
            expected[where, :3] = np.broadcast_to(color, (48, 64, 3))[where]
            expected[where, 3] = 255
        np.testing.assert_array_equal(pixels(canvas), expected, err_msg=mode)

    # One true class alone.
    gallery.page.locator(f"[data-highlight='{NAMES.index('Road')}']").click()
    road = truth == NAMES.index("Road")
    assert (pixels(canvas)[..., 3] > 0).sum() == ((only_a | only_b | third) & road).sum()


def test_the_curtain_by_mouse_and_by_keys(opened):
    gallery = opened("#view=compare")
    eventually(gallery.page, gallery.counts)
    canvas = gallery.page.locator("[data-canvas=comparison]")
    box = canvas.bounding_box()
    gallery.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
    gallery.page.mouse.down()
    gallery.page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 30, steps=4)
    gallery.page.mouse.up()
    assert gallery.link()["curtain"] == "0.25"
    left = pixels(canvas)
    slide(gallery.page.locator("[data-trait=curtain]"), 80)
    assert gallery.link()["curtain"] == "0.8"
    assert (pixels(canvas) != left).any()
    gallery.page.locator(".gl-picture").focus()
    gallery.page.keyboard.press("+")
    gallery.page.keyboard.press("-")
    gallery.page.keyboard.press("-")
    assert gallery.link()["curtain"] == "0.75"
    gallery.page.locator("[data-trait=curtain]").focus()
    gallery.page.keyboard.press("Home")
    assert gallery.link()["curtain"] == "0"


def test_the_cross_says_what_a_pixel_is(opened, swept):
    pair = ranked(swept[1])[0], ranked(swept[1])[5]
    gallery = opened(f"#view=compare&run={pair[0]}&compare={pair[1]}")
    eventually(gallery.page, gallery.counts)
    gallery.page.locator(".gl-picture").focus()
    for key in ("ArrowDown", "ArrowDown", "Shift+ArrowRight", "Home", "ArrowRight"):
        gallery.page.keyboard.press(key)
    # The first key puts it in the middle, row 24; then a row down, ten columns right, to the side, one right.
    names = (*NAMES, *["void"] * 252)
    truth, (a, b) = truth_of(swept, pair[0], 0), (mask_of(swept, key, 0) for key in pair)
    words = f"Row 25, column 1: A {names[a[25, 1]]}, B {names[b[25, 1]]}, truth {names[truth[25, 1]]}"
    assert gallery.page.locator(".gl-readout").text_content() == words


def test_runs_are_swapped(opened, swept):
    first, second = ranked(swept[1])[:2]
    gallery = opened("#view=compare")
    eventually(gallery.page, gallery.counts)
    before = gallery.counts()
    gallery.page.locator("[data-action=swap]").click()
    eventually(gallery.page, lambda: gallery.counts()["", "onlyA"] == before["", "onlyB"])
    assert (gallery.link()["run"], gallery.link()["compare"]) == (second, first)


@pytest.fixture(scope="module")
def awkward(tmp_path_factory):
    """Runs without truth, with other classes, with a mask less."""
    folder = tmp_path_factory.mktemp("awkward")
    records = write_sweep(folder, axes={"seed": [0, 1, 2, 3]}, failed=0)
    for truth in (folder / "images").glob("*-truth.png"):
        truth.unlink()
    keys = list(records)
    records[keys[2]]["classes"] = {
        "names": ["other", *NAMES[1:]],
        "colors": records[keys[2]]["classes"]["colors"],
    }
    records[keys[3]]["masks"] = records[keys[3]]["masks"][1:]
    for key in keys[2:]:
        path = folder / "runs" / key / "run.json"
        path.write_text(json.dumps(records[key]))
    return write_gallery(folder), records


def test_without_truth_differences_are_counted_by_the_classes_of_a(opened, awkward):
    index, records = awkward
    pair = list(records)[:2]
    gallery = opened(f"#view=compare&run={pair[0]}&compare={pair[1]}&mode=difference", index)
    eventually(gallery.page, gallery.counts)
    a, b = (mask_of(awkward, key, 0) for key in pair)
    for label, name in enumerate(NAMES):
        of = a == label
        if of.any():
            share = f"{tenths(100 * int((of & (a != b)).sum()) / int(of.sum()))} %"
            assert gallery.counts()[name, "differ"] == (int((of & (a != b)).sum()), share)
    assert (pixels(gallery.page.locator("[data-canvas=comparison]"))[..., 3] > 0).sum() == (a != b).sum()


def test_what_cannot_be_compared_is_said(opened, awkward):
    index, records = awkward
    keys = list(records)
    image = records[keys[0]]["masks"][0]["image"]
    gallery = opened(f"#view=compare&run={keys[0]}&compare={keys[2]}&image={image}", index)
    told = gallery.page.locator(".gl-told")
    eventually(gallery.page, lambda: "different classes" in told.text_content())
    assert not gallery.page.locator(".gl-picture").is_visible()
    label = gallery.page.locator("[data-trait=compare] option").nth(3).text_content()
    gallery.page.locator("[data-trait=compare]").select_option(label=label)
    eventually(gallery.page, lambda: "no prediction of image 0001 by B" in told.text_content())


# --- keyboard -----------------------------------------------------------------------------------------


def test_the_table_is_one_stop_and_arrows_move_in_it(opened, swept):
    gallery = opened()
    press = gallery.page.keyboard.press
    assert gallery.page.locator(".gl-grid [tabindex='0']").count() == 1
    gallery.page.locator(".gl-grid [tabindex='0']").focus()
    steps = [
        *(("ArrowRight", [1, 1]), ("ArrowDown", [2, 1]), ("PageDown", [12, 1]), ("PageUp", [2, 1])),
        *(("Home", [2, 0]), ("End", [2, 9]), ("ArrowRight", [2, 9]), ("Control+End", [18, 9])),
        *(("ArrowDown", [18, 9]), ("Control+Home", [1, 0]), ("ArrowUp", [0, 0]), ("ArrowUp", [0, 0])),
    ]
    assert len(gallery.head()) == 10
    for key, place in steps:
        press(key)
        assert gallery.focused() == place, key
        assert gallery.page.locator(".gl-grid [tabindex='0']").count() == 1
    assert len(gallery.keys()) == len(swept[1])


def test_everything_by_keys_alone(opened, swept):
    """From the top: filter, sort, choose A and B, compare, the curtain; the address tells what was done."""
    gallery, records = opened(), swept[1]
    press = gallery.page.keyboard.press
    gallery.page.locator("[role=tab][aria-selected=true]").focus()
    for _ in range(2):
        press("Tab")  # to the column of the filter, then to its condition
    assert gallery.page.evaluate("document.activeElement.dataset.filter") == "operation"
    press("Tab")
    press("End")  # the last learning rate
    press("Tab")
    press("Enter")
    kept = [key for key, record in records.items() if record["parameters"]["learning_rate"] == 0.1]
    assert set(gallery.keys()) == set(kept)
    for _ in range(9):
        if gallery.page.evaluate("Boolean(document.activeElement.closest('.gl-grid'))"):
            break
        press("Tab")
    order = gallery.keys()
    press("ArrowRight")
    press("ArrowDown")
    press("Enter")  # the second run is A
    press("ArrowDown")
    press("ArrowRight")
    press("Space")  # the third is B
    press("ArrowUp")
    assert gallery.focused() == [2, 2]
    gallery.page.locator("[role=tab][aria-selected=true]").focus()
    press("ArrowLeft")  # from the first tab to the last
    eventually(gallery.page, gallery.counts)
    assert gallery.counts() == expected_counts(swept, (order[1], order[2]), [0])
    assert gallery.focused() == ["BUTTON", "gl-tab-compare"]
    press("Home")
    assert gallery.link().get("view", "runs") == "runs"


def test_sorting_keeps_the_focus(opened):
    gallery = opened()
    gallery.page.locator(".gl-grid [tabindex='0']").focus()
    gallery.page.keyboard.press("ArrowUp")
    for _ in range(6):
        gallery.page.keyboard.press("ArrowRight")
    gallery.page.keyboard.press("Enter")
    assert gallery.focused() == [0, 6]
    assert gallery.page.locator("[aria-sort=descending], [aria-sort=ascending]").count() == 1


# --- links --------------------------------------------------------------------------------------------


def test_a_link_shows_the_same_after_a_reload(opened, swept):
    gallery = opened()
    gallery.filter("decoder", "is", value="bilinear")
    gallery.page.locator("[data-column='s:global_accuracy'] button").click()
    gallery.page.locator("[data-trait=classes]").select_option(label="iou")
    order, head = gallery.keys(), gallery.head()
    gallery.page.locator(f".gl-grid [data-pair=compare][data-run='{order[3]}']").click()
    gallery.show("compare")
    gallery.choose("mode", "difference")
    eventually(gallery.page, gallery.counts)
    counts, link = gallery.counts(), gallery.page.url
    gallery.page.reload()
    eventually(gallery.page, lambda: gallery.counts() == counts)
    assert gallery.page.url == link
    assert gallery.page.locator("[data-trait=mode][data-value=difference]").is_checked()
    gallery.show("runs")
    assert (gallery.keys(), gallery.head()) == (order, head)
    assert gallery.link()["filter"] == '[["p:decoder","is","bilinear"]]'


def test_another_link_in_the_same_page(opened, swept):
    gallery, records = opened(), swept[1]
    gallery.page.evaluate("location.hash = '#sort=s:mean_iou'")
    eventually(gallery.page, lambda: gallery.keys()[:17] == ranked(records, largest=False)[:17])
    gallery.page.evaluate("location.hash = '#group=1'")
    eventually(gallery.page, lambda: len(gallery.keys()) == 6)


@pytest.mark.parametrize(
    "link",
    [
        "#run=../../etc&compare=0&sort=-x&view=none&mode=9&image=q&page=-1&curtain=7&highlight=x",
        "#filter=%5B%5B1%5D%5D&filter=nojson&__proto__=1&constructor=2",
        "#%%%&filter=[[\"p:none\",\"is\",\"1\"]]&lines=1e9",
    ],
    ids=["values", "names", "cut-off"],
)  # fmt: skip
def test_a_damaged_link_shows_the_usual(opened, swept, link):
    gallery = opened(link)
    assert gallery.keys() == ranked(swept[1])
    assert gallery.page.locator(".gl-chips li").count() == 0


# --- safety, access, room ------------------------------------------------------------------------------


def test_names_with_markup_stay_text(opened, tmp_path):
    evil = ['<img src=x onerror="window.pwned=1">', "</script><script>window.pwned=1</script>"]
    records = write_sweep(
        tmp_path,
        axes={evil[0]: evil, "seed": [0, 1]},
        names=(evil[0], evil[1], "c", "d"),
        title=evil[1],
        failed=1,
    )
    failed = list(records)[-1]
    write_run(tmp_path / "runs" / failed, {**records[failed], "error": evil[0]}, {})
    index = write_gallery(tmp_path)
    gallery = opened("#classes=iou", index)
    assert gallery.page.locator("h1").text_content() == evil[1]
    assert f"p:{evil[0]}" in gallery.head()
    assert evil[0] in gallery.cells(failed)[-1]
    for view in VIEWS:
        gallery.show(view)
        gallery.page.wait_for_timeout(150)
        assert gallery.page.evaluate("window.pwned") is None
        assert gallery.page.locator("img:not([src^='images/'])").count() == 0


def test_the_policy_stops_what_is_not_of_the_page(browser, swept):
    gallery = Gallery(browser, swept[0])
    found = gallery.page.evaluate(
        """async () => {
          const refused = [];
          document.addEventListener('securitypolicyviolation', (e) => refused.push(e.effectiveDirective));
          const script = document.createElement('script');
          script.textContent = 'window.ran = 1';
          document.body.append(script);
          const style = document.createElement('style');
          style.textContent = 'body { display: none }';
          document.body.append(style);
          const image = new Image();
          image.src = 'https://example.org/a.png';
          await fetch('runs.json').catch(() => refused.push('fetch failed'));
          await new Promise((go) => setTimeout(go, 300));
          return [window.ran ?? null, getComputedStyle(document.body).display, refused.sort()];
        }"""
    )
    gallery.context.close()
    assert found[:2] == [None, "block"]
    assert {"connect-src", "fetch failed", "img-src", "script-src-elem", "style-src-elem"} <= set(found[2])


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        (390, "dark"),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
        pytest.param(390, "light", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_and_nothing_is_cut_off(opened, width, scheme):
    gallery = opened("#classes=iou", width=width, scheme=scheme)
    gallery.filter("seed", "is not", value="2")
    for view in VIEWS:
        gallery.show(view)
        gallery.page.wait_for_timeout(400)
        found = axe.Axe().run(gallery.page).response["violations"]
        assert [(one["id"], node["target"]) for one in found for node in one["nodes"]] == [], view
        assert gallery.page.evaluate("document.documentElement.scrollWidth") <= width, view
    gallery.show("runs")
    gallery.page.locator("[data-trait=group]").check()
    assert axe.Axe().run(gallery.page).response["violations"] == []


def test_the_dark_page_is_dark(opened):
    grounds = {}
    for scheme in ("light", "dark"):
        gallery = opened(scheme=scheme)
        color = gallery.page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor")
        grounds[scheme] = sum(map(int, re.findall(r"\d+", color)[:3])) / 3
    assert grounds["dark"] < 40 < 215 < grounds["light"]


def test_a_sweep_without_runs_and_with_damage(opened, tmp_path):
    records = write_sweep(tmp_path, axes={"seed": [0, 1]}, failed=0)
    for key in records:
        (tmp_path / "runs" / key / "run.json").unlink()
    gallery = opened("", write_gallery(tmp_path))
    assert "There is no run to show yet." in gallery.page.locator("main").text_content()
    assert gallery.page.locator(".gl-problems li").count() == 2
    assert axe.Axe().run(gallery.page).response["violations"] == []


def test_runs_without_images_curves_and_scores(opened, tmp_path):
    write_sweep(tmp_path, axes={"seed": [0, 1]}, images=0, epochs=0, failed=2)
    index = write_gallery(tmp_path)
    gallery = opened("", index)
    assert len(gallery.keys()) == 2
    for view, words in {
        "parameters": "no run has a score",
        "curves": "No run has recorded a learning curve.",
        "images": "No run has recorded predictions of images.",
        "compare": "No run has recorded predictions of images.",
    }.items():
        gallery.show(view)
        assert words in gallery.page.locator("[role=tabpanel]:visible").text_content()


@pytest.mark.slow
def test_five_hundred_runs(opened, tmp_path):
    axes = {
        "learning_rate": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2],
        "decoder": ["indices", "bilinear", "transposed", "additive"],
        "batch_size": [2, 4, 8, 16, 32],
        "seed": [0, 1, 2, 3, 4],
    }
    records = write_sweep(tmp_path, axes=axes, images=4, size=(180, 240), epochs=40, failed=7, speckle=0.014)
    index = write_gallery(tmp_path)
    # Of the page, the images and the masks; reports and notebooks are the engine's.
    shared = [*tmp_path.glob("images/*"), *tmp_path.glob("runs/*/masks/*"), index]
    assert sum(path.stat().st_size for path in shared) / len(records) <= 100_000
    gallery = opened("", index)
    assert gallery.keys() == ranked(records)
    gallery.filter("batch_size", "is", value="8")
    assert len(gallery.keys()) == 100
    gallery.page.locator("[data-trait=group]").check()
    assert len(gallery.keys()) == 20
    gallery.show("curves")
    gallery.choose("lines", "all")
    drawing = gallery.page.locator(".gl-curves")
    failed = [record for record in records.values() if record["state"] == "failed"]
    shown = 100 - sum(record["parameters"]["batch_size"] == 8 for record in failed)
    pair = sum(records[key]["parameters"]["batch_size"] != 8 for key in ranked(records)[:2])
    eventually(gallery.page, lambda: drawing.get_attribute("data-lines") == str(shown + pair))
    gallery.show("images")
    gallery.page.locator("[data-action=next]").click()
    assert gallery.page.locator(".gl-card[data-key]").count() == 24
