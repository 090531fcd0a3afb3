"""Reports of 06 and 07, opened from disk without a network: playground and mask inspector still work."""

from __future__ import annotations

import numpy as np
import pytest

from segnet_nb import datasets, reports
from tests.browser.conftest import ROOT
from tests.browser.driver import eventually, pixels, slide

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

MOST_BYTES = 10_000_000


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


def test_the_playground_lives_in_the_report_of_06(report):
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
    # What needs a kernel is a picture.
    assert opened.page.locator(".sn-index-microscope, .sn-index-ablation").count() == 0
    assert opened.page.locator(".jp-OutputArea img").count() >= 2
    opened.check()
