"""A judge of answers that name the largest of several things, such as a class."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from segnet_nb.course.answers import is_missing, same_word, shortened
from segnet_nb.course.values import Judge
from segnet_nb.course.verdicts import Verdict, missing, right, wrong


def largest(
    sizes: Callable[..., Mapping[str, float]],
    *,
    told: Callable[[float], str],
    noun: str,
    titles: Callable[[], Mapping[str, str]] = dict,
    absent: str = "",
) -> Judge:
    """Judge the name of whatever has the largest number.

    Args:
        sizes: name to number, computed from what else the check cell passes. NaN: it has none.
        told: says a number in words, the reason why a wrong name is wrong.
        noun: what is named, ``"class"``.
        titles: name to a longer name that is accepted as well.
        absent: said of a name whose number is NaN.

    Returns:
        A judge; of several that are equally large any is right.

    Example:
        >>> judge = largest(
        ...     lambda: {"road": 5, "pole": 9}, told=lambda size: f"it has {size}, not the most", noun="class"
        ... )
        >>> judge("Poles").state, judge("ROAD").why, judge("car").why
        ('right', 'it has 5, not the most', "there is no class 'car'")
    """

    def judge(answer: object, *context: object) -> Verdict:
        if is_missing(answer):
            return missing()
        if isinstance(answer, list | tuple | set | frozenset | np.ndarray) and len(answer) == 1:
            (answer,) = answer
        found, longer = sizes(*context), titles()
        for name, size in found.items():
            if same_word(answer, name) or (name in longer and same_word(answer, longer[name])):
                if np.isnan(size):
                    return wrong(f"{name}: {absent}", name)
                return right() if size >= np.nanmax(list(found.values())) else wrong(told(size), name)
        return wrong(f"there is no {noun} {shortened(answer)}", answer)

    return judge
