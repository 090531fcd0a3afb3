"""A sweep shown live: a row for each run, with buttons to stop it or to run it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets
from matplotlib.figure import Figure

from segnet_nb._shared.errors import UserError, UserRuntimeError
from segnet_nb.widgets.shared.assets import script, style
from segnet_nb.widgets.shared.explorer import Explorer
from segnet_nb.widgets.shared.waiting import until_done
from segnet_nb.widgets.sweep_monitor.picture import draw_sweep
from segnet_nb.widgets.sweep_monitor.watching import SweepThread

STATUSES = ("idle", "running", "stopping", "finished", "stopped", "failed")
_AT_WORK = ("running", "stopping")
_LOOK_SECONDS = 0.25  # between looks at the thread that runs the sweep


class SweepMonitor(Explorer):
    """The runs of a sweep while they run: state, epoch, validation score and time left.

    Show it in one cell and run the sweep in the next. The sweep runs in a thread; the cell awaits it, so that
    the kernel goes on answering the browser. Without a browser each run that ends is a printed line.

    Args:
        **state: any of the attributes below.

    Attributes:
        status: ``"idle"``, ``"running"``, ``"stopping"``, ``"finished"``, ``"stopped"`` or ``"failed"``.
        done: runs that have ended, those of earlier starts included.
        total: runs of the sweep.
        runs: one dict per run of this start, at most 200: ``key``, ``label``, ``state``, ``epoch``,
            ``epochs``, ``score`` (0..1 or None), ``seconds``, ``left`` (seconds or None) and ``error``.
        seconds: since ``watch`` began.
        seconds_left: until the end, estimated; None: unknown.
        dashboard: address of Dask's dashboard; empty before there is one.

    Example:
        >>> SweepMonitor()
        SweepMonitor(idle, 0 of 0 runs)
    """

    _esm = script("sweep_monitor")
    _css = style("sweep_monitor")

    status = traitlets.Enum(STATUSES, "idle").tag(sync=True)
    done = traitlets.Int(0, min=0).tag(sync=True)
    total = traitlets.Int(0, min=0).tag(sync=True)
    runs = traitlets.List(traitlets.Dict()).tag(sync=True)
    seconds = traitlets.Float(0.0).tag(sync=True)
    seconds_left = traitlets.Float(None, allow_none=True).tag(sync=True)
    dashboard = traitlets.Unicode("").tag(sync=True)

    _thread: SweepThread | None = None

    def __repr__(self) -> str:
        return f"SweepMonitor({self.status}, {self.done} of {self.total} runs)"

    async def watch(self, sweep: Callable[..., Any], source: Any, **options: Any) -> Any:
        """Run a sweep in a thread, show it here, and return what ``sweep`` returns.

        Interrupting the cell ends the sweep, as the button *Stop all* does, and returns what has finished.
        Running the cell again runs what is missing.

        Args:
            sweep: ``segnet_nb.sweep``.
            source: its first argument: path of a YAML file, or what it holds.
            **options: passed on: ``output_dir``, ``scheduler``, ``workers``.

        Raises:
            RuntimeError: if this monitor is watching already.
            Exception: whatever ``sweep`` raises; it is shown in the widget too.
        """
        self._refuse_when_closed()
        if self.status in _AT_WORK:
            raise UserRuntimeError("this monitor watches a sweep already. Stop that one, or make another.")
        with self.hold_sync():
            self.error, self.status, self.runs, self.dashboard = "", "running", [], ""
            self.done = self.total = 0
            self.seconds, self.seconds_left = 0.0, None
        thread = self._thread = SweepThread()
        thread.start(sweep, source, options)
        await until_done(
            thread.outcome, lambda seconds: self._look(thread, seconds), self.stop, _LOOK_SECONDS
        )
        return self._end(thread)

    def stop(self, key: str | None = None) -> None:
        """End one run, or the whole sweep; finished runs are kept.

        Args:
            key: of the run; None: all.

        Raises:
            ValueError: if no run with this key is at work or waiting.
        """
        if self._thread is None or self.status not in _AT_WORK:
            return
        if key is None:
            self.status = "stopping"
            self._thread.end()
            return
        self._check(key, ("running", "waiting"))
        self._thread.stop(key)

    def retry(self, key: str) -> None:
        """Run one again that has failed, while the sweep is at work.

        Raises:
            ValueError: if no run with this key has failed.
        """
        if self._thread is None or self.status != "running":
            raise UserRuntimeError(
                "the sweep is not at work. Run its cell again: it runs what did not finish."
            )
        self._check(key, ("failed", "timed_out", "out_of_memory"))
        self._thread.retry(key)

    def _check(self, key: str, states: tuple[str, ...]) -> None:
        fit = [str(run["key"]) for run in self.runs if run["state"] in states]
        if key not in fit:
            raise UserError(
                f"no run {key!r} is {' or '.join(states)}. Use one of {', '.join(fit) or 'none'}."
            )

    def _look(self, thread: SweepThread, seconds: float) -> None:
        """Take over, on the kernel's own thread, what the sweep has left to be read."""
        with self.hold_sync():
            self.seconds, self.dashboard = float(int(seconds)), thread.dashboard
            for rows, done, total, left in list(thread.latest):
                rounded = [run | {"left": _rounded(run["left"])} for run in rows]
                self.runs, self.done, self.total, self.seconds_left = rounded, done, total, _rounded(left)
        while not thread.lines.empty():
            line = thread.lines.get()
            if not self.seen:
                print(line, flush=True)

    def _end(self, thread: SweepThread) -> Any:
        self.seconds_left = 0.0
        stopped = self.status == "stopping"
        if error := thread.outcome.exception():
            self.status, self.error = "failed", str(error) or type(error).__name__
            raise error
        result = thread.outcome.result()
        self.status = "stopped" if stopped else "finished"
        self.done, self.total = len(result.states), result.planned
        return result

    def received(self, content: dict[str, Any]) -> None:
        """Take over what a button of the view asks for."""
        kind, key = content.get("kind"), content.get("key")
        if kind == "stop":
            self.stop(key)
        elif kind == "retry" and isinstance(key, str):
            self.retry(key)

    def figure(self) -> Figure:
        """How many runs are in which state, and a line for each of the first."""
        return draw_sweep(self.runs, self.done, self.total)

    def release(self) -> None:
        """End a sweep that runs."""
        if self._thread is not None:
            self._thread.end()


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else float(round(seconds))
