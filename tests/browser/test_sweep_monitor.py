"""The sweep monitor in JupyterLab: rows, buttons by mouse and keys, what assistive technology finds."""

from __future__ import annotations

import json

import pytest

from tests import report_helpers
from tests.browser.driver import OpenNotebook, eventually, write_notebook
from tests.browser.test_accessibility import CUT, RING, violations
from tests.browser.test_keyboard import FOCUS, KEYS, NAMES, STATE

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

SHOWN = """
from segnet_nb import widgets
states = ["running", "failed", "out_of_memory", "finished", "pruned", "waiting"]
sweep = widgets.SweepMonitor(status="running", done=4, total=12, seconds=70.0, seconds_left=300.0)
sweep.runs = [
    dict(key=f"{n:02}", label=f"learning_rate=0.00{n} seed={n}", state=state, epoch=n, epochs=9, score=n / 10,
         seconds=9.0, left=40.0, error="KeyError: 'two'" if n in (1, 2) else "")
    for n, state in enumerate(states)
]
asked = []
sweep.received = asked.append
sweep.dashboard = "http://127.0.0.1:8787/status"
sweep
"""


@pytest.fixture(scope="module")
def opened(lab, browser):
    write_notebook(lab.folder / "sweep.ipynb", SHOWN)
    notebook = OpenNotebook(browser, lab, "sweep.ipynb", width=900, height=900)
    notebook.page.evaluate("window.jupyterapp.shell.collapseLeft()")
    notebook.run_all()
    yield notebook
    assert notebook.failures == []
    notebook.close()


@pytest.fixture
def view(opened):
    opened.ask("asked.clear(); sweep.runs = [*sweep.runs]")
    return opened.explorer("sweep-monitor")


def asked(opened):
    return json.loads(opened.ask("import json; print(json.dumps(asked))"))


def cells(view, key):
    return [cell.strip() for cell in view.locator(f"tr[data-key='{key}'] > *").all_inner_texts()]


def test_a_row_for_each_run(view):
    assert view.locator("[data-value=count]").inner_text() == "4 of 12 runs done, 1 running"
    assert view.locator("[data-value=times]").inner_text() == "1 min 10 s so far, about 5 min 00 s left"
    assert cells(view, "00") == [
        "learning_rate=0.000 seed=0",
        "running",
        "0 of 9",
        "0.000",
        "40 s left",
        "Stop",
    ]
    assert cells(view, "02")[:2] == ["learning_rate=0.002 seed=2\nKeyError: 'two'", "out of memory"]
    assert cells(view, "04")[1:] == ["ended early", "4 of 9", "0.400", "9 s", ""]
    assert view.locator("a").get_attribute("href") == "http://127.0.0.1:8787/status"
    assert view.evaluate(CUT) == []


def test_buttons_stop_one_run_and_run_one_again(opened, view):
    view.get_by_role("button", name="Stop learning_rate=0.000 seed=0").click()
    view.get_by_role("button", name="Retry learning_rate=0.001 seed=1").click()
    view.get_by_role("button", name="Stop all").click()
    expected = [{"kind": "stop", "key": "00"}, {"kind": "retry", "key": "01"}, {"kind": "stop", "key": None}]
    eventually(opened.page, lambda: asked(opened) == expected)
    # They are off until the kernel answers, so nothing is requested twice.
    assert view.get_by_role("button", name="Stop all").is_disabled()
    opened.ask("sweep.status = 'stopping'; sweep.status = 'running'")


def test_a_button_keeps_the_focus_while_rows_change(opened, view):
    button = view.get_by_role("button", name="Stop learning_rate=0.005 seed=5")
    button.focus()
    opened.ask("sweep.runs = [sweep.runs[5] | {'state': 'running'}, *sweep.runs[:5]]")
    row = view.locator("tr[data-key='05']")
    eventually(opened.page, lambda: "running" in row.inner_text())
    assert row.locator("button").evaluate("node => node === document.activeElement")
    opened.page.keyboard.press("Enter")
    eventually(opened.page, lambda: asked(opened) == [{"kind": "stop", "key": "05"}])
    opened.ask("sweep.runs = [*sweep.runs[1:], sweep.runs[0] | {'state': 'waiting'}]")


def test_no_key_reaches_the_notebook_and_the_focus_is_seen(opened, view):
    names = view.evaluate(NAMES)
    assert len(names) >= 6
    opened.page.keyboard.press("Shift")
    assert view.evaluate(FOCUS, [0, opened.name, None]) == ""
    before = opened.page.evaluate(STATE, opened.name)
    for number, name in enumerate(names):
        assert view.evaluate(FOCUS, [number, opened.name, before]) == "", name
        assert view.evaluate(RING, number), name
        for key in KEYS:
            opened.page.keyboard.press(key)
    opened.page.wait_for_timeout(300)
    assert opened.page.evaluate(STATE, opened.name) == before


def test_axe_finds_nothing_in_light_and_dark(opened, view):
    assert violations(opened.page, ["sweep-monitor"]) == []
    opened.darken()
    assert violations(opened.page, ["sweep-monitor"]) == []


@pytest.mark.slow
def test_a_real_sweep_is_watched_stopped_and_run_again(lab, browser):
    report_helpers.write_notebook(
        lab.folder, "import time\nif seed:\n    time.sleep(600)", parameters="seed: int = 0", path="in.ipynb"
    )
    write_notebook(
        lab.folder / "real.ipynb",
        "import segnet_nb as sn\nmonitor = sn.widgets.SweepMonitor()\nmonitor",
        "plan = {'notebook': 'in.ipynb', 'seeds': 3}\n"
        "result = await monitor.watch(sn.sweep, plan, output_dir='out', workers=2)",
    )
    opened = OpenNotebook(browser, lab, "real.ipynb")
    # Not awaited: the cell runs for as long as the sweep does.
    opened.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    view = opened.explorer("sweep-monitor")
    row = {seed: view.locator("tr", has_text=f"seed={seed}") for seed in range(3)}
    row[0].and_(view.locator("[data-state=finished]")).wait_for()
    row[1].and_(view.locator("[data-state=running]")).wait_for()
    view.get_by_role("button", name="Stop seed=1").click()
    row[1].and_(view.locator("[data-state=failed]")).wait_for()
    assert "it was stopped" in row[1].inner_text()
    view.get_by_role("button", name="Retry seed=1").click()
    row[1].and_(view.locator("[data-state=running]")).wait_for()
    view.get_by_role("button", name="Stop all").click()
    view.locator("[data-status=stopped]").wait_for()
    # The partial notebook of the run that was stopped is kept, though it counts as failed.
    assert opened.ask("print(sorted(result.states.values()), monitor)").strip() == (
        "['failed', 'finished'] SweepMonitor(stopped, 2 of 3 runs)"
    )
    assert opened.failures == []
    opened.close()
