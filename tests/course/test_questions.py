"""The questions: complete, answered where they say, numbers calculated again, no hint in their form."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import nbformat
import numpy as np
import pytest

from segnet_nb import UserError, course
from segnet_nb.course import bank
from segnet_nb.widgets.quiz.marks import LETTERS, mark

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
WITH_QUESTIONS = [name for name in bank.LESSONS if name != "00"]
SELF_TESTS = {question["id"]: question for name in WITH_QUESTIONS for question in bank.self_test(name)}
TESTS = {question["id"]: question for which in bank.FORMS for question in bank.form(which)}
ALL = {**SELF_TESTS, **TESTS}
CHOICES = [name for name, question in ALL.items() if "choices" in question]


def headings(lesson):
    """All headings of a lesson's notebook."""
    cells = nbformat.read(NOTEBOOKS / f"{bank.LESSONS[lesson][0]}.ipynb", as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return {line.lstrip("#").strip() for line in text.splitlines() if line.startswith("#")}


def softmax_gradient(probabilities, true_class, of):
    """The derivative of -ln p(true) with respect to a logit, by central differences."""
    logits, h = np.log(probabilities), 1e-6

    def loss(z):
        return -(z - np.log(np.exp(z).sum()))[true_class]

    step = h * np.eye(len(logits))[of]
    return (loss(logits + step) - loss(logits - step)) / (2 * h)


def normalized(values, scale, offset):
    """The last of the values after batch normalization with epsilon 0."""
    values = np.array(values, float)
    return (scale * (values - values.mean()) / values.std() + offset)[-1]


def iou(true, predicted, both):
    """IoU of two sets of pixels, which are laid out as sets of numbers."""
    first, second = set(range(true)), set(range(true - both, true - both + predicted))
    assert len(first & second) == both
    return len(first & second) / len(first | second)


def unpooled_lower_row():
    maps = np.zeros((2, 4))
    for window, (value, index) in enumerate(((7, 1), (3, 2))):
        maps[index // 2, 2 * window + index % 2] = value
    return maps[1].sum()


def reliability():
    confidence = np.repeat([0.9, 0.6], 10)
    right = np.concatenate([np.arange(10) < 8, np.arange(10) < 6])
    groups = [confidence == each for each in np.unique(confidence)]
    return sum(g.mean() * abs(confidence[g].mean() - right[g].mean()) for g in groups)


# Each number again, from what the question says.
NUMBERS = {
    "01.first-maximum": int(np.argmax([3, 8, 8, 1])),
    "02.bytes-of-indices": (20 // 2) * (20 // 2) * 64 * 2 / 8,
    "03.frequency": 4 / 16,
    "04.gradient-true-class": softmax_gradient([0.2, 0.5, 0.3], 2, 2),
    "05.dropout-scale": 4 / (1 - 0.2),
    "06.lower-row": unpooled_lower_row(),
    "08.variance": np.var([0.1, 0.7]),
    "08.calibration-error": reliability(),
    "09.times-memory": (2 * 2 * 4) / (2 / 8),  # bytes of a window's values, and of its index
    "11.nothing-found": np.mean([96 / 100, 0 / 4]),
    "before.4": normalized([2, 2, 6, 6], 3, 1),
    "after.4": normalized([0, 0, 8, 8], 2, 5),
    "before.6": softmax_gradient([0.1, 0.2, 0.7], 1, 2),
    "after.6": softmax_gradient([0.3, 0.1, 0.6], 0, 2),
    "before.7": iou(6, 4, 3),
    "after.7": iou(8, 6, 5),
    "before.9": np.median([0.6, 0.2, 0.1]) / 0.1,
    "after.9": np.median([0.9, 0.4, 0.2]) / 0.2,
}


def test_each_lesson_has_three_and_each_form_twelve():
    assert Counter(question["lesson"] for question in SELF_TESTS.values()) == dict.fromkeys(WITH_QUESTIONS, 3)
    assert Counter(name.split(".")[0] for name in TESTS) == {"before": 12, "after": 12}
    assert len(ALL) == 33 + 24


def test_the_forms_are_parallel():
    """The same topics in the same order, asked for in the same way, and no question twice."""
    before, after = (bank.form(which) for which in bank.FORMS)
    assert [each["topic"] for each in before] == [each["topic"] for each in after]
    assert ["number" in each for each in before] == ["number" in each for each in after]
    texts = [question["text"] for question in ALL.values()]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("name", ALL)
def test_the_section_that_answers_it_exists(name):
    question = ALL[name]
    assert question["section"] in headings(question["lesson"]), question["section"]
    assert question["where"] == f"lesson {question['lesson']}, “{question['section']}”"


@pytest.mark.parametrize("name", ALL)
def test_every_answer_has_a_sentence(name):
    question = ALL[name]
    assert re.search(r"[?]$|[?] \(|\)[?]$|[?]|\.$", question["text"])
    reasons = [why for _, why in question.get("choices", question.get("mistakes", []))]
    reasons += [question["why"]] if "why" in question else []
    assert len(reasons) >= 4
    for why in reasons:
        assert why[0].isupper() or why[0].isdigit() or why[0] in "-p"
        assert why.endswith(".")
        assert len(why) <= 130


@pytest.mark.parametrize("name", CHOICES)
def test_one_of_four_different_choices_is_right(name):
    question = ALL[name]
    assert len({text for text, _ in question["choices"]}) == 4
    assert [mark(question, letter).right for letter in LETTERS[:4]].count(True) == 1
    assert mark(question, question["right"]).right is True


def test_the_right_choice_cannot_be_guessed_from_its_place_or_length():
    places = Counter(ALL[name]["right"] for name in CHOICES)
    assert set(places) == set(LETTERS[:4])
    assert max(places.values()) <= 0.35 * len(CHOICES)
    longest = 0
    for name in CHOICES:
        lengths = {
            letter: len(text) for letter, (text, _) in zip(LETTERS, ALL[name]["choices"], strict=False)
        }
        longest += all(
            lengths[ALL[name]["right"]] > n for letter, n in lengths.items() if letter != ALL[name]["right"]
        )
    assert longest <= 0.3 * len(CHOICES)


def test_every_number_is_calculated_again():
    assert set(NUMBERS) == {name for name, question in ALL.items() if "number" in question}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name):
    question, value = ALL[name], float(NUMBERS[name])
    assert abs(question["number"] - value) <= max(1e-4, 1e-6 * abs(value))
    assert mark(question, repr(value)).right is True
    for wrong, why in question["mistakes"]:
        assert mark(question, str(wrong)).why == why, "the tolerance makes two answers one"
        assert mark(question, str(wrong)).right is False


def test_a_file_that_has_no_questions():
    with pytest.raises(UserError, match="lesson is '12', it must be one with questions: 01, 02"):
        course.quiz("12")
    with pytest.raises(UserError, match="the test is 'between', it must be 'before' or 'after'"):
        course.test("between")


def test_titles_are_those_of_the_notebooks():
    for name, (file, title) in bank.LESSONS.items():
        first = nbformat.read(NOTEBOOKS / f"{file}.ipynb", as_version=4).cells[0].source.splitlines()[0]
        assert first.startswith(f"# {name} {title}") or (name == "00" and first.startswith(f"# {title}"))
