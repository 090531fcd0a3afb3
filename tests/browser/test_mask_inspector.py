"""Notebook 07 in a real JupyterLab: every control of the mask inspector, its canvas read back."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from segnet_nb import datasets
from segnet_nb.visualizers import safe_colors
from segnet_nb.widgets.mask_inspector import picture
from tests.browser.driver import OpenNotebook, eventually, pixels, slide

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

NOTEBOOK = "notebooks/07_inspect_predictions.ipynb"
START = """
import json
inspector.overlay, inspector.drawing = "prediction", "fill"
inspector.colors, inspector.scope = "published", "image"
inspector.opacity, inspector.threshold, inspector.curtain, inspector.zoom = 0.55, 0.0, 0.5, 1.0
inspector.hidden, inspector.cell, inspector.pixel, inspector.center = [], [], [], [0.5, 0.5]
inspector.image = 0
"""


@pytest.fixture(scope="module")
def opened(lab, browser):
    notebook = OpenNotebook(browser, lab, NOTEBOOK, height=1500)
    notebook.run_all()
    yield notebook
    assert notebook.failures == []
    notebook.close()


@pytest.fixture
def view(opened):
    """The first of the views, in its first state."""
    opened.ask(START)
    found = opened.explorer("mask-inspector")
    wait(opened, found, "image", 0)
    return found


@pytest.fixture(scope="module")
def data(opened):
    """What the browser was sent, asked of the kernel."""
    sent = opened.ask(
        "import base64, json\n"
        "print(json.dumps({k: {n: base64.b64encode(b).decode() for n, b in v.items()}"
        " for k, v in inspector.pictures.items()}))"
    )

    def decoded(text):
        return np.array(Image.open(io.BytesIO(base64.b64decode(text))))

    found = {}
    for number, parts in json.loads(sent).items():
        planes = {name: decoded(text) for name, text in parts.items()}
        height, width = planes["truth"].shape
        found[int(number)] = picture.MaskData(
            planes["photo"], planes["truth"], planes["classes"][:height], planes["percent"][:height]
        )
        assert width == 240
    return found


def wait(opened, view, trait, value):
    """Until the kernel has heard of a change."""

    def heard():
        assert json.loads(opened.ask(f"print(json.dumps(inspector.{trait}))")) == value

    eventually(opened.page, heard)


def expected(data, image=0, colors="published", **state):
    classes = safe_colors(datasets.CAMVID) if colors == "safe" else datasets.CAMVID
    return picture.compose(data[image], picture.MaskState(**state), classes.palette)


def shown(view):
    return pixels(view.locator("[data-canvas=picture]"))[..., :3]


def assert_same(view, picture):
    # JPEG decoders differ by a step or two; colours over the photo weigh it down further.
    def drawn():
        difference = np.abs(shown(view).astype(int) - picture.astype(int))
        assert difference.max() <= 6 and difference.mean() < 0.2

    eventually(view.page, drawn)


def test_the_picture_is_the_one_python_makes(view, data):
    assert_same(view, expected(data))


@pytest.mark.parametrize("value", [0, 37, 100])
def test_opacity(opened, view, data, value):
    slide(view.locator("[data-trait=opacity]"), value)
    wait(opened, view, "opacity", value / 100)
    assert_same(view, expected(data, opacity=value / 100))


def test_threshold_hatches_and_counts(opened, view, data):
    before = shown(view)
    slide(view.locator("[data-trait=threshold]"), 70)
    wait(opened, view, "threshold", 0.7)
    assert_same(view, expected(data, threshold=70))
    assert (shown(view) != before).any()
    sure, right = picture.certain_pixels(data[0], 70, 11)
    text = f"{sure:.0%} of the pixels are that certain; {right:.0%} of those are right".replace("%", " %")
    eventually(view.page, lambda: view.locator(".sn-certain").inner_text() == text)


@pytest.mark.parametrize("overlay", ["truth", "errors", "none", "compare"])
def test_what_lies_over_the_photo(opened, view, data, overlay):
    view.locator(f"[data-trait=overlay][data-value={overlay}]").check(force=True)
    wait(opened, view, "overlay", overlay)
    assert_same(view, expected(data, overlay=overlay))
    curtain = view.locator("[data-trait=curtain]")
    eventually(view.page, lambda: curtain.is_visible() == (overlay == "compare"))
    if overlay == "compare":
        slide(view.locator("[data-trait=curtain]"), 20)
        wait(opened, view, "curtain", 0.2)
        assert_same(view, expected(data, overlay=overlay, curtain=0.2))


def test_outlines_and_safe_colours(opened, view, data):
    view.locator("[data-trait=drawing][data-value=outline]").check(force=True)
    view.locator("[data-trait=colors][data-value=safe]").check(force=True)
    wait(opened, view, "drawing", "outline")
    assert_same(view, expected(data, colors="safe", drawing="outline"))


def test_classes_are_switched_off_and_on(opened, view, data):
    view.locator("[data-class=Road]").uncheck()
    wait(opened, view, "hidden", ["Road"])
    assert_same(view, expected(data, hidden=frozenset([3])))
    view.locator("[data-action=none]").click()
    wait(opened, view, "hidden", list(datasets.CAMVID.names))
    assert_same(view, expected(data, overlay="none"))
    view.locator("[data-action=all]").click()
    wait(opened, view, "hidden", [])
    assert_same(view, expected(data))


def test_a_cell_of_the_matrix_lights_up_its_pixels(opened, view, data):
    cell = view.locator("[data-cell='Tree|Building']")
    share = ((data[0].truth == 5) & (data[0].predicted == 1)).sum() / (data[0].truth == 5).sum()
    assert cell.inner_text() == f"{100 * share:.0f}"
    cell.click()
    wait(opened, view, "cell", ["Tree", "Building"])
    assert_same(view, expected(data, cell=(5, 1)))
    cell.press("ArrowRight")
    opened.page.keyboard.press("Enter")
    wait(opened, view, "cell", ["Tree", "Pole"])
    assert_same(view, expected(data, cell=(5, 2)))
    opened.page.keyboard.press("Escape")
    wait(opened, view, "cell", [])


def test_hovering_and_clicking_tell_the_classes_of_a_pixel(opened, view, data):
    canvas = view.locator("[data-canvas=picture]")
    box = canvas.bounding_box()
    y, x = 60, 200
    at = {"x": (x + 0.5) * box["width"] / 240, "y": (y + 0.5) * box["height"] / 180}
    canvas.hover(position=at)
    names = [*datasets.CAMVID.names, "void"]

    def told():
        text = view.locator(".sn-at").inner_text()
        assert f"y {y}, x {x}" in text
        assert f"truth {names[data[0].truth[y, x]]}" in " ".join(text.split())
        assert f"{names[data[0].predicted[y, x]]}" in text and f"{data[0].percent[y, x]} %" in text

    eventually(view.page, told)
    canvas.click(position=at)
    wait(opened, view, "pixel", [y, x])
    answer = json.loads(opened.ask("print(json.dumps(inspector.answer))"))
    assert answer["classes"][0] == names[data[0].predicted[y, x]]


def test_next_and_previous_go_by_the_order_worst_first(opened, view, data):
    order = json.loads(opened.ask("print(json.dumps(inspector.order))"))
    place = order.index(0)
    view.locator("[data-action=next]").click()
    wait(opened, view, "image", order[place + 1])
    assert_same(view, expected(data, image=order[place + 1]))
    view.locator("[data-action=previous]").click()
    view.locator("[data-action=previous]").click()
    wait(opened, view, "image", order[place - 1])
    assert_same(view, expected(data, image=order[place - 1]))
    opened.ask(f"inspector.image = {order[0]}")
    eventually(view.page, view.locator("[data-action=previous]").is_disabled)


def test_keys_move_zoom_and_turn_pages(opened, view, data):
    canvas = view.locator("[data-canvas=picture]")
    canvas.focus()
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowLeft", "Enter"):
        canvas.press(key)
    wait(opened, view, "pixel", [91, 111])  # from the middle, 90, 120
    canvas.press("+")
    wait(opened, view, "zoom", 1.5)
    assert_same(view, expected(data))  # the canvas is moved, its pixels stay
    canvas.press("0")
    wait(opened, view, "zoom", 1)
    order = json.loads(opened.ask("print(json.dumps(inspector.order))"))
    canvas.press("n")
    wait(opened, view, "image", order[order.index(0) + 1])


def test_zoomed_in_a_pixel_is_found_where_it_is_shown(opened, view):
    opened.ask("inspector.zoom, inspector.center = 4.0, [0.25, 0.75]")
    moving = view.locator(".sn-moving")
    eventually(view.page, lambda: "scale(4)" in (moving.get_attribute("style") or ""))
    frame = view.locator(".sn-view").bounding_box()
    # The middle of the view is the centre: a quarter down, three quarters across.
    opened.page.mouse.click(frame["x"] + frame["width"] / 2 + 1, frame["y"] + frame["height"] / 2 + 1)
    wait(opened, view, "pixel", [45, 180])
    # A drag of half the view to the left moves the centre by half of a quarter of the image.
    start = frame["x"] + frame["width"] * 0.7, frame["y"] + frame["height"] / 2
    opened.page.mouse.move(*start)
    opened.page.mouse.down()
    opened.page.mouse.move(start[0] - frame["width"] / 4, start[1], steps=4)
    opened.page.mouse.move(start[0] - frame["width"] / 2, start[1], steps=4)
    opened.page.mouse.up()

    def moved():
        y, x = json.loads(opened.ask("print(json.dumps(inspector.center))"))
        assert y == pytest.approx(0.25, abs=0.01) and x == pytest.approx(0.875, abs=0.01)

    eventually(opened.page, moved)


def test_python_moves_every_view_and_a_wrong_value_is_refused(opened, view, data):
    opened.ask("inspector.image = 3; inspector.overlay = 'truth'")
    assert_same(view, expected(data, image=3, overlay="truth"))
    assert_same(opened.explorer("mask-inspector", 2), expected(data, image=3, overlay="truth"))
    assert "unknown class 'Moon'" in opened.ask("inspector.cell = ['Moon', 'Sky']")


def test_an_error_is_shown_and_taken_back(opened, view):
    opened.ask("inspector.set_state({'image': 99})")
    error = view.locator(".sn-error")
    eventually(view.page, lambda: "there is no image 99: choose from 0 to 11" in error.inner_text())
    opened.ask("inspector.error = ''")
    eventually(view.page, lambda: not error.is_visible())


def test_pictures_that_did_not_travel_are_asked_for(opened):
    """A second inspector that may send one picture only: the others come when they are wanted."""
    source = (
        "import segnet_nb.widgets.mask_inspector.explorer as module\n"
        "module.EMBEDDED_BYTES = 1\nsmall = widgets.MaskInspector(predictions)\nsmall"
    )
    there = opened.page.locator(".sn-mask-inspector").count()
    opened.page.evaluate(
        """async source => {
          const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
          notebook.activeCellIndex = notebook.widgets.length - 1;
          await app.commands.execute('notebook:insert-cell-below');
          notebook.activeCell.model.sharedModel.setSource(source);
          await app.commands.execute('notebook:run-cell');
        }""",
        source,
    )
    view = opened.explorer("mask-inspector", there)
    eventually(view.page, lambda: shown(view).any())
    before = shown(view)
    assert opened.ask("small.image = 5; print(list(small.pictures))").strip() == "['0']"
    eventually(view.page, lambda: bool((before != shown(view)).mean() > 0.2))
    assert opened.ask("print(repr(small.error))").strip() == "''"
