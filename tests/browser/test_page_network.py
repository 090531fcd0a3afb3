"""Every shipped network inside a page from disk, without a network: it computes what Keras computes."""

from __future__ import annotations

import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import datasets
from segnet_nb.inference.export_check import at_indices
from segnet_nb.inference.pretrained import available
from segnet_nb.networks.forms import form_of
from segnet_nb.probes.page_parts import page_network
from segnet_nb.reports.page_engine import has_engine
from tests.browser.pages import predicted, write_engine_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not has_engine(), reason="no engine: tools/build_engine.py makes it"),
]


@pytest.fixture(scope="module")
def tab(browser, tmp_path_factory):
    path = write_engine_page(tmp_path_factory.mktemp("page") / "engine.html")
    context = browser.new_context(offline=True)
    tab = context.new_page()
    tab.set_default_timeout(240_000)
    asked, failures = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda said: said.type in ("error", "warning") and failures.append(said.text))
    tab.on("pageerror", lambda error: failures.append(str(error)))
    tab.goto(path.as_uri())
    yield tab
    assert failures == []
    assert [url for url in asked if not url.startswith("blob:")] == [path.as_uri()]
    context.close()


def check(tab, name, size):
    model = sn.load_pretrained(name)
    image = datasets.load("synthetic", "val", image_size=size, count=1).images[0]
    scores, labels, indices = predicted(tab, page_network(model), image, name)
    images = image[None].astype(np.float32)
    # Two values of a window may differ by rounding alone, and then the page may take the other one, which the
    # decoder puts elsewhere. So Keras decodes at the page's indices, which must point at the largest values.
    expected = at_indices(model, form_of(model), images, indices)[0]
    np.testing.assert_allclose(scores, expected, atol=1e-4)
    by_itself = np.asarray(model(images, training=False))[0]
    assert (labels == by_itself.argmax(-1)).mean() >= 0.999
    assert (np.abs(scores - by_itself).max(-1) <= 1e-4).mean() >= 0.98


def test_the_fast_network_is_the_same_in_a_page_at_an_odd_size(tab):
    check(tab, "realtime-synthetic", (61, 83))


@pytest.mark.slow
@pytest.mark.parametrize("name", available())
def test_each_shipped_network_is_the_same_in_a_page(tab, name):
    check(tab, name, (180, 240))
