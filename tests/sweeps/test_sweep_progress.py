"""What is shown of a sweep: states, times left, and the live lines of a terminal."""

from __future__ import annotations

import io
import re

import pytest

from segnet_nb.sweeps import terminal
from segnet_nb.sweeps.progress import Board
from segnet_nb.sweeps.terminal import LiveView, PlainView, lines_of, view_for


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def ended(state="finished", seconds=10.0, score=None, error=None):
    return {
        "state": state,
        "seconds": seconds,
        "scores": {"mean_iou": score} if score else {},
        "error": error,
    }


@pytest.fixture
def clock():
    return Clock()


def board_of(clock, *keys, total=10, done=0, views=()):
    board = Board(total, done, "mean_iou", views, clock)
    for number, key in enumerate(keys):
        board.waiting(key, {"seed": number})
    return board


class TestTimeLeft:
    def test_is_not_known_before_anything_has_ended(self, clock):
        board = board_of(clock, "a", "b")
        board.started("a")
        assert (board.seconds_left(), board.left_of(board.runs["a"])) == (None, None)

    def test_by_runs_that_have_ended(self, clock):
        board = board_of(clock, "a", "b", "c", total=5)
        board.started("a")
        board.end("a", ended(seconds=30))
        board.started("b")
        clock.now += 12
        board.started("c")
        # b has 30 - 12 left, c 30; two more have not started: (18 + 30 + 2 * 30) / 2 at a time.
        assert board.left_of(board.runs["b"]) == 18
        assert board.seconds_left() == 54

    def test_by_epochs(self, clock):
        board = board_of(clock, "a", total=3)
        board.started("a")
        clock.now += 8
        board.epoch("a", {"epoch": 2, "epochs": 6, "seconds": 4, "mean_iou": 0.3})
        # 4 epochs of 4 s; a run takes 8 + 16, and two more wait: 16 + 2 * 24.
        assert board.left_of(board.runs["a"]) == 16
        assert board.seconds_left() == 64

    def test_of_the_last_runs_is_that_of_the_longest(self, clock):
        board = board_of(clock, "a", "b", total=2)
        for key, epoch in (("a", 1), ("b", 9)):
            board.started(key)
            board.epoch(key, {"epoch": epoch, "epochs": 10, "seconds": 2})
        assert board.seconds_left() == 18

    def test_failed_runs_say_nothing_about_time(self, clock):
        board = board_of(clock, "a", "b")
        board.end("a", ended("failed", seconds=1, error="KeyError: 'x'"))
        assert board.seconds_left() is None


class TestStates:
    def test_counts(self, clock):
        board = board_of(clock, "a", "b", total=7, done=3)
        board.started("a")
        board.end("a", ended("failed", error="KeyError"), again=True)
        assert (board.runs["a"].state, len(board.ended)) == ("waiting", 0)
        board.started("a")
        board.end("a", ended(score=0.5))
        assert board.summary().startswith("4 of 7")
        assert board.runs["a"].score == 0.5

    def test_a_pruned_run_keeps_the_score_of_its_last_epoch(self, clock):
        board = board_of(clock, "a")
        board.started("a")
        board.epoch("a", {"epoch": 3, "epochs": 9, "seconds": 1, "mean_iou": 0.2})
        board.end("a", ended("pruned"))
        assert board.runs["a"].score == 0.2

    def test_a_run_whose_worker_died_starts_at_its_first_epoch(self, clock):
        board = board_of(clock, "a")
        board.started("a")
        board.epoch("a", {"epoch": 3, "epochs": 9, "seconds": 1, "mean_iou": 0.2})
        board.started("a")
        assert board.runs["a"].epoch == 0


class Terminal(io.StringIO):
    def isatty(self):
        return True


def screen(text):
    """What a terminal shows: lines, cursor up, and clear to the end of the screen."""
    lines, row = [""], 0
    for up, clear, newline, letters in re.findall(r"\x1b\[(\d+)A|(\r\x1b\[J)|(\n)|([^\x1b\r\n]+)", text):
        if up:
            row -= int(up)
            assert row >= 0
        elif clear:
            lines[row:] = [""]
        elif newline:
            row += 1
            lines += [""] * (row + 1 - len(lines))
        else:
            lines[row] = letters
    return lines[:-1]


class TestTerminal:
    def test_ended_runs_stay_and_live_lines_are_drawn_again(self, clock, monkeypatch):
        monkeypatch.setattr(terminal, "REDRAW_SECONDS", 0)
        monkeypatch.setenv("COLUMNS", "100")
        stream = Terminal()
        board = board_of(clock, "aa", "bb", total=4, views=[LiveView(stream)])
        board.started("aa")
        board.started("bb")
        board.epoch("bb", {"epoch": 1, "epochs": 3, "seconds": 5, "mean_iou": 0.25})
        assert screen(stream.getvalue()) == [
            "aa  running  seed=0",
            "bb  running  epoch 1 of 3  mIoU 0.250  10 s left  seed=1",
            "0 of 4 done, 2 running, 20 s left",  # four runs of 10 s, two at a time
        ]
        board.end("aa", ended(seconds=20, score=0.5))
        shown = screen(stream.getvalue())
        assert shown[0].startswith("aa  finished, 20 s, mIoU 0.500  (1 of 4")
        assert [line.split("  ")[0] for line in shown[1:]] == ["bb", "1 of 4 done, 1 running, 50 s left"]
        board.close()
        assert len(screen(stream.getvalue())) == 1

    def test_as_many_lines_as_fit(self, clock):
        keys = [f"{number:02}" for number in range(9)]
        board = board_of(clock, *keys)
        for key in keys:
            board.started(key)
        lines = lines_of(board, 12, 5)
        assert lines == ["00  running ", "01  running ", "02  running ", "... and 6 more", "0 of 10 done"]

    def test_a_file_gets_a_line_for_each_start_and_end(self, clock):
        stream = io.StringIO()
        assert isinstance(view_for(stream), PlainView)
        assert isinstance(view_for(Terminal()), LiveView)
        board = board_of(clock, "aa", views=[PlainView(stream)])
        board.started("aa")
        board.epoch("aa", {"epoch": 1, "epochs": 3, "seconds": 5})
        board.end("aa", ended("failed", seconds=2, error="KeyError: 'x'"))
        assert stream.getvalue() == "aa  running  seed=0\naa  failed, 2 s, KeyError: 'x'  (1 of 10)\n"
