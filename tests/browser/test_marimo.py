"""The explorers in marimo: its own server, and its own host of widgets, ``mo.ui.anywidget``."""

from __future__ import annotations

import textwrap

import pytest

from tests.browser.conftest import free_port
from tests.browser.driver import eventually
from tests.browser.explorers import CELLS, START
from tests.browser.homes import COLORS, DRIVES, Visit, check_driven, check_two_views, python_of_homes, started
from tests.browser.test_own_photo import png

pytestmark = [pytest.mark.browser, pytest.mark.notebook, pytest.mark.slow]

HEAD = (
    '# /// script\n# [tool.marimo.display]\n# theme = "system"\n# ///\nimport marimo\n\napp = marimo.App()\n'
)
IMPORTS = START + "import marimo as mo\nfrom tests.browser.told import Told"

# A box of ipywidgets is nothing that marimo shows, but the part that takes the photo is.
PHOTO = """photo = widgets.OwnPhoto(lambda image: image[..., 0] * 0, data.classes)
mo.vstack([mo.ui.anywidget(photo.source), mo.ui.anywidget(Told('photo', photo))])"""


def app() -> str:
    """A marimo notebook with all explorers, each wrapped, and beside it what the kernel answers."""
    cells = [IMPORTS]
    for kind, cell in CELLS.items():
        name = DRIVES[kind].name
        made = cell.rsplit("\n", 1)[0]
        cells.append(f"{made}\nmo.vstack([mo.ui.anywidget({name}), mo.ui.anywidget(Told({name!r}, {name}))])")
    cells += ["mo.ui.anywidget(lab)", PHOTO]
    return HEAD + "".join(f"\n\n@app.cell\ndef _():\n{textwrap.indent(cell, '    ')}\n" for cell in cells)


@pytest.fixture(scope="module", params=["light", "dark"])
def visit(browser, request, tmp_path_factory):
    python, folder, port = python_of_homes("marimo"), tmp_path_factory.mktemp("marimo"), free_port()
    (folder / "app.py").write_text(app(), encoding="utf-8")
    command = [
        *(python, "-m", "marimo", "run", "app.py", "--headless", "--no-token", "--no-sandbox"),
        *(f"--port={port}", "--host=127.0.0.1"),
    ]
    with started(command, port, folder) as address:
        opened = Visit(browser, f"{address}/", dark=request.param == "dark")
        opened.theme = request.param
        yield opened
        assert opened.failures == []
        assert opened.outside == []
        opened.close()


@pytest.mark.parametrize("kind", CELLS)
def test_an_explorer_is_driven_by_mouse_and_keys(visit, kind):
    check_driven(visit, kind)


@pytest.mark.parametrize("kind", CELLS)
def test_the_theme_of_the_page_is_followed(visit, kind):
    """marimo has none of the variables that Jupyter and VS Code set."""
    found = visit.explorer(kind).evaluate(COLORS)
    grounds = {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 29)"}
    assert found["dark"] == (visit.theme == "dark")
    assert found["ground"] == grounds[visit.theme]


def test_two_views_of_one_widget_move_together(visit):
    check_two_views(visit, "loss-lab", "[data-trait=blur]")


def test_a_photo_reaches_the_kernel(visit):
    chooser = visit.page.locator(".sn-camera input[type=file]")
    chooser.wait_for(state="attached")
    chooser.set_input_files({"name": "street.png", "mimeType": "image/png", "buffer": png(120, 200)})
    told = visit.page.locator("[data-told=photo]")
    eventually(visit.page, lambda: told.text_content() == "[120, 200, 3]")
