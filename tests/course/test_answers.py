"""Answers in every reasonable form."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from segnet_nb import keras
from segnet_nb.course.answers import is_missing, same_word, to_number, to_numbers
from segnet_nb.course.values import name, names, number, numbers
from segnet_nb.course.verdicts import Unreadable


@pytest.mark.parametrize(
    "answer",
    [
        [[1, 2], [3, 4]],
        ((1, 2), (3, 4)),
        np.array([[1, 2], [3, 4]], "uint8"),
        np.array([[1, 2], [3, 4]], "float16"),
        [np.array([1, 2]), (Fraction(3), 4.0)],
        keras.ops.convert_to_tensor([[1, 2], [3, 4]]),
        [keras.ops.convert_to_tensor([1, 2]), keras.ops.convert_to_tensor([3, 4])],
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_numbers_are_read_from_whatever_holds_them(answer):
    assert to_numbers(answer).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("4", "text"),
        (["4", 5], "text"),
        (True, "True or False"),
        (1j, "complex"),
        ({1, 2}, "a set"),
        ({1: 2}, "a dict"),
        ([[1], [2, 3]], "a list"),
        (float("inf"), "not finite"),
        ([1, None], "a list"),
        (print, "a function"),
    ],
)
def test_what_is_no_number_is_named(answer, reason):
    with pytest.raises(Unreadable, match=reason):
        to_numbers(answer)


def test_a_single_number():
    assert to_number(np.array([[7]])) == to_number("7".__len__() * 7.0) == 7
    with pytest.raises(Unreadable, match="a single number is needed, and these are 2"):
        to_number([1, 2])


@pytest.mark.parametrize("answer", [None, ..., [], (), "", "  ", {}, np.array([]), [None, None], [...]])
def test_no_answer(answer):
    assert is_missing(answer)


@pytest.mark.parametrize("answer", [0, 0.0, False, [0], "none", np.zeros(3), print])
def test_an_answer_that_looks_empty_is_one(answer):
    assert not is_missing(answer)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pole", "Poles"),
        ("SELECT_V2", "select_v2"),
        ("SelectV2", "SELECT_V2"),
        ("select v2", "SelectV2"),
        ("select\u2011v2", "select-v2"),
        ("select\u2013v2", "SELECT_V2"),
        ("select \u2014 v2", "SELECT_V2"),
        ("exif", "EXIF"),
        (" Sign Symbol ", "SignSymbol"),
        ("'Road'", "road"),
        ("buses", "bus"),
        ("Bodies", "body"),
        ("\uff50ole", "pole"),
        (np.str_("pole"), "pole"),
    ],
)
def test_the_same_name(one, other):
    assert same_word(one, other) and same_word(other, str(one))


@pytest.mark.parametrize(
    ("one", "other"), [("pole", "post"), ("select", "select_v2"), ("select_v1", "select_v2"), ("car", "cart")]
)
def test_another_name(one, other):
    assert not same_word(one, other)


def test_a_name_is_text():
    for answer in (3, None, b"pole", ["pole"]):
        with pytest.raises(Unreadable, match="a name in quotes is needed"):
            same_word(answer, "pole")


@given(st.lists(st.sampled_from(["tree", "sky", "v2", "x"]), min_size=1, max_size=4), st.data())
def test_separators_and_case_never_matter(parts, data):
    separators = st.sampled_from(["", " ", "_", "-", "\u2010", "\u2013", "\u2212", "  "])
    one, other = (
        "".join(
            data.draw(separators) + data.draw(st.sampled_from([part, part.upper(), part.title()]))
            for part in parts
        )
        for _ in range(2)
    )
    assert same_word(one, other)


class TestJudges:
    def test_a_number_close_to_a_mistake_and_to_the_right_one(self):
        judge = number(100.0, mistakes={"that is a mistake": 100.001, "that is 7": 7}, tolerance=1e-4)
        assert judge(100.005).state == "right"
        assert judge(7).why == "that is 7"
        assert judge(100.1).why == "100.1 is too large"

    def test_whole_numbers_are_exact(self):
        judge = number(691_200, whole=True)
        assert judge(691_200).state == "right"
        assert judge(691_201).why == "691201 is too large"

    def test_an_expected_number_may_depend_on_the_lesson(self):
        judge = number(lambda data: len(data), mistakes={"one more": lambda data: len(data) + 1})
        assert judge(3, "abc").state == "right" and judge(4, "abc").why == "one more"

    def test_several_numbers(self):
        judge = numbers([1, 2, 3], places=("a", "b", "c"), mistakes={"doubled": [2, 4, 6]})
        assert judge([[1], [2], [3]]).state == "right"
        assert judge([3, 2, 1]).why == "these are the right numbers in another order"
        assert judge([2, 4, 6]).why == "doubled"
        assert judge([1, 5, 6]).why == "b and c are not right"
        assert judge([7, 8, 9]).why == "none of the numbers is right"

    def test_a_name(self):
        judge = name("Pole", lambda classes: classes, mistakes={"tree": "a tree is wider"})
        assert judge("POLES", ()).state == judge(["pole"], ()).state == judge("sky", ["Sky"]).state == "right"
        assert judge("Trees", ()).why == "a tree is wider"
        assert judge("car", ()).why == "'car' is not it"
        assert judge("", ()).state == "missing"

    def test_several_names(self):
        judge = names(["pole", "sign symbol"], mistakes={"tree": "a tree is wider"})
        assert judge("SignSymbol, Pole").state == judge({"pole", "sign-symbols"}).state == "right"
        assert judge(["pole"]).why == "1 of 2 names is missing"
        assert judge(["pole", "sign symbol", "Tree"]).why == "a tree is wider"
        assert judge(["pole", "car"]).why == "'car' does not belong to them"
        with pytest.raises(Unreadable, match="several names are needed"):
            judge(3)
        ordered = names(["pole", "car"], ordered=True)
        assert ordered(["Poles", "Cars"]).state == "right"
        assert ordered(["car", "pole"]).why == "these are the right names in another order"
