"""Pages made of hostile notebooks in a browser: nothing runs, nothing is requested, the page stays."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tests.attacks.pages import AWAY, MARKUP, NOTEBOOKS, page_of

# nbconvert does not know the language that one of them names.
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore:No lexer found")]


# As an output, the same markup takes the same way as in Markdown.
CASES = [
    pytest.param(name, marks=[pytest.mark.slow] * (name.removeprefix("output-") in MARKUP))
    for name in NOTEBOOKS
]


@pytest.mark.parametrize("name", CASES)
def test_in_a_browser_nothing_runs_and_nothing_is_asked_for(name, tmp_path, browser):
    asked, page_file = [], page_of(NOTEBOOKS[name], tmp_path)
    context = browser.new_context(offline=True)
    try:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        for link in page.locator("#link").all():
            link.evaluate("link => link.click()")
        page.wait_for_timeout(60)
        assert page.evaluate("window.ran") is None
        assert page.url.partition("#")[0] == page_file.as_uri()
        assert [url for url in asked if not url.startswith(("data:", "file:"))] == []
    finally:
        context.close()


def test_with_trust_scripts_run_and_still_nothing_is_fetched(tmp_path, browser):
    notebook = new_notebook(
        cells=[new_markdown_cell(MARKUP["script"]), new_markdown_cell(MARKUP["image-elsewhere"])]
    )
    page_file, stopped = page_of(notebook, tmp_path, trusted=True), []
    context = browser.new_context(offline=True)
    try:
        page = context.new_page()
        page.on("requestfailed", lambda request: stopped.append((request.url, request.failure)))
        page.goto(page_file.as_uri())
        assert page.evaluate("window.ran") == 1
        # The browser itself refuses what its policy forbids.
        assert stopped and set(stopped) == {(AWAY, "csp")}
    finally:
        context.close()
