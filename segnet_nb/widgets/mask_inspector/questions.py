"""Questions of the mask inspector: how certain, how right, and which image is the worst."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segnet_nb.widgets.mask_inspector import picture
from segnet_nb.widgets.shared.predicting import Question

if TYPE_CHECKING:
    from segnet_nb.probes.predictions import Predictions

_THRESHOLDS = (50, 70, 80, 90, 95)


def about_certainty(
    data: picture.MaskData,
    random: np.random.Generator,
    *,
    name: str,
    image: int,
    num_classes: int,
    threshold: int,
) -> Question:
    """Ask what remains above a threshold, or how much of it is right.

    Args:
        data: the image that is shown.
        random: chooses the threshold and which of the two is asked.
        name: of the image.
        image: its number.
        num_classes: of the data.
        threshold: the one that is set now, in percent, which is not asked about.
    """
    least = int(random.choice([percent for percent in _THRESHOLDS if percent != threshold]))
    kept, right = picture.certain_pixels(data, least, num_classes)
    told = f"{100 * kept:.0f} % of the pixels remain"
    if data.has_labels:
        told += f", and {100 * right:.0f} % of them are right"
        reason = f"{told}: the less certain pixels are wrong more often."
    else:
        reason = f"{told}: the others are hatched. How many of them are right, nobody knows without labels."
    of_right = kept > 0 and bool(random.integers(2)) and data.has_labels
    asked = "what share of them is right" if of_right else "what share of all pixels is that"
    return Question(
        f"In {name}, take only the pixels that the network is at least {least} % certain about: {asked}?",
        float(round(100 * (right if of_right else kept))),
        reason,
        unit="%",
        tolerance=3,
        before={"image": image},
        after={"overlay": "prediction", "threshold": least / 100},
    )


def which_is_worst(predictions: Predictions, random: np.random.Generator, *, image: int) -> Question:
    """Ask which of up to four images has the lowest mean IoU; without labels, the lowest mean certainty.

    Args:
        predictions: of at least two images.
        random: chooses the images and their order.
        image: the one that is shown, which is among them.
    """
    others = [number for number in range(len(predictions)) if number != image]
    chosen = [image, *(int(n) for n in random.choice(others, min(3, len(others)), replace=False))]
    order = [chosen[number] for number in random.permutation(len(chosen))]
    has_labels = predictions.has_labels
    scores = (predictions.mean_ious if has_labels else predictions.mean_certainties)[order]
    listed = ", ".join(
        f"{100 * score:.1f} % in {predictions.names[n]}" for n, score in zip(order, scores, strict=True)
    )
    text, reason = (
        ("mean IoU of the classes in it", "a small class that is missed counts as much as the road")
        if has_labels
        else ("mean probability of the predicted class", "that is how certain the network is, right or wrong")
    )
    return Question(
        f"Which of these images has the lowest {text}?",
        int(np.argmin(scores)),
        f"It is {listed}: {reason}.",
        choices=tuple(predictions.names[number] for number in order),
        before={"image": image},
        after={"image": order[int(np.argmin(scores))], "overlay": "errors" if has_labels else "prediction"},
    )
