"""The question of the loss lab: which loss grows most when the prediction gets worse?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.widgets.loss_lab import numbers
from segnet_nb.widgets.shared.predicting import Question

CHANGES: tuple[tuple[str, float, str], ...] = (
    ("missed", 0.5, "the lower half of the object is missed"),
    ("missed", 1.0, "the whole object is missed"),
    ("shift", 4, "the prediction lies 4 pixels too far to the right"),
    ("shift", -8, "the prediction lies 8 pixels too far to the left"),
    ("blur", 4.0, "the outline is blurred by 4 pixels"),
    ("confidence", 0.6, "the confidence falls to 0.6"),
    ("confidence", 0.5, "the confidence falls to 0.5"),
)
"""What may happen to the prediction: setting, value, and words."""
GOOD = {"confidence": 0.9, "blur": 1.0, "shift": 0, "missed": 0.0}
"""The prediction that the lab begins with."""
_CLEAR = 1.05  # the largest growth must be that many times the second largest
_WHY = {
    "missed": "Cross-entropy is a mean over all pixels; weights and Dice count those of a small object more",
    "shift": "A wrong pixel costs cross-entropy the more, the more confident it is; Dice is never above 1",
    "blur": "Unsure pixels cost cross-entropy at once; Dice asks for the overlap",
    "confidence": "Cross-entropy is the logarithm of the probability; Dice takes the probability itself",
}


def which_grows_most(
    mask: np.ndarray, settings: Mapping[str, Any], random: np.random.Generator, *, words: Mapping[str, str]
) -> Question:
    """Ask which loss grows most, relative to its present value, by one change of the prediction.

    Args:
        mask: the object, 0 and 1.
        settings: keyword arguments of ``numbers.predicted_logits``, as they are.
        random: chooses the change.
        words: names of the losses that are compared.

    Raises:
        ValueError: if none of the changes makes a loss grow clearly, as with an empty object.
    """
    order = random.permutation(len(CHANGES))
    # After some answers the prediction may be as bad as it can be: then from a good one again.
    for start, number in itertools.product((settings, GOOD), order):
        setting, value, said = CHANGES[number]
        before = numbers.loss_values(mask, numbers.predicted_logits(mask, **start))
        after = numbers.loss_values(mask, numbers.predicted_logits(mask, **{**start, setting: value}))
        growth = [after[name] / max(before[name], 1e-12) for name in words]
        second, largest = sorted(growth)[-2:]
        if largest >= _CLEAR * max(1.0, second):
            break
    else:
        raise UserError(
            "no change makes one loss grow clearly more than the others. Choose the shape disc or pole first."
        )
    listed = ", ".join(f"{name} from {before[key]:.3f} to {after[key]:.3f}" for key, name in words.items())
    return Question(
        f"If {said}, which loss will grow most, relative to what it is now?",
        int(np.argmax(growth)),
        f"{listed}. {_WHY[setting]}.",
        choices=tuple(words.values()),
        before=dict(start),
        after={setting: value, "against": setting},
    )
