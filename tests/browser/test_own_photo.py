"""A photo of one's own in JupyterLab: from a file, from a camera, and without a camera."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.browser.driver import OpenNotebook, eventually, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

CELL = """
import numpy as np
from segnet_nb import datasets, widgets
def halves(image):
    labels = np.full(image.shape[:2], 3, np.uint8)
    labels[: len(labels) // 2] = 0
    return labels
photo = widgets.OwnPhoto(halves, datasets.CAMVID)
photo
"""
# In place of a camera: a green picture of 320 x 240, and a note whether it is in use.
CAMERA = """() => {
  const canvas = document.createElement('canvas');
  canvas.width = 320; canvas.height = 240;
  const context = canvas.getContext('2d');
  const paint = () => { context.fillStyle = '#00c000'; context.fillRect(0, 0, 320, 240); };
  paint();
  window.painting = setInterval(paint, 50);
  window.cameras = [];
  navigator.mediaDevices.getUserMedia = async () => {
    const stream = canvas.captureStream(20);
    window.cameras.push(stream);
    return stream;
  };
}"""
NO_CAMERA = """() => {
  navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); };
}"""
IN_USE = "() => window.cameras.flatMap(c => c.getTracks()).filter(t => t.readyState === 'live').length"


@pytest.fixture(scope="module")
def opened(lab, browser):
    write_notebook(lab.folder / "own_photo.ipynb", CELL)
    notebook = OpenNotebook(browser, lab, "own_photo.ipynb")
    notebook.page.set_default_timeout(60_000)
    notebook.run_all()
    yield notebook
    assert notebook.failures == []
    notebook.close()


def shape(opened):
    return opened.ask("print(None if photo.image is None else photo.image.shape)").strip()


def test_a_chosen_file_is_shown_with_its_classes(opened):
    page = opened.page
    assert not page.locator(".widget-image").is_visible() and shape(opened) == "None"
    buffer = io.BytesIO()
    Image.fromarray(np.full((120, 200, 3), 90, np.uint8)).save(buffer, "png")
    sent = {"name": "street.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a photo").click()
    chooser.value.set_files(sent)
    page.locator(".widget-image").wait_for()
    assert shape(opened) == "(120, 200, 3)"


def test_a_photo_of_the_camera_is_taken_by_keys_and_the_camera_given_back(opened):
    page = opened.page
    page.evaluate(CAMERA)
    camera = opened.explorer("camera")
    camera.locator("[data-action=open]").focus()
    page.keyboard.press("Enter")
    taken = camera.locator("[data-action=take]")
    taken.wait_for()
    assert page.evaluate(IN_USE) == 1
    eventually(page, lambda: camera.locator("video").evaluate("v => v.videoWidth") == 320)
    page.keyboard.press("Space")  # the button has the focus
    eventually(page, lambda: shape(opened) == "(240, 320, 3)")
    red, green, blue = json.loads(opened.ask("print(photo.image[120, 160].tolist())"))
    assert green > 150 > 60 > max(red, blue)
    assert page.evaluate(IN_USE) == 0
    assert not camera.locator("video").is_visible()
    assert camera.locator("[data-action=open]").evaluate("b => b === document.activeElement")


def test_the_camera_can_be_closed_without_a_photo(opened):
    page = opened.page
    page.evaluate(CAMERA)
    camera, before = opened.explorer("camera"), shape(opened)
    camera.locator("[data-action=open]").click()
    camera.locator("[data-action=close]").click()
    eventually(page, lambda: page.evaluate(IN_USE) == 0)
    assert not camera.locator("[data-action=take]").is_visible() and shape(opened) == before


def test_without_a_camera_the_reason_is_told(opened):
    opened.page.evaluate(NO_CAMERA)
    camera = opened.explorer("camera")
    camera.locator("[data-action=open]").click()
    told = camera.locator("[role=status]")
    eventually(opened.page, lambda: "No camera was found" in told.first.inner_text())
    assert camera.locator("[data-action=open]").is_visible()
