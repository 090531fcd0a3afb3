"""Every control of every explorer, with keys really pressed, in JupyterLab and in Jupyter Notebook.

While a control has the focus, its keys are its own: nothing in the notebook may change.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.browser.driver import OpenNotebook, eventually, write_notebook
from tests.browser.explorers import CELLS, START, check_controls

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

# What the command mode of a notebook takes for its own, and what moves about in a control.
KEYS = (
    *("ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "PageDown", "PageUp", "Home", "End"),
    *("x", "d", "d", "m", "b", "a", "y", "z", "c", "v", "Shift+ArrowDown", "Shift+M"),
    *("Control+ArrowDown", "Control+Backspace", "Control+z", "Space", "Escape", "Enter", "Escape"),
)
# One stop of the tab key each: of radio buttons the chosen one, or the first where none is.
CONTROLS = """root => [...root.querySelectorAll('input, select, button, [tabindex="0"]')].filter(control =>
  control.tabIndex >= 0 && !control.disabled && control.getClientRects().length
  && (control.type !== 'radio' || control === (root.querySelector(`[name="${control.name}"]:checked`)
    ?? root.querySelector(`[name="${control.name}"]`))))"""
NAMES = f"""root => ({CONTROLS})(root).map(control => control.dataset.trait ?? control.dataset.action
  ?? control.getAttribute('aria-label') ?? control.outerHTML.slice(0, 80))"""
STATE = """name => {
  const panel = [...window.jupyterapp.shell.widgets('main')].find(
    w => w.context && w.context.path.endsWith(name));
  const notebook = panel.content;
  return JSON.stringify([notebook.mode, notebook.activeCellIndex, ...notebook.widgets.map(cell => [
    cell.model.id, cell.model.type, cell.model.sharedModel.getSource(), cell.model.executionCount,
    notebook.isSelectedOrActive(cell)])]);
}"""
# Give a control the focus, if all is as it was and the last key has left the focus in the explorer.
FOCUS = f"""(root, [number, name, before]) => {{
  if (before && ({STATE})(name) !== before) return 'notebook changed';
  if (before && !root.contains(document.activeElement)) return 'focus lost';
  const control = ({CONTROLS})(root)[number];
  control?.focus();
  return control ? '' : 'control gone';
}}"""


class Keys:
    """A notebook with all explorers, and what it is made of."""

    def __init__(self, browser, lab, application):
        name = f"keys_{application}.ipynb"
        write_notebook(lab.folder / name, START, *CELLS.values())
        self.opened = OpenNotebook(browser, lab, name, application=application)
        self.page = self.opened.page
        self.opened.run_all()

    def state(self):
        return self.page.evaluate(STATE, self.opened.name)

    def press(self, keys):
        for key in keys.split():
            self.page.keyboard.press(key)

    def ask(self, expression):
        return json.loads(self.opened.ask(f"import json; print(json.dumps({expression}))"))


@pytest.fixture(scope="module", params=["lab", pytest.param("notebook", marks=pytest.mark.slow)])
def keys(lab, browser, request):
    made = Keys(browser, lab, request.param)
    yield made
    assert made.opened.failures == []
    made.opened.close()


# The whole table takes minutes; what it finds, most of it finds in the explorers with few controls.
QUICK = ("index-microscope", "uncertainty-lens", "training-monitor")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in QUICK else pytest.mark.slow) for kind in CELLS]
)
def test_no_key_reaches_the_notebook(keys, kind):
    """A table of control x key: the notebook stays as it is, and the focus stays in the explorer."""
    view = keys.opened.explorer(kind)
    names = view.evaluate(NAMES)
    assert len(names) >= 3
    assert view.evaluate(FOCUS, [0, keys.opened.name, None]) == ""
    before = keys.state()
    assert before.startswith('["command"')
    problems = [
        (name, key, problem)
        for number, name in enumerate(names)
        for key in KEYS
        if (problem := pressed(keys, view, number, key, before))
    ]
    assert problems == []
    keys.page.wait_for_timeout(300)
    assert keys.state() == before


def pressed(keys, view, number, key, before):
    """Press a key on a control; what was wrong before it, or after it."""
    place = [number, keys.opened.name, before]
    if problem := view.evaluate(FOCUS, place):
        return problem
    keys.press(key)
    return view.evaluate(FOCUS, place) if key == KEYS[-1] else ""


@pytest.mark.slow
def test_sliders_lists_and_buttons_take_their_keys(keys):
    for kind in CELLS:
        check_controls(keys.page, keys.opened.explorer(kind))


# What has keys of its own: explorer, its control, a start, keys, what the kernel has then.
IMAGE, PICTURE, MASK = "[data-map=image]", "[data-canvas=picture]", "[data-canvas=mask]"
GRID, CELL = "[data-map=grid] input", "td[tabindex='0']"
EMPTY = "mask, lab.cursor = '\\n'.join(['.' * 32] * 24), (0, 0)"
OWN_KEYS = [
    ("pooling-playground", GRID, "grid = [[3] * 4] * 4", "End Home ArrowRight +", "playground.grid[0][1]", 4),
    ("pooling-playground", GRID, "grid = [[3] * 4] * 4", "Home ArrowDown 7", "playground.grid[1][0]", 7),
    ("index-microscope", IMAGE, "pixel = (9, 9)", "ArrowRight ArrowDown", "microscope.pixel", [10, 10]),
    ("index-microscope", IMAGE, "pixel = (9, 9)", "Shift+ArrowRight", "microscope.pixel", [9, 17]),
    ("index-microscope", IMAGE, "pixel = (9, 9)", "End PageDown", "microscope.pixel", [19, 127]),
    ("mask-inspector", PICTURE, "pixel = [40, 50]", "ArrowUp Home Enter", "inspector.pixel", [39, 0]),
    (
        "mask-inspector",
        PICTURE,
        "pixel = [40, 50]",
        "Shift+ArrowRight PageUp Enter",
        "inspector.pixel",
        [30, 60],
    ),
    ("mask-inspector", PICTURE, "pixel = [40, 50]", "Escape", "inspector.pixel", []),
    ("mask-inspector", PICTURE, "zoom = 1.0", "+ +", "inspector.zoom", 2.25),
    ("mask-inspector", PICTURE, "zoom = 4.0", "0", "inspector.zoom", 1.0),
    (
        "mask-inspector",
        CELL,
        "cell = []",
        "Home PageUp ArrowRight Enter",
        "inspector.cell",
        ["Sky", "Building"],
    ),
    ("mask-inspector", CELL, "cell = []", "End PageDown Space", "inspector.cell", ["Bicyclist", "Bicyclist"]),
    ("loss-lab", MASK, "cursor = (5, 5)", "ArrowLeft End PageDown", "lab.cursor", [15, 31]),
    ("loss-lab", MASK, "erase = False", "e", "lab.erase", True),
    ("loss-lab", MASK, EMPTY, "Space", "lab.mask[:3]", "##."),
]
NAMED = dict(
    zip(CELLS, ("playground", "microscope", "ablation", "inspector", "lens", "lab", "monitor"), strict=True)
)


@pytest.mark.parametrize(("kind", "control", "start", "pressed_keys", "expression", "expected"), OWN_KEYS)
def test_keys_of_its_own(keys, kind, control, start, pressed_keys, expression, expected):
    if kind == "loss-lab":
        keys.opened.ask("lab.brush, lab.erase = 3, False")
    keys.page.evaluate("document.activeElement.blur()")
    assert keys.opened.ask(f"{NAMED[kind]}.{start}") == ""
    view = keys.opened.explorer(kind)
    keys.page.wait_for_timeout(300)  # the start travels to the view
    view.locator(control).first.focus()
    keys.press(pressed_keys)
    eventually(keys.page, lambda: keys.ask(expression) == expected, 8)


@pytest.mark.parametrize(
    ("kind", "readout"), [("index-ablation", ".sn-place"), ("uncertainty-lens", ".sn-readout-line")]
)
def test_the_cross_over_several_images(keys, kind, readout):
    view = keys.opened.explorer(kind)
    view.locator("[role=application]").focus()
    keys.press("Escape ArrowRight ArrowRight Home PageUp")  # the first shows the cross in the middle: 48, 64
    text = view.locator(readout)
    eventually(keys.page, lambda: re.search(r"(row|y) 38, (column|x) 0:", text.inner_text()))
    keys.press("Escape")
    eventually(keys.page, lambda: text.inner_text().startswith("Point at a pixel"))


def test_a_click_gives_a_slider_the_keys(keys):
    """As a reader does: click, then press an arrow."""
    view = keys.opened.explorer("mask-inspector")
    slider = view.locator("[data-trait=opacity]")
    slider.click()
    before, notebook = float(slider.input_value()), keys.state()
    keys.press("ArrowRight ArrowUp")
    assert float(slider.input_value()) == before + 2
    assert keys.state() == notebook
    eventually(keys.page, lambda: keys.ask("inspector.opacity") == (before + 2) / 100)


def test_the_tab_key_walks_through_the_controls_and_back(keys):
    view = keys.opened.explorer("uncertainty-lens")
    count, before = len(view.evaluate(NAMES)), None
    for key in ("Tab", "Shift+Tab"):
        view.evaluate(FOCUS, [0 if key == "Tab" else count - 1, keys.opened.name, None])
        before = before or keys.state()
        seen = {keys.page.evaluate("document.activeElement.outerHTML")}
        for _ in range(count - 1):
            keys.press(key)
            assert view.evaluate("root => root.contains(document.activeElement)")
            seen.add(keys.page.evaluate("document.activeElement.outerHTML"))
        assert len(seen) == count
        assert keys.state() == before


def test_shortcuts_with_a_modifier_stay_the_notebooks(keys):
    """Saving and running are not lost in an explorer."""
    view = keys.opened.explorer("loss-lab")
    view.locator("[data-trait=share]").focus()
    run = (
        "window.jupyterapp.commands.commandExecuted.connect((_, { id }) => (window.executed ??= []).push(id))"
    )
    keys.page.evaluate(run)
    keys.press("Control+s")
    eventually(keys.page, lambda: "docmanager:save" in keys.page.evaluate("window.executed ?? []"))


def test_a_key_outside_reaches_the_notebook(keys):
    """The notebook listens: without an explorer's focus the same keys do change it."""
    before = keys.state()
    keys.page.evaluate("document.querySelector('.jp-Notebook .jp-Cell').focus()")
    keys.press("b")
    eventually(keys.page, lambda: len(json.loads(keys.state())) == len(json.loads(before)) + 1)
    keys.press("d d")
    eventually(keys.page, lambda: keys.state() != before)
