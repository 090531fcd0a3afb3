"""The website's page for photos in Chromium: from disk, with engines that it loads when it needs them."""

from __future__ import annotations

import re

import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import datasets
from segnet_nb.datasets import CAMVID
from segnet_nb.reports import page_engine
from tests.browser.conftest import CHROMIUM_FLAGS, chromium, launched
from tests.browser.driver import eventually, pixels
from tests.browser.test_gpu_page import ADAPTER, BROKEN, FOUND, IMITATED, TAKEN_FOR_REAL
from tests.browser.test_photo_page import photo_file, violations
from tools.site import photo

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no Chromium"),
    pytest.mark.skipif(
        not all(map(page_engine.has_engine, (page_engine.ENGINE, page_engine.GPU_ENGINE))),
        reason="no engine: tools/build_engine.py makes it",
    ),
]
SIZE = (96, 128)


@pytest.fixture(scope="module")
def chrome():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def with_gpu(chrome):
    opened = chrome.browser_type.launch(executable_path=chromium(), args=[*CHROMIUM_FLAGS, *IMITATED])
    yield opened
    opened.close()


class Opened:
    """The page, in a browser, with a photo that is given to it."""

    def __init__(self, browser, folder, script="", blocked=()):
        self.context = browser.new_context(offline=True)
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(200_000)
        self.failures, self.asked = [], []
        self.tab.on("pageerror", lambda error: self.failures.append(str(error)))
        self.tab.on("request", lambda request: self.asked.append(request.url))
        for each in blocked:
            self.tab.route(f"**/{each}", lambda route: route.abort())
        self.tab.add_init_script(script)
        self.tab.goto((folder / photo.NAME).as_uri())
        if script == TAKEN_FOR_REAL and not self.tab.evaluate(ADAPTER):
            pytest.skip("this Chromium imitates no graphics processor")

    def give(self):
        self.tab.evaluate("() => { document.querySelector('.sn-rate').textContent = ''; }")
        self.tab.locator("input[type=file]").set_input_files(photo_file(SIZE))
        eventually(self.tab, lambda: self.tab.locator(".sn-rate").inner_text() != "", 200)
        return self.tab.locator(".sn-rate").inner_text()

    def files(self):
        return [url.rsplit("/", 1)[1] for url in self.asked if "/explorers/" in url]


@pytest.fixture
def opened(folder):
    pages = []

    def of(*arguments, **options):
        page = Opened(*arguments, **options)
        pages.append(page)
        return page

    yield lambda browser, *more, **options: of(browser, folder, *more, **options)
    for page in pages:
        assert page.failures == []
        page.context.close()


@pytest.fixture(scope="module")
def names(folder):
    """The files of both engines."""
    found = {}
    for path in (folder / "explorers").iterdir():
        text = path.read_text(encoding="utf-8")
        found["gpu" if 'add("data-gpu-engine"' in text else "plain"] = path.name
    return found


def is_right(tab):
    """Whether the mask is that of the model in Python."""
    model = sn.load_pretrained("realtime-camvid")
    image = datasets.load("synthetic", "val", image_size=SIZE, count=1).images[0]
    labels = np.asarray(model(image[None].astype(np.float32), training=False))[0].argmax(-1)
    drawn = pixels(tab.locator(".sn-mask"))[..., :3]
    return (drawn == CAMVID.palette[labels]).all(-1).mean() >= 0.999


def test_the_engine_comes_with_the_first_picture(opened, chrome, names):
    page = opened(chrome)
    assert page.files() == [] and "realtime-camvid" in page.tab.locator(".sn-note").inner_text()
    assert page.give().startswith("first picture, with loading: ")
    assert page.files() == [names["plain"]] and is_right(page.tab)
    assert violations(page.tab) == []
    assert re.fullmatch(r"\d+ ms", page.give())
    assert page.files() == [names["plain"]]
    page.tab.get_by_role("link", name="segnet-nb").click()
    assert page.tab.title() == "first page"


def test_on_a_graphics_processor(opened, with_gpu, names):
    page = opened(with_gpu, TAKEN_FOR_REAL)
    assert page.give().endswith(FOUND)
    assert page.files() == [names["gpu"]] and is_right(page.tab)


def test_without_the_file_for_graphics_processors_the_processor_computes(opened, chrome, names):
    page = opened(chrome, BROKEN, blocked=[names["gpu"]])
    assert FOUND not in page.give()
    assert page.files() == [names["gpu"], names["plain"]] and is_right(page.tab)


def test_without_any_engine_the_page_says_so(opened, chrome, names):
    page = opened(chrome, blocked=names.values())
    page.tab.locator("input[type=file]").set_input_files(photo_file(SIZE))
    told = page.tab.locator(".sn-told")
    eventually(page.tab, lambda: told.inner_text() == "the engine could not be loaded.", 60)
