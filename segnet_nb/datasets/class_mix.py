"""ClassMix: paste half of the classes of one labelled image into another.

Source: Olsson et al., ClassMix, arXiv 2007.07936; here with labels instead of predictions.
"""

from __future__ import annotations

import numpy as np


def class_mix(
    images: np.ndarray, labels: np.ndarray, *, prob: float, void_id: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Paste classes of the next image of the batch into some images.

    Half of the classes of the donor, rounded up and chosen at random, are pasted where they are, image and
    labels together; void never is. Objects meet new surroundings, and rare classes occur more often.

    Args:
        images: uint8 or float, shape ``(batch, height, width, 3)``.
        labels: integer ids, shape ``(batch, height, width)``.
        prob: probability, 0..1, that an image is pasted into.
        void_id: id of unlabelled pixels.
        rng: random number generator; the same state gives the same batch.

    Returns:
        New arrays of the same shapes and dtypes; the arguments stay as they are.

    Example:
        >>> images = np.zeros((2, 1, 2, 3), np.uint8)
        >>> images[1] = 9
        >>> labels = np.array([[[0, 0]], [[1, 11]]])
        >>> mixed = class_mix(images, labels, prob=1.0, void_id=11, rng=np.random.default_rng(0))
        >>> mixed[1][0].tolist(), mixed[0][0, 0, :, 0].tolist()
        ([[1, 0]], [9, 0])
    """
    mixed_images, mixed_labels = images.copy(), labels.copy()
    for at in np.flatnonzero(rng.random(len(images)) < prob):
        donor = (at + 1) % len(images)
        present = np.unique(labels[donor])
        present = present[present != void_id]
        chosen = rng.permutation(present)[: (len(present) + 1) // 2]
        pasted = np.isin(labels[donor], chosen)
        mixed_images[at][pasted] = images[donor][pasted]
        mixed_labels[at][pasted] = labels[donor][pasted]
    return mixed_images, mixed_labels
