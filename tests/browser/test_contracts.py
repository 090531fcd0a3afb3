"""What VS Code and Colab do around a widget, done here: their themes, and where they listen to keys.

VS Code's webview marks its theme on the body and hears keys on the window, as its source says
(src/vs/workbench/contrib/webview/browser/pre/index.html). Colab's frames are taken to be see-through, with
light words in a dark page.
"""

from __future__ import annotations

import pytest

from segnet_nb.widgets import PoolingPlayground
from tests.browser.homes import COLORS, REACHED
from tests.browser.test_keyboard import KEYS
from tests.browser.test_pooling_playground import WITHOUT_KERNEL

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VARIABLES = "--vscode-editor-background: {}; --vscode-foreground: {}"
HOMES = {
    "vscode-light": (VARIABLES.format("#ffffff", "#3b3b3b"), False, "rgb(59, 59, 59)"),
    "vscode-dark": (VARIABLES.format("#1f1f1f", "#cccccc"), True, "rgb(204, 204, 204)"),
    "vscode-high-contrast": (VARIABLES.format("#000000", "#ffffff"), True, "rgb(255, 255, 255)"),
    "vscode-high-contrast-light": (VARIABLES.format("#ffffff", "#292929"), False, "rgb(41, 41, 41)"),
    "colab-light": ("color: #202124", False, "rgb(31, 35, 40)"),
    "colab-dark": ("color: #d5d5d5", True, "rgb(230, 232, 235)"),
}


@pytest.fixture
def page(browser):
    opened, failures = browser.new_page(), []
    opened.on("pageerror", lambda error: failures.append(str(error)))
    opened.on("console", lambda said: said.type == "error" and failures.append(said.text))
    yield opened
    assert failures == []
    opened.close()


def show(page, kind, style):
    playground = PoolingPlayground()
    state = {name: value for name, value in playground.get_state().items() if name in playground.traits()}
    state = {name: value for name, value in state.items() if not name.startswith("_") or name == "_edition"}
    state.pop("layout")
    marked = f'data-vscode-theme-kind="{kind}"' if kind.startswith("vscode") else ""
    page.set_content(f'<!doctype html><body {marked} style="{style}">')
    page.evaluate(WITHOUT_KERNEL, [PoolingPlayground._esm, PoolingPlayground._css, state])
    playground.close()
    return page.locator(".sn-explorer").first


@pytest.mark.parametrize("kind", HOMES)
def test_the_theme_is_followed(page, kind):
    style, dark, text = HOMES[kind]
    view = show(page, kind, style)
    found = view.evaluate(COLORS)
    assert (found["dark"], found["text"]) == (dark, text)


def test_a_change_of_the_theme_is_followed(page):
    view = show(page, "vscode-light", HOMES["vscode-light"][0])
    assert not view.evaluate(COLORS)["dark"]
    page.evaluate("document.body.dataset.vscodeThemeKind = 'vscode-dark'")
    page.wait_for_function("document.querySelector('.sn-explorer').classList.contains('sn-dark')")


def test_no_key_of_a_control_reaches_the_window(page):
    """Else VS Code would delete or change the cell."""
    view = show(page, "vscode-light", HOMES["vscode-light"][0])
    page.evaluate(REACHED)
    for selector in ("[data-map=grid] input", "[data-preset=zeros]", "select", "[data-trait=seed]"):
        view.locator(selector).first.focus()
        for key in KEYS:
            page.keyboard.press(key)
    # The keys that hold others down do nothing by themselves.
    assert set(page.evaluate("window.reached")) <= {"Shift", "Control"}
    view.locator("select").first.focus()
    page.keyboard.press("Control+s")
    assert "s" in page.evaluate("window.reached")
