"""Answers to print: every exercise with its answer and why, and nothing from elsewhere."""

from __future__ import annotations

import html
import re

from segnet_nb.teaching.answers import answers_notebook, answers_page
from segnet_nb.teaching.lessons import read_lessons
from tests.teaching.small_course import ROOT, WHY


def test_an_exercise_with_its_answer_and_why(course):
    (lesson,) = read_lessons(course, ["04"])
    shown = [cell.source for cell in answers_notebook(lesson).cells]
    assert shown[0] == "# 04 Sums: answers"
    assert shown[1] == "## Exercise 04.3\n\n**3.** Which weight?"  # nothing of the cell before, no link
    assert shown[2:] == ["my_weight = 0.9 / 0.1", 'course.check("04.3", my_weight)', WHY]


def test_pages_of_the_course_have_all_answers_and_load_nothing():
    seen = 0
    for lesson in read_lessons(ROOT / "notebooks", ["01", "04", "11"]):
        page = answers_page(lesson)
        text = re.sub(r"\s+", "", html.unescape(re.sub(r"<[^>]+>", "", page)))
        for question in lesson.questions:
            seen += 1
            assert re.sub(r"\s+", "", lesson.solution.cells[question.answer].source) in text
        assert not re.search(r"<(script|link|img)[^>]*(src|href)=\"(https?:)?//", page)
        assert "@media print" in page
    assert seen == 9
