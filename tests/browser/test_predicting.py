"""Predict first: questions of all explorers by mouse and by keys, challenges, a page without a kernel."""

from __future__ import annotations

import json

import pytest

from segnet_nb.widgets.shared.predicting import SERIES
from tests.browser.driver import OpenNotebook, eventually, write_notebook
from tests.browser.explorers import CELLS, START
from tests.browser.test_accessibility import exported, violations  # noqa: F401
from tests.browser.test_keyboard import KEYS, NAMED, STATE

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

STANDALONE = ("pooling-playground", "mask-inspector", "uncertainty-lens")
# Those that neither commit nor close.
HARMLESS = tuple(key for key in KEYS if key not in ("Enter", "Escape", "Space"))


# One question with a field for a number, and choices of a standalone and of a kernel's explorer.
QUICK = ("pooling-playground", "index-ablation", "loss-lab")
explorers = pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind in QUICK else pytest.mark.slow) for kind in CELLS]
)


@pytest.fixture(scope="module")
def opened(lab, browser):
    cells = [cell.replace("'running'", "'finished'") for cell in CELLS.values()]
    write_notebook(lab.folder / "predicting.ipynb", START, *cells)
    notebook = OpenNotebook(browser, lab, "predicting.ipynb", height=1200)
    notebook.run_all()
    notebook.page.set_default_timeout(30_000)
    yield notebook
    assert notebook.failures == []
    notebook.close()


def asked(opened, kind, expression):
    """An expression of the explorer in the kernel."""
    return json.loads(opened.ask(f"import json; print(json.dumps({NAMED[kind]}.{expression}))"))


def panel_of(opened, kind):
    """The panel with a question that was not answered, opened by a click."""
    view = opened.explorer(kind)
    if view.locator(".sn-predict").is_hidden():
        view.locator("[data-action=predict]").click()
    panel = view.locator(".sn-predict")
    panel.locator("[data-prediction]").first.wait_for()
    if panel.locator("[data-outcome]").is_visible():
        panel.locator("[data-action=commit]").click()
        eventually(opened.page, lambda: panel.locator("[data-outcome]").is_hidden(), 30)
    return panel


def predict(panel, number=0):
    """Choose an answer, or type a number."""
    field = panel.locator("[data-prediction]").first
    if field.get_attribute("type") == "radio":
        panel.locator("[data-prediction]").nth(number).check()
    else:
        field.fill("50")
    return field


def check_outcome(panel, revealed):
    """What the panel says is what the kernel revealed."""
    told = panel.locator("[data-outcome]").inner_text()
    assert revealed["reason"] in told
    assert told.startswith("✓ Right." if revealed["right"] else f"✗ No: {revealed['answer']}.")


@explorers
def test_by_mouse(opened, kind):
    panel = panel_of(opened, kind)
    commit = panel.locator("[data-action=commit]")
    assert commit.get_attribute("aria-disabled") == "true"
    commit.click(force=True)  # nothing is chosen, so nothing happens
    predict(panel)
    assert commit.get_attribute("aria-disabled") == "false"
    assert asked(opened, kind, "revealed") == {}
    commit.click()
    panel.locator("[data-outcome]").wait_for()
    check_outcome(panel, asked(opened, kind, "revealed"))
    assert panel.locator("[data-prediction]").first.is_disabled()
    assert asked(opened, kind, "error") == ""


@explorers
def test_by_keys(opened, kind):
    page, view = opened.page, opened.explorer(kind)
    panel_of(opened, kind)
    view.locator(".sn-predict [data-prediction]").first.focus()
    page.keyboard.press("Escape")
    assert view.locator(".sn-predict").is_hidden()
    toggle = view.locator("[data-action=predict]")
    assert toggle.evaluate("node => node === document.activeElement")
    notebook = page.evaluate(STATE, opened.name)
    page.keyboard.press("Enter")
    assert toggle.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Tab")
    field = view.locator(".sn-predict [data-prediction]").first
    assert field.evaluate("node => node === document.activeElement")
    page.keyboard.press("Space") if field.get_attribute("type") == "radio" else page.keyboard.type("50")
    page.keyboard.press("Enter")
    view.locator("[data-outcome]").wait_for()
    check_outcome(view.locator(".sn-predict"), asked(opened, kind, "revealed"))
    # The focus is on the button, which asks the next one; then it is in its first field.
    page.keyboard.press("Enter")
    eventually(page, lambda: view.locator("[data-outcome]").is_hidden(), 30)
    first = view.locator(".sn-predict [data-prediction]").first
    eventually(page, lambda: first.evaluate("node => node === document.activeElement"))
    assert page.evaluate(STATE, opened.name) == notebook


@explorers
def test_no_key_of_a_question_reaches_the_notebook(opened, kind):
    panel = panel_of(opened, kind)
    panel.locator("[data-prediction]").first.focus()  # this makes its cell the active one
    before = opened.page.evaluate(STATE, opened.name)
    assert before.startswith('["command"')
    for selector in ("[data-prediction]", "[data-action=commit]", "[data-action=challenge]"):
        panel.locator(selector).first.focus()
        for key in HARMLESS:
            opened.page.keyboard.press(key)
            assert panel.evaluate("node => node.contains(document.activeElement)"), (selector, key)
    opened.page.wait_for_timeout(200)
    assert opened.page.evaluate(STATE, opened.name) == before


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[] if kind == "mask-inspector" else pytest.mark.slow) for kind in CELLS]
)
def test_a_challenge(opened, kind):
    panel = panel_of(opened, kind)
    panel.locator("[data-action=challenge]").click()
    score = panel.locator("[data-score]")
    for number in range(SERIES):
        eventually(
            opened.page, lambda n=number: score.inner_text().startswith(f"Question {n + 1} of {SERIES},"), 30
        )
        assert panel.locator("[data-action=challenge]").is_hidden()
        predict(panel, number % 2)
        panel.locator("[data-action=commit]").click()
        panel.locator("[data-outcome]").wait_for()
        if number + 1 < SERIES:
            panel.locator("[data-action=commit]").click()
            eventually(opened.page, lambda: panel.locator("[data-outcome]").is_hidden(), 30)
    right, count = asked(opened, kind, "challenge_score")
    assert count == SERIES and not asked(opened, kind, "challenge")
    eventually(opened.page, lambda: score.inner_text() == f"Challenge: {right} of {SERIES} right.")
    assert panel.locator("[data-action=challenge]").is_visible()


def test_question_and_answer_are_said(opened):
    view, live = (opened.explorer("loss-lab"), opened.explorer("loss-lab").locator("[data-live]"))
    panel = panel_of(opened, "loss-lab")
    predict(panel).press("Enter")
    panel.locator("[data-outcome]").wait_for()
    eventually(opened.page, lambda: asked(opened, "loss-lab", "revealed")["reason"] in live.text_content())
    panel.locator("[data-action=commit]").press("Enter")
    eventually(opened.page, lambda: "which loss will grow most" in live.text_content())
    assert view.locator("[data-action=predict]").get_attribute("aria-controls") == panel.get_attribute("id")


def test_an_answer_that_waits_for_an_epoch(opened):
    """The button keeps the focus while it waits, and goes on when the epoch has ended."""
    assert opened.ask("monitor.forget_question(); monitor.status = 'running'") == ""
    eventually(opened.page, opened.explorer("training-monitor").locator(".sn-predict").is_hidden)
    panel = panel_of(opened, "training-monitor")
    predict(panel).press("Enter")
    told, commit = panel.locator("[data-outcome]"), panel.locator("[data-action=commit]")
    eventually(opened.page, lambda: told.inner_text().startswith("Committed. The answer comes when epoch 6"))
    assert commit.get_attribute("aria-disabled") == "true"
    assert commit.evaluate("node => node === document.activeElement")
    opened.page.keyboard.press("Enter")
    row = "dict(epoch=6, loss=0.1, global_accuracy=0.8, class_average=0.6, mean_iou=0.45)"
    assert opened.ask(f"monitor.history = [*monitor.history, {row}]; monitor.epoch = 6") == ""
    eventually(opened.page, lambda: told.inner_text().startswith("✓ Right. It is 45.0 % now"))
    assert commit.evaluate("node => node === document.activeElement && node.ariaDisabled") == "false"
    assert opened.ask("monitor.status = 'finished'") == ""


def test_another_network_takes_the_question_back(opened):
    panel = panel_of(opened, "mask-inspector")
    assert opened.ask("inspector.predictions = inspector.predictions") == ""
    eventually(opened.page, panel.is_hidden)
    assert panel.locator("[data-prediction]").count() == 0
    panel = panel_of(opened, "mask-inspector")  # opened again, it asks anew
    assert asked(opened, "mask-inspector", "question")["text"] == panel.locator(".sn-question").inner_text()


def test_axe_finds_nothing_in_light_and_dark(opened):
    for kind in CELLS:
        panel = panel_of(opened, kind)
        if kind in STANDALONE:  # with an answer here, with an open question elsewhere
            predict(panel).press("Enter")
            panel.locator("[data-outcome]").wait_for()
    assert violations(opened.page, CELLS) == []
    opened.darken()
    opened.page.wait_for_timeout(500)
    assert violations(opened.page, CELLS) == []


def test_a_page_without_a_kernel(exported):  # noqa: F811
    page = exported.page
    for kind in STANDALONE:
        view = page.locator(f".sn-{kind}")
        view.wait_for()
        view.locator("[data-action=predict]").click()
        view.locator("[data-action=challenge]").click()
        panel, texts, right = view.locator(".sn-predict"), [], 0
        for number in range(SERIES):
            text = panel.locator(".sn-question").inner_text()
            texts.append(text)
            assert f"Question {number + 1} of {SERIES}, {right} right." in panel.inner_text()
            predict(panel, number % 2).press("Enter")
            told = panel.locator("[data-outcome]").inner_text()
            assert told.startswith(("✓ Right.", "✗ No: "))
            right += told.startswith("✓")
            if number + 1 < SERIES:
                page.keyboard.press("Enter")  # the focus is on the button that asks the next one
        assert len(set(texts)) == SERIES
        assert f"Challenge: {right} of {SERIES} right." in panel.inner_text()
    assert violations(page, STANDALONE) == []
    exported.check()


def test_the_page_shows_the_answer(exported):  # noqa: F811
    """The changed map of the playground is there when the answer is."""
    view = exported.page.locator(".sn-pooling-playground")
    view.locator("[data-action=predict]").click()
    words = view.locator(".sn-question").inner_text().split()
    row, column, new = (int(words[words.index(name) + 1].strip(",.")) for name in ("row", "column", "to"))
    cell = view.locator(f"[data-map=grid] [data-y='{row}'][data-x='{column}'] input")
    assert cell.input_value() != str(new)
    predict(view.locator(".sn-predict")).press("Enter")
    assert cell.input_value() == str(new)
