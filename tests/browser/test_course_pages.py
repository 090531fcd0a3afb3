"""Slides and answers in a browser that is off line: nothing is cut off, nothing is requested, keys go on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from segnet_nb.teaching import export_course
from segnet_nb.teaching.reveal import find_reveal

pytestmark = [pytest.mark.browser]
LESSONS = ("03_data", "09_decoder_comparison")  # with the longest code and the longest tables

# Height and width of what is on the slide, and of the slide.
SIZES = """() => { const slide = Reveal.getCurrentSlide();
  return [slide.scrollHeight, 760, slide.scrollWidth, slide.clientWidth]; }"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Two lessons with slides; reveal.js as ``make node-packages`` installs it, or a folder that is named."""
    reveal = find_reveal(os.environ.get("SEGNET_NB_REVEAL"))
    if reveal is None:
        pytest.skip("no node_modules/reveal.js: `make node-packages` installs it")
    out = tmp_path_factory.mktemp("course") / "out"
    return export_course(out, "plain", LESSONS, slides=True, reveal=reveal)


@pytest.fixture
def opened(browser):
    """Opens a page off line; with all that it asks for and complains of."""
    contexts = []

    def open_page(path: Path):
        context = browser.new_context(offline=True, viewport={"width": 1280, "height": 800})
        contexts.append(context)
        page, seen = context.new_page(), []
        page.on("request", lambda asked: seen.append(asked.url))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.goto(path.as_uri())
        return page, seen

    yield open_page
    for context in contexts:
        context.close()


def elsewhere(seen):
    return [each for each in seen if not each.startswith(("file:", "data:", "blob:"))]


@pytest.mark.parametrize("name", LESSONS)
def test_every_slide_fits_and_the_keys_reach_the_last(exported, opened, name):
    page, seen = opened(exported / "slides" / f"{name}.slides.html")
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    total, sizes = page.evaluate("Reveal.getTotalSlides()"), []
    for number in range(total):
        assert page.evaluate("Reveal.getSlidePastCount()") == number
        sizes.append(page.evaluate(SIZES))
        page.keyboard.press("Space")
    assert page.evaluate("Reveal.isLastSlide()")
    cut_off = [size for size in sizes if size[0] > size[1] + 2 or size[2] > size[3] + 2]
    assert total > 20 and cut_off == [] and elsewhere(seen) == []


def test_answers_fit_the_page_and_ask_for_nothing(exported, opened):
    page, seen = opened(exported / "answers" / "03_data.html")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 660, "height": 900})  # A4 without its margins, at 96 pixels an inch
    assert page.evaluate("document.documentElement.scrollWidth") <= 660
    assert page.locator("h2").count() == 3 and elsewhere(seen) == []
