"""Class weights against class imbalance; NumPy only.

Sources: PAPER = arXiv 1511.00561; FILES = github.com/alexgkendall/SegNet-Tutorial.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from segnet_nb._shared.class_ids import check_id_range, integer_ids

PUBLISHED_CLASS_WEIGHTS: tuple[float, ...] = (
    0.2595,
    0.1826,
    4.5640,
    0.1417,
    0.9051,
    0.3826,
    9.6446,
    1.8418,
    0.6823,
    6.2478,
    7.3614,
)
"""The weights of the 11 CamVid classes, in id order, with which FILES train.

They do not follow from the paper's formula on the published 367 training images:
``median_frequency_weights`` returns 3.85 for SignSymbol (id 6), this list 9.64.
"""


def class_frequencies(
    labels: np.ndarray | Iterable[np.ndarray], num_classes: int = 11, void_id: int | None = 11
) -> np.ndarray:
    """Frequency of each class in the images that contain it.

    ``freq(c)`` is the number of pixels of class ``c``, divided by the number of all pixels of the
    images in which ``c`` occurs (PAPER section 4.1). Void pixels belong to "all pixels": counting
    them reproduces the weights derived from the 367 CamVid training images to four decimals,
    excluding them does not (the weight of Tree would be 0.4235 instead of 0.4217).

    Args:
        labels: integer ids, shape ``(images, height, width)`` or ``(height, width)``, or any
            iterable of ``(height, width)`` arrays of any sizes, including generators.
        num_classes: ids ``0 .. num_classes - 1`` are classes.
        void_id: id of unlabelled pixels, or None.

    Returns:
        Frequencies, shape ``(num_classes,)``, float64 in 0..1; 0 for a class that never occurs.

    Raises:
        ValueError: if an id is neither a class nor void, or the labels are not integers.

    Example:
        >>> class_frequencies(np.array([[[0, 0], [0, 1]], [[0, 0], [0, 0]]]), 3, None).tolist()
        [0.875, 0.25, 0.0]
    """
    if isinstance(labels, np.ndarray) and labels.ndim == 2:
        labels = labels[np.newaxis]
    pixels = np.zeros(num_classes, dtype=np.int64)
    image_pixels = np.zeros(num_classes, dtype=np.int64)
    for image in labels:
        ids = integer_ids(image, "labels")
        check_id_range(ids, "labels", num_classes, void_id)
        classes = ids if void_id is None else ids[ids != void_id]
        counts = np.bincount(classes.ravel().astype(np.intp), minlength=num_classes)
        pixels += counts
        image_pixels += np.where(counts > 0, ids.size, 0)
    return pixels / np.maximum(image_pixels, 1)


def median_frequency_weights(
    labels: np.ndarray | Iterable[np.ndarray], num_classes: int = 11, void_id: int | None = 11
) -> np.ndarray:
    """Median frequency balancing: rare classes get larger weights, the median class gets 1.

    ``weight(c) = median of all freq / freq(c)`` (PAPER section 4.1), where the median is over the
    classes that occur. ``PUBLISHED_CLASS_WEIGHTS`` is the list published with the models,
    which this formula does not reproduce.

    Args:
        labels: integer ids, as for ``class_frequencies``: the training set.
        num_classes: ids ``0 .. num_classes - 1`` are classes.
        void_id: id of unlabelled pixels, or None.

    Returns:
        Weights, shape ``(num_classes,)``, float64. A class that never occurs gets weight 0, because
        its frequency is 0.

    Raises:
        ValueError: if an id is neither a class nor void, or the labels are not integers.

    Example:
        Frequencies 4/8, 3/8 and 1/8 have the median 3/8:

        >>> labels = np.array([[0, 0, 0, 0], [1, 1, 1, 2]])
        >>> median_frequency_weights(labels, num_classes=4, void_id=None).tolist()
        [0.75, 1.0, 3.0, 0.0]
    """
    frequencies = class_frequencies(labels, num_classes, void_id)
    occurs = frequencies > 0
    weights = np.zeros(num_classes)
    if occurs.any():
        weights[occurs] = np.median(frequencies[occurs]) / frequencies[occurs]
    return weights


def inverse_log_weights(
    labels: np.ndarray | Iterable[np.ndarray], num_classes: int = 11, void_id: int | None = 11
) -> np.ndarray:
    """ENet's class weights: bounded, so that a very rare class does not dominate.

    ``weight(c) = 1 / ln(1.10 + p(c))``, where ``p(c)`` is the share of class ``c`` in all labelled pixels
    (Paszke et al., ENet, arXiv 1606.02147, section 5.2, with 1.10 instead of 1.02 as in later small networks
    on CamVid). Before the division below, a class with ``p = 0`` has 1 / ln(1.10) = 10.49, and one that fills
    every image 1 / ln(2.10) = 1.35.

    Args:
        labels: integer ids, as for ``class_frequencies``: the training set.
        num_classes: ids ``0 .. num_classes - 1`` are classes.
        void_id: id of unlabelled pixels, or None.

    Returns:
        Weights, shape ``(num_classes,)``, float64, divided by their mean over all labelled
        pixels, so that the loss keeps its size; 1 for all if nothing is labelled.

    Raises:
        ValueError: if an id is neither a class nor void, or the labels are not integers.

    Example:
        Shares 3/4 and 1/4 give 1.626 and 3.332, whose mean over the pixels is 2.052:

        >>> inverse_log_weights(np.array([[0, 0, 0, 1]]), 2, None).round(3).tolist()
        [0.792, 1.624]
    """
    if isinstance(labels, np.ndarray) and labels.ndim == 2:
        labels = labels[np.newaxis]
    pixels = np.zeros(num_classes, dtype=np.int64)
    for image in labels:
        ids = integer_ids(image, "labels")
        check_id_range(ids, "labels", num_classes, void_id)
        classes = ids if void_id is None else ids[ids != void_id]
        pixels += np.bincount(classes.ravel().astype(np.intp), minlength=num_classes)
    if not pixels.any():
        return np.ones(num_classes)
    shares = pixels / pixels.sum()
    weights = 1 / np.log(1.10 + shares)
    return weights / (weights * shares).sum()
