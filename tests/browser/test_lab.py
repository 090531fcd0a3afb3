"""A newcomer's first minute: JupyterLab opens the first notebook, runs it, and its pictures are there."""

from __future__ import annotations

import pytest

from tests.browser.driver import OpenNotebook, eventually

pytestmark = [pytest.mark.browser, pytest.mark.notebook]


@pytest.mark.parametrize("name", ["00_start_here.ipynb"])
def test_the_first_notebook_runs_in_jupyterlab_and_shows_its_pictures(lab, browser, name):
    opened = OpenNotebook(browser, lab, f"notebooks/{name}")
    opened.run_all()
    page = opened.page
    # Pictures decode after the outputs are attached.
    decoded = (
        "() => [...document.querySelectorAll('.jp-OutputArea img')].filter(img => img.naturalWidth).length"
    )
    eventually(page, lambda: page.evaluate(decoded) >= 4)
    pictures = page.evaluate(
        "() => [...document.querySelectorAll('.jp-OutputArea img')]"
        # The place of a photo of one's own is hidden until there is one.
        ".filter(img => img.offsetParent).map("
        "img => [img.complete, img.naturalWidth, img.getBoundingClientRect().width])"
    )
    assert len(pictures) >= 4
    for _, pixels, shown in pictures:
        assert pixels > 400 and 300 < shown <= 1280
    assert opened.failures == []
    opened.close()
