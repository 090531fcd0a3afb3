"""Predict first: a question about what an explorer shows, a prediction, and then the answer and its reason.

An explorer makes a ``Question`` of its present state, with the numbers that it shows anyway. The view asks it
in a bar that is closed at first. Explorers that live on without a kernel carry some questions with answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import traitlets

from segnet_nb._shared.errors import UserError, UserRuntimeError, UserTypeError
from segnet_nb.widgets.shared.explorer import Explorer

SERIES = 5
"""Questions of a challenge."""


@dataclass(frozen=True)
class Question:
    """A question with one right answer, a choice or a number.

    Args:
        text: the question.
        answer: number of the right choice, from 0, or the right number; None: it is not known yet.
        reason: one sentence why; while the answer is not known, when it will be.
        choices: what can be chosen; empty: a number is requested.
        low: the smallest number that can be predicted.
        high: the largest one.
        unit: behind the number, such as ``"%"``.
        tolerance: a prediction that is no further from the answer counts as right.
        before: traits to set while it is asked, so that the reader sees what the question is about.
        after: traits to set with the answer, so that the reader sees it.

    Example:
        >>> question = Question("Which index?", 2, "It is at the bottom left.", choices=("0", "1", "2"))
        >>> question.is_right(2), question.is_right(0), question.answer_text
        (True, False, '2')
    """

    text: str
    answer: float | None
    reason: str
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 100.0
    unit: str = ""
    tolerance: float = 0.0
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    def is_right(self, prediction: float) -> bool:
        """Whether a prediction counts as right."""
        return self.answer is not None and abs(prediction - self.answer) <= self.tolerance + 1e-9

    @property
    def answer_text(self) -> str:
        """The answer as the view writes it; empty while it is not known."""
        if self.answer is None:
            return ""
        return self.choices[int(self.answer)] if self.choices else f"{self.answer:g} {self.unit}".strip()

    def asked(self) -> dict[str, Any]:
        """What the view needs to ask."""
        return {
            "text": self.text,
            "choices": list(self.choices),
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
            "tolerance": self.tolerance,
        }

    def prepared(self) -> dict[str, Any]:
        """All of it, for a page without a kernel."""
        return {
            **self.asked(),
            "answer": self.answer,
            "answer_text": self.answer_text,
            "reason": self.reason,
            "before": dict(self.before),
            "after": dict(self.after),
        }


class AskingExplorer(Explorer):
    """An explorer that asks before it shows.

    Attributes:
        question: what is asked: ``text``, and ``choices`` or ``low``, ``high`` and ``unit``; empty: nothing.
            Read only: ``ask()`` asks the next one.
        revealed: ``prediction``, ``right``, ``answer`` and ``reason``; empty until ``commit(prediction)``.
            ``right`` is None while the answer is not known. Read only.
        challenge: whether a series of questions is asked; setting it begins one.
        challenge_score: how many answers of the series were right, and how many questions were answered.
        questions: for pages without a kernel.
    """

    question = traitlets.Dict(read_only=True).tag(sync=True)
    revealed = traitlets.Dict(read_only=True).tag(sync=True)
    challenge = traitlets.Bool(False).tag(sync=True)
    challenge_score = traitlets.Tuple(
        traitlets.Int(), traitlets.Int(), default_value=(0, 0), read_only=True
    ).tag(sync=True)
    questions = traitlets.List(read_only=True).tag(sync=True)

    _present: Question | None = None
    _next = 0

    def make_question(self, random: np.random.Generator) -> Question:
        """A question about the present state; explorers define it.

        Args:
            random: what differs from question to question is drawn from it.
        """
        raise NotImplementedError

    def ask(self) -> str:
        """Ask the next question.

        Returns:
            The question and what can be chosen, as text.

        Raises:
            ValueError: if there is nothing to ask about yet.
        """
        question = self.make_question(np.random.default_rng(self._next))
        self._next += 1
        for name, value in question.before.items():
            setattr(self, name, value)
        self._present = question
        self.set_trait("revealed", {})
        self.set_trait("question", question.asked())
        answers = [f"{number}: {text}" for number, text in enumerate(question.choices)]
        span = f"a number from {question.low:g} to {question.high:g} {question.unit}".rstrip()
        return "\n".join([question.text, *(answers or [span])])

    def commit(self, prediction: float) -> dict[str, Any]:
        """Answer the question; then the right answer is shown.

        Args:
            prediction: number of the choice, from 0, or the number itself.

        Returns:
            ``prediction``, ``right``, ``answer`` and ``reason``, as in ``revealed``.

        Raises:
            RuntimeError: if no question is open.
            TypeError: if the prediction is not a number.
            ValueError: if it is none of the choices or beyond the limits.
        """
        question = self._present
        if question is None or self.revealed:
            raise UserRuntimeError("no question is open. ask() asks the next one.")
        self._check_prediction(question, prediction)
        if question.answer is None:
            told = {"prediction": prediction, "right": None, "answer": "", "reason": question.reason}
            self.set_trait("revealed", told)
        else:
            self.reveal(question, prediction)
        return dict(self.revealed)

    def reveal(self, question: Question, prediction: float) -> None:
        """Show the answer of the present question, and count it.

        Args:
            question: with its answer.
            prediction: which was committed.
        """
        right = question.is_right(prediction)
        for name, value in {**question.before, **question.after}.items():
            setattr(self, name, value)
        if self.challenge:
            won, count = self.challenge_score
            self.set_trait("challenge_score", (won + right, count + 1))
            self.challenge = count + 1 < SERIES
        told = {
            "prediction": prediction,
            "right": right,
            "answer": question.answer_text,
            "reason": question.reason,
        }
        self.set_trait("revealed", told)

    @staticmethod
    def _check_prediction(question: Question, prediction: float) -> None:
        if isinstance(prediction, bool) or not isinstance(prediction, int | float):
            raise UserTypeError(
                f"prediction must be a number, but got {type(prediction).__name__}. See question."
            )
        if question.choices:
            if prediction not in range(len(question.choices)):
                raise UserError(
                    f"prediction must be one of 0..{len(question.choices) - 1}, the number of a choice, "
                    f"but got {prediction}."
                )
        elif not question.low <= prediction <= question.high:
            raise UserError(
                f"prediction must be a number from {question.low:g} to {question.high:g}, "
                f"but got {prediction}."
            )

    @traitlets.observe("challenge")
    def _begin_challenge(self, change: Any) -> None:
        if change["new"]:
            self.set_trait("challenge_score", (0, 0))
            self.ask()

    def prepare_questions(self) -> None:
        """Make the questions that travel with the explorer into a page without a kernel."""
        found: dict[str, dict[str, Any]] = {}
        for number in range(4 * SERIES):
            question = self.prepared_question(number)
            found.setdefault(question.text, question.prepared())
            if len(found) == SERIES:
                break
        self.set_trait("questions", [*found.values()])

    def prepared_question(self, number: int) -> Question:
        """One of them; explorers with several images override this."""
        return self.make_question(np.random.default_rng(number))

    def forget_question(self) -> None:
        """Take back a question about something that is not shown any more."""
        self._present = None
        self.set_trait("question", {})
        self.set_trait("revealed", {})

    def _build_anew(self) -> None:
        self.forget_question()
        if self.standalone:
            self.prepare_questions()
        super()._build_anew()

    def _handle(self, content: dict[str, Any]) -> None:
        if content.get("kind") == "predict":
            self.predict(content)
        else:
            super()._handle(content)

    def predict(self, content: Mapping[str, Any]) -> None:
        """Do what a button of the view asks for: ``ask``, ``commit`` or ``challenge``."""
        match content.get("what"):
            case "ask":
                self.ask()
            case "commit":
                self.commit(content.get("prediction"))  # pyright: ignore[reportArgumentType]
            case "challenge":
                self.challenge = False
                self.challenge = True
