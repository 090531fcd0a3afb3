"""The training monitor in JupyterLab: curves grow, Stop ends the run, the next cell goes on."""

from __future__ import annotations

import base64
import io

import nbformat
import numpy as np
import pytest
from PIL import Image

from tests.browser.driver import OpenNotebook, eventually, pixels, slide, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

CELLS = (
    """
    import base64, tempfile
    import segnet_nb as sn
    from segnet_nb import datasets
    from segnet_nb.widgets import TrainingMonitor
    size = (48, 64)
    data = [datasets.load("synthetic", split, image_size=size, count=8) for split in ("train", "val")]
    config = sn.TrainConfig(epochs=200, image_size=size, batch_size=4)
    monitor = TrainingMonitor(data[1].images[0], data[1].labels[0], data[1].classes)
    monitor
    """,
    """
    folder = tempfile.mkdtemp()
    run = await monitor.watch(sn.train, config, predict=sn.predict, data=data, directory=folder)
    """,
    "after = len(run.history)",
)
EPOCHS = """([kind, count]) => {
  const line = document.querySelector(`.sn-training-monitor [data-line="${kind}"]`);
  return line && line.getAttribute('points').trim().split(' ').filter(Boolean).length >= count;
}"""


def start(lab, browser, name):
    write_notebook(lab.folder / name, *("\n".join(x.strip() for x in cell.split("\n")) for cell in CELLS))
    opened = OpenNotebook(browser, lab, name)
    # Not awaited: the cells run for as long as the training does.
    opened.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    return opened


def count_of(monitor, kind):
    points = monitor.locator(f'[data-line="{kind}"]').get_attribute("points")
    return len(points.split())


@pytest.fixture(scope="module")
def opened(lab, browser):
    """Trained for a while, then stopped with the button."""
    notebook = start(lab, browser, "monitor.ipynb")
    monitor = notebook.explorer("training-monitor")
    notebook.page.wait_for_function(EPOCHS, arg=["loss", 2])
    notebook.early = count_of(monitor, "loss")
    notebook.place = monitor.locator('[data-value="place"]').text_content()
    slide(monitor.locator('input[data-trait="opacity"]'), 30)  # while it trains: this must not hold up Stop
    notebook.page.wait_for_function(EPOCHS, arg=["loss", notebook.early + 1])
    monitor.locator("button", has_text="Stop").click()
    monitor.locator('[data-status="stopped"]').wait_for()
    yield notebook
    assert notebook.failures == []
    notebook.close()


def decoded(opened, trait):
    data = base64.b64decode(opened.ask(f"print(base64.b64encode(monitor.{trait}).decode())"))
    return np.array(Image.open(io.BytesIO(data)).convert("RGB")).astype(float)


def test_curves_grow_and_say_where_the_training_is(opened):
    assert opened.place.startswith("epoch ") and " of 200" in opened.place and "step" in opened.place
    monitor = opened.explorer("training-monitor")
    drawn = {
        kind: count_of(monitor, kind) for kind in ("loss", "mean_iou", "class_average", "global_accuracy")
    }
    assert set(drawn.values()) == {int(opened.ask("print(len(monitor.history))"))}
    assert drawn["loss"] > opened.early


def test_stop_ends_the_run_cleanly_and_the_next_cell_runs(opened):
    told = opened.ask("print(run.status, len(run.history) == after == monitor.epoch, monitor.stop_requested)")
    assert told.split() == ["interrupted", "True", "True"]
    monitor = opened.explorer("training-monitor")
    assert monitor.locator("button", has_text="Stop").is_disabled()
    assert monitor.locator('[data-value="status"]').text_content() == "stopped"
    assert opened.page.locator(".sn-training-monitor").count() == 1
    # A browser has drawn it, so nothing was printed.
    assert opened.page.locator(".jp-OutputArea", has_text="val mIoU").count() == 0


def test_the_picture_is_the_prediction_over_the_photo(opened):
    canvas = opened.explorer("training-monitor").locator('[data-canvas="picture"]')
    opened.ask("monitor.opacity = 0.5; monitor.shown = 0")
    expected = (decoded(opened, "photo") + decoded(opened, "picture")) / 2

    def drawn():
        np.testing.assert_allclose(pixels(canvas)[..., :3], expected, atol=2)

    eventually(opened.page, drawn)


def test_looking_back_at_an_earlier_epoch(opened):
    monitor = opened.explorer("training-monitor")
    slide(monitor.locator('input[data-trait="opacity"]'), 100)
    slide(monitor.locator('input[data-trait="shown"]'), 1)
    opened.page.wait_for_function(
        "() => document.querySelector('.sn-training-monitor [data-panel=picture]')"
        ".textContent.includes('epoch 1:')"
    )
    assert opened.ask("print(monitor.shown, monitor.picture_epoch, monitor.opacity)").split() == [
        "1",
        "1",
        "1.0",
    ]
    canvas = monitor.locator('[data-canvas="picture"]')

    def drawn():
        np.testing.assert_allclose(pixels(canvas)[..., :3], decoded(opened, "picture"), atol=1)

    eventually(opened.page, drawn)
    assert opened.ask("print(f\"{monitor.history[0]['loss']:.3f}\")").strip() in monitor.inner_text()


@pytest.mark.slow  # the Stop button, which does the same, is pressed above
def test_interrupting_the_kernel_ends_it_as_stop_does(lab, browser):
    opened = start(lab, browser, "interrupted.ipynb")
    opened.explorer("training-monitor")
    opened.page.wait_for_function(EPOCHS, arg=["loss", 1])
    opened.page.evaluate("window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    opened.explorer("training-monitor").locator('[data-status="stopped"]').wait_for()
    assert opened.ask("print(run.status, len(run.history) == after)").split() == ["interrupted", "True"]
    assert opened.failures == []
    opened.close()


@pytest.mark.slow  # without a browser it runs in tests/notebooks/test_notebooks.py
def test_the_training_lesson_runs_with_small_parameters(lab, browser):
    path = lab.folder / "notebooks" / "05_training.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
    small = {"epochs": 2, "height": 48, "width": 64, "train_count": 6, "val_count": 4, "intro_epochs": 1}
    cell.source += "".join(f"\n{name} = {value}" for name, value in small.items())
    nbformat.write(notebook, path)
    opened = OpenNotebook(browser, lab, "notebooks/05_training.ipynb")
    opened.run_all()
    monitor = opened.explorer("training-monitor")
    assert monitor.locator('[data-value="status"]').text_content() == "finished"
    assert count_of(monitor, "loss") == 2
    picture = pixels(monitor.locator('[data-canvas="picture"]'))
    assert picture.shape == (48, 64, 4)
    assert (picture != pixels(monitor.locator('[data-canvas="photo"]'))).any()
    assert opened.failures == []
    opened.close()
