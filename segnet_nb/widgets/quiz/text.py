"""Questions as plain text, for where no browser draws them."""

from __future__ import annotations

import textwrap
from typing import Any

from segnet_nb.widgets.quiz.marks import LETTERS, mark, reason, right_answer

_WIDTH = 100


def as_text(
    title: str, questions: list[dict[str, Any]], answers: dict[str, str], checked: list[str], *, reveal: bool
) -> str:
    """All questions with their choices, and what is said about the answers that were checked.

    Args:
        title: the first line.
        questions: see ``marks.mark``; each also has ``id`` and ``text``.
        answers: by the id of the question.
        checked: the ids of those that were checked.
        reveal: whether the right answer is told where the reader's is not right.

    Example:
        >>> question = {"id": "one", "text": "1 + 1?", "choices": [["1", "No."], ["2", "Yes."]], "right": "b"}
        >>> print(as_text("Check yourself", [question], {"one": "a"}, ["one"], reveal=True))
        Check yourself
        1. 1 + 1?
           a) 1
           b) 2
           Not right: a. No. Right is b (2). Yes.
    """
    lines = [title]
    for number, question in enumerate(questions, 1):
        lines += _wrapped(f"{number}. ", question["text"])
        for letter, choice in zip(LETTERS, question.get("choices", ()), strict=False):
            lines += _wrapped(f"   {letter}) ", choice[0])
        if question["id"] in checked:
            lines += _wrapped("   ", verdict(question, answers.get(question["id"], ""), reveal=reveal))
    return "\n".join(lines)


def verdict(question: dict[str, Any], answer: str, *, reveal: bool) -> str:
    """What is said about a checked answer, in a line.

    Example:
        >>> question = {"number": 2, "tolerance": 0, "why": "1 + 1 = 2.", "mistakes": [[11, "That is text."]]}
        >>> verdict(question, "2", reveal=True), verdict(question, "11", reveal=False)
        ('Right: 2. 1 + 1 = 2.', 'Not right: 11. That is text.')
        >>> verdict(question, "", reveal=True)
        'No answer. Right is 2. 1 + 1 = 2.'
    """
    judged = mark(question, answer)
    if judged.right:
        return f"Right: {answer}. {judged.why}"
    start = judged.why
    if judged.right is False:
        start = f"Not right: {answer}. {judged.why}"
    elif reveal:
        start = "No answer."
    return f"{start} Right is {right_answer(question)}. {reason(question)}" if reveal else start


def _wrapped(start: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=start, subsequent_indent=" " * len(start))
