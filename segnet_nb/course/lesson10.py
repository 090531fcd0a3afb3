"""The exercises of 10_speed_and_deployment: work and size, the operator of unpooling, pixels in 40 ms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from segnet_nb.course.answers import is_missing, same_word, shortened
from segnet_nb.course.values import number
from segnet_nb.course.verdicts import Exercise, Verdict, missing, right, wrong

_RIGHT = ("mul", "multiply", "multiplication")  # the file's own name is the first
_OTHERS = {
    "greater": "it compares the values of a window, which finds the maximum when pooling",
    "maximum": "it takes the larger of two values, which is pooling",
    "minimum": "it does not place values",
    "sub": "it only takes what went to one half away from the other; what makes a value zero, or keeps it?",
    "add": "it adds what has been placed; what makes a value zero, or keeps it?",
    "concatenation": "it joins maps; it does not make a value zero",
    "pack": "it puts rows and columns side by side, after values were placed; it makes no value zero",
    "reshape": "it changes the shape only; it makes no value zero",
    "conv_2d": "it is a convolution; it knows nothing of indices",
    "arg_max": "it chooses the class of each pixel at the end",
    "select_v2": "a selection would do the same, but",
    "select": "a selection would do the same, but",
    "where": "a selection would do the same, but",
    "scatter_nd": "scattering would do the same, but",
}


def judge_operator(operator: Any, exported: Any) -> Verdict:
    """Judge the name of the TFLite operator that unpools.

    Args:
        operator: the reader's answer.
        exported: the results of ``sn.export`` by format; that of ``"tflite"`` lists its operators.
    """
    if is_missing(operator):
        return missing()
    if isinstance(operator, list | tuple | set | frozenset | np.ndarray) and len(operator) == 1:
        (operator,) = operator
    if any(same_word(operator, each) for each in _RIGHT):
        return right()
    in_file = any(same_word(operator, each) for each in exported["tflite"].operators)
    reason = next((why for each, why in _OTHERS.items() if same_word(operator, each)), "")
    shown = shortened(operator)
    if not in_file:
        start = f"{reason} " if reason.endswith("but") else ""
        return wrong(f"{start}{shown} is not among the operators of the file", operator)
    return wrong(f"{shown} is in the file, but {reason or 'it does not place values'}", operator)


def _pixels(sizes: Sequence[Sequence[int]], seconds: Sequence[float]) -> float:
    height, width = sizes[-1]
    return 0.040 / seconds[-1] * (height * width)


EXERCISES = {
    "10.1": Exercise(
        number(
            9,
            whole=True,
            mistakes={
                "that is how much longer each side is; there are more pixels in both directions": 3,
                "that adds the factors of height and width; they are to be multiplied": 6,
                "that is for twice the height and width": 4,
                "the number of channels stays the same; only height and width grow": 27,
                "that squares once too often": 81,
                "that is the work of the small frame divided by that of the large one": 1 / 9,
            },
        ),
        (
            "Every pixel costs the same. How many pixels more are there?",
            "Three times as many rows, and each of them three times as long.",
        ),
    ),
    "10.2": Exercise(
        judge_operator,
        (
            "An index is two bits. Which operation makes a value zero with a 0 and keeps it with a 1?",
            "Read again how unpooling places a value, below the list of operators.",
        ),
        note="Times one where the index points, times zero elsewhere.",
    ),
    "10.3": Exercise(
        number(
            _pixels,
            tolerance=0.02,
            mistakes={
                "that is the number of pixels in a second; a frame has 40 ms": lambda sizes, seconds: (
                    _pixels(sizes, seconds) / 0.04
                ),
                "a second has 1000 ms: 40 ms are 0.040 s": lambda sizes, seconds: (
                    _pixels(sizes, seconds) * 1000
                ),
                "that is one side of a square frame; its pixels are asked for": lambda sizes, seconds: (
                    _pixels(sizes, seconds) ** 0.5
                ),
                "that is the size of the image that was timed": lambda sizes, seconds: (
                    sizes[-1][0] * sizes[-1][1]
                ),
                "that is how many such images fit into 40 ms; each has many pixels": lambda sizes, seconds: (
                    0.040 / seconds[-1]
                ),
                "that is from the smallest of the images, not from the largest": lambda sizes, seconds: (
                    _pixels(sizes[:1], seconds[:1])
                ),
                "that is the wrong way round: a longer time for an image means fewer pixels": (
                    lambda sizes, seconds: sizes[-1][0] * sizes[-1][1] * seconds[-1] / 0.040
                ),
            },
        ),
        (
            "How many pixels does this machine segment in a second?",
            "sizes[-1][0] * sizes[-1][1] pixels take seconds[-1] seconds. How many take 0.040?",
        ),
    ),
}
