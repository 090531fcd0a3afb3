"""The normalized gain, by hand: g = (post - pre) / (1 - pre), with its edges in words."""

from __future__ import annotations

from fractions import Fraction

import pytest

from segnet_nb import UserError, course

BY_HAND = [
    (4, 10, 0.75, "Normalized gain 0.75: of the 8 answers that were missing before, 6 were gained."),
    (0, 12, 1.0, "Normalized gain 1.00: of the 12 answers that were missing before, 12 were gained."),
    (11, 12, 1.0, "Normalized gain 1.00: of the one answer that was missing before, 1 was gained."),
    (0, 0, 0.0, "Normalized gain 0.00: as many answers are right as before."),
    (6, 6, 0.0, "Normalized gain 0.00: as many answers are right as before."),
    (9, 8, -1 / 3, "Normalized gain −0.33: 1 fewer is right than before."),
    (11, 0, -11.0, "Normalized gain −11.00: 11 fewer are right than before."),
]


@pytest.mark.parametrize(("before", "after", "value", "words"), BY_HAND)
def test_by_hand(before, after, value, words):
    found = course.gain(before, after)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.words.startswith(words)
    assert ("read the number of answers instead" in found.words) == (value < 0)


def test_it_is_the_formula():
    for before in range(12):
        for after in range(13):
            pre, post = Fraction(before, 12), Fraction(after, 12)
            assert course.gain(before, after).value == pytest.approx(float((post - pre) / (1 - pre)))


def test_nothing_was_left_to_gain():
    same, fewer = course.gain(12, 12), course.gain(12, 9)
    assert same.value is None and fewer.value is None
    start = "The normalized gain is not defined: all answers were right before, so nothing was left to gain."
    assert str(same) == f"{start} All are right after, too."
    assert str(fewer) == f"{start} 3 fewer are right after."


def test_another_number_of_questions():
    assert course.gain(1, 2, of=3).value == pytest.approx(0.5)


@pytest.mark.parametrize("numbers", [(-1, 3), (3, 13), (2.5, 3), ("a", 3)])
def test_numbers_that_are_not_possible(numbers):
    with pytest.raises(UserError, match="must be a whole number from 0 to 12, the questions"):
        course.gain(*numbers)
