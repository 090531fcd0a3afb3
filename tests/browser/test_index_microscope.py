"""The index microscope in a real JupyterLab: pixels on its canvases, its controls, pointer and keyboard."""

from __future__ import annotations

import io
import json
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.browser.driver import OpenNotebook, eventually, pixels, slide, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

MAPS = ("features", "pooled", "indices", "unpooled", "dense")
CELLS = (
    """import segnet_nb as sn
from segnet_nb import probes, widgets
model = sn.load_pretrained("small-synthetic")
data = sn.datasets.load("synthetic", "val", count=2, image_size=(90, 124))""",
    """traces = probes.trace_images(model, data.images)
microscope = widgets.IndexMicroscope(traces, names=data.names, stage=2)
microscope""",
    "microscope",
)


# What the microscope answers before its reader asks.
RECORDED = """
from time import perf_counter
paths, last, send = set(), perf_counter(), type(microscope).send
def recording(content, buffers=None):
    global last
    if content.get("kind") == "ahead":
        last = perf_counter()
        paths.update((content["stage"], *path["pixel"], channel) for channel, path in content["paths"])
    send(microscope, content, buffers)
microscope.send = recording
"""


@pytest.fixture(scope="module")
def notebook(lab, browser):
    write_notebook(lab.folder / "index_microscope.ipynb", *CELLS)
    opened = OpenNotebook(browser, lab, "index_microscope.ipynb", height=1500)
    opened.run_all()
    yield opened
    opened.close()


@pytest.fixture
def view(notebook):
    """The explorer, with its state as at the beginning."""
    notebook.ask(
        "microscope.image, microscope.stage, microscope.channel, microscope.zoom = 0, 2, 0, 1\n"
        "microscope.pixel = (45, 62)\nmicroscope.error = ''"
    )
    found = notebook.explorer("index-microscope")
    found.locator("canvas[data-canvas=dense][data-state='2/0']").wait_for()
    eventually(notebook.page, lambda: "Pixel (45,\xa062)" in found.locator("[data-status]").inner_text())
    return found


def state(notebook, *names):
    return json.loads(
        notebook.ask(f"import json; print(json.dumps([microscope.{', microscope.'.join(names)}]))")
    )


def in_kernel(notebook, expression):
    """The pixels of PNG bytes that the kernel holds."""
    text = notebook.ask(f"print(({expression}).hex())").strip()
    return np.asarray(Image.open(io.BytesIO(bytes.fromhex(text))).convert("RGB"))


def shown(view, name):
    return pixels(view.locator(f"canvas[data-canvas={name}]"))[..., :3]


def check_maps(notebook, view):
    # The kernel is asked anew each time: it may still be drawing in the thread that the browser talks to.
    pictures = {name: f"microscope.picture['maps']['{name}']" for name in MAPS} | {
        "image": "microscope.photo"
    }
    for name, held in pictures.items():
        eventually(
            notebook.page,
            lambda name=name, held=held: np.array_equal(shown(view, name), in_kernel(notebook, held)),
        )


def test_maps_are_those_of_the_kernel(notebook, view):
    check_maps(notebook, view)
    assert shown(view, "image").shape == (90, 124, 3)
    assert shown(view, "features").shape == (45, 62, 3)
    assert shown(view, "pooled").shape == (23, 31, 3)
    zeros, _ = state(notebook, "zero_share")[0]
    caption = view.locator("figure", has=notebook.page.locator("[data-map=unpooled]")).locator("figcaption")
    assert f"{100 * zeros:.1f} % zeros" in caption.inner_text()
    assert notebook.failures == []


def test_controls_change_the_maps(notebook, view):
    before = shown(view, "features")
    slide(view.locator("[data-trait=channel]"), 9)
    view.locator("canvas[data-canvas=dense][data-state='2/9']").wait_for()
    assert state(notebook, "channel") == [9]
    check_maps(notebook, view)
    assert not np.array_equal(shown(view, "features"), before)

    view.locator("[data-trait=stage][data-value='4']").check(force=True)
    view.locator("canvas[data-canvas=dense][data-state='4/9']").wait_for()
    assert view.locator("[data-trait=channel]").get_attribute("max") == "95"
    check_maps(notebook, view)

    photo = shown(view, "image")
    view.locator("[data-trait=image]").select_option(label="scene_0001")
    # The kernel names the new image before it has drawn it.
    eventually(notebook.page, lambda: not np.array_equal(shown(view, "image"), photo))
    assert state(notebook, "image") == [1]
    check_maps(notebook, view)

    slide(view.locator("[data-trait=channel]"), 95)
    eventually(notebook.page, lambda: state(notebook, "channel") == [95])
    view.locator("[data-trait=stage][data-value='1']").check(force=True)
    view.locator("canvas[data-canvas=dense][data-state='1/15']").wait_for()  # falls back to the last
    check_maps(notebook, view)
    view.locator("[data-action=loudest]").click()
    eventually(notebook.page, lambda: state(notebook, "channel") != [15])
    check_maps(notebook, view)
    assert notebook.failures == []


def middle(mark):
    box = mark.bounding_box()
    return box["y"] + box["height"] / 2, box["x"] + box["width"] / 2


def check_marks(notebook, view, name, cell):
    """Square and ring of a map are where the path in the kernel says."""
    (path,) = state(notebook, "path")
    canvas = view.locator(f"canvas[data-canvas={name}]")
    depth = cell.bit_length() - 1  # poolings between the image and this map
    down = [at // cell for at in path["pixel"]]
    up = path["steps"][depth]["returned"]
    for mark, place in (("sn-here", down), ("sn-ring", up)):
        box = canvas.bounding_box()
        height, width = canvas.evaluate("canvas => [canvas.height, canvas.width]")
        expected = (
            box["y"] + (place[0] + 0.5) / height * box["height"],
            box["x"] + (place[1] + 0.5) / width * box["width"],
        )
        drawn = middle(view.locator(f"[data-map={name}] .{mark}"))
        assert drawn == pytest.approx(expected, abs=1.5), (name, mark)


CELLS_OF_MAPS = {"image": 1, "features": 2, "pooled": 4, "indices": 4, "unpooled": 2, "dense": 2}


@pytest.mark.parametrize(("name", "zoom"), [("image", 1), ("pooled", 1), ("dense", 4)])
def test_a_click_on_a_map_moves_the_path_on_all(notebook, view, name, zoom):
    view.locator(f"[data-trait=zoom][data-value='{zoom}']").check(force=True)
    eventually(notebook.page, lambda: state(notebook, "zoom") == [zoom])
    canvas = view.locator(f"canvas[data-canvas={name}]")
    stack = view.locator(f"[data-map={name}]")
    frame, box = stack.bounding_box(), canvas.bounding_box()
    at = (0.31 * frame["height"], 0.72 * frame["width"])
    height, width = canvas.evaluate("canvas => [canvas.height, canvas.width]")
    cell = CELLS_OF_MAPS[name]
    expected = [
        int((frame[axis] + along - box[axis]) / box[side] * count * cell)
        for axis, side, along, count in (("y", "height", at[0], height), ("x", "width", at[1], width))
    ]
    stack.click(position={"x": at[1], "y": at[0]})
    eventually(notebook.page, lambda: state(notebook, "pixel")[0] != [45, 62])
    (pixel,) = state(notebook, "pixel")
    assert pixel == pytest.approx(expected, abs=1)
    eventually(
        notebook.page,
        lambda: f"Pixel ({pixel[0]},\xa0{pixel[1]})" in view.locator("[data-status]").inner_text(),
    )
    for other, size in CELLS_OF_MAPS.items():
        check_marks(notebook, view, other, size)
    assert notebook.failures == []


def test_arrow_keys_walk_by_the_pixels_of_the_map(notebook, view):
    view.locator("[data-map=image]").focus()
    notebook.page.keyboard.press("ArrowRight")
    eventually(notebook.page, lambda: state(notebook, "pixel") == [[45, 63]])
    view.locator("[data-map=pooled]").focus()
    notebook.page.keyboard.press("ArrowUp")
    eventually(notebook.page, lambda: state(notebook, "pixel") == [[41, 63]])
    notebook.page.keyboard.press("Shift+ArrowLeft")
    eventually(notebook.page, lambda: state(notebook, "pixel") == [[41, 31]])
    for _ in range(2):
        notebook.page.keyboard.press("Shift+ArrowLeft")
    eventually(notebook.page, lambda: state(notebook, "pixel") == [[41, 0]])  # stops at the edge
    (path,) = state(notebook, "path")
    step = view.locator("[data-step='2']")
    eventually(
        notebook.page, lambda: "(20,\xa00) → (10,\xa00)" in step.locator("[data-row=down]").inner_text()
    )
    assert step.get_attribute("data-chosen") == ""
    numbers = [float(text.replace("−", "-")) for text in step.locator(".sn-window > span").all_inner_texts()]
    np.testing.assert_allclose(numbers, np.ravel(path["steps"][1]["numbers"]), rtol=6e-3, atol=6e-4)
    won = step.locator("[data-won]")
    assert won.count() == 1
    assert float(won.inner_text()) == pytest.approx(
        max(np.ravel(path["steps"][1]["numbers"])), rel=6e-3, abs=6e-4
    )
    assert notebook.failures == []


def test_what_is_set_in_python_is_drawn_in_both_views(notebook, view):
    notebook.ask("microscope.stage, microscope.channel, microscope.pixel = 3, 7, (10, 100)")
    other = notebook.explorer("index-microscope", 1)
    for each in (view, other):
        each.locator("canvas[data-canvas=dense][data-state='3/7']").wait_for()
        assert each.locator("[data-trait=stage][data-value='3']").is_checked()
        assert each.locator("[data-trait=channel]").input_value() == "7"
        check_maps(notebook, each)
        eventually(
            notebook.page,
            lambda each=each: "Pixel (10,\xa0100)" in each.locator("[data-status]").inner_text(),
        )
    assert notebook.failures == []


@contextmanager
def blocked(notebook, go_on):
    """The microscope answers nothing until the end."""
    notebook.start(
        "import time\nfrom pathlib import Path\nwith microscope._turn:\n"
        f"    while not Path({str(go_on)!r}).exists(): time.sleep(0.1)"
    )
    try:
        yield
    finally:
        go_on.touch()


def test_other_channels_are_drawn_without_the_kernel(notebook, view, lab):
    """They were requested while the reader rested; when they are chosen, the kernel cannot answer."""
    notebook.ask("from segnet_nb.widgets.index_microscope.ahead import stage_picture")
    picture = "stage_picture(traces[0], 2, {})['maps']['{}']"
    expected = {
        channel: {name: in_kernel(notebook, picture.format(channel, name)) for name in MAPS}
        for channel in (1, 7, 16)
    }
    notebook.ask(RECORDED + "microscope.pixel = (44, 60)")
    ready = "{(2, 44, 60, channel) for channel in (1, 7, 16)} <= paths and perf_counter() - last > 2"
    eventually(notebook.page, lambda: notebook.ask(f"print({ready})").strip() == "True", 60)
    with blocked(notebook, lab.folder / "channels chosen"):
        for channel, maps in expected.items():
            slide(view.locator("[data-trait=channel]"), channel)
            for name, held in maps.items():
                eventually(
                    notebook.page, lambda name=name, held=held: np.array_equal(shown(view, name), held)
                )
            assert f"channel {channel}" in view.locator("[data-step='2']").inner_text()
    eventually(notebook.page, lambda: state(notebook, "channel", "pixel") == [16, [44, 60]])
    check_maps(notebook, view)
    assert notebook.failures == []


def test_a_walk_goes_on_without_the_kernel(notebook, view, lab):
    """What a key leads to was requested at rest, and what lies farther on with the first step."""
    notebook.ask(RECORDED + "microscope.pixel = (30, 90)")
    aside = "{(2, 30 + step, 90, 0) for step in (-8, -4, -2, -1, 1, 2, 4, 8)} <= paths"
    eventually(notebook.page, lambda: notebook.ask(f"print({aside})").strip() == "True", 60)
    view.locator("[data-map=image]").focus()
    notebook.page.keyboard.press("ArrowLeft")
    ready = "{(2, 30, x, 0) for x in range(78, 90)} <= paths and perf_counter() - last > 2"
    eventually(notebook.page, lambda: notebook.ask(f"print({ready})").strip() == "True", 60)
    expected = notebook.ask("print(traces[0].path(30, 79, stage=2).returned)").strip()
    status = view.locator("[data-status]")
    with blocked(notebook, lab.folder / "walked"):
        for x in range(88, 78, -1):
            notebook.page.keyboard.press("ArrowLeft")
            eventually(notebook.page, lambda x=x: f"Pixel (30,\xa0{x})" in status.inner_text())
        assert f"puts the value back at {expected}".replace(", ", ",\xa0") in status.inner_text()
    eventually(notebook.page, lambda: state(notebook, "pixel") == [[30, 79]])
    assert notebook.failures == []


def test_drawing_goes_on_while_the_slider_is_dragged(notebook, view):
    slider = view.locator("[data-trait=channel]")
    for channel in (3, 4, 5, 6, 31, 17):
        slide(slider, channel)
        time.sleep(0.02)
    view.locator("canvas[data-canvas=dense][data-state='2/17']").wait_for()
    assert state(notebook, "channel", "error") == [17, ""]
    assert slider.input_value() == "17"
    check_maps(notebook, view)
    assert notebook.failures == []


def test_the_picture_for_readers_without_a_kernel_is_stored(notebook, view):
    stored = notebook.page.evaluate(
        """async name => {
          const panel = [...window.jupyterapp.shell.widgets('main')].find(
            w => w.context && w.context.path.endsWith(name));
          return panel.content.widgets[1].model.outputs.toJSON()[0].data['image/jpeg'].length;
        }""",
        Path(notebook.name).name,
    )
    assert 10_000 < stored < 300_000
