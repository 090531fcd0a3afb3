"""Every control of every explorer, with keys really pressed, in JupyterLab and in Jupyter Notebook.

While a control has the focus, its keys are its own: nothing in the notebook may change.
"""

from __future__ import annotations

import json

import pytest

from tests.browser.driver import OpenNotebook, eventually, write_notebook
from tests.browser.explorers import CELLS, START

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

# What the command mode of a notebook takes for its own, and what moves about in a control.
KEYS = (
    *("ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight", "PageDown", "PageUp", "Home", "End"),
    *("Shift+ArrowDown", "Shift+ArrowUp", "Shift+Home", "Shift+End"),
    *("x", "d", "d", "m", "b", "a", "y", "z", "c", "v", "j", "k", "r", "1", "Shift+M", "Shift+Z"),
    *("Control+ArrowDown", "Control+Shift+ArrowDown", "Control+Backspace", "Control+z"),
    *("Space", "Escape", "Enter", "Escape"),
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


@pytest.fixture(scope="module", params=["lab", "notebook"])
def keys(lab, browser, request):
    made = Keys(browser, lab, request.param)
    yield made
    assert made.opened.failures == []
    made.opened.close()


@pytest.mark.parametrize("kind", CELLS)
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


def test_a_key_outside_reaches_the_notebook(keys):
    """The notebook listens: without an explorer's focus the same keys do change it."""
    before = keys.state()
    keys.page.evaluate("document.querySelector('.jp-Notebook .jp-Cell').focus()")
    keys.press("b")
    eventually(keys.page, lambda: len(json.loads(keys.state())) == len(json.loads(before)) + 1)
    keys.press("d d")
    eventually(keys.page, lambda: keys.state() != before)
