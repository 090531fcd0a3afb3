"""What homes that cannot run here ask of widgets: VS Code and Colab, by their documentation and their source.

No address but the page's own, nothing but one ES module, and messages that each home carries.
"""

from __future__ import annotations

import importlib.metadata
import json
import re

import comm
import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import datasets, probes, widgets
from segnet_nb.datasets import CAMVID
from segnet_nb.widgets.own_photo.photo import PhotoSource
from tests.widgets.test_javascript import EXPLORERS

VIEWS = {**EXPLORERS, "own_photo": PhotoSource}
# The default of Tornado, on which Jupyter's servers and Voila run; marimo's is larger (16 MiB, of uvicorn).
LARGEST_MESSAGE = 10 * 2**20
# To the kernel, Colab's is 1 MB; see docs/homes.md.
LARGEST_TO_KERNEL = 1_000_000
FORBIDDEN = {
    "another module": r"\bimport\s*[\w{*(\"']|\brequire\s*\(|\brequirejs\b|\bdefine\s*\(|\bimportScripts\b",
    "a request": r"\bfetch\s*\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon",
    "an address": r"https?://(?!www\.w3\.org/2000/svg\b)|[\"'`]//\w",
    "code as text": r"\beval\s*\(|\bnew Function\b",
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_view_asks_for_nothing(name, what):
    assert re.findall(FORBIDDEN[what], VIEWS[name]._esm) == []


@pytest.mark.parametrize(
    "text", ['import("x")', "import x from 'y'", 'require(["a"])', "fetch (u)", '"//cdn.io"']
)
def test_what_is_forbidden_is_found(text):
    assert any(re.search(pattern, text) for pattern in FORBIDDEN.values())


@pytest.mark.parametrize("name", VIEWS)
def test_a_style_sheet_asks_for_nothing(name):
    assert re.findall(r"@import|url\(|https?:", VIEWS[name]._css) == []


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_one_module_that_draws(name):
    """What anywidget's specification asks: a default export, and no other."""
    exports = re.findall(r"^export\b.*", VIEWS[name]._esm, re.MULTILINE)
    assert len(exports) == 1 and re.match(r"export default\b", exports[0])


def test_the_host_of_the_views_is_installed_with_them():
    """VS Code takes anywidget's script from nbextensions beside the kernel, before it asks a CDN."""
    files = {
        path.as_posix().split("share/jupyter/")[-1] for path in importlib.metadata.files("anywidget") or []
    }
    assert "nbextensions/anywidget/index.js" in files


class Line:
    """A comm that keeps the size of what it sends: the text, and the bytes beside it."""

    kernel = "none"
    sizes: list[int]

    def __init__(self, target_name="", data=None, buffers=None, comm_id=None, **_):
        self.comm_id = comm_id or f"line-{len(self.sizes)}"
        self.send(data, buffers=buffers)

    def send(self, data=None, metadata=None, buffers=None):
        text = len(json.dumps(data, default=str))
        self.sizes.append(text + sum(memoryview(one).nbytes for one in buffers or ()))

    def close(self, *_, **__): ...
    def on_msg(self, callback): ...
    def on_close(self, callback): ...


@pytest.fixture
def sent(monkeypatch):
    """The sizes of all messages of the widgets that a test makes."""
    monkeypatch.setattr(Line, "sizes", [], raising=False)
    monkeypatch.setattr(comm, "create_comm", Line)
    return Line.sizes


def check(sent, widget, changes):
    """Opening the widget and every change are messages that each home carries."""
    opened = max(sent)
    assert opened > 20_000  # at least its module
    assert opened <= LARGEST_MESSAGE
    sent.clear()
    for name, value in changes:
        setattr(widget, name, value)
    assert widget.error == ""
    assert sent and max(sent) <= LARGEST_MESSAGE
    widget.close()
    return opened, max(sent)


def test_messages_of_explorers_without_a_network(sent):
    playground = widgets.PoolingPlayground([[99] * 8] * 8)
    check(sent, playground, [("grid", [[-99] * 8] * 8)])
    sent.clear()
    check(sent, widgets.LossLab(preset="blobs"), [("shift", 2), ("blur", 2.0), ("against", "share")])
    sent.clear()
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    monitor = widgets.TrainingMonitor(image, np.zeros((96, 128), np.uint8), CAMVID)
    scores = {"global_accuracy": 0.7, "class_average": 0.5, "mean_iou": 0.4}
    # As many epochs as lesson 05 allows.
    history = [{"epoch": n, "loss": 1 / n, **scores} for n in range(1, 1001)]
    check(sent, monitor, [("history", history), ("epoch", 1000), ("shown", 3)])


def test_messages_to_the_kernel_are_small():
    """The largest that a view sends but a photo: a map, a mask, a state of a training."""
    grid, mask = [[-99] * 8] * 8, "\n".join(["#" * 32] * 24)
    assert max(len(json.dumps(value)) for value in (grid, mask)) < LARGEST_TO_KERNEL / 100


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["microscope", "ablation", "inspector", "lens"])
def test_messages_of_explorers_of_networks(sent, kind, record_property):
    """With the images of lessons 06, 07 and 08, and the stage, image or measure that sends most."""
    network = "small-synthetic-bayesian" if kind == "lens" else "small-synthetic"
    model = sn.load_pretrained(network)
    count = 12 if kind == "inspector" else 4
    data = datasets.load("synthetic", "val", image_size=(180, 240), count=count)
    changes = [("image", number) for number in range(1, count)]
    if kind == "microscope":
        widget = widgets.IndexMicroscope(probes.trace_images(model, data.images), names=data.names)
        changes += [("stage", 1), ("channel", 3), ("pixel", (9, 9))]
    elif kind == "ablation":
        widget = widgets.IndexAblation(probes.AblationBench(model, data.images, data.labels, data.classes))
        changes += [("modes", ["random"] * 4), ("modes", ["nearest"] * 4)]
    elif kind == "inspector":
        widget = widgets.MaskInspector(probes.probe_predictions(model, data))
    else:
        widget = widgets.UncertaintyLens(probes.probe_uncertainty(model, data, counts=(2, 4, 8, 16)))
    opened, largest = check(sent, widget, changes)
    print(f"{kind}: opened with {opened} bytes, largest change {largest} bytes")
    record_property("bytes", (opened, largest))
