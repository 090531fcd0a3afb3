"""Reports of 06 and 07, opened from disk without a network: the inspectors still work."""

from __future__ import annotations

import re

import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import datasets, probes, reports
from segnet_nb.reports.page_engine import has_engine
from segnet_nb.visualizers.feature_maps import stage_pictures
from tests.browser.conftest import ROOT
from tests.browser.driver import eventually, pixels, slide

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

MOST_BYTES = 12_000_000


class Opened:
    """A page from disk in a browser that is off line; everything it asks for is written down."""

    def __init__(self, browser, path):
        self.context = browser.new_context(offline=True, viewport={"width": 1280, "height": 1000})
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.requests, self.failures = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.failures.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.failures.append(said.text))
        self.page.goto(path.as_uri())
        self.path = path

    def check(self):
        assert self.failures == []
        beyond = [url for url in self.requests if not url.startswith(("blob:", "data:"))]
        assert beyond == [self.path.as_uri()]
        self.context.close()


@pytest.fixture(scope="module")
def report(browser, tmp_path_factory):
    opened = []

    def of(name, **values):
        folder = tmp_path_factory.mktemp("reports")
        page = reports.run(
            ROOT / "notebooks" / f"{name}.ipynb",
            values,
            output_dir=folder,
            timeout_seconds=400,
            progress=False,
        ).html
        assert page.stat().st_size < MOST_BYTES
        opened.append(Opened(browser, page))
        return opened[-1]

    yield of
    for each in opened:
        each.context.close()


def test_the_mask_inspector_lives_in_the_report_of_07(report):
    opened = report("07_inspect_predictions")
    view = opened.page.locator(".sn-mask-inspector").first
    canvas = view.locator("[data-canvas=picture]")
    canvas.scroll_into_view_if_needed()
    opened.page.wait_for_timeout(500)
    photo = photo_of(view, opened, canvas)
    assert photo.shape == (180, 240, 3)

    view.locator("[data-trait=overlay][data-value=truth]").check(force=True)
    slide(view.locator("[data-trait=opacity]"), 100)
    truth = datasets.load("synthetic", "val", image_size=(180, 240), count=12)
    image = int(view.locator("select[data-trait=image]").evaluate("select => select.selectedIndex"))
    known = truth.labels[image] != 11
    expected = np.where(known[..., None], truth.classes.palette[truth.labels[image]], photo)
    np.testing.assert_array_equal(pixels(canvas)[..., :3], expected)

    view.locator("[data-class=Road]").uncheck()
    hidden = known & (truth.labels[image] != 3)
    expected = np.where(hidden[..., None], expected, photo)
    np.testing.assert_array_equal(pixels(canvas)[..., :3], expected)

    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 0.5, "y": box["height"] * 0.9})
    assert "truth Road" in " ".join(view.locator(".sn-at").inner_text().split())
    for _ in range(11):  # through all images, whatever the order
        if view.locator("[data-action=next]").is_disabled():
            break
        before = pixels(canvas)
        view.locator("[data-action=next]").click()
        eventually(opened.page, lambda before=before: bool((pixels(canvas) != before).any()))
    opened.check()


def photo_of(view, opened, canvas):
    """The untouched photograph, as the browser decodes it."""
    view.locator("[data-trait=overlay][data-value=none]").check(force=True)
    for cell in view.locator("td[aria-selected=true]").all():
        cell.click()
    slide(view.locator("[data-trait=threshold]"), 0)
    opened.page.wait_for_timeout(50)
    return pixels(canvas)[..., :3]


def test_playground_microscope_and_ablation_live_in_the_report_of_06(report):
    opened = report("06_inspect_unpooling", count=2, height=48, width=64)
    view = opened.page.locator(".sn-pooling-playground").first
    view.locator("[data-preset=example]").click()
    cell = view.locator("[data-map=grid] [data-y='3'][data-x='0'] input")
    cell.fill("7")
    cell.press("Enter")
    # The window at the bottom left holds -4, -1, 7, -3 now: the 7 wins, at the bottom left of its window.
    pooled = view.locator("[data-map=pooled] [data-y='1'][data-x='0']")
    assert pooled.inner_text().split() == ["7", "2", "=", "10"]
    assert view.locator("[data-map=unpooled] [data-y='3'][data-x='0']").inner_text().strip() == "7"
    assert view.locator("[data-map=nearest] [data-y='2'][data-x='1']").inner_text().strip() == "7"
    if not has_engine():
        # What needs a network is a picture.
        assert opened.page.locator(".sn-index-microscope, .sn-index-ablation").count() == 0
        assert opened.page.locator(".jp-OutputArea img").count() >= 2
        opened.check()
        return
    model = sn.load_pretrained("small-synthetic")
    data = datasets.load("synthetic", "val", image_size=(48, 64), count=2)
    check_microscope(opened.page, probes.trace_images(model, data.images))
    parts = data.images, data.labels, data.classes
    check_ablation(opened.page, probes.AblationBench(model, *parts))
    assert opened.page.locator("[data-engine]").count() == 1
    opened.check()


def check_microscope(page, traces):
    """Another image, stage and channel, and keys on a map: maps and path are those of Python."""
    view = page.locator(".sn-index-microscope").first
    view.locator("select[data-trait=image]").select_option(index=1)
    view.locator("[data-trait=stage][data-value='3']").check(force=True)
    slide(view.locator("[data-trait=channel]"), 5)
    stage = traces[1].stage(3)
    expected = {name: each.rgb for name, each in stage_pictures(stage, 5).items()}
    for name, picture in expected.items():
        canvas = view.locator(f"[data-canvas={name}]")

        def shown(canvas=canvas, picture=picture):
            found = pixels(canvas)[..., :3]
            assert found.shape == picture.shape
            # Rounding moves a value to the next color of the scale now and then.
            assert (np.abs(found.astype(int) - picture).max(-1) <= 6).mean() > 0.99

        eventually(page, shown, 90)
    page.evaluate("document.activeElement.blur()")
    view.locator("[data-map=features]").focus()
    for key in ("Home", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    path = re.compile(r"Pixel \((\d+),\s(\d+)\) .* puts the value back at \((\d+),\s(\d+)\)")

    def told():
        y, x, *back = map(int, path.search(view.locator("[data-status]").inner_text()).groups())
        assert x == 4  # from the left side one pixel of the third map to the right
        assert tuple(back) == traces[1].path(y, x, stage=3, channel=5).returned

    eventually(page, told)


def check_ablation(page, bench):
    """Interventions without chance: scores and labels are those of Python; the others are answered."""
    view = page.locator(".sn-index-ablation").first

    def scores():
        return [each.inner_text() for each in view.locator(".sn-meter-value").all()]

    for mode in ("zeros", "nearest", "bilinear", "other", "true"):
        view.locator(f"[data-preset={mode}]").click()
        found = bench.run(0, dict.fromkeys(bench.stages, mode))

        def same(found=found):
            expected = [100 * each for each in (found.mean_iou, found.boundary_f1, found.changed)]
            read = [float(text.split()[0]) for text in scores()[:3]]
            np.testing.assert_allclose(read, expected, atol=0.2)
            colors = bench.classes.palette[found.prediction]
            drawn = pixels(view.locator("[data-canvas=prediction]"))[..., :3]
            assert (drawn == colors).all(-1).mean() >= 0.999

        eventually(page, same, 60)
    for mode in ("shuffled", "random"):
        before = scores()
        view.locator(f"[data-preset={mode}]").click()
        eventually(page, lambda before=before: scores()[2] != before[2], 60)
    view.locator("[data-preset=true]").focus()
    page.keyboard.press("Enter")
    eventually(page, lambda: scores()[2].startswith("0.0"), 60)
