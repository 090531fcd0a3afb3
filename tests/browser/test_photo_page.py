"""The page for the reader's own photo and camera, from disk and off line, with Chromium's fake camera."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

import segnet_nb as sn
from segnet_nb import datasets, probes
from segnet_nb.datasets import CAMVID
from segnet_nb.probes.page_parts import page_network
from segnet_nb.reports.page_engine import has_engine
from segnet_nb.reports.photo_page import write_photo_page
from tests.browser.driver import eventually, pixels

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not has_engine(), reason="no engine: tools/build_engine.py makes it"),
]


@pytest.fixture(scope="module")
def model():
    return sn.load_pretrained("realtime-synthetic")


@pytest.fixture
def tab(browser, model, tmp_path):
    path = write_photo_page(tmp_path / "photo.html", page_network(model), CAMVID, title="Streets & more")
    context = browser.new_context(offline=True)
    tab = context.new_page()
    tab.set_default_timeout(90_000)
    asked, failures = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda said: said.type == "error" and failures.append(said.text))
    tab.on("pageerror", lambda error: failures.append(str(error)))
    tab.goto(path.as_uri())
    yield tab
    assert failures == []
    assert [url for url in asked if not url.startswith("blob:")] == [path.as_uri()]
    context.close()


def test_a_photo_and_then_the_camera(tab, model):
    assert tab.locator("h1").inner_text() == "Streets & more"
    assert "Nothing leaves this machine" in tab.locator(".sn-note").inner_text()
    image = datasets.load("synthetic", "val", image_size=(96, 128), count=1).images[0]
    tab.locator("input[type=file]").set_input_files(photo_file())
    tab.locator(".sn-mask").wait_for()
    labels = np.asarray(model(image[None].astype(np.float32), training=False))[0].argmax(-1)
    drawn = pixels(tab.locator(".sn-mask"))[..., :3]
    assert (drawn == CAMVID.palette[labels]).all(-1).mean() >= 0.999
    share = round(100 * float(np.mean(labels == 3)))
    assert tab.locator("[data-class=Road]").inner_text() == f"Road {share} %"

    tab.locator("[data-action=open]").click()
    tab.locator("[data-action=close]").wait_for()
    shown = tab.locator(".sn-rate")
    eventually(tab, lambda: bool(re.fullmatch(r"[\d.]+ frames a second", shown.inner_text())), 60)
    before = pixels(tab.locator(".sn-photo"))
    assert not np.array_equal(before[..., :3], image)
    # The fake camera's picture moves, and the page follows.
    eventually(tab, lambda: bool((pixels(tab.locator(".sn-photo")) != before).any()), 60)
    tab.keyboard.press("Enter")  # the button that closes it has the focus
    tab.locator("[data-action=open]").wait_for()
    assert not tab.evaluate("document.querySelector('video')?.srcObject?.active ?? false")


def violations(tab):
    found = axe.Axe().run(tab).response["violations"]
    return [(one["id"], node["target"], node["failureSummary"]) for one in found for node in one["nodes"]]


def photo_file(size=(96, 128)):
    image = datasets.load("synthetic", "val", image_size=size, count=1).images[0]
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "png")
    return {"name": "street.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_cut_off_on_a_phone(tab, theme):
    tab.emulate_media(color_scheme=theme)
    tab.set_viewport_size({"width": 390, "height": 800})
    assert violations(tab) == []
    tab.locator("input[type=file]").set_input_files(photo_file())
    tab.locator("[data-class=Road]").wait_for()
    assert violations(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    light = tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert light == (theme == "light")


def test_the_keyboard_alone_chooses_a_photo_and_opens_and_closes_the_camera(tab):
    tab.keyboard.press("Tab")
    eventually(tab, lambda: tab.evaluate("document.activeElement.dataset.action") == "choose")
    with tab.expect_file_chooser() as chooser:
        tab.keyboard.press("Enter")
    chooser.value.set_files(photo_file())
    tab.locator("[data-class=Road]").wait_for()
    for _ in range(2):
        tab.keyboard.press("Tab")
    tab.keyboard.press("End")
    assert tab.locator(".sn-mask").evaluate("mask => mask.style.opacity") == "1"
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Enter")
    tab.locator("[data-action=close]").wait_for()
    eventually(tab, lambda: "frames a second" in tab.locator(".sn-rate").inner_text(), 60)
    tab.keyboard.press("Space")
    tab.locator("[data-action=open]").wait_for()


def test_what_is_not_a_photo_is_refused_in_words(tab):
    tab.locator("input[type=file]").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no image"}
    )
    tab.get_by_text("notes.txt is not a JPEG, PNG or WebP image").wait_for()


def test_the_names_are_public():
    assert probes.page_network is page_network
    assert sn.reports.write_photo_page is write_photo_page
