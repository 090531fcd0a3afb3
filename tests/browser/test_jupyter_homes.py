"""The explorers in JupyterLab and in Jupyter Notebook: the same table as for Voila and marimo."""

from __future__ import annotations

import pytest

from tests.browser.conftest import ROOT
from tests.browser.driver import OpenNotebook, write_notebook
from tests.browser.explorers import CELLS
from tests.browser.homes import COLORS, check_driven, check_two_views, told_cells

pytestmark = [pytest.mark.browser, pytest.mark.notebook, pytest.mark.slow]


# Light before dark: the server keeps the theme that was chosen last.
@pytest.fixture(scope="module", params=["lab light", "notebook light", "lab dark", "notebook dark"])
def opened(lab, browser, request):
    application, theme = request.param.split()
    name = f"home_{application}_{theme}.ipynb"
    find = f"import sys; sys.path.insert(0, {str(ROOT)!r})"
    write_notebook(lab.folder / name, find, *told_cells())
    notebook = OpenNotebook(browser, lab, name, dark=theme == "dark", application=application)
    outside = []
    own = str(lab).removeprefix("http://")
    notebook.page.on("request", lambda sent: own not in sent.url and outside.append(sent.url))
    notebook.theme = theme
    notebook.run_all()
    yield notebook
    assert notebook.failures == []
    assert [url for url in outside if not url.startswith(("blob:", "data:"))] == []
    notebook.close()


@pytest.mark.parametrize("kind", CELLS)
def test_an_explorer_is_driven_by_mouse_and_keys(opened, kind):
    check_driven(opened, kind)


def test_two_views_of_one_widget_move_together(opened):
    check_two_views(opened, "loss-lab", "[data-trait=blur]")


def test_the_theme_of_the_page_is_followed(opened):
    assert opened.explorer("mask-inspector").evaluate(COLORS)["dark"] == (opened.theme == "dark")
