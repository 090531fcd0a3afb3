"""The plans of docs/teaching.md: each adds up, and lessons take the minutes that they state."""

from __future__ import annotations

import re

import pytest

from segnet_nb.teaching.lessons import read_lessons
from tests.teaching.small_course import ROOT

TEXT = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
MINUTES = {lesson.name[:2]: lesson.minutes for lesson in read_lessons(ROOT / "notebooks")}


def rows(heading):
    """The cells of each row of the table below a heading, without its head."""
    part = re.split(r"\n#+ ", TEXT.split(f"### {heading}", 1)[1])[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def lessons_in(cell):
    return re.findall(r"\[(\d\d)\]\(\.\./notebooks/\1_\w+\.ipynb\)", cell)


@pytest.mark.parametrize(("heading", "total", "lessons"), [("Half a day", 210, 5), ("A day", 480, 10)])
def test_a_plan_for_one_day_adds_up(heading, total, lessons):
    assert f"### {heading}: {total} minutes" in TEXT
    found = [(lessons_in(what), int(minutes)) for what, minutes in rows(heading)]
    assert sum(minutes for _, minutes in found) == total
    named = [(numbers[0], minutes) for numbers, minutes in found if numbers]
    assert len(named) == lessons and all(MINUTES[number] == minutes for number, minutes in named)


def test_each_week_of_the_term_takes_90_minutes_and_each_lesson_comes_once():
    seen = []
    for week, (number, lesson, *minutes) in enumerate(rows("A term"), start=1):
        slides, at_machines, discussion = map(int, minutes)
        assert int(number) == week and slides + at_machines + discussion == 90
        assert at_machines == sum(MINUTES[each] for each in lessons_in(lesson))
        seen += lessons_in(lesson)
    assert week == 12 and sorted(seen) == sorted(MINUTES)


def test_lessons_come_after_those_that_they_build_on():
    """Each lesson says which one to read before; 'Before you start' is read here, not by the package."""
    for heading in ("Half a day", "A day", "A term"):
        order = [number for row in rows(heading) for cell in row for number in lessons_in(cell)]
        for number in order:
            (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
            start = re.search(r"Before you start\*\*(.*?)(?:\.\s|;)", path.read_text(encoding="utf-8"))
            needed = set(re.findall(r"\[(\d\d)_", start[1] if start else "")) & set(MINUTES)
            assert needed <= set(order[: order.index(number)]), (heading, number)
