"""The questions of the self-tests and of the tests before and after the course, read from ``questions/``.

A file for each lesson, ``04.toml``, and ``tests.toml`` with the two forms. A question has ``text``, the
``section`` of the lesson that answers it, and either

- ``choices``, each a text and a sentence that says why it is right or not, and ``right``, a letter; or
- ``number``, ``why``, ``tolerance`` (0 if it is left out), and ``mistakes``, each a wrong number and
  a sentence.

A question of a lesson also has ``id``, under which its answer is kept: a changed question gets a new one.
"""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import Any

from segnet_nb._shared.errors import UserError

# File name and title of each lesson.
LESSONS = {
    "00": ("00_start_here", "Start here"),
    "01": ("01_theory", "Theory"),
    "02": ("02_architecture", "Architecture"),
    "03": ("03_data", "Data"),
    "04": ("04_losses_and_metrics", "Losses and metrics"),
    "05": ("05_training", "Training"),
    "06": ("06_inspect_unpooling", "Inspect unpooling"),
    "07": ("07_inspect_predictions", "Inspect predictions"),
    "08": ("08_uncertainty", "Uncertainty"),
    "09": ("09_decoder_comparison", "Decoder comparison"),
    "10": ("10_speed_and_deployment", "Speed and deployment"),
    "11": ("11_your_own_data", "Your own data"),
}
FORMS = ("before", "after")

Question = dict[str, Any]


def self_test(lesson: str) -> tuple[Question, ...]:
    """The questions at the end of a lesson.

    Args:
        lesson: its number, such as ``"04"``.

    Raises:
        UserError: if there are none for it.

    Example:
        >>> [question["id"] for question in self_test("04")]
        ['04.gradient-true-class', '04.lazy', '04.dice-vanishes']
    """
    name = lesson_number(lesson)
    found = [name for name in LESSONS if _file(name).is_file()]
    if name not in found:
        raise UserError(f"lesson is {lesson!r}, it must be one with questions: {', '.join(found)}")
    return tuple(
        _completed({**question, "id": f"{name}.{question['id']}", "lesson": name})
        for question in _read(name)["question"]
    )


def form(which: str) -> tuple[Question, ...]:
    """The twelve questions of a test, each with its ``topic``; both forms have the same topics in one order.

    Args:
        which: ``"before"`` or ``"after"``.

    Raises:
        UserError: for another name.

    Example:
        >>> [(question["id"], question["topic"]) for question in form("before")][:1]
        [('before.1', 'Where SegNet is used')]
    """
    if which not in FORMS:
        raise UserError(f"the test is {which!r}, it must be 'before' or 'after'")
    content = _read("tests")
    return tuple(
        _completed({**question, "id": f"{which}.{number}", "topic": topic})
        for number, (topic, question) in enumerate(zip(content["topics"], content[which], strict=True), 1)
    )


def lesson_number(lesson: Any) -> str:
    """A lesson's number as two digits.

    Example:
        >>> lesson_number(4), lesson_number("04_losses_and_metrics")
        ('04', '04')
    """
    text = str(lesson).strip()
    digits = text.split("_")[0]
    return f"{int(digits):02d}" if digits.isdecimal() else text


def _completed(question: Question) -> Question:
    if "number" in question:
        question = {"tolerance": 0, "mistakes": [], **question}
    lesson, section = question.pop("lesson"), question.pop("section")
    return {**question, "lesson": lesson, "section": section, "where": f"lesson {lesson}, “{section}”"}


@functools.cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(_file(name).read_text(encoding="utf-8"))


def _file(name: str) -> Any:
    return resources.files("segnet_nb.course").joinpath("questions", f"{name}.toml")
