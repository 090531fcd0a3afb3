"""A photo page with the engine for graphics processors: with one, with an imitation, and with a broken one.

Chromium imitates a graphics processor by SwiftShader, which computes like one, but slowly.
"""

from __future__ import annotations

import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import datasets
from segnet_nb.datasets import CAMVID
from segnet_nb.probes.page_parts import page_network
from segnet_nb.reports import page_engine
from segnet_nb.reports.photo_page import write_photo_page
from tests.browser.conftest import CHROMIUM_FLAGS, chromium
from tests.browser.driver import eventually, pixels
from tests.browser.test_photo_page import photo_file

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        not page_engine.has_engine(page_engine.GPU_ENGINE), reason="no engine: tools/build_engine.py makes it"
    ),
]
IMITATED = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--use-vulkan=swiftshader")
# The page refuses imitations, since WebAssembly is faster.
TAKEN_FOR_REAL = "Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', {value: false})"
# The page sees a graphics processor, and its worker does not.
BROKEN = """Object.defineProperty(navigator, 'gpu', {
  value: {requestAdapter: async () => ({info: {isFallbackAdapter: false}})}, configurable: true})"""
ADAPTER = "async () => Boolean(await navigator.gpu?.requestAdapter())"
SIZE = (48, 64)
FOUND = ", on the graphics processor"


@pytest.fixture(scope="module")
def model():
    return sn.load_pretrained("realtime-synthetic")


@pytest.fixture(scope="module")
def page(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("gpu") / "photo.html"
    return write_photo_page(path, page_network(model), CAMVID, gpu=True)


@pytest.fixture(scope="module")
def with_gpu(browser):
    opened = browser.browser_type.launch(executable_path=chromium(), args=[*CHROMIUM_FLAGS, *IMITATED])
    yield opened
    opened.close()


def segmented(browser, page, model, script):
    """What the page says about its time, once its mask is that of the model."""
    context = browser.new_context(offline=True)
    tab = context.new_page()
    tab.set_default_timeout(200_000)
    failures = []
    tab.on("pageerror", lambda error: failures.append(str(error)))
    tab.add_init_script(script)
    tab.goto(page.as_uri())
    if script == TAKEN_FOR_REAL and not tab.evaluate(ADAPTER):
        pytest.skip("this Chromium imitates no graphics processor")
    tab.locator("input[type=file]").set_input_files(photo_file(SIZE))
    eventually(tab, lambda: tab.locator(".sn-rate").inner_text() != "", 200)
    image = datasets.load("synthetic", "val", image_size=SIZE, count=1).images[0]
    labels = np.asarray(model(image[None].astype(np.float32), training=False))[0].argmax(-1)
    drawn = pixels(tab.locator(".sn-mask"))[..., :3]
    assert (drawn == CAMVID.palette[labels]).all(-1).mean() >= 0.999
    told = tab.locator(".sn-rate").inner_text()
    assert failures == []
    context.close()
    return told


def test_on_a_graphics_processor(with_gpu, page, model):
    assert segmented(with_gpu, page, model, TAKEN_FOR_REAL).endswith(FOUND)


def test_an_imitation_is_not_used(with_gpu, page, model):
    assert FOUND not in segmented(with_gpu, page, model, "")


def test_without_one(browser, page, model):
    assert FOUND not in segmented(browser, page, model, "")


def test_when_it_fails_the_processor_goes_on(browser, page, model):
    assert FOUND not in segmented(browser, page, model, BROKEN)
