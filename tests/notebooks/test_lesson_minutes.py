"""What a lesson says of its time follows from its text and from how long its cells were measured to run."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import lesson_minutes

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_says_the_minutes_it_takes(path):
    lesson = nbformat.read(path, as_version=4)
    minutes, seconds = lesson_minutes.stated_times(lesson)
    # Seconds are said to the nearest five, minutes to the nearest one: half a minute can tip five minutes.
    reckoned = lesson_minutes.reckoned(lesson, lesson_minutes.exercises(path.stem), seconds)
    assert abs(minutes - reckoned) <= 5, "run python tools/lesson_minutes.py"


def lesson(words, cells):
    first = new_markdown_cell("**Time** about 5 minutes. **Before you start** read. " + "word " * (words - 8))
    return new_notebook(cells=[first, *(new_code_cell("1 + 1") for _ in range(cells))])


def test_minutes_by_hand():
    # 600 words at 200 a minute: 3. 12 code cells, 4 of them of 2 exercises: 8 of half a minute: 4.
    # 2 exercises: 10. 120 seconds: 2. In all 19, to the nearest five 20.
    assert lesson_minutes.reckoned(lesson(600, 12), 2, 120) == 20
    # Without the exercises 3 + 6 + 2 = 11: 10.
    assert lesson_minutes.reckoned(lesson(600, 12), 0, 120) == 10
    assert lesson_minutes.reckoned(lesson(10, 1), 0, 0) == 5


@pytest.mark.parametrize(
    ("seconds", "run", "back"),
    [(2, "5 seconds", 5), (33, "35 seconds", 35), (89, "90 seconds", 90), (100, "2 minutes", 120)],
)
def test_the_sentence_is_written_and_read_back(seconds, run, back, tmp_path):
    path = tmp_path / "lesson.ipynb"
    nbformat.write(lesson(20, 3), path)
    lesson_minutes.write(path, lesson_minutes.sentence(15, 2, seconds))
    written = nbformat.read(path, as_version=4)
    assert (
        f"**Time** about 15 minutes with the exercises; its cells run in {run}. **Before"
        in written.cells[0].source
    )
    assert lesson_minutes.stated_times(written) == (15, back)


def test_a_lesson_without_its_times_is_told():
    with pytest.raises(ValueError, match="must contain"):
        lesson_minutes.stated_times(lesson(20, 1))
