"""Run All in JupyterLab: an explorer says that it was made anew if the reader had changed the one before."""

from __future__ import annotations

import pytest

from tests.browser.driver import OpenNotebook, eventually, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

CELL = "from segnet_nb import widgets\nplayground = widgets.PoolingPlayground()\nplayground"


def test_run_all_tells_that_settings_were_reset(lab, browser):
    write_notebook(lab.folder / "renewed.ipynb", CELL)
    opened = OpenNotebook(browser, lab, "renewed.ipynb")
    opened.page.set_default_timeout(60_000)
    opened.run_all()
    line = "Made anew: earlier settings were reset."
    assert not opened.explorer("pooling-playground").get_by_text(line).is_visible()
    opened.run_all()  # nothing was changed
    assert not opened.explorer("pooling-playground").get_by_text(line).is_visible()

    opened.explorer("pooling-playground").get_by_role("button", name="Zeros").click()
    eventually(opened.page, lambda: opened.ask("print(sum(map(sum, playground.grid)))").strip() == "0")
    opened.run_all()
    opened.explorer("pooling-playground").get_by_text(line).wait_for()
    assert opened.ask("print(sum(map(sum, playground.grid)) > 0)").strip() == "True"
    assert opened.failures == []
    opened.close()
