"""All seven explorers in one small notebook, for tests of what they have in common."""

from __future__ import annotations

from typing import Any

from tests.browser.driver import eventually

START = """
import segnet_nb as sn
from segnet_nb import datasets, probes, widgets
model = sn.load_pretrained("small-synthetic")
data = datasets.load("synthetic", "val", image_size=(96, 128), count=3)
"""
CELLS = {
    "pooling-playground": "playground = widgets.PoolingPlayground()\nplayground",
    "index-microscope": (
        "microscope = widgets.IndexMicroscope(probes.trace_images(model, data.images), names=data.names)\n"
        "microscope"
    ),
    "index-ablation": (
        "parts = data.images, data.labels, data.classes\n"
        "ablation = widgets.IndexAblation(probes.AblationBench(model, *parts, names=data.names))\nablation"
    ),
    "mask-inspector": "inspector = widgets.MaskInspector(probes.probe_predictions(model, data))\ninspector",
    "uncertainty-lens": (
        "unsure = sn.load_pretrained('small-synthetic-bayesian')\n"
        "lens = widgets.UncertaintyLens(probes.probe_uncertainty(unsure, data, counts=(2, 4)))\nlens"
    ),
    "loss-lab": "lab = widgets.LossLab()\nlab",
    "training-monitor": (
        "monitor = widgets.TrainingMonitor(data.images[0], data.labels[0], data.classes)\n"
        "scores = dict(global_accuracy=0.7, class_average=0.5, mean_iou=0.4)\n"
        "monitor.history = [dict(epoch=n, loss=1 / n, **scores) for n in range(1, 6)]\n"
        "monitor.epoch, monitor.epochs, monitor.step, monitor.steps = 5, 8, 2, 9\n"
        "monitor.best_epoch, monitor.status = 4, 'running'\nmonitor"
    ),
}

# What a control says that it is set to.
PROPERTY = (
    "control => control.type === 'range' ? Number(control.value) : control.selectedIndex ?? control.checked"
)


def check_controls(page: Any, view: Any) -> None:
    """Press the keys of every slider, list, check box, radio button and push button of an explorer."""
    for control in view.locator("input[type=range]:visible:enabled").all():
        check_slider(page, control)
    for control in view.locator("select:visible:enabled").all():
        control.focus()
        options = control.locator("option").count()
        for key, index in (("Home", 0), ("ArrowDown", min(1, options - 1)), ("End", options - 1)):
            page.keyboard.press(key)
            eventually(page, lambda i=index, c=control: c.evaluate(PROPERTY) == i)
    for control in view.locator("input[type=checkbox]:visible").all():
        before = control.is_checked()
        for expected in (not before, before):
            control.focus()
            page.keyboard.press("Space")
            eventually(page, lambda e=expected, c=control: c.is_checked() == e)
    for group in view.locator("[role=radiogroup]:visible").all():
        check_radios(page, group)
    for control in view.locator("button:visible:enabled").all():
        check_button(page, control)


def check_slider(page: Any, control: Any) -> None:
    """Home and End go to the ends, arrows a step, Page Up and Down further."""
    low, high, step = (float(control.get_attribute(name)) for name in ("min", "max", "step"))
    control.focus()
    between = high - (high - low) / 2 - step
    expected = [
        *(("Home", low, low), ("ArrowRight", low + step, low + step), ("ArrowLeft", low, low)),
        *(("End", high, high), ("PageDown", low, high - step), ("PageUp", between, high)),
    ]
    for key, least, most in expected:
        page.keyboard.press(key)

        def there(key: str = key, least: float = least, most: float = most) -> None:
            found = control.evaluate(PROPERTY)
            name = control.get_attribute("data-trait")
            assert least - step / 2 < found < most + step / 2, (name, key, found, least, most)

        eventually(page, there)


def check_radios(page: Any, group: Any) -> None:
    """Arrows choose the next and the previous one."""
    radios = group.locator("input[type=radio]")
    radios.first.focus()
    page.keyboard.press("Space")
    for key, chosen in (("ArrowRight", 1), ("ArrowLeft", 0), ("ArrowDown", 1), ("ArrowUp", 0)):
        page.keyboard.press(key)
        eventually(page, radios.nth(chosen).is_checked)


def check_button(page: Any, control: Any) -> None:
    """Space and Enter press it."""
    control.evaluate(
        "c => c.addEventListener('click', () => { c.dataset.clicks = Number(c.dataset.clicks ?? 0) + 1; })"
    )
    control.focus()
    for count, key in enumerate(("Enter", "Space"), 1):
        page.keyboard.press(key)
        eventually(page, lambda c=count: control.get_attribute("data-clicks") == str(c))
    control.evaluate("c => delete c.dataset.clicks")
