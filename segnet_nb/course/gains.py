"""The normalized gain: how much of what was left to learn was learned."""

from __future__ import annotations

from dataclasses import dataclass

from segnet_nb._shared.errors import UserError


@dataclass(frozen=True)
class Gain:
    """The normalized gain of a reader.

    Attributes:
        value: ``(after - before) / (1 - before)``, at most 1; negative if there were fewer right answers
            after than before; None if all were right before, so that nothing was left to gain.
        words: the same in a sentence or two.
    """

    value: float | None
    words: str

    def __str__(self) -> str:
        return self.words


def gain(before: int, after: int, of: int = 12) -> Gain:
    """The normalized gain g = (post - pre) / (1 - pre) from the number of right answers.

    Args:
        before: right answers before the course.
        after: right answers after it.
        of: questions in each of the two tests.

    Raises:
        UserError: if a number is not possible.

    Source: Hake, *Interactive-engagement versus traditional methods*, American Journal of Physics 66, 1998.

    Example:
        >>> print(gain(4, 10))
        Normalized gain 0.75: of the 8 answers that were missing before, 6 were gained.
        >>> gain(4, 10).value, gain(12, 11).value
        (0.75, None)
    """
    for name, value in (("before", before), ("after", after)):
        if not (isinstance(value, int) and 0 <= value <= of):
            raise UserError(f"{name} is {value!r}, it must be a whole number from 0 to {of}, the questions")
    if before == of:
        words = (
            "The normalized gain is not defined: all answers were right before, so nothing was left to gain."
        )
        rest = (
            "All are right after, too."
            if after == of
            else f"{of - after} fewer {_are(of - after)} right after."
        )
        return Gain(None, f"{words} {rest}")
    value = (after - before) / (of - before)
    start = f"Normalized gain {value:.2f}".replace("-", "−")
    missing = of - before
    if after < before:
        lost = before - after
        words = (
            f"{start}: {lost} fewer {_are(lost)} right than before. A negative gain divides what was lost by "
            f"the {missing} that could be gained, so it can be below −1; read the number of answers instead."
        )
    elif after == before:
        words = f"{start}: as many answers are right as before."
    else:
        noun = "the one answer that was" if missing == 1 else f"the {missing} answers that were"
        got = after - before
        words = f"{start}: of {noun} missing before, {got} {'was' if got == 1 else 'were'} gained."
    return Gain(value, words)


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
