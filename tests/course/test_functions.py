"""The judge of functions."""

from __future__ import annotations

import re
import sys
import warnings

import numpy as np
import pytest

from segnet_nb.course.functions import function

SHAPES = ((1,), (2, 3), (5,), (3, 3), (7, 2))


def halved(**options):
    """Judges a function that should halve an array."""
    return function(
        lambda x: x / 2,
        arguments=("x",),
        cases=lambda rng: [(rng.uniform(1, 2, shape),) for shape in SHAPES],
        **options,
    )


def test_right_in_any_form():
    judge = halved()
    for answer in (lambda x: x / 2, lambda x: (x * 0.5).tolist(), lambda x: np.float32(x) / 2):
        assert judge(answer).state == "right"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda x: x, "it is not halved"),
        (lambda x: x[:1] / 2, "the result has shape (1,), and shape (5,) is needed"),
        (lambda x: x.sum(), "the result has shape (), and shape (1,) is needed"),
        (lambda x: (x / 2).astype(int), "the result is of type int64, and fractions are needed"),
        (lambda x: x.foo, "it raises AttributeError: "),
        (lambda x: 1 / 0, "it raises ZeroDivisionError: division by zero"),
        (lambda x: sys.exit("over"), "it raises SystemExit: over"),
        (lambda x: answer_itself(x), "it raises RecursionError"),
        (lambda x: x.__imul__(0.5), "it changes x, which belongs to the caller"),
        (lambda x: "half", "it gives 'half': numbers are needed"),
        (lambda x: x / 2 if x.shape[0] % 2 else x / 3, "right for 4 of 5 inputs, but for x = [[1."),
        (lambda x: x / 2 if x.size < 9 else None, "but for x of shape (3, 3) it gives None"),
        (lambda x: x * np.nan, "not finite"),
    ],
)
def test_wrong_and_why(answer, reason):
    verdict = halved(kinds="f", kind_words="fractions", mistakes={"it is not halved": lambda x: x})(answer)
    assert verdict.state == "wrong"
    assert reason in verdict.why


def answer_itself(x):
    return answer_itself(x)


def test_the_smallest_input_that_differs_is_shown_without_the_right_result():
    verdict = halved()(lambda x: x / 2 + (x.size > 1))
    x = np.random.default_rng(20)
    x = [x.uniform(1, 2, shape) for shape in SHAPES][2]
    shown, given = (np.round(each, 3) for each in (x, x / 2 + 1))
    found = [float(each) for each in re.findall(r"\d\.\d+", verdict.why)]
    assert np.allclose(found, [*shown, *given], atol=1e-3)  # no third list, which would be the right one
    assert verdict.why.startswith("right for 1 of 5 inputs, but for x = [")


def test_nothing_is_answered_by_nothing():
    for answer in (None, ..., lambda x: None, lambda x: ...):
        assert halved()(answer).state == "missing"
    assert "a function is needed, and this is a float" in halved()(0.5).why


def test_what_a_function_prints_and_warns_of_does_not_hide_the_verdict(capsys):
    def loud(x):
        print("working")
        print("!", file=sys.stderr)
        warnings.warn("slow", stacklevel=1)
        return np.log(x * 0) * 0 if x.size > 100 else x / 2

    assert halved()(loud).state == "right"
    assert capsys.readouterr() == ("", "")


def test_every_case_gets_its_own_arguments_and_the_same_every_time():
    seen = []

    def remember(x):
        seen.append(x.copy())
        return x / 2

    judge = halved()
    judge(remember)
    first, seen[:] = seen[:], []
    judge(remember)
    assert [x.shape for x in first] == [(1,), (5,), (2, 3), (3, 3), (7, 2)]  # small ones first
    assert all(np.array_equal(a, b) for a, b in zip(first, seen, strict=True))


def test_none_may_be_a_right_result():
    judge = function(
        lambda scores: None if max(scores) < 5 else scores.index(5),
        arguments=("scores",),
        cases=lambda rng: [([1, 2],), ([1, 5],), ([5],)],
    )
    assert judge(lambda scores: scores.index(5) if 5 in scores else None).state == "right"
    assert judge(lambda scores: 0).why == "it gives 0 whatever it is called with"
    assert "for scores = [1, 5] it gives None" in judge(lambda s: 0 if s == [5] else None).why


def test_a_known_mistake_must_fit_every_case_and_may_fail_itself():
    mistakes = {"always fails": lambda x: 1 / 0, "a third": lambda x: x / 3}
    judge = halved(mistakes=mistakes)
    assert judge(lambda x: x / 3).why == "a third"
    assert "a third" not in judge(lambda x: x / 3 if x.size > 1 else x / 4).why
