"""The loss lab in a report, opened from disk without a network: its numbers are those of Python."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from segnet_nb import reports
from segnet_nb.widgets import LossLab
from tests.browser.driver import eventually
from tests.browser.test_reports_offline import Opened

pytestmark = [pytest.mark.browser, pytest.mark.notebook, pytest.mark.slow]


@pytest.fixture
def opened(browser, tmp_path):
    source = "from segnet_nb.widgets import LossLab\n\nLossLab(shift=3)"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=[new_code_cell(source)], metadata=kernel), tmp_path / "lab.ipynb")
    page = reports.run(tmp_path / "lab.ipynb", output_dir=tmp_path / "out", progress=False).html
    return Opened(browser, page)


def values(view):
    """The column of values of the table of losses."""
    return [view.locator("table tr").nth(row).locator("td").first.inner_text() for row in range(1, 5)]


def test_it_computes_without_a_kernel(opened):
    view = opened.page.locator(".sn-loss-lab").first
    view.scroll_into_view_if_needed()
    lab = LossLab(shift=3)
    for trait, key, changed in (
        ("shift", "ArrowRight", 4),
        ("confidence", "Home", LossLab.confidence.min),
        ("preset", None, "pole"),
        ("missed", "End", LossLab.missed.max),
    ):
        if key is None:
            view.locator(f"[data-trait={trait}][data-value={changed}]").check(force=True)
        else:
            view.locator(f"[data-trait={trait}]").focus()
            opened.page.keyboard.press(key)
        lab.set_trait(trait, changed)
        expected = [f"{each:.4f}" for each in lab.losses.values()]
        eventually(opened.page, lambda expected=expected: values(view) == expected)
    opened.check()
