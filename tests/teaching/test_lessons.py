"""Lessons as they are read: exercises by their cells, and one sentence for what cannot be read."""

from __future__ import annotations

import nbformat
import pytest

from segnet_nb import UserError
from segnet_nb._shared.errors import MissingFileError
from segnet_nb.teaching.lessons import find_notebooks, read_lessons
from tests.teaching.small_course import NAME, ROOT, save


def test_cells_of_an_exercise(course):
    """By hand: text is cell 2, the answer 3, the check 4, the explanation 5, the rest begins at 6."""
    start, sums = read_lessons(course)
    (found,) = sums.questions
    assert (found.number, found.name, found.arguments) == ("04.3", "exercise_04_3", ("my_weight",))
    assert (found.start, found.answer, found.check, found.end) == (2, 3, 4, 6)
    assert (sums.title, sums.minutes, sums.name) == ("04 Sums", 7, NAME)
    assert (start.title, start.minutes, start.questions, start.solution) == ("Start", 5, (), None)


@pytest.mark.parametrize("chosen", ["4", "04", NAME, f"{NAME}.ipynb"], ids=["4", "04", "name", "file"])
def test_a_lesson_is_chosen_by_number_or_name_and_comes_once(course, chosen):
    assert [lesson.name for lesson in read_lessons(course, [chosen, "04"])] == [NAME]


@pytest.mark.parametrize("chosen", ["5", "04_other", "x", "", "-4", "004"])
def test_an_unknown_lesson_is_named(course, chosen):
    with pytest.raises(UserError, match=r"there is no lesson '.*'\. Choose from: 00, 04\."):
        read_lessons(course, [chosen])


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"cells": 3, "nbformat": 4}'], ids=["empty", "cut", "list", "cells"]
)
def test_a_damaged_notebook_is_named(course, text):
    (course / f"{NAME}.ipynb").write_text(text)
    with pytest.raises(
        UserError, match=rf"{NAME}\.ipynb is not a notebook that can be read \(.*\): restore it"
    ):
        read_lessons(course)


def test_an_answer_without_a_check_is_named(course):
    path = course / "solutions" / f"{NAME}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    del cells[4]
    save(path, cells)
    with pytest.raises(
        UserError, match=r"the cell after an answer of 04_sums\.ipynb is '0\.9 / 0\.1 is nine\.'"
    ):
        read_lessons(course)


def test_a_folder_without_lessons_is_named(tmp_path):
    with pytest.raises(MissingFileError, match="has no lessons, such as 04_losses_and_metrics"):
        find_notebooks(tmp_path)


def test_every_answer_of_the_course_is_an_exercise():
    """The oracle counts the metadata in the files, and the numbers run 1, 2, 3 in each lesson."""
    for lesson in read_lessons(ROOT / "notebooks"):
        path = ROOT / "notebooks" / "solutions" / f"{lesson.name}.ipynb"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert len(lesson.questions) == text.count('"unsolved":')
        expected = [f"{lesson.name[:2]}.{number}" for number in range(1, len(lesson.questions) + 1)]
        assert [question.number for question in lesson.questions] == expected
