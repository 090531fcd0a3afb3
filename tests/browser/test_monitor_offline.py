"""The training monitor in a report, opened from disk without a network: one looks back at every epoch."""

from __future__ import annotations

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from segnet_nb import reports
from segnet_nb.datasets import CAMVID
from tests.browser.driver import eventually, pixels
from tests.browser.test_reports_offline import Opened

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

EPOCHS = 4
# A training that takes no time: after epoch n the first n columns are Road, the rest Sky.
CELLS = (
    """from types import SimpleNamespace
import numpy as np
from segnet_nb.training import EpochReport
from segnet_nb.widgets import TrainingMonitor

photo = np.full((12, 20, 3), 128, np.uint8)
truth = np.full((12, 20), 3, np.uint8)

def train(config, *, progress, on_epoch, on_step):
    run = SimpleNamespace(history=[], best_epoch=0, status="finished")
    for epoch in range(1, config.epochs + 1):
        on_step(run, 1, 1, 1.0 / epoch)
        scores = {"global_accuracy": 0.5, "class_average": 0.4, "mean_iou": 0.1 * epoch}
        entry = {"epoch": epoch, "loss": 1.0 / epoch, **scores, "learning_rate": 0.1, "seconds": 1.0}
        run.history.append(entry)
        run.best_epoch = epoch
        on_epoch(EpochReport(epochs=config.epochs, **run.history[-1]), epoch)
    return run

def predict(epoch, images):
    labels = np.zeros(images.shape[:3], np.uint8)
    labels[..., :epoch] = 3
    return labels

monitor = TrainingMonitor(photo, truth)
monitor""",
    f"await monitor.watch(train, SimpleNamespace(epochs={EPOCHS}), predict=predict) and None",
)


@pytest.fixture(scope="module")
def opened(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitor")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [new_code_cell(source) for source in CELLS]
    nbformat.write(new_notebook(cells=cells, metadata=kernel), folder / "monitor.ipynb")
    page = Opened(
        browser, reports.run(folder / "monitor.ipynb", output_dir=folder / "out", progress=False).html
    )
    yield page
    page.check()


def expected(epoch):
    labels = np.zeros((12, 20), np.uint8)
    labels[:, :epoch] = 3
    return CAMVID.palette[labels]


def test_every_epoch_can_be_looked_at_by_keys(opened):
    view = opened.page.locator(".sn-training-monitor").first
    view.scroll_into_view_if_needed()
    assert view.locator("[data-value=status]").text_content() == "finished"
    opacity, shown = view.locator("[data-trait=opacity]"), view.locator("[data-trait=shown]")
    opacity.focus()
    opened.page.keyboard.press("End")
    shown.focus()
    caption = view.locator("[data-panel=picture] figcaption")
    for key, epoch in (("Home", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("End", 4), ("ArrowLeft", 3)):
        opened.page.keyboard.press(key)
        # Road is right, and so is its share of the 20 columns.
        text = f"Prediction, epoch {epoch}: {100 * epoch / 20:.1f} % right"
        eventually(opened.page, lambda text=text: caption.inner_text() == text)
        eventually(
            opened.page,
            lambda epoch=epoch: np.array_equal(
                pixels(view.locator("[data-canvas=picture]"))[..., :3], expected(epoch)
            ),
        )


def test_its_questions_are_asked_without_a_kernel(opened):
    view = opened.page.locator(".sn-training-monitor").first
    view.locator("button", has_text="Predict first").click()
    panel = view.locator(".sn-predict")
    assert "mean IoU" in panel.locator(".sn-question").inner_text()
