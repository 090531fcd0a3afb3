"""The quiz in JupyterLab: by keyboard alone, read aloud, light, dark, kept; and in a page without kernel."""

from __future__ import annotations

import json

import nbformat
import pytest
from ipywidgets import Widget

from segnet_nb import course, reports
from segnet_nb.course import bank
from segnet_nb.reports.widget_views import STATE, VIEW
from segnet_nb.widgets.quiz.marks import right_answer
from tests.browser.driver import OpenNotebook, eventually, write_notebook
from tests.browser.test_accessibility import violations
from tests.browser.test_keyboard import FOCUS, KEYS, NAMES, STATE as NOTEBOOK
from tests.browser.test_reports_offline import Opened

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

START = """
import os
os.environ["SEGNET_NB_PROGRESS"] = "quiz/progress.json"
from segnet_nb import course
"""
CELLS = ("quiz = course.quiz('04')\nquiz", "before = course.test('before')\nbefore", "course.progress()")


@pytest.fixture(scope="module")
def opened(lab, browser):
    write_notebook(lab.folder / "quiz.ipynb", START, *CELLS)
    notebook = OpenNotebook(browser, lab, "quiz.ipynb")
    notebook.run_all()
    yield notebook
    assert notebook.failures == []
    notebook.close()


def ask(opened, expression):
    return json.loads(opened.ask(f"import json; print(json.dumps({expression}))"))


def said(view, words):
    return lambda: words in view.locator("[data-live]").text_content()


def test_axe_finds_nothing_before_an_answer(opened):
    assert opened.explorer("quiz", 1).locator("fieldset").count() == 12
    assert violations(opened.page, ["quiz"]) == []


def test_no_key_reaches_the_notebook(opened):
    view = opened.explorer("quiz")
    names = view.evaluate(NAMES)
    assert len(names) == 6  # a number or four choices, and a button, three times
    assert view.evaluate(FOCUS, [0, opened.name, None]) == ""
    before = opened.page.evaluate(NOTEBOOK, opened.name)
    problems = []
    for number, name in enumerate(names):
        for key in KEYS:
            problem = view.evaluate(FOCUS, [number, opened.name, before])
            if problem:
                problems.append((name, key, problem))
            opened.page.keyboard.press(key)
    assert problems == []
    opened.page.wait_for_timeout(300)
    assert opened.page.evaluate(NOTEBOOK, opened.name) == before


def test_by_keyboard_alone(opened):
    assert opened.ask("quiz.checked = []; quiz.answers = {}") == ""
    view, page = opened.explorer("quiz"), opened.page
    eventually(page, lambda: view.locator(".sn-verdict:visible").count() == 0)
    view.locator("input[type=text]").focus()
    page.keyboard.type("-7/10")
    page.keyboard.press("Enter")
    eventually(page, said(view, "Right. The derivative is p - y"))
    for key in ("Tab", "Tab", "Space", "Tab", "Enter"):  # past the button, to choice a, and its button
        page.keyboard.press(key)
    eventually(page, said(view, "Not right. The object's IoU is 0"))
    for key in ("Shift+Tab", "ArrowDown", "Tab", "Space"):
        page.keyboard.press(key)
    eventually(page, said(view, "Right. In accuracy the object"))
    expected = {"04.gradient-true-class": True, "04.lazy": True}
    eventually(page, lambda: ask(opened, "quiz.marks") == expected)
    assert view.locator(".sn-verdict:visible").count() == 2
    kept = ask(opened, "course.progress_file.load()['self_tests']")
    assert {name: entry["right"] for name, entry in kept.items() if name in expected} == expected


def test_an_answer_from_a_cell_is_drawn(opened):
    view = opened.explorer("quiz")
    opened.ask("course.answer('04', 3, 'a')")
    verdict = view.locator("[data-question='04.dice-vanishes'] .sn-verdict")
    eventually(opened.page, lambda: "Not right. It averages over classes" in verdict.inner_text())
    assert "See lesson 04, “Class imbalance: the lazy prediction”." in verdict.inner_text()
    assert view.locator("[data-question='04.dice-vanishes'] [data-letter=a]").is_checked()


def test_the_test_is_graded_at_once(opened):
    view, page = opened.explorer("quiz", 1), opened.page
    answers = {question["id"]: right_answer(question).split(" ")[0] for question in bank.form("before")}
    for name, answer in list(answers.items())[:5]:
        part = view.locator(f"[data-question='{name}']")
        if part.locator("input[type=text]").count():
            part.locator("input[type=text]").fill(answer)
        else:
            part.locator(f"[data-letter={answer}]").check()
    assert view.locator(".sn-verdict:visible").count() == 0
    grade = view.locator("[data-action=grade]")
    grade.focus()
    page.keyboard.press("Enter")
    eventually(page, said(view, "7 of 12 questions have no answer"))
    assert view.locator(".sn-verdict:visible").count() == 0
    page.keyboard.press("Enter")
    eventually(page, said(view, "5 of 12 right."))
    assert view.locator(".sn-verdict:visible").count() == 12
    assert view.locator("[data-kind=right]:visible").count() == 5
    assert view.locator("input[type=radio]:enabled").count() == 0
    eventually(page, lambda: ask(opened, "course.progress().tests") == {"before": 5})
    assert ask(opened, "sum(course.test('before').marks.values())") == 5


def test_axe_finds_nothing_in_light_and_dark(opened):
    assert violations(opened.page, ["quiz"]) == []
    opened.darken()
    opened.page.wait_for_timeout(500)
    assert violations(opened.page, ["quiz"]) == []


def test_it_grades_in_a_page_without_kernel(browser, tmp_path):
    made = [course.quiz("01"), course.test("after")]
    state = Widget.get_manager_state(drop_defaults=False)["state"]
    cells = [
        nbformat.v4.new_code_cell(
            "view",
            execution_count=1,
            outputs=[
                nbformat.v4.new_output(
                    "display_data", {VIEW: {"model_id": widget.model_id}, "text/plain": repr(widget)}
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
    page = Opened(browser, reports.write_html(tmp_path / "page.ipynb"))
    quiz, test = page.page.locator(".sn-quiz").nth(0), page.page.locator(".sn-quiz").nth(1)
    eventually(page.page, lambda: page.page.locator("[data-fallback]").count() == 0)
    part = quiz.locator("[data-question='01.line-moves']")
    part.locator("[data-letter=a]").check()
    part.locator("[data-action=check]").click()
    assert part.locator(".sn-verdict").inner_text().startswith("✗ Not right. Each maximum stays")
    part.locator("[data-letter=c]").check()
    assert not part.locator(".sn-verdict").is_visible()
    part.locator("[data-action=check]").click()
    assert part.locator(".sn-verdict").inner_text().startswith("✓ Right. The pooled values are equal")
    test.locator("[data-question='after.9'] input").fill("2")
    test.locator("[data-action=grade]").click()
    test.locator("[data-action=grade]").click()
    assert test.locator(".sn-score").inner_text() == "1 of 12 right."
    assert violations(page.page, ["quiz"]) == []
    page.check()
