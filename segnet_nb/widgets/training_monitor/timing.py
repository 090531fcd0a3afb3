"""How long a training still takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def seconds_left(
    history: Sequence[Mapping[str, float]], epochs: int, share: float, spent: float
) -> float | None:
    """Estimate the remaining time of a training.

    Args:
        history: the completed epochs, each with its ``seconds``.
        epochs: number of epochs in total.
        share: completed share of the current epoch, 0..1.
        spent: seconds spent on it.

    Returns:
        Seconds, from the median of the last epochs (the first one is slow and would mislead), or from the
        current epoch while none is completed; None while it cannot be estimated.

    Example:
        >>> seconds_left([{"seconds": 30.0}, {"seconds": 10.0}, {"seconds": 12.0}], 5, 0.5, 6.0)
        18.0
        >>> seconds_left([], 4, 0.5, 20.0), seconds_left([], 4, 0.01, 9.0)
        (140.0, None)
    """
    if history:
        each = float(np.median([entry["seconds"] for entry in history[-5:]]))
    elif share >= 0.05:
        each = spent / share
    else:
        return None
    return max(0.0, each * (epochs - len(history) - share))
