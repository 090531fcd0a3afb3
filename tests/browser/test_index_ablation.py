"""The ablation explorer in a real JupyterLab: controls drawn, moved, and their pictures read back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from segnet_nb.datasets import CAMVID
from tests.browser.driver import OpenNotebook, eventually, pixels, slide, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

CELLS = (
    """\
import json, time
import numpy as np
import segnet_nb as sn
from segnet_nb.probes import AblationBench
from segnet_nb.widgets import IndexAblation
data = sn.datasets.load("synthetic", "val", image_size=(90, 120), count=3)
model = sn.load_pretrained("small-synthetic")
bench = AblationBench(model, data.images, data.labels, data.classes, names=data.names)""",
    "explorer = IndexAblation(bench)\nexplorer",
)


@pytest.fixture(scope="module")
def notebook(browser, lab):
    write_notebook(lab.folder / "index_ablation.ipynb", *CELLS)
    opened = OpenNotebook(browser, lab, "index_ablation.ipynb")
    opened.run_all()
    yield opened
    opened.close()


@pytest.fixture
def view(notebook):
    """The explorer, brought back to where it started."""
    notebook.ask(
        "explorer.view, explorer.image, explorer.share, explorer.seed = 'all', 0, 0.5, 0; "
        "explorer.other = None; explorer.preset('true')"
    )
    found = notebook.explorer("index-ablation")
    settle(notebook, found)
    yield found
    assert notebook.failures == []


def settle(notebook, view):
    """Wait until the view has drawn what the kernel holds."""
    notebook.page.wait_for_timeout(60)
    view.locator(".sn-results[aria-busy=false]").wait_for()
    view.locator(".sn-busy").wait_for(state="hidden")


def canvas(view, name):
    return view.locator(f"[data-canvas={name}]")


def expected(notebook, name):
    """A label map of the kernel, in the colours of its classes."""
    text = notebook.ask(f"print(json.dumps({name}.tolist()))")
    return np.array(CAMVID.colors, np.uint8)[np.array(json.loads(text))]


def assert_drawn(notebook, view):
    for name, source in (
        ("truth", "bench.labels[explorer.image]"),
        ("reference", "explorer.ablation.reference"),
        ("prediction", "explorer.ablation.prediction"),
    ):
        drawn = pixels(canvas(view, name))[..., :3]
        np.testing.assert_array_equal(drawn, expected(notebook, source), err_msg=name)


def test_presets_stages_and_pictures(notebook, view):
    assert_drawn(notebook, view)
    before = pixels(canvas(view, "prediction"))
    view.locator("[data-preset=nearest]").click()
    settle(notebook, view)
    assert notebook.ask("print(explorer.modes)").strip() == str(["nearest"] * 4)
    assert view.locator("[data-preset=nearest]").get_attribute("aria-pressed") == "true"
    assert_drawn(notebook, view)
    assert (pixels(canvas(view, "prediction")) != before).any()
    view.locator("select[data-stage='4']").select_option(label="shuffled")
    view.locator("select[data-stage='1']").select_option(label="true indices")
    settle(notebook, view)
    assert notebook.ask("print(explorer.modes)").strip() == str(["true", "nearest", "nearest", "shuffled"])
    assert_drawn(notebook, view)
    shown = view.locator("[data-meter=mean_iou] .sn-meter-value").inner_text()
    assert shown == notebook.ask("print(f\"{100 * explorer.result['mean_iou']:.1f} %\")").strip()


def test_image_seed_and_other(notebook, view):
    view.locator("[data-preset=shuffled]").click()
    view.locator("[data-trait=image]").select_option(index=1)
    view.locator("[data-action=again]").click()
    settle(notebook, view)
    assert notebook.ask("print(explorer.image, explorer.seed)").strip() == "1 1"
    assert_drawn(notebook, view)
    view.locator("[data-preset=other]").click()
    view.locator("[data-trait=other]").select_option(index=3)
    settle(notebook, view)
    assert notebook.ask("print(explorer.ablation.other)").strip() == "2"
    assert_drawn(notebook, view)
    # What would have no effect cannot be moved.
    assert view.locator("[data-trait=share]").is_disabled()
    assert view.locator("[data-action=again]").is_disabled()


def test_changes_can_be_told_without_colour(notebook, view):
    view.locator("[data-preset=zeros]").click()
    settle(notebook, view)
    pictures = {}
    for name in ("all", "wrong", "right"):
        view.locator(f"[data-trait=view][data-value={name}]").check(force=True)
        settle(notebook, view)
        pictures[name] = pixels(canvas(view, "changes"))[..., :3].astype(int)
        black = (pictures[name] == 0).all(-1)
        assert black.any() == (name != "right")  # stripes
        white = (pictures[name] == 255).all(-1)
        assert white.any() == (name != "wrong")  # dots
    assert (pictures["wrong"] != pictures["right"]).any()


def test_a_pixel_is_read_by_pointer_and_by_keyboard(notebook, view):
    view.locator("[data-preset=bilinear]").click()
    settle(notebook, view)
    box = canvas(view, "changes").bounding_box()
    notebook.page.mouse.move(box["x"] + box["width"] * 100.5 / 120, box["y"] + box["height"] * 60.5 / 90)
    place = view.locator(".sn-place")
    place.get_by_text("row 60, column 100").wait_for()
    names = json.loads(
        notebook.ask(
            "print(json.dumps([[*data.classes.names, 'void'][m[60, 100]] for m in (bench.labels[0], "
            "explorer.ablation.reference, explorer.ablation.prediction)]))"
        )
    )
    assert f"truth {names[0]}  ·  true indices {names[1]}  ·  now {names[2]}" in place.inner_text()
    notebook.page.mouse.move(0, 0)
    place.get_by_text("Point at a pixel").wait_for()
    view.locator(".sn-pictures").focus()
    for key in ("ArrowDown", "ArrowDown", "Shift+ArrowRight"):  # the first shows the cross in the middle
        notebook.page.keyboard.press(key)
    place.get_by_text("row 46, column 70").wait_for()
    assert view.locator(".sn-cross:not([hidden])").count() == 5


def test_a_slow_kernel_gets_the_newest_request_alone_and_the_sign_is_there_at_once(notebook, view, lab):
    view.locator("[data-preset=random]").click()
    settle(notebook, view)
    go_on = lab.folder / "moved"
    notebook.ask(
        "import time; from pathlib import Path\nruns = []; fast = bench.run\n"
        "def slow(*a, **k):\n    runs.append(k['share'])\n"
        f"    while not Path({str(go_on)!r}).exists(): time.sleep(0.02)\n    return fast(*a, **k)\n"
        "bench.run = slow"
    )
    share = view.locator("[data-trait=share]")
    # Within the very event: no frame passes without the sign.
    shown = share.evaluate(
        """input => {
          input.value = 1;
          input.dispatchEvent(new Event('input', {bubbles: true}));
          const root = input.closest('.sn-explorer');
          return [root.querySelector('.sn-busy').hidden, input.closest('.sn-control').textContent];
        }"""
    )
    assert shown[0] is False
    assert "1 %" in shown[1]
    for value in range(2, 61):
        slide(share, value)
    assert view.locator(".sn-busy").is_visible()
    go_on.touch()
    settle(notebook, view)
    runs = json.loads(notebook.ask("print(json.dumps(runs)); bench.run = fast"))
    assert runs == [0.01, 0.6]  # of 60 moves
    assert notebook.ask("print(explorer.share, explorer.result['share'])").strip() == "0.6 0.6"
    assert share.input_value() == "60"
    assert_drawn(notebook, view)


def test_an_error_is_shown_and_goes(notebook, view):
    notebook.ask("fast = bench.run; bench.run = lambda *a, **k: 1 / 0")
    view.locator("[data-preset=zeros]").click()
    view.locator(".sn-error").get_by_text("division by zero").wait_for()
    assert view.locator(".sn-busy").is_hidden()
    notebook.ask("bench.run = fast")
    view.locator("[data-preset=nearest]").click()
    view.locator(".sn-error").wait_for(state="hidden")
    settle(notebook, view)
    assert_drawn(notebook, view)


def test_it_fits_its_cell(notebook, view):
    try:
        for width in (1280, 800):
            notebook.page.set_viewport_size({"width": width, "height": 900})
            eventually(notebook.page, lambda: view.evaluate("node => node.scrollWidth <= node.clientWidth"))
    finally:
        notebook.page.set_viewport_size({"width": 1280, "height": 900})
