"""A photo of one's own in JupyterLab: from a file, dropped, pasted or by a camera; then inspected."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.browser.driver import OpenNotebook, eventually, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

CELL = """
import numpy as np
import segnet_nb as sn
from segnet_nb import datasets, probes, widgets
def halves(image):
    labels = np.full(image.shape[:2], 3, np.uint8)
    labels[: len(labels) // 2] = 0
    return labels
photo = widgets.OwnPhoto(halves, datasets.CAMVID)
photo
"""
# What lesson 07 does: the inspector shows each new photo.
INSPECTED = """
model = sn.load_pretrained("small-synthetic")
street = datasets.load("synthetic", "val", image_size=(96, 128), count=1).images
look = widgets.MaskInspector(probes.probe_predictions(model, street, classes=datasets.CAMVID))
def inspect(change):
    look.predictions = probes.probe_predictions(model, change["new"], classes=datasets.CAMVID)
photo.observe(inspect, names="image")
look
"""
# Dispatches what the browser does when a file is dropped or pasted.
DISPATCH = """(node, [kind, name, type, text, size]) => {
  const moved = new DataTransfer();
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  if (name) moved.items.add(new File([bytes, new Uint8Array(size)], name, { type }));
  else moved.setData('text/plain', 'only words');
  const event = kind === 'paste'
    ? new ClipboardEvent('paste', { clipboardData: moved, bubbles: true, cancelable: true })
    : new DragEvent(kind, { dataTransfer: moved, bubbles: true, cancelable: true });
  return [node.dispatchEvent(event), node.closest('.sn-camera').classList.contains('sn-over')];
}"""
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
    write_notebook(lab.folder / "own_photo.ipynb", CELL, INSPECTED)
    notebook = OpenNotebook(browser, lab, "own_photo.ipynb")
    notebook.page.set_default_timeout(60_000)
    notebook.run_all()
    yield notebook
    assert notebook.failures == []
    notebook.close()


def shape(opened):
    return opened.ask("print(None if photo.image is None else photo.image.shape)").strip()


def png(height, width, color=90):
    buffer = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), color, np.uint8)).save(buffer, "png")
    return buffer.getvalue()


def dispatch(opened, kind, name="", type_="image/png", content=b"", size=0):
    """Whether the browser's own action is prevented, and whether the place is marked."""
    place = opened.explorer("camera").locator(".sn-drop")
    text = base64.b64encode(content).decode()
    passed, marked = place.evaluate(DISPATCH, [kind, name, type_, text, size])
    return not passed, marked


def told(opened):
    return opened.explorer("camera").locator("[role=status]").first.inner_text()


def test_a_chosen_file_is_shown_with_its_classes(opened):
    page = opened.page
    assert not page.locator(".widget-image").is_visible() and shape(opened) == "None"
    sent = {"name": "street.png", "mimeType": "image/png", "buffer": png(120, 200)}
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a photo").click()
    chooser.value.set_files(sent)
    page.locator(".widget-image").wait_for()
    assert shape(opened) == "(120, 200, 3)"


@pytest.mark.parametrize(("kind", "width"), [("drop", 180), ("paste", 160)])
def test_an_image_is_dropped_or_pasted_and_then_inspected(opened, kind, width):
    if kind == "drop":
        assert dispatch(opened, "dragover", "street.png") == (True, True)
    assert dispatch(opened, kind, "street.png", content=png(120, width)) == (True, False)
    eventually(opened.page, lambda: shape(opened) == f"(120, {width}, 3)")
    assert told(opened) == ""
    view = opened.explorer("mask-inspector")
    eventually(
        opened.page, lambda: view.locator("[data-canvas=picture]").get_attribute("width") == str(width)
    )
    # Words and table say the same as Python.
    certain = json.loads(opened.ask("import json; print(json.dumps(look.class_certainties()))"))
    rows = view.locator("[data-certainty]")
    eventually(opened.page, lambda: rows.count() == len(certain) + 1)
    for name, each in certain.items():
        cells = view.locator(f"[data-certainty='{name}'] td").all_inner_texts()
        expected = f"{100 * each['share']:.1f} %", *(100 * each[key] for key in ("probability", "certain"))
        assert cells[0] == expected[0]
        assert [float(cell[:-2]) for cell in cells[1:]] == pytest.approx(expected[1:], abs=0.51)
    mean = json.loads(opened.ask("print(look.certainties[0])"))
    assert f"mean probability of the predicted class {100 * mean:.0f} %" in view.inner_text()
    assert "No labels, so no scores" in view.inner_text()
    disabled = view.locator("[data-trait=overlay]:disabled")
    assert disabled.evaluate_all("all => all.map(one => one.dataset.value)") == ["truth", "compare", "errors"]
    assert disabled.first.get_attribute("title") == "Needs labels, and these images have none"


def test_a_photo_full_of_detail_is_small_enough_for_every_home(opened):
    """Colab loses messages of 1 MB; base64 makes bytes a third longer."""
    noise = np.random.default_rng(0).integers(0, 256, (1280, 1280, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "png")
    dispatch(opened, "drop", "noise.png", content=buffer.getvalue())
    eventually(opened.page, lambda: shape(opened) == "(480, 480, 3)")
    assert 100_000 < int(opened.ask("print(len(photo.source.photo))")) <= 700_000


REFUSED = [
    (
        "drop",
        "notes.txt",
        "text/plain",
        0,
        "notes.txt is not a JPEG, PNG or WebP image: choose one of these.",
    ),
    ("paste", "big.png", "image/png", 20_500_000, "big.png has 20.5 MB: choose an image of at most 20 MB."),
    ("drop", "odd.png", "image/png", 9, "odd.png cannot be read as an image: choose another one."),
    ("drop", "", "", 0, "What was dropped is not a file: drop an image file."),
    ("paste", "", "", 0, "There is no image in the clipboard: copy one first."),
]


@pytest.mark.parametrize(("kind", "name", "type_", "size", "words"), REFUSED, ids=lambda v: str(v)[:9])
def test_what_is_not_taken_is_told_in_a_sentence(opened, kind, name, type_, size, words):
    before = shape(opened)
    assert dispatch(opened, kind, name, type_, size=size) == (True, False)
    eventually(opened.page, lambda: told(opened) == words)
    assert shape(opened) == before


def test_ctrl_v_pastes_what_is_in_the_clipboard(opened):
    """By real keys: the notebook has no new cell and no changed one."""
    page = opened.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.explorer("camera").locator(".sn-drop").click()
    page.evaluate(
        """async text => {
          const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
          const image = new Blob([bytes], { type: 'image/png' });
          await navigator.clipboard.write([new ClipboardItem({ 'image/png': image })]);
        }""",
        base64.b64encode(png(100, 140)).decode(),
    )
    cells = page.locator(".jp-Cell").count()
    page.keyboard.press("Control+v")
    eventually(page, lambda: shape(opened) == "(100, 140, 3)")
    assert page.locator(".jp-Cell").count() == cells


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
