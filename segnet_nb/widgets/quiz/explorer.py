"""Questions with choices or a number as the answer, graded in the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import traitlets
from matplotlib.figure import Figure

from segnet_nb._shared.errors import UserError
from segnet_nb.widgets.quiz.marks import mark
from segnet_nb.widgets.quiz.text import as_text
from segnet_nb.widgets.shared import assets
from segnet_nb.widgets.shared.explorer import Explorer

_LONGEST = 40  # characters of an answer


class Quiz(Explorer):
    """A few questions. Without a browser it is shown as text.

    Args:
        heading: its title.
        questions: each with ``id``, ``text`` and ``where``, and what ``marks.mark`` needs.
        at_once: whether all questions are graded together, once, as in a test.
        graded: called with the quiz whenever answers were graded; what it returns is ``note``, and what it
            raises is shown as ``error``.
        **state: any other trait.

    Attributes:
        answers: the reader's answers by the id of the question: a letter, or a number as text.
        checked: ids of the questions that were graded.
        note: what is shown below the questions of a test once it is graded.

    Raises:
        UserError: for an answer to a question that does not exist.

    Example:
        >>> question = {"id": "sum", "text": "1 + 1?", "number": 2, "tolerance": 0, "why": "1 + 1 = 2.",
        ...             "mistakes": [], "where": ""}
        >>> quiz = Quiz("Sums", [question])
        >>> quiz.answers, quiz.checked = {"sum": "3"}, ["sum"]
        >>> quiz.marks
        {'sum': False}
    """

    _esm = assets.script("quiz")
    _css = assets.style("quiz")

    heading = traitlets.Unicode().tag(sync=True)
    questions = traitlets.List(traitlets.Dict()).tag(sync=True)
    at_once = traitlets.Bool(False).tag(sync=True)
    answers = traitlets.Dict(
        key_trait=traitlets.Unicode(), value_trait=traitlets.Unicode(), default_value={}
    ).tag(sync=True)
    checked = traitlets.List(traitlets.Unicode()).tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        heading: str,
        questions: Sequence[dict[str, Any]],
        *,
        at_once: bool = False,
        graded: Callable[[Quiz], str] | None = None,
        **state: Any,
    ) -> None:
        self._graded = graded
        super().__init__(
            **{
                "heading": heading,
                "questions": list(questions),
                "at_once": at_once,
                "standalone": True,
                **state,
            }
        )
        self.observe(self._when_graded, names=["checked"])

    @traitlets.validate("answers")
    def _known_answers(self, proposal: Any) -> dict[str, str]:
        self._refuse_unknown(proposal.value)
        if any(len(answer) > _LONGEST for answer in proposal.value.values()):
            raise UserError(f"an answer has more than {_LONGEST} characters; a letter or a number is needed")
        return proposal.value

    @traitlets.validate("checked")
    def _known_questions(self, proposal: Any) -> list[str]:
        self._refuse_unknown(proposal.value)
        return proposal.value

    def _refuse_unknown(self, names: Any) -> None:
        known = [question["id"] for question in self.questions]
        for name in names:
            if name not in known:
                raise UserError(f"there is no question {name!r}; the ids are {', '.join(known)}")

    def _when_graded(self, change: Any) -> None:
        if not self.checked or self._graded is None:
            return
        self.error = ""
        try:
            self.note = self._graded(self)
        except Exception as error:  # shown above the questions; they are graded all the same
            self.error = str(error) or type(error).__name__

    @property
    def marks(self) -> dict[str, bool]:
        """Whether each question that was checked is right, by its id, in the order of the questions."""
        by_id = {question["id"]: question for question in self.questions}
        return {
            name: bool(mark(question, self.answers.get(name, "")).right)
            for name, question in by_id.items()
            if name in self.checked
        }

    def figure(self) -> Figure:
        """The questions as text in a figure."""
        figure = Figure(figsize=(9, 0.19 * (str(self).count("\n") + 2)))
        figure.text(0.01, 0.98, str(self), va="top", family="monospace", size=8, parse_math=False)
        return figure

    def __repr__(self) -> str:
        reveal = self.at_once
        text = as_text(self.heading, self.questions, self.answers, self.checked, reveal=reveal)
        return f"{text}\n{self.note}" if self.note else text

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        # Its text says all, so no image is stored beside it.
        data, metadata = super(Explorer, self)._repr_mimebundle_() or ({}, {})
        return {**data, "text/plain": repr(self)}, metadata
