"""The quiz: questions with choices or a number, answered and graded in place."""

from segnet_nb.widgets.quiz.explorer import Quiz

__all__ = ["Quiz"]
