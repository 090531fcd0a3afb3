"""The uncertainty lens in a report, opened from disk without a network: it draws samples of its own."""

from __future__ import annotations

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import segnet_nb as sn
from segnet_nb import datasets, reports
from segnet_nb.inference.uncertainty import predict_with_uncertainty
from segnet_nb.probes.page_parts import page_network
from segnet_nb.reports.page_engine import has_engine
from tests.browser.driver import eventually, pixels
from tests.browser.pages import as_page, sampled, write_engine_page
from tests.browser.test_reports_offline import Opened

pytestmark = [
    pytest.mark.browser,
    pytest.mark.notebook,
    pytest.mark.skipif(not has_engine(), reason="no engine: tools/build_engine.py makes it"),
]
SIZE, SAMPLES = (32, 48), 48
CELL = """import segnet_nb as sn
from segnet_nb import datasets, probes, widgets
data = datasets.load("synthetic", "val", image_size=(32, 48), count=2)
model = sn.load_pretrained("small-synthetic-bayesian")
widgets.UncertaintyLens(probes.probe_uncertainty(model, data, counts=(2, 4)))"""


@pytest.mark.slow
def test_new_samples_are_drawn_in_the_page(browser, tmp_path):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=[new_code_cell(CELL)], metadata=kernel), tmp_path / "lens.ipynb")
    opened = Opened(
        browser, reports.run(tmp_path / "lens.ipynb", output_dir=tmp_path / "out", progress=False).html
    )
    view = opened.page.locator(".sn-uncertainty-lens").first
    view.scroll_into_view_if_needed()
    view.locator("[data-state='0/4/variance/80']").wait_for()
    drawn = view.locator("[data-canvas=uncertainty]")
    photo = pixels(view.locator("[data-canvas=photo]"))
    for key in ("Enter", "Space"):
        before = pixels(drawn)
        view.locator("[data-action=sample]").focus()
        opened.page.keyboard.press(key)
        eventually(opened.page, lambda before=before: bool((pixels(drawn) != before).any()), 90)
    np.testing.assert_array_equal(pixels(view.locator("[data-canvas=photo]")), photo)
    # Other numbers of samples and images are of the new samples too.
    view.locator("[data-trait=image]").select_option(index=1)
    view.locator("[data-state='1/4/variance/80']").wait_for()
    # Questions with prepared answers were about the samples before.
    assert view.locator("[data-action=predict]").is_hidden()
    opened.check()


def test_many_samples_agree_with_those_of_keras(browser, tmp_path):
    model = sn.load_pretrained("small-synthetic-bayesian")
    data = datasets.load("synthetic", "val", image_size=SIZE, count=1)
    path = write_engine_page(tmp_path / "engine.html")
    tab = browser.new_context(offline=True).new_page()
    tab.set_default_timeout(120_000)
    tab.goto(path.as_uri())
    page = as_page(page_network(model, sampling=True), "sampling")
    found = sampled(tab, page, data.images, data.labels, count=SAMPLES, tops=[0.05, 2.0, 0.5])
    tab.context.close()
    expected = [predict_with_uncertainty(model, data.images, samples=SAMPLES, seed=seed) for seed in (0, 1)]
    names = ("variance", "entropy", "mutual_information")
    for level, name, top in zip(found["levels"], names, (0.05, 2.0, 0.5), strict=True):
        one, other = (np.minimum(getattr(each, name)[0] / top * 255, 255) for each in expected)
        # Two times 48 samples of Keras differ by chance, and so does the page: no more than twice as much.
        chance = np.sqrt(np.mean((one - other) ** 2))
        assert np.sqrt(np.mean((level - one) ** 2)) < 2 * chance + 1
        assert abs(level.mean() - one.mean()) < 0.1 * one.mean() + 1
    same = (expected[0].labels[0] == expected[1].labels[0]).mean()
    assert (found["predicted"] == expected[0].labels[0]).mean() > 2 * same - 1 - 0.01
