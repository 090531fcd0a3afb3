"""Self-tests, the two tests and the map: answered, kept, shown, exported and removed."""

from __future__ import annotations

import csv
import json
import re

import pytest

from segnet_nb import UserError, course
from segnet_nb.course import bank, progress_file
from segnet_nb.widgets.quiz.marks import LETTERS, right_answer


def right_answers(which):
    return [right_answer(question).split(" ")[0] for question in bank.form(which)]


def with_right(which, count):
    """Answers of which so many are right; the others are missing or wrong."""
    right = right_answers(which)
    return [answer if i < count else None for i, answer in enumerate(right)]


def test_answers_are_there_again(kept):
    first = course.quiz("04")
    first.answers = {"04.lazy": "a"}
    assert not kept.exists()  # not graded yet
    first.checked = ["04.lazy"]
    assert first.marks == {"04.lazy": False}
    first.checked = []
    first.answers = {"04.lazy": "b", "04.gradient-true-class": "-7/10"}
    first.checked = ["04.lazy", "04.gradient-true-class"]
    again = course.quiz("04")
    assert again.answers == first.answers
    assert again.marks == {"04.gradient-true-class": True, "04.lazy": True}
    entry = progress_file.load()["self_tests"]["04.lazy"]
    assert (entry["answer"], entry["right"], entry["first_right"]) == ("b", True, False)
    assert course.quiz("05").answers == {}


def test_an_answer_that_cannot_be_read_is_not_kept(kept):
    quiz = course.quiz("04")
    quiz.answers, quiz.checked = {"04.gradient-true-class": "minus"}, ["04.gradient-true-class"]
    assert quiz.marks == {"04.gradient-true-class": False}
    assert not kept.exists()


def test_from_a_cell(kept, capsys):
    course.answer("04", 2, "a")
    course.answer("4", 2, "B")
    course.answer("04", 1, -0.7)
    course.answer("04", 3, "x")
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Not right: a. The object's IoU is 0")
    assert said[1].startswith("Right: B. In accuracy")
    assert said[2].startswith("Right: -0.7. The derivative is p - y")
    assert said[3] == "One of the letters a, b, c, d is needed."
    assert set(course.quiz("04").answers) == {"04.lazy", "04.gradient-true-class"}
    for number in (0, 4, "one"):
        with pytest.raises(UserError, match=r"it must be from 1 to 3, a question of the lesson"):
            course.answer("04", number, "a")


def test_an_answer_from_a_cell_appears_in_the_widget(kept, capsys):
    shown = course.quiz("04")
    course.answer("04", 2, "c")
    assert (shown.answers, shown.checked) == ({"04.lazy": "c"}, ["04.lazy"])
    course.answer("04", 2, "b")
    assert shown.marks == {"04.lazy": True}
    assert progress_file.load()["self_tests"]["04.lazy"]["first_right"] is False


def test_without_a_browser_it_is_text(unkept):
    quiz = course.quiz("09")
    text = quiz._repr_mimebundle_()[0]["text/plain"]
    assert text == repr(quiz)
    assert text.startswith("Check yourself: 09 Decoder comparison\n1. Which advantage")
    assert re.findall(r"^ +([a-d])\) ", text, re.MULTILINE) == list("abcd") * 2  # one asks for a number
    assert "Right" not in text
    assert max(map(len, text.splitlines())) <= 100
    assert "image/png" not in quiz._repr_mimebundle_()[0]  # stored notebooks stay small


class TestBeforeAndAfter:
    def test_graded_at_once_and_the_gain_is_shown(self, kept):
        before = course.test("before", with_right("before", 4))
        assert sum(before.marks.values()) == 4 and len(before.marks) == 12
        after = course.test("after", with_right("after", 10))
        assert after.note == (
            "Before the course 4 of 12 were right. "
            "Normalized gain 0.75: of the 8 answers that were missing before, 6 were gained."
        )
        assert repr(after).endswith(after.note)
        assert course.progress().tests == {"before": 4, "after": 10}

    def test_all_right(self, kept):
        assert sum(course.test("before", right_answers("before")).marks.values()) == 12
        assert "nothing was left to gain. 12 fewer are right after." in course.test("after", [None] * 12).note

    def test_after_without_before(self, kept):
        assert course.test("after", [None] * 12).note.startswith("There is no result from before the course")

    def test_the_first_result_counts(self, kept):
        one, other = course.test("before"), course.test("before")
        one.checked = [question["id"] for question in one.questions]
        other.answers = {f"before.{i}": answer for i, answer in enumerate(right_answers("before"), 1)}
        other.checked = [question["id"] for question in other.questions]
        assert course.progress().tests == {"before": 0}
        with pytest.raises(UserError, match=r"is graded already \(0 of 12 right\)"):
            course.test("before", right_answers("before"))

    def test_the_result_is_there_again(self, kept):
        course.test("after", with_right("after", 7))
        again = course.test("after")
        assert sum(again.marks.values()) == 7
        assert len(again.checked) == 12
        assert again.note

    def test_not_twelve_answers(self, kept):
        with pytest.raises(UserError, match="there are 3 answers, they must be 12"):
            course.test("before", "abc")
        assert not kept.exists()

    def test_right_answers_are_told_after_grading_only(self, unkept):
        test = course.test("before")
        assert "Right is" not in repr(test)
        test.checked = [question["id"] for question in test.questions]
        assert repr(test).count("No answer. Right is") == 12


class TestMap:
    def test_what_is_done(self, kept, capsys):
        course.check("04.3", 9)
        course.answer("04", 2, "b"), course.answer("04", 3, "a")
        course.test("before", with_right("before", 4))
        shown = course.progress()
        (lesson,) = [each for each in shown.lessons if each.lesson == "04"]
        assert (lesson.solved, len(lesson.exercises), lesson.right) == (1, 3, 1)
        assert list(lesson.questions.values()) == [None, True, False]
        assert re.search(r"^04 Losses and metrics +1 of 3 +1 of 3$", repr(shown), re.MULTILINE)
        assert "Test before the course: 4 of 12 right\nTest after the course: not taken yet" in repr(shown)
        table = shown._repr_html_()
        assert '<a href="04_losses_and_metrics.ipynb">04 Losses and metrics</a>' in table
        assert '<span aria-hidden="true">○●○</span> 1 of 3' in table
        assert table.count("<tr>") == 12

    def test_every_lesson_is_on_it(self, unkept):
        lessons = course.progress().lessons
        assert [each.lesson for each in lessons] == [f"{n:02d}" for n in range(1, 12)]
        assert all(each.exercises for each in lessons)
        assert all(list(each.exercises) == course.exercise_ids(each.lesson) for each in lessons)

    def test_export(self, kept, tmp_path, capsys):
        course.check("04.3", 9)
        course.answer("04", 2, "b"), course.answer("05", 2, "3,2")
        course.test("before", with_right("before", 4))
        path = course.progress().export(tmp_path / "out" / "progress.csv")
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        exercises = sum(len(course.exercise_ids(each)) for each in bank.LESSONS)
        assert len(rows) == exercises + 33 + 2
        by_item = {row["item"]: row for row in rows}
        assert by_item["04.3"]["state"] == "solved" and by_item["04.1"]["state"] == "open"
        assert (by_item["05.dropout-scale"]["state"], by_item["05.dropout-scale"]["answer"]) == (
            "wrong",
            "3,2",
        )
        assert (by_item["before"]["state"], by_item["after"]["state"]) == ("4 of 12", "open")
        everything = json.loads(course.progress().export(tmp_path / "progress.JSON").read_text())
        assert everything == json.loads(kept.read_text())

    def test_export_to_another_format(self, kept, tmp_path):
        with pytest.raises(UserError, match=r"'progress.xlsx', its name must end in .csv or .json"):
            course.progress().export(tmp_path / "progress.xlsx")
        with pytest.raises(UserError, match="could not be written"):
            (tmp_path / "a").write_text("")
            course.progress().export(tmp_path / "a" / "progress.csv")

    def test_a_damaged_file_is_told_on_it(self, kept):
        kept.parent.mkdir()
        kept.write_text("<b>")
        shown = course.progress()
        for text in (repr(shown), shown._repr_html_()):
            assert "is damaged; it was kept as mine-kept-1.json" in text

    def test_nothing_is_removed_unless_sure(self, kept, capsys):
        course.check("04.3", 9)
        course.answer("04", 2, "b"), course.answer("05", 1, "b")
        before = kept.read_text()
        with pytest.raises(
            UserError, match="would remove 1 exercises, 2 answers and 0 test results for good"
        ):
            course.progress().reset()
        with pytest.raises(UserError, match="would remove 1 exercises, 1 answers"):
            course.progress().reset("04", sure="yes")
        with pytest.raises(UserError, match="it must be 'all', 'before', 'after' or a lesson"):
            course.progress().reset("44", sure=True)
        assert kept.read_text() == before

    def test_what_is_removed(self, kept, capsys):
        course.check("04.3", 9)
        course.answer("04", 2, "b"), course.answer("05", 1, "b")
        for which in bank.FORMS:
            course.test(which, [None] * 12)
        course.progress().reset("4", sure=True)
        content = progress_file.load()
        assert (list(content["exercises"]), list(content["self_tests"])) == ([], ["05.which-epoch"])
        assert course.progress().reset("after", sure=True).tests == {"before": 0}
        course.progress().reset(sure=True)
        assert progress_file.load() == progress_file.empty()


def test_a_damaged_file_is_told_by_the_widget(kept):
    kept.parent.mkdir()
    kept.write_text("{}")
    quiz = course.quiz("04")
    assert quiz.error.endswith("kept as mine-kept-1.json, and a new one begins.")
    quiz.answers, quiz.checked = {"04.lazy": "b"}, ["04.lazy"]
    assert quiz.error == ""
    assert "04.lazy" in progress_file.load()["self_tests"]


def test_letters_are_enough():
    assert all(len(question.get("choices", ())) <= len(LETTERS) for question in bank.form("before"))
