"""The loss lab in JupyterLab: painting, sliding and looking change what the kernel computes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from segnet_nb.widgets.loss_lab import numbers
from tests.browser.driver import OpenNotebook, eventually, pixels, slide, write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.notebook]


@pytest.fixture(scope="module")
def opened(lab, browser):
    write_notebook(
        lab.folder / "lab.ipynb",
        "from segnet_nb.widgets import LossLab\nlab = LossLab()\nlab",
        "lab2 = LossLab()\nlab2",
    )
    notebook = OpenNotebook(browser, lab, "lab.ipynb")
    notebook.run_all()
    yield notebook
    assert notebook.failures == []
    notebook.close()


def state(opened):
    return json.loads(
        opened.ask(
            "import json; print(json.dumps({n: getattr(lab, n) for n in "
            "('mask', 'preset', 'share', 'losses', 'cursor', 'largest', 'shift', 'error')}))"
        )
    )


def wait_for_loss(opened, text):
    opened.page.wait_for_function(
        "text => document.querySelector('.sn-loss-lab [data-loss=dice]').textContent === text", arg=text
    )


def mask_of(opened):
    return np.array([[sign == "#" for sign in line] for line in state(opened)["mask"].split("\n")])


def drawn_mask(widget):
    return (pixels(widget.locator('[data-canvas="mask"]'))[..., 2] == 0).astype(bool)


def check_painted(opened, widget, expected):
    """Kernel and canvas have this mask, as soon as the news has travelled."""

    def same():
        np.testing.assert_array_equal(mask_of(opened), expected)
        np.testing.assert_array_equal(drawn_mask(widget), expected)

    eventually(opened.page, same)


def drag(opened, widget, start, end):
    """Paint from one pixel of the mask to another, (row, column) each."""
    box = widget.locator('[data-canvas="mask"]').bounding_box()

    def at(place):
        return (
            box["x"] + (place[1] + 0.5) / numbers.WIDTH * box["width"],
            box["y"] + (place[0] + 0.5) / numbers.HEIGHT * box["height"],
        )

    opened.page.mouse.move(*at(start))
    opened.page.mouse.down()
    opened.page.mouse.move(*at(end), steps=3)
    opened.page.mouse.up()


def test_painting_reaches_the_kernel_and_is_drawn(opened):
    widget = opened.explorer("loss-lab")
    opened.ask("lab.brush = 1; lab.erase = False")
    widget.locator("button", has_text="Clear").click()
    drag(opened, widget, (3, 4), (3, 20))
    expected = np.zeros((numbers.HEIGHT, numbers.WIDTH), bool)
    expected[3, 4:21] = True
    check_painted(opened, widget, expected)
    assert state(opened)["preset"] == "own"
    opened.ask("lab.erase = True")
    eventually(opened.page, widget.locator("[data-trait=erase][data-value=true]").is_checked)
    drag(opened, widget, (3, 10), (3, 12))
    expected[3, 10:13] = False
    check_painted(opened, widget, expected)


def test_painting_with_the_keyboard(opened):
    widget = opened.explorer("loss-lab")
    opened.ask("lab.erase = False; lab.brush = 1; lab.cursor = (20, 5)")
    eventually(opened.page, widget.locator("[data-trait=erase][data-value=false]").is_checked)
    before = mask_of(opened)
    widget.locator('[data-canvas="mask"]').focus()
    for key in ("ArrowRight", "ArrowDown", " ", "ArrowRight", " "):
        opened.page.keyboard.press(key)
    expected = before.copy()
    expected[21, 6:8] = True
    check_painted(opened, widget, expected)
    assert state(opened)["cursor"] == [21, 7]


def test_sliders_change_losses_maps_and_curves(opened):
    widget = opened.explorer("loss-lab")
    opened.ask("lab.preset = 'disc'")
    check_painted(opened, widget, numbers.object_at(numbers.preset_field("disc"), numbers.PRESETS["disc"]))
    before = {
        name: pixels(widget.locator(f'[data-canvas="{name}"]')) for name in (*numbers.LOSSES, "prediction")
    }
    slide(widget.locator('input[data-trait="shift"]'), 3)
    mask = numbers.object_at(numbers.preset_field("disc"), numbers.PRESETS["disc"])
    logits = numbers.predicted_logits(mask, confidence=0.9, blur=1.0, shift=3)
    wait_for_loss(opened, f"{numbers.loss_values(mask, logits)['dice']:.4f}")
    gradients = numbers.loss_gradients(mask, logits)

    def drawn():
        largest = state(opened)["largest"]
        for name in numbers.LOSSES:
            now = pixels(widget.locator(f'[data-canvas="{name}"]'))[..., :3]
            np.testing.assert_array_equal(now, numbers.diverging(gradients[name] * mask.size, largest[name]))
            assert (now != before[name][..., :3]).any()
        shown = pixels(widget.locator('[data-canvas="prediction"]'))[..., :3]
        np.testing.assert_array_equal(shown, numbers.between(numbers.probability(logits)))

    eventually(opened.page, drawn)
    widget.locator('select[data-trait="against"]').select_option(label="shift")
    opened.page.wait_for_function(
        "() => document.querySelector('.sn-loss-lab .sn-chart').textContent.includes('shift (pixels)')"
    )
    # The curve itself comes from the kernel, a moment after the label; it times out if it never does.
    opened.page.wait_for_function(
        "count => document.querySelector('.sn-loss-lab [data-line=dice]').getAttribute('points')"
        ".split(' ').length === count",
        arg=len(numbers.SAMPLES["shift"]),
        timeout=20_000,
    )


def test_the_share_slider_draws_the_object_anew(opened):
    widget = opened.explorer("loss-lab")
    opened.ask("lab.preset = 'pole'")
    slide(widget.locator('input[data-trait="share"]'), 10)
    check_painted(opened, widget, numbers.object_at(numbers.preset_field("pole"), 0.1).astype(bool))
    share = widget.locator('[data-value="share"]')
    eventually(opened.page, lambda: share.text_content() == "10.0\u00a0%")


def test_numbers_under_the_pointer(opened):
    widget = opened.explorer("loss-lab")
    canvas = widget.locator('[data-canvas="dice"]')
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    opened.page.mouse.move(box["x"] + 2.5 / 32 * box["width"], box["y"] + 1.5 / 24 * box["height"])
    opened.page.wait_for_function(
        "() => document.querySelector('.sn-loss-lab [data-value=at]').textContent"
        ".startsWith('Row 1, column 2: back')"
    )
    number = float(opened.ask("print(lab.gradients['dice'][1, 2] * 768)"))
    shown = widget.locator('[data-at="dice"]')

    def told():
        assert float(shown.text_content().replace("−", "-") or "nan") == pytest.approx(number, abs=5.1e-4)

    eventually(opened.page, told)


def test_two_labs_in_a_notebook_do_not_mix(opened):
    first = state(opened)
    slide(opened.explorer("loss-lab", 1).locator('input[data-trait="shift"]'), -5)
    eventually(opened.page, lambda: opened.ask("print(lab2.shift)").strip() == "-5")
    assert state(opened) == first


@pytest.mark.slow
def test_the_lesson_runs_and_its_exercise_can_be_solved_with_the_sliders(lab, browser):
    lesson = OpenNotebook(browser, lab, "notebooks/04_losses_and_metrics.ipynb")
    lesson.run_all()
    task = lesson.explorer("loss-lab", 1)
    slide(task.locator('input[data-trait="share"]'), 2)
    slide(task.locator('input[data-trait="missed"]'), 90)
    solved = "task.scores['global_accuracy'] > 0.97 and task.scores['object_iou'] < 0.2"

    def reached():
        assert lesson.ask(f"print(task.share, task.missed, {solved})").split() == ["0.02", "0.9", "True"]

    eventually(lesson.page, reached)
    assert lesson.ask("course.check('04.2', task)").startswith("Right: the accuracy is 98.")
    dice = "lambda p, y: 1 - 2 * (p * y).sum() / (p.sum() + y.sum())"
    assert lesson.ask(f"course.check('04.1', {dice})").strip() == "Right."
    told = lesson.ask("course.check('04.3', 0.9)").splitlines()
    assert told[0] == "Not yet: that is the share of the background; the ratio of the two shares is needed."
    assert told[1].startswith("Hint: ")
    assert lesson.failures == []
    lesson.close()
