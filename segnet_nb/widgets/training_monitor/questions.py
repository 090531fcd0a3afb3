"""Questions of the training monitor: what comes next, where the curve rose most, and how far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.widgets.shared.predicting import Question


def will_it_rise(history: Sequence[Mapping[str, float]], epoch: int) -> Question:
    """Ask whether the mean IoU is higher after an epoch than after the one before.

    Args:
        history: of the epochs so far; while it has no such epoch, the answer is not known.
        epoch: from 2.
    """
    before = history[epoch - 2]["mean_iou"]
    text = f"The validation mean IoU is {100 * before:.1f} %. Will it be higher after epoch {epoch}?"
    choices = ("higher", "not higher")
    if len(history) < epoch:
        return Question(text, None, f"The answer comes when epoch {epoch} has ended.", choices=choices)
    now = history[epoch - 1]["mean_iou"]
    said = f"It is {100 * now:.1f} % now"
    why = (
        "early epochs gain most, and the steps become smaller"
        if now > before
        else "the loss falls on training batches, and validation may go up and down on the way"
    )
    return Question(text, int(now <= before), f"{said}: {why}.", choices=choices)


def about_the_curve(history: Sequence[Mapping[str, float]], random: np.random.Generator) -> Question:
    """Ask in which epoch the mean IoU rose most, or how far it rose between two epochs.

    Args:
        history: of at least two epochs.
        random: chooses which of the two, and the epochs.

    Raises:
        ValueError: if there are fewer epochs.
    """
    if len(history) < 2:
        raise UserError("there is nothing to ask about yet. Ask again when two epochs have ended.")
    scores = [row["mean_iou"] for row in history]
    if random.integers(2):
        return _how_far(scores, random)
    gains = np.diff(scores)
    best = int(np.argmax(gains))
    others = [number for number in range(len(gains)) if number != best]
    chosen = sorted([best, *random.choice(others, min(3, len(others)), replace=False)] if others else [best])
    choices = tuple(f"epoch {number + 2}" for number in chosen)
    return Question(
        "In which of these epochs did the mean IoU on validation rise most over the epoch before?",
        chosen.index(best),
        f"By {100 * gains[best]:.1f} points in epoch {best + 2}, from {100 * scores[best]:.1f} % to "
        f"{100 * scores[best + 1]:.1f} %.",
        choices=choices if len(choices) > 1 else (*choices, "in none"),
        after={"shown": best + 2},
    )


def _how_far(scores: Sequence[float], random: np.random.Generator) -> Question:
    first, last = (int(n) for n in sorted(random.choice(len(scores), 2, replace=False)))
    gain = 100 * (scores[last] - scores[first])
    return Question(
        f"By how many points did the mean IoU on validation rise from epoch {first + 1} to epoch {last + 1}?",
        round(gain, 1),
        f"From {100 * scores[first]:.1f} % to {100 * scores[last]:.1f} %.",
        low=-100,
        unit="points",
        tolerance=2,
        after={"shown": last + 1},
    )
