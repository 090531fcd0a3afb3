"""Notebook 06 itself in a real JupyterLab: its three explorers are there and answer."""

from __future__ import annotations

import pytest

from tests.browser.driver import OpenNotebook, eventually, pixels, slide

pytestmark = [pytest.mark.browser, pytest.mark.notebook, pytest.mark.slow]


@pytest.fixture(scope="module")
def opened(lab, browser):
    notebook = OpenNotebook(browser, lab, "notebooks/06_inspect_unpooling.ipynb", height=1400)
    notebook.run_all()
    yield notebook
    assert notebook.failures == []
    notebook.close()


def test_the_playground_is_edited(opened):
    view = opened.explorer("pooling-playground")
    opened.ask("playground.fill('example')")
    cell = view.locator("[data-map=grid] [data-y='0'][data-x='0'] input")
    cell.fill("9")
    cell.press("Enter")
    pooled = view.locator("[data-map=pooled] [data-y='0'][data-x='0']")
    eventually(opened.page, lambda: pooled.inner_text().split() == ["9", "0", "=", "00"])
    assert opened.ask(
        "print(playground.result['pooled'][0][0], playground.result['indices'][0][0])"
    ).split() == [
        "9",
        "0",
    ]


def test_the_microscope_follows_its_slider(opened):
    view = opened.explorer("index-microscope")
    canvas = view.locator("canvas[data-canvas=indices]")
    before, channel = pixels(canvas), int(opened.ask("print(microscope.channel)"))
    chosen = 3 if channel != 3 else 4
    slide(view.locator("input[data-trait=channel]"), chosen)
    view.locator(f"canvas[data-canvas=indices][data-state$='/{chosen}']").wait_for()
    after = pixels(canvas)
    assert after.shape == before.shape and (after != before).any(-1).mean() > 0.3
    assert opened.ask("print(microscope.channel, microscope.error)").split() == [str(chosen)]


def test_the_ablation_gives_the_true_prediction_back(opened):
    view = opened.explorer("index-ablation")
    results = view.locator(".sn-results[aria-busy=false]")
    now, reference = (view.locator(f"[data-canvas={name}]") for name in ("prediction", "reference"))
    assert (pixels(now) != pixels(reference)).any()
    view.locator("[data-preset=true]").click()
    results.wait_for()
    eventually(opened.page, lambda: bool((pixels(now) == pixels(reference)).all()))
    assert opened.ask("print(ablation.result['changed'])").strip() in ("0", "0.0")
