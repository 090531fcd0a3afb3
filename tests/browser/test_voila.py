"""The explorers in Voila: a notebook as an application, with a kernel and without cells."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.browser.conftest import free_port
from tests.browser.driver import write_notebook
from tests.browser.explorers import CELLS
from tests.browser.homes import (
    COLORS,
    Visit,
    check_driven,
    check_two_views,
    python_of_homes,
    started,
    told_cells,
)

pytestmark = [pytest.mark.browser, pytest.mark.notebook, pytest.mark.slow]

# Voila is installed apart: without this it finds neither the scripts of ipywidgets nor those of anywidget.
SCRIPTS = Path(sys.prefix) / "share" / "jupyter" / "labextensions"
# The style sheets of two icon fonts, which Voila's own template asks for.
OF_VOILA = "https://cdn.jsdelivr.net/npm/@fortawesome/"


@pytest.fixture(scope="module", params=["light", "dark"])
def visit(browser, request, tmp_path_factory):
    python, folder, port = python_of_homes("voila"), tmp_path_factory.mktemp("voila"), free_port()
    write_notebook(folder / "app.ipynb", *told_cells())
    command = [
        *(python, "-m", "voila", "app.ipynb", "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"),
        *(f"--theme={request.param}", "--show_tracebacks=True", "--VoilaExecutor.startup_timeout=240"),
        f"--VoilaConfiguration.extra_labextensions_path={SCRIPTS}",
        # Made for a newer JupyterLab than the one in Voila.
        "--VoilaConfiguration.extension_denylist=@jupyter-notebook/lab-extension",
    ]
    with started(command, port, folder) as address:
        opened = Visit(browser, f"{address}/", dark=request.param == "dark")
        opened.theme = request.param
        yield opened
        assert opened.failures == []
        assert [url for url in opened.outside if not url.startswith(OF_VOILA)] == []
        opened.close()


@pytest.mark.parametrize("kind", CELLS)
def test_an_explorer_is_driven_by_mouse_and_keys(visit, kind):
    check_driven(visit, kind)


def test_the_theme_of_the_page_is_followed(visit):
    found = visit.explorer("mask-inspector").evaluate(COLORS)
    assert found["dark"] == (visit.theme == "dark")


def test_two_views_of_one_widget_move_together(visit):
    check_two_views(visit, "loss-lab", "[data-trait=blur]")
