"""What is printed: hints by attempt, and one sentence for everything that cannot be judged."""

from __future__ import annotations

import pytest

from segnet_nb import course
from segnet_nb.course import checking
from segnet_nb.course.verdicts import Exercise, missing, right, wrong


@pytest.fixture(autouse=True)
def _no_attempts():
    course.forget()


@pytest.fixture
def judged_by(monkeypatch):
    """Put an exercise with this judge in the place of 04.1."""

    def put(judge, note=""):
        from segnet_nb.course import lesson04

        exercise = Exercise(judge, ("Look closer.", "Look there."), note)
        monkeypatch.setitem(lesson04.EXERCISES, "04.1", exercise)

    return put


def told(answer=None, *context):
    return checking.report("04.1", answer, *context)


def test_hints_come_one_after_another(judged_by):
    judged_by(lambda answer: right() if answer == 3 else wrong("it is not 3", answer))
    assert told(None) == "Not yet: there is no answer to check yet."
    assert told(1) == "Not yet: it is not 3.\nHint: Look closer."
    assert told(1) == "Not yet: it is not 3.\nHint: Look closer."  # the same answer again is no attempt
    assert told(...) == "Not yet: there is no answer to check yet."
    assert told(2) == "Not yet: it is not 3.\nHint: Look closer.\nHint: Look there."
    assert told(5).count("Hint") == told(1).count("Hint") == 2
    assert told(3) == "Right."


def test_attempts_are_counted_for_each_exercise_and_forgotten(judged_by):
    judged_by(lambda answer: wrong("no", answer))
    told(1), told(2)
    assert checking.report("04.3", 8).count("Hint") == 1
    assert told(3).count("Hint") == 2
    course.forget("4.1")
    assert told(3).count("Hint") == 1
    assert checking.report("04.3", 7).count("Hint") == 2
    course.forget()
    assert checking.report("04.3", 7).count("Hint") == 1


def test_a_judge_may_find_no_answer_and_a_note_may_follow(judged_by):
    judged_by(
        lambda answer: missing("nothing was painted") if answer == 0 else right("it is 7"), "Well done."
    )
    assert told(0) == "Not yet: nothing was painted."
    assert told(7) == "Right: it is 7. Well done."


class Hostile:
    """Refuses everything."""

    def __getattr__(self, name):
        raise RuntimeError("no")

    def __len__(self):
        raise RuntimeError("no")

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None

    def __repr__(self):
        return "Hostile()"


EXERCISES = [number for lesson in range(1, 6) for number in course.exercise_ids(f"{lesson:02d}")]


@pytest.mark.parametrize("number", EXERCISES)
@pytest.mark.parametrize(
    "answer",
    [
        Hostile(),
        object(),
        "x",
        b"x",
        1j,
        float("nan"),
        {1: 2},
        [[1], [2, 3]],
        print,
        Exception,
        [None, 3],
        set(),
    ],
    ids=lambda answer: f"{type(answer).__name__}: {answer!r}".split(" object")[0].split(" at 0x")[0],
)
def test_no_answer_makes_a_check_fail(number, answer, capsys):
    course.check(number, answer)
    course.check(number, answer, None, object())
    assert capsys.readouterr().out.startswith("Not yet: ")


def test_a_judge_that_fails_says_what_to_do(judged_by):
    def judge(answer, train):
        return right(train.labels)

    judged_by(judge)
    assert told(1, 3).startswith(
        "Not yet: the answer could not be judged (AttributeError: 'int' object has no attribute"
    )
    assert "TypeError" in told(1)
    assert "Hint" not in told(1)


@pytest.mark.parametrize("number", ["04.9", "99.1", "dice", "", None, 4.1, "00.1"])
def test_an_unknown_exercise(number, capsys):
    course.check(number, 1)
    out = capsys.readouterr().out
    if number == 4.1:  # as good as "04.1"
        assert "a function is needed" in out
    else:
        assert out == f"Not yet: there is no exercise {number!r}; the numbers are such as '04.1'.\n"


def test_the_exercises_of_a_lesson():
    assert course.exercise_ids("05") == ["05.1", "05.2", "05.3"]
    assert course.exercise_ids("00") == []


class TestGrade:
    def test_what_check_prints_is_the_error(self, judged_by):
        judged_by(lambda answer: right("it is 3") if answer == 3 else wrong("it is not 3", answer))
        with pytest.raises(course.NotRightError) as raised:
            course.grade("04.1", 1)
        assert str(raised.value) == "Not yet: it is not 3.\nHint: Look closer."
        assert isinstance(raised.value, AssertionError)  # so that graders count a failure, not a crash

    def test_a_right_answer_is_printed_and_raises_nothing(self, judged_by, capsys):
        judged_by(lambda answer: right("it is 3"))
        assert course.grade("04.1", 3) is None
        assert capsys.readouterr().out == told(3) + "\n" == "Right: it is 3.\n"

    @pytest.mark.parametrize("answer", [None, ...], ids=["none", "dots"])
    def test_a_missing_answer_raises(self, judged_by, answer):
        judged_by(lambda answer: right())
        with pytest.raises(course.NotRightError, match="there is no answer to check yet"):
            course.grade("04.1", answer)

    def test_an_unknown_exercise_raises(self):
        with pytest.raises(course.NotRightError, match=r"there is no exercise '04\.99'"):
            course.grade("04.99", 1)

    def test_a_notebook_shows_the_reason_and_no_lines_of_the_package(self):
        error = course.NotRightError("Not yet: no.\nHint: Look.")
        assert error._render_traceback_() == ["Not yet: no.", "Hint: Look."]
