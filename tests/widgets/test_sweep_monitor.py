"""The sweep monitor without a browser: what it takes over from a sweep, and what its buttons ask for."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest

from segnet_nb import TaskFailedError, UserError
from segnet_nb.sweeps.progress import Board
from segnet_nb.widgets import SweepMonitor
from segnet_nb.widgets.sweep_monitor import explorer as module
from segnet_nb.widgets.sweep_monitor.picture import draw_sweep
from segnet_nb.widgets.sweep_monitor.watching import rows_of


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.005)


class FakeSweep:
    """A sweep of three runs that goes on step by step, with the board of a real one."""

    def __init__(self):
        self.asked, self.go, self.error = [], threading.Event(), None

    def stop(self, key):
        self.asked.append(("stop", key))

    def retry(self, key):
        self.asked.append(("retry", key))

    def end(self):
        self.asked.append(("end",))
        self.go.set()

    def __call__(self, source, *, progress, view, **options):
        assert progress is False
        self.source, self.options, self.thread = source, options, threading.current_thread()
        board = Board(5, 2, "mean_iou", [view])
        view.started(self, "http://127.0.0.1:1/status")
        for number, key in enumerate("abc"):
            board.waiting(key, {"seed": number})
        board.started("a")
        board.started("b")
        board.epoch("b", {"epoch": 2, "epochs": 4, "seconds": 3, "mean_iou": 0.25})
        board.end("a", {"state": "failed", "seconds": 2, "scores": {}, "error": "KeyError: 'two'"})
        assert self.go.wait(30)
        if self.error:
            raise self.error
        return SimpleNamespace(states={"a": "failed", "b": "finished"}, planned=5)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


def watched(monitor, sweep, act, **options):
    """Watch a sweep, act once its first rows are there, and let it end."""

    async def both():
        task = asyncio.ensure_future(monitor.watch(sweep, {"seeds": 3}, **options))
        await until(lambda: any(run["state"] == "failed" for run in monitor.runs))
        act()
        await asyncio.sleep(0.02)
        sweep.go.set()
        return await task

    return asyncio.run(both())


def test_rows_times_and_what_it_returns(capsys):
    monitor, sweep, seen = SweepMonitor(), FakeSweep(), []
    result = watched(monitor, sweep, lambda: seen.append((repr(monitor), monitor.runs)), workers=2)
    assert seen[0][0] == "SweepMonitor(running, 3 of 5 runs)"
    b, a, c = seen[0][1]  # at work, failed, waiting
    assert (b["label"], b["state"], b["epoch"], b["epochs"], b["score"], b["left"]) == (
        "seed=1",
        "running",
        2,
        4,
        0.25,
        6.0,
    )
    assert (a["state"], a["error"], a["seconds"]) == ("failed", "KeyError: 'two'", 2)
    assert c["state"] == "waiting"
    assert (result.planned, monitor.status, monitor.done) == (5, "finished", 2)
    assert monitor.dashboard == "http://127.0.0.1:1/status"
    assert (sweep.source, sweep.options) == ({"seeds": 3}, {"workers": 2})
    assert sweep.thread is not threading.main_thread()
    assert "a  failed, 2 s, KeyError: 'two'" in capsys.readouterr().out


def test_buttons_ask_for_one_run():
    monitor, sweep = SweepMonitor(), FakeSweep()

    def press():
        monitor._receive(None, {"kind": "stop", "key": "b"}, [])
        monitor._receive(None, {"kind": "retry", "key": "a"}, [])
        assert monitor.error == ""
        monitor._receive(None, {"kind": "retry", "key": "b"}, [])

    watched(monitor, sweep, press)
    assert sweep.asked == [("stop", "b"), ("retry", "a")]
    assert "no run 'b' is failed or timed_out or out_of_memory. Use one of a." in monitor.error


def test_stop_all_and_an_interrupted_cell_end_the_sweep():
    monitor, sweep = SweepMonitor(), FakeSweep()
    watched(monitor, sweep, lambda: monitor._receive(None, {"kind": "stop", "key": None}, []))
    assert (monitor.status, sweep.asked) == ("stopped", [("end",)])

    async def interrupted():
        task = asyncio.ensure_future(monitor.watch(sweep, {}))
        await until(lambda: len(monitor.runs) == 3)
        task.cancel()
        return await task

    monitor, sweep = SweepMonitor(), FakeSweep()
    assert asyncio.run(interrupted()).planned == 5
    assert (monitor.status, sweep.asked) == ("stopped", [("end",)])


def test_an_error_is_shown_and_raised():
    monitor, sweep = SweepMonitor(), FakeSweep()
    sweep.error = TaskFailedError("the connection to Dask's scheduler was lost")
    with pytest.raises(TaskFailedError, match="was lost"):
        watched(monitor, sweep, lambda: None)
    assert (monitor.status, monitor.error) == ("failed", "the connection to Dask's scheduler was lost")


def test_two_sweeps_at_once_are_refused():
    monitor, sweep, errors = SweepMonitor(), FakeSweep(), []

    def again():
        with pytest.raises(UserError, match="watches a sweep already") as caught:
            monitor.watch(sweep, {}).send(None)
        errors.append(caught)

    watched(monitor, sweep, again)
    assert len(errors) == 1


def test_without_a_sweep_the_buttons_do_nothing_or_say_why():
    monitor = SweepMonitor()
    monitor.stop()
    with pytest.raises(UserError, match="Run its cell again"):
        monitor.retry("a")


def test_as_many_rows_as_can_be_read():
    board = Board(300, 0, "mean_iou")
    for number in range(300):
        board.waiting(f"{number:03}", {"seed": number})
    board.started("299")
    rows = rows_of(board)
    assert (len(rows), rows[0]["key"], rows[1]["key"]) == (200, "299", "000")


def test_the_figure_has_a_line_for_each_run():
    run = {"label": "seed=1", "state": "timed_out", "epoch": 0, "epochs": 0, "score": None}
    figure = draw_sweep([run] * 20, 3, 40)
    text = figure.axes[0].texts[0].get_text().splitlines()
    assert figure.axes[0].get_title(loc="left") == "3 of 40 runs done"
    assert (len(text), text[0].split(), text[-1]) == (16, ["timed", "out", "seed=1"], "... and 5 more")


def test_closing_ends_the_sweep():
    monitor, sweep = SweepMonitor(), FakeSweep()

    async def closed():
        task = asyncio.ensure_future(monitor.watch(sweep, {}))
        await until(lambda: len(monitor.runs) == 3)
        monitor.close()
        return await task

    asyncio.run(closed())
    assert sweep.asked == [("end",)]
