"""Explorers beside other widgets: the cells of lessons 06 and 07 in JupyterLab, by mouse and by keys."""

from __future__ import annotations

import json

import nbformat
import pytest

from tests.browser.conftest import ROOT
from tests.browser.driver import OpenNotebook, eventually, pixels, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook, pytest.mark.slow]

SMALL = {"height: int = 180": "height: int = 96", "width: int = 240": "width: int = 128"}
# Imports, parameters and what the section needs of the cells above it.
NEEDED = {
    "06_inspect_unpooling": ("cell-02", "cell-04", "cell-05"),
    "07_inspect_predictions": ("cell-02", "cell-04", "cell-05", "cell-07"),
}


def section_of(name):
    """The lesson's own cells, with small images."""
    cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
    sources = [
        cell.source
        for cell in cells
        if cell.cell_type == "code" and (cell.id in NEEDED[name] or cell.id.startswith("compose-"))
    ]
    for old, new in SMALL.items():
        assert sum(old in source for source in sources) == 1
        sources = [source.replace(old, new) for source in sources]
    return sources


@pytest.fixture(scope="module")
def open_section(lab, browser):
    opened = []

    def of(name):
        write_notebook(lab.folder / f"section_{name[:2]}.ipynb", *section_of(name))
        notebook = OpenNotebook(browser, lab, f"section_{name[:2]}.ipynb", height=1300)
        opened.append(notebook)
        notebook.run_all()
        return notebook

    yield of
    for notebook in opened:
        assert notebook.failures == []
        notebook.close()


@pytest.fixture(scope="module")
def six(open_section):
    return open_section("06_inspect_unpooling")


@pytest.fixture(scope="module")
def seven(open_section):
    return open_section("07_inspect_predictions")


def printed(opened, expression):
    return json.loads(opened.ask(f"import json; print(json.dumps({expression}))"))


def handle(page, label):
    """The handle of a slider of ipywidgets, by its description."""
    row = page.locator(".widget-slider", has=page.get_by_text(label, exact=True))
    return row.locator("[role=slider]")


def drag(page, knob, share):
    """Drag a handle with the mouse to a share of the slider's length."""
    track = knob.locator("xpath=ancestor::*[contains(@class, 'noUi-target')]").bounding_box()
    knob.hover()
    page.mouse.down()
    page.mouse.move(track["x"] + share * track["width"], track["y"] + track["height"] / 2, steps=5)
    page.mouse.up()


class TestLesson06:
    def test_the_slider_drives_the_channel_by_mouse(self, six):
        assert six.ask("second.stage, second.channel = 2, 0") == ""
        canvas = six.explorer("index-microscope").locator("canvas[data-canvas=features]")
        six.page.locator("canvas[data-canvas=features][data-state='2/0']").wait_for()
        before = pixels(canvas)
        drag(six.page, handle(six.page, "channel"), 0.5)
        eventually(six.page, lambda: printed(six, "second.channel") > 5)
        channel = printed(six, "[second.channel, channel.value]")
        assert channel[0] == channel[1]
        six.page.locator(f"canvas[data-canvas=features][data-state='2/{channel[0]}']").wait_for()
        assert (pixels(canvas) != before).any()

    def test_the_slider_drives_the_channel_by_keys(self, six):
        assert six.ask("second.stage, second.channel = 2, 3") == ""
        knob = handle(six.page, "channel")
        eventually(six.page, lambda: float(knob.get_attribute("aria-valuenow")) == 3)
        knob.focus()
        six.page.keyboard.press("ArrowRight")
        six.page.keyboard.press("ArrowRight")
        eventually(six.page, lambda: printed(six, "second.channel") == 5)

    def test_the_microscope_moves_the_slider(self, six):
        assert six.ask("second.stage, second.channel = 2, 3") == ""
        view = six.explorer("index-microscope")
        eventually(six.page, lambda: view.locator("[data-trait=channel]").input_value() == "3")
        view.locator("[data-trait=channel]").focus()
        six.page.keyboard.press("End")
        last = printed(six, "second.trace.stage(2).channels - 1")
        eventually(
            six.page, lambda: float(handle(six.page, "channel").get_attribute("aria-valuenow")) == last
        )

    def test_another_stage_sets_the_end_of_the_slider(self, six):
        view = six.explorer("index-microscope")
        ends = []
        for stage in (1, 2):
            view.locator(f"[data-trait=stage][data-value='{stage}']").check(force=True)
            eventually(six.page, lambda stage=stage: printed(six, "second.stage") == stage)
            ends.append(printed(six, "second.trace.stage(second.stage).channels - 1"))
            eventually(six.page, lambda end=ends[-1]: printed(six, "channel.max") == end)
        assert ends[0] != ends[1]

    @pytest.mark.parametrize("way", ["mouse", "keys"])
    def test_the_list_changes_the_network(self, six, way):
        """Four stages in one network, two in the other; the settings stay."""
        options = printed(six, "list(choice.options)")
        chosen = {"mouse": "small-synthetic", "keys": "realtime-synthetic"}[way]
        stages = {"small-synthetic": 4, "realtime-synthetic": 2}
        other = next(name for name in options if name != chosen)
        assert six.ask(f"choice.value = {other!r}; second.stage, second.image = 2, 1") == ""
        view, field = six.explorer("index-microscope"), six.page.locator(".widget-dropdown select")
        eventually(six.page, lambda: view.locator("[data-trait=stage]").count() == stages[other])
        if way == "mouse":
            field.select_option(chosen)
        else:
            field.focus()
            six.page.keyboard.press("Home" if options.index(chosen) == 0 else "End")
        eventually(six.page, lambda: view.locator("[data-trait=stage]").count() == stages[chosen])
        assert view.locator("[data-step]").count() == stages[chosen]
        assert printed(six, "[second.image, second.stage, second.error]") == [1, 2, ""]
        size = printed(six, "list(second.trace.image.shape[:2])")
        eventually(
            six.page, lambda: list(pixels(view.locator("canvas[data-canvas=image]")).shape[:2]) == size
        )


class TestLesson07:
    def shown(self, seven):
        """The inspector of the tab in front."""
        return seven.page.locator(".sn-mask-inspector:visible")

    def to_tab(self, seven, number):
        seven.page.locator(".jupyter-widget-tab [role=tab]").nth(number).click()
        eventually(seven.page, lambda: self.shown(seven).count() == 1)

    def test_the_slider_sets_the_threshold_of_both_by_mouse(self, seven):
        self.to_tab(seven, 0)
        drag(seven.page, handle(seven.page, "certain"), 0.7)
        eventually(seven.page, lambda: 0.6 < printed(seven, "pair[0].threshold") < 0.8)
        values = printed(seven, "[certain.value, *(one.threshold for one in pair)]")
        assert values == [values[0]] * 3
        slider = self.shown(seven).locator("[data-trait=threshold]")
        eventually(seven.page, lambda: float(slider.input_value()) == round(100 * values[0]))

    def test_the_slider_sets_the_threshold_of_both_by_keys(self, seven):
        assert seven.ask("pair[0].threshold = 0.5") == ""
        knob = handle(seven.page, "certain")
        eventually(seven.page, lambda: float(knob.get_attribute("aria-valuenow")) == 0.5)
        knob.focus()
        seven.page.keyboard.press("ArrowRight")
        eventually(seven.page, lambda: printed(seven, "[one.threshold for one in pair]") == [0.51, 0.51])

    def test_the_tabs_share_the_image(self, seven):
        self.to_tab(seven, 0)
        assert seven.ask("pair[0].image = 0") == ""
        view = self.shown(seven)
        view.locator("select[data-trait=image]").select_option(index=2)
        eventually(seven.page, lambda: printed(seven, "[one.image for one in pair]") == [2, 2])
        first = pixels(view.locator("[data-canvas=picture]"))
        self.to_tab(seven, 1)
        second = self.shown(seven)
        assert second.locator("select[data-trait=image]").evaluate("select => select.selectedIndex") == 2
        other = second.locator("[data-canvas=picture]")
        eventually(seven.page, lambda: pixels(other).shape == first.shape and (pixels(other) != first).any())
        box = other.bounding_box()
        assert box["width"] > 300 and box["height"] > 200  # drawn while its tab was hidden
        self.shown(seven).locator("select[data-trait=image]").focus()
        seven.page.keyboard.press("Home")
        eventually(seven.page, lambda: printed(seven, "[one.image for one in pair]") == [0, 0])

    def test_the_inspector_of_ten_lines(self, seven):
        image = seven.page.locator("img.widget-image")
        image.scroll_into_view_if_needed()
        assert seven.ask("number.value, most.value = 0, 0.8") == ""
        seven.page.wait_for_timeout(500)
        before = image.get_attribute("src")
        drag(seven.page, handle(seven.page, "at most"), 1.0)
        eventually(seven.page, lambda: printed(seven, "most.value") == 1.0)
        eventually(seven.page, lambda: image.get_attribute("src") != before)
        before = image.get_attribute("src")
        handle(seven.page, "image").focus()
        seven.page.keyboard.press("ArrowRight")
        eventually(seven.page, lambda: printed(seven, "number.value") == 1)
        eventually(seven.page, lambda: image.get_attribute("src") != before)
        assert image.evaluate("img => [img.naturalHeight, img.naturalWidth]") == [96, 128]
