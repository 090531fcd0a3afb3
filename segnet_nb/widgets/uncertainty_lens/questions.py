"""Questions of the uncertainty lens: how right are the most certain pixels?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from segnet_nb.widgets.shared.predicting import Question
from segnet_nb.widgets.uncertainty_lens.numbers import SHARES

_ASKED = (0.5, 0.7, 0.9)
_CLEAR = 0.002  # measures whose accuracies are closer are not told apart


def about_kept(
    curves: Mapping[str, Any],
    random: np.random.Generator,
    *,
    name: str,
    state: Mapping[str, Any],
    words: Mapping[str, str],
) -> Question:
    """Ask how right the most certain pixels are, or which measure finds them best.

    Args:
        curves: of the number of samples that is shown: the lens's own.
        random: chooses the share and which of the two is asked.
        name: of the image.
        state: ``image``, ``samples``, ``measure`` and ``kept``, as shown.
        words: names of the measures.
    """
    share = float(random.choice([one for one in _ASKED if one != state["kept"]]))
    at = SHARES.index(share)
    found = {measure: curves[measure]["all"][at] for measure in words}
    best = sorted(words, key=lambda measure: -(found[measure] or 0.0))
    clear = all(value is not None for value in found.values()) and found[best[0]] - found[best[1]] >= _CLEAR
    seen = {"image": state["image"], "samples": state["samples"]}
    if clear and random.integers(2):
        listed = ", ".join(f"{100 * found[measure]:.1f} % by {words[measure]}" for measure in words)
        return Question(
            f"Keep the most certain {100 * share:.0f} % of the pixels of all images. By which measure of "
            "uncertainty are most of them right?",
            [*words].index(best[0]),
            f"Right are {listed}: a measure that ranks wrong pixels higher leaves more of them out.",
            choices=tuple(words.values()),
            before=seen,
            after={"kept": share, "measure": best[0]},
        )
    measure = words[state["measure"]]
    curve, where = curves[state["measure"]]["images"][state["image"]], f"of {name}"
    if curve[at] is None:
        curve, where = curves[state["measure"]]["all"], "of all images"
    right, every = curve[at] or 0.0, curve[-1] or 0.0
    return Question(
        f"Keep only the most certain {100 * share:.0f} % of the pixels {where}, by {measure}. "
        "What share of them is right?",
        round(100 * right, 1),
        f"{100 * right:.1f} % are, against {100 * every:.1f} % of all pixels: where samples disagree, "
        "errors are frequent.",
        unit="%",
        tolerance=2,
        before={**seen, "measure": state["measure"]},
        after={"kept": share},
    )
