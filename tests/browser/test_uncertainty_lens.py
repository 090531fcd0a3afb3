"""Notebook 08 in a real JupyterLab and as a report without one: the lens's canvases against Python."""

from __future__ import annotations

import base64
import json

import nbformat
import numpy as np
import pytest

from segnet_nb import reports
from segnet_nb.datasets import CAMVID
from tests.browser.conftest import ROOT
from tests.browser.driver import OpenNotebook, eventually, pixels, slide
from tests.browser.test_reports_offline import Opened

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

NOTEBOOK = "notebooks/08_uncertainty.ipynb"
START = "lens.image, lens.samples, lens.measure, lens.kept, lens.error = 0, 16, 'variance', 0.8, ''"
COMPOSED = """
import base64, json
print(json.dumps({name: [list(p.shape), base64.b64encode(p.tobytes()).decode()]
                  for name, p in lens.composed().items()}))
"""


@pytest.fixture(scope="module")
def opened(lab, browser):
    """The lesson as far as the lens; the rest of it runs in tests/notebooks/test_notebooks.py."""
    lesson = nbformat.read(ROOT / NOTEBOOK, as_version=4)
    last = next(i for i, cell in enumerate(lesson.cells) if "UncertaintyLens(" in cell.source)
    lesson.cells = lesson.cells[: last + 1]
    nbformat.write(lesson, lab.folder / "notebooks" / "to_the_lens.ipynb")
    notebook = OpenNotebook(browser, lab, "notebooks/to_the_lens.ipynb", height=1500)
    notebook.run_all()
    yield notebook
    assert notebook.failures == []
    notebook.close()


@pytest.fixture
def view(opened):
    opened.ask(START)
    found = opened.explorer("uncertainty-lens")
    drawn(found, "0/16/variance/80")
    return found


def drawn(view, state):
    view.locator(f".sn-four[data-state='{state}']").wait_for()


def check(opened, view):
    """Every canvas is what Python composes."""
    for name, (shape, text) in json.loads(opened.ask(COMPOSED)).items():
        expected = np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape)
        found = pixels(view.locator(f"[data-canvas={name}]"))[..., :3]
        np.testing.assert_array_equal(found, expected, err_msg=name)


def heard(opened, trait, value):
    eventually(opened.page, lambda: json.loads(opened.ask(f"print(json.dumps(lens.{trait}))")) == value)


def test_the_pictures_are_those_of_python(opened, view):
    check(opened, view)


def test_every_control_changes_the_pictures(opened, view):
    before = {name: pixels(view.locator(f"[data-canvas={name}]")) for name in ("prediction", "uncertainty")}
    slide(view.locator("[data-trait=samples]"), 0)
    drawn(view, "0/2/variance/80")
    heard(opened, "samples", 2)
    check(opened, view)
    view.locator("[data-trait=measure][data-value=entropy]").check(force=True)
    drawn(view, "0/2/entropy/80")
    heard(opened, "measure", "entropy")
    check(opened, view)
    slide(view.locator("[data-trait=kept]"), 35)
    drawn(view, "0/2/entropy/35")
    heard(opened, "kept", 0.35)
    check(opened, view)
    view.locator("[data-trait=image]").select_option(index=2)
    drawn(view, "2/2/entropy/35")
    heard(opened, "image", 2)
    check(opened, view)
    for name, old in before.items():
        assert (pixels(view.locator(f"[data-canvas={name}]")) != old).any()


def test_what_is_told_is_the_answer(opened, view):
    answer = json.loads(opened.ask("print(json.dumps(lens.answer))"))
    text = view.locator("[data-told]").inner_text()
    for name in ("all_accuracy", "all_kept_accuracy", "calibration_error"):
        assert f"{100 * answer[name]:.1f} %" in text
    own = view.locator(".sn-chart-figure").first.locator("[data-value=own]").inner_text()
    assert own == f"{100 * answer['kept_accuracy']:.1f} %"


def test_a_pixel_is_told_by_pointer_and_keyboard(opened, view):
    line = view.locator(".sn-readout-line")
    canvas = view.locator("[data-canvas=errors]")
    box = canvas.bounding_box()
    canvas.hover(position={"x": 200.5 * box["width"] / 240, "y": 60.5 * box["height"] / 180})
    truth, predicted = (
        opened.ask(f"print([*lens.class_names, 'void'][{where}[60, 200]])").strip()
        for where in ("data.labels[0]", "sampled.predictions[-1, 0]")
    )
    eventually(opened.page, lambda: f"y 60, x 200: {predicted}, in truth {truth}" in line.inner_text())
    opened.page.mouse.move(2, 2)
    board = view.locator(".sn-four")
    board.focus()
    board.press("ArrowRight")
    board.press("Shift+ArrowDown")
    eventually(opened.page, lambda: line.inner_text().startswith("y 100, x 120"))


def test_dragging_in_the_chart_keeps_more_or_less(opened, view):
    chart = view.locator(".sn-chart-figure svg.sn-chart").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    # The axis runs from 46 to 446 of 460 units: half of it is half of the pixels.
    opened.page.mouse.click(box["x"] + 246 / 460 * box["width"], box["y"] + box["height"] / 2)
    heard(opened, "kept", 0.5)
    drawn(view, "0/16/variance/50")
    check(opened, view)


def test_a_wrong_value_is_shown(opened, view):
    opened.ask("lens.set_state({'samples': 3})")
    error = view.locator(".sn-error")
    eventually(view.page, lambda: "there are results after 2, 4, 8, 16 samples" in error.inner_text())


@pytest.mark.slow
def test_it_lives_on_in_a_report(browser, tmp_path):
    page = reports.run(
        ROOT / NOTEBOOK,
        {"count": 2, "height": 48, "width": 64, "samples": 4},
        output_dir=tmp_path,
        timeout_seconds=400,
        progress=False,
    ).html
    opened = Opened(browser, page)
    view = opened.page.locator(".sn-uncertainty-lens").first
    view.scroll_into_view_if_needed()
    drawn(view, "0/4/variance/80")
    canvas = view.locator("[data-canvas=prediction]")
    before = pixels(canvas)
    assert before.shape == (48, 64, 4)
    slide(view.locator("[data-trait=kept]"), 100)
    drawn(view, "0/4/variance/100")
    all_kept = pixels(canvas)
    assert (all_kept != before).any()
    # Nothing is hatched any more: every pixel has the colour of a class.
    colors = {tuple(color) for color in all_kept[..., :3].reshape(-1, 3).tolist()}
    assert colors <= {tuple(color) for color in CAMVID.palette.tolist()}
    view.locator("[data-trait=image]").select_option(index=1)
    drawn(view, "1/4/variance/100")
    assert (pixels(canvas) != all_kept).any()
    opened.check()
