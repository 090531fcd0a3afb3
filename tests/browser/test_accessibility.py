"""Every explorer for those who see little or hear the page: axe, names, announcements, focus, room."""

from __future__ import annotations

import nbformat
import pytest
from ipywidgets import Widget

from segnet_nb import reports
from segnet_nb.reports.widget_views import STATE, VIEW
from segnet_nb.widgets import MaskInspector, PoolingPlayground, UncertaintyLens
from tests.browser.driver import OpenNotebook, eventually, write_notebook
from tests.browser.explorers import CELLS, START, check_controls
from tests.browser.test_keyboard import CONTROLS, FOCUS, NAMES
from tests.browser.test_reports_offline import Opened
from tests.widgets.test_mask_inspector import drawn_predictions
from tests.widgets.test_uncertainty_lens import sampled

axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = [pytest.mark.browser, pytest.mark.notebook]

# The first window leaves the notebook a pane of 780 x 780 pixels; the second is wider, with the file browser.
NARROW, WIDE = (858, 901), (1280, 900)
# In the third an explorer is 720 pixels wide.
COLUMN = 720, (900, 901)
HIGHEST = 780
BARE = """
unlabeled = probes.probe_predictions(model, data.images, classes=data.classes)
bare = widgets.MaskInspector(unlabeled, threshold=0.6)
bare
"""
RING = f"""(root, number) => {{
  const control = ({CONTROLS})(root)[number];
  const rings = [control, control.nextElementSibling].filter(Boolean).map(node => getComputedStyle(node));
  return rings.some(style => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
}}"""
UNNAMED = """root => [...root.querySelectorAll('canvas')].filter(
  canvas => !canvas.closest('[role=img][aria-label], [role=application][aria-label]')).length"""
# Beyond the edge, shortened, or to be scrolled.
CUT = """root => { const edge = root.getBoundingClientRect().right + 1;
  const hides = (node) => getComputedStyle(node).overflow !== 'visible' && node.clientWidth
    && (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1);
  return [...root.querySelectorAll('.sn-body *')].filter(node => !node.closest('.sn-sheet, .sn-view')
    && (node.getBoundingClientRect().right > edge || hides(node)))
    .map(node => node.className || node.tagName); }"""


@pytest.fixture(scope="module")
def opened(lab, browser):
    cells = START.replace("(96, 128)", "(180, 240)"), *CELLS.values(), BARE
    write_notebook(lab.folder / "access.ipynb", *cells)
    notebook = OpenNotebook(browser, lab, "access.ipynb", width=WIDE[0], height=WIDE[1])
    notebook.run_all()
    notebook.page.wait_for_timeout(1000)
    yield notebook
    assert notebook.failures == []
    notebook.close()


def violations(page, kinds):
    """What axe finds inside the explorers, with the elements."""
    context = {"include": [[f".sn-{kind}"] for kind in kinds]}
    found = axe.Axe().run(page, context=context).response["violations"]
    return [(one["id"], node["target"], node["failureSummary"]) for one in found for node in one["nodes"]]


def test_they_fit_the_pane_that_jupyterlab_leaves(opened):
    """In a window of 1280 x 900 with the file browser open."""
    opened.page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    pane = opened.page.locator(".jp-Notebook").bounding_box()["height"]
    assert 770 <= pane <= 790
    assert_they_fit(opened, pane)


def assert_they_fit(opened, height=HIGHEST):
    """Every explorer, and the mask inspector without labels, as a whole and with nothing cut off."""
    for kind, place in [*((kind, 0) for kind in CELLS), ("mask-inspector", 1)]:
        view = opened.explorer(kind, place)
        assert view.evaluate(CUT) == [], (kind, place)
        assert view.locator("[data-action=predict]").is_visible() and view.locator(".sn-predict").is_hidden()
        assert view.bounding_box()["height"] <= height, (kind, place)


def test_they_fit_780_pixels_at_a_width_of_720(opened):
    opened.page.evaluate("window.jupyterapp.shell.collapseLeft()")
    width, (across, down) = COLUMN
    opened.page.set_viewport_size({"width": across, "height": down})
    playground = opened.explorer("pooling-playground")
    eventually(opened.page, lambda: abs(playground.bounding_box()["width"] - width) < 2)
    assert_they_fit(opened)


def test_they_fit_a_pane_of_780_by_780(opened):
    opened.page.evaluate("window.jupyterapp.shell.collapseLeft()")
    opened.page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    eventually(
        opened.page, lambda: abs(opened.page.locator(".jp-Notebook").bounding_box()["width"] - 780) < 3
    )
    pane = opened.page.locator(".jp-Notebook").bounding_box()
    assert 775 <= pane["height"] <= 785
    assert_they_fit(opened, pane["height"])


def test_axe_finds_nothing_in_light(opened):
    assert violations(opened.page, CELLS) == []


@pytest.mark.parametrize("kind", CELLS)
def test_every_canvas_has_a_role_and_a_name(opened, kind):
    view = opened.explorer(kind)
    assert view.evaluate(UNNAMED) == 0
    assert view.get_attribute("aria-label")
    assert view.locator("[data-live][role=status]").count() == 1


@pytest.mark.parametrize("kind", CELLS)
def test_the_focus_is_seen(opened, kind):
    view = opened.explorer(kind)
    names = view.evaluate(NAMES)
    opened.page.keyboard.press("Shift")  # the keyboard is in use, so the browser shows the focus
    hidden = []
    for number, name in enumerate(names):
        assert view.evaluate(FOCUS, [number, opened.name, None]) == ""
        if not view.evaluate(RING, number):
            hidden.append(name)
    assert hidden == []


ANNOUNCED = [
    ("pooling-playground", "[data-map=grid] input", "+", "Smallest error"),
    ("index-microscope", "[data-map=image]", "ArrowRight", "at the bottleneck"),
    ("index-ablation", ".sn-pictures", "ArrowRight", "true indices"),
    ("index-ablation", "[data-preset=zeros]", "Enter", "Mean IoU"),
    ("mask-inspector", "canvas", "ArrowRight", "truth"),
    ("mask-inspector", "[data-action=next]", "Enter", "mean IoU"),
    ("mask-inspector", "[data-action=zoom-in]", "Enter", "Enlarged 1.5 times"),
    ("uncertainty-lens", ".sn-four", "ArrowRight", "in truth"),
    ("uncertainty-lens", "[data-trait=kept]", "ArrowLeft", "most certain"),
    ("loss-lab", "[data-canvas=mask]", "ArrowRight", "Row 11, column 16"),
    ("loss-lab", "[data-trait=shift]", "ArrowRight", "Dice"),
]


@pytest.mark.parametrize(("kind", "control", "key", "words"), ANNOUNCED)
def test_what_changes_is_said_when_it_rests(opened, kind, control, key, words):
    view = opened.explorer(kind)
    live = view.locator("[data-live]")
    view.locator(control).first.focus()
    opened.page.keyboard.press(key)
    eventually(opened.page, lambda: words in live.text_content())


def test_a_slider_that_moves_does_not_flood(opened):
    """Twelve steps in one go are one announcement, or two on a machine that halts between them."""
    view = opened.explorer("loss-lab")
    view.locator("[data-trait=blur]").focus()
    view.evaluate(
        """root => {
          root.said = [];
          const live = root.querySelector('[data-live]');
          new MutationObserver(() => root.said.push(live.textContent)).observe(live, {childList: true});
        }"""
    )
    for _ in range(12):
        opened.page.keyboard.press("ArrowRight")
    eventually(opened.page, lambda: view.evaluate("root => root.said.length"))
    opened.page.wait_for_timeout(1500)
    assert 1 <= view.evaluate("root => root.said.length") <= 3


def test_axe_finds_nothing_in_dark(opened):
    opened.darken()
    opened.page.wait_for_timeout(500)
    assert violations(opened.page, CELLS) == []
    assert_they_fit(opened)


@pytest.fixture
def exported(tmp_path, browser):
    """A page with the three explorers that live on without a kernel."""
    made = [
        PoolingPlayground(),
        MaskInspector(drawn_predictions(height=96, width=128)),
        UncertaintyLens(sampled()),
    ]
    state = Widget.get_manager_state(drop_defaults=False)["state"]
    cells = [
        nbformat.v4.new_code_cell(
            "view",
            execution_count=1,
            outputs=[
                nbformat.v4.new_output(
                    "display_data", {VIEW: {"model_id": widget.model_id}, "text/plain": "view"}
                )
            ],
        )
        for widget in made
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["widgets"] = {STATE: {"version_major": 2, "version_minor": 0, "state": state}}
    nbformat.write(notebook, tmp_path / "page.ipynb")
    for widget in made:
        widget.close()
    opened = Opened(browser, reports.write_html(tmp_path / "page.ipynb"))
    yield opened
    opened.context.close()


def test_an_exported_page(exported):
    """Without JupyterLab the controls take the same keys, and the page does not scroll."""
    kinds = ("pooling-playground", "mask-inspector", "uncertainty-lens")
    for kind in kinds:
        exported.page.locator(f".sn-{kind}").wait_for()
        check_controls(exported.page, exported.page.locator(f".sn-{kind}"))
    canvas = exported.page.locator(".sn-mask-inspector canvas")
    canvas.focus()
    before = exported.page.evaluate("scrollY")
    for key in ("ArrowDown", "PageDown", "Home", "End", "x", "d", "d", "Escape"):
        exported.page.keyboard.press(key)
    assert exported.page.evaluate("scrollY") == before
    assert violations(exported.page, kinds) == []
    exported.check()
