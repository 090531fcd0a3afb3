"""The whole website in Chromium: nothing asked of others, explorers that work, axe, narrow and wide."""

from __future__ import annotations

import functools
import http.server
import subprocess
import sys
import threading

import pytest

from tests.browser.conftest import ROOT, chromium, launched
from tests.browser.driver import eventually, pixels

pytest.importorskip("myst_nb", reason="myst-nb is an optional package: `make site` installs it")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.notebook,
    pytest.mark.timeout(2400),
    pytest.mark.skipif(chromium() is None, reason="no Chromium"),
]
LESSON_BYTES = 1_500_000
VIEWED = (
    "index.html",
    "notebooks/01_theory.html",
    "notebooks/06_inspect_unpooling.html",
    "notebooks/07_inspect_predictions.html",
    "docs/results.html",
    "docs/glossary.html",
    "api/losses.html",
    "search.html",
    "photo.html",
)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A server of the website, which is built with its links checked."""
    folder = tmp_path_factory.mktemp("website") / "site"
    # In a process of its own: the clients of its notebooks leave event loops open until they are collected.
    subprocess.run([sys.executable, "-m", "tools.site", "--output", str(folder)], cwd=ROOT, check=True)
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def chrome():
    with launched() as browser:
        yield browser


@pytest.fixture
def opened(address, chrome):
    pages = []

    def of(name, width=1280, scheme="light"):
        page = chrome.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.set_default_timeout(20_000)
        page.failures, page.asked = [], []
        page.on("console", lambda said: said.type == "error" and page.failures.append(said.text))
        page.on("pageerror", lambda error: page.failures.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(address + name)
        pages.append(page)
        return page

    yield of
    for page in pages:
        assert page.failures == []
        assert [url for url in page.asked if not url.startswith((address, "data:", "blob:"))] == []
        page.close()


def explorers(page):
    """All explorers of a page that start by themselves, drawn."""
    places = page.locator("[data-explorer]:not([data-needs])")
    for number in range(places.count()):
        places.nth(number).scroll_into_view_if_needed()
        places.nth(number).locator(".sn-explorer").wait_for()
    return places


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize("name", VIEWED)
def test_axe_finds_nothing_and_nothing_is_cut_off(opened, name, width, scheme):
    page = opened(name, width, scheme)
    explorers(page)
    found = axe.Axe().run(page).response["violations"]
    assert [(one["id"], node["target"]) for one in found for node in one["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", [name for name in VIEWED if name.startswith("notebooks/")])
def test_a_lesson_loads_little_until_an_explorer_is_near(opened, name):
    page = opened(name)
    page.wait_for_load_state("networkidle")
    loaded = page.evaluate(
        "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
        ".reduce((sum, each) => sum + each.transferSize, 0)"
    )
    assert 50_000 < loaded < LESSON_BYTES
    before = sum("/explorers/" in url for url in page.asked)
    explorers(page)
    assert sum("/explorers/" in url for url in page.asked) > before or name != VIEWED[3]


def test_the_playground_answers_keys_and_clicks(opened):
    page = opened("notebooks/06_inspect_unpooling.html")
    view = explorers(page).first.locator(".sn-pooling-playground")
    cell = view.locator("[data-map=grid] input").first
    cell.fill("9")
    cell.press("Enter")
    eventually(page, lambda: "\n9\n" in f"\n{view.inner_text()}\n")
    view.get_by_role("button", name="Zeros").click()
    eventually(page, lambda: cell.input_value() == "0")


def test_the_lens_fetches_the_engine_when_new_samples_are_wanted(opened):
    page = opened("notebooks/08_uncertainty.html")
    view = explorers(page).locator(".sn-uncertainty-lens").first
    drawn = view.locator("[data-canvas=uncertainty]")
    before = pixels(drawn)
    assert page.locator("[data-engine]").count() == 0
    view.locator("[data-action=sample]").click()
    eventually(page, lambda: bool((pixels(drawn) != before).any()), 240)
    assert page.failures == []


def test_explorers_follow_the_theme(opened):
    page = opened("notebooks/06_inspect_unpooling.html")
    explorers(page)
    ground = "getComputedStyle(document.querySelector('.sn-explorer')).backgroundColor"
    light = page.evaluate(ground)
    page.evaluate("document.body.dataset.theme = 'dark'")
    eventually(page, lambda: page.evaluate(ground) != light)


def test_search_finds_a_term(opened):
    page = opened("search.html?q=unpooling")
    eventually(page, lambda: page.locator("#search-results li a").count() > 5)


def test_a_lesson_works_from_disk(opened, address, chrome, tmp_path_factory):
    folder = next(tmp_path_factory.getbasetemp().glob("website*/site"))
    page = chrome.new_context(offline=True).new_page()
    failures = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto((folder / "notebooks" / "06_inspect_unpooling.html").as_uri())
    explorers(page)
    assert failures == []
    page.context.close()
