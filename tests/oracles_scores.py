"""Slow loop-by-loop references for losses and scores, and helpers of their tests."""

from __future__ import annotations

import itertools
import math

import keras
import numpy as np

VOID = 11

# Rows of the ground truth: 4 Sky, 4 Road, 2 Road and 2 Car, 4 void. 8 of 12 pixels are correct.
HAND_LABELS = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 2, 2], [VOID] * 4])
HAND_PREDICTIONS = np.array([[0, 0, 0, 1], [1, 1, 1, 1], [2, 2, 1, 2], [0, 1, 2, 2]])


def score_case(seed, shape=(2, 5, 6), classes=4, void_share=0.2):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, shape)
    predictions = np.where(random.random(shape) < 0.5, labels, random.integers(0, classes, shape))
    labels[random.random(shape) < void_share] = VOID
    return labels, predictions


def number(tensor):
    return float(keras.ops.convert_to_numpy(tensor))


def loss_case(seed, batch=2, height=3, width=4, classes=3, void_share=0.2):
    """Random labels with void, and random logits."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, (batch, height, width))
    labels[random.random(labels.shape) < void_share] = VOID
    logits = random.normal(0, 2, (batch, height, width, classes)).astype("float32")
    return labels, logits


def one_hot(labels, classes):
    return (labels[..., None] == np.arange(classes)).astype("float32")


def pixels(labels, void_id):
    """Index and class of every labelled pixel."""
    for index in np.ndindex(labels.shape):
        if labels[index] != void_id:
            yield index, int(labels[index])


def softmax(logits):
    result = np.zeros(logits.shape)
    for index in np.ndindex(logits.shape[:-1]):
        row = [math.exp(value - max(logits[index])) for value in map(float, logits[index])]
        result[index] = [value / sum(row) for value in row]
    return result


def cross_entropy(labels, probabilities, void_id=None, class_weights=None, epsilon=1e-7):
    total, count = 0.0, 0
    for index, label in pixels(labels, void_id):
        weight = 1.0 if class_weights is None else class_weights[label]
        total -= weight * math.log(float(probabilities[index][label]) + epsilon)
        count += 1
    return total / count if count else 0.0


def dice(labels, probabilities, void_id=None, pooling="batch", absent="count", epsilon=1e-6):
    groups = [slice(None)] if pooling == "batch" else [slice(i, i + 1) for i in range(len(labels))]
    values = []
    for group in groups:
        losses = []
        for c in range(probabilities.shape[-1]):
            overlap = predicted = true = 0.0
            for index, label in pixels(labels[group], void_id):
                p = float(probabilities[group][index][c])
                predicted += p
                if label == c:
                    overlap += p
                    true += 1
            if true or absent == "count":
                losses.append(1 - (2 * overlap + epsilon) / (predicted + true + epsilon))
        values.append(sum(losses) / len(losses) if losses else 0.0)
    return sum(values) / len(values)


def class_weights(labels, num_classes, void_id):
    frequencies = []
    for c in range(num_classes):
        mine = among = 0
        for image in labels:
            here = sum(1 for _, label in pixels(image, void_id) if label == c)
            mine += here
            among += image.size if here else 0
        frequencies.append(mine / among if among else 0.0)
    occurring = sorted(f for f in frequencies if f)
    if not occurring:
        return [0.0] * num_classes
    middle = len(occurring) // 2
    median = occurring[middle]
    if len(occurring) % 2 == 0:
        median = (occurring[middle - 1] + occurring[middle]) / 2
    return [median / f if f else 0.0 for f in frequencies]


def confusion(labels, predictions, num_classes, void_id):
    matrix = [[0] * num_classes for _ in range(num_classes)]
    for index, label in pixels(labels, void_id):
        matrix[label][int(predictions[index])] += 1
    return matrix


def figures(matrix, absent="zero"):
    """Global accuracy, class average, mean IoU."""
    size, pixel_count = len(matrix), sum(map(sum, matrix))
    accuracies, ious = [], []
    for c in range(size):
        row, column = sum(matrix[c]), sum(matrix[r][c] for r in range(size))
        if row == 0:
            if absent == "zero":
                accuracies.append(0.0)
                ious.append(0.0)
            continue
        accuracies.append(matrix[c][c] / row)
        ious.append(matrix[c][c] / (row + column - matrix[c][c]))
    right = sum(matrix[c][c] for c in range(size))
    return (
        right / pixel_count if pixel_count else 0.0,
        sum(accuracies) / len(accuracies) if accuracies else 0.0,
        sum(ious) / len(ious) if ious else 0.0,
    )


def boundary_pixels(mask):
    """Where the 2 x 2 block to the lower right contains several classes, pixel by pixel."""
    height, width = mask.shape
    found = []
    for y in range(height):
        for x in range(width):
            block = {
                bool(mask[min(y + dy, height - 1), min(x + dx, width - 1)])
                for dy, dx in itertools.product((0, 1), repeat=2)
            }
            if len(block) == 2:
                found.append((y, x))
    return found


def _near(a, b, squared):
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 <= squared + 1e-9


def _largest_matching(truth, guess, squared):
    """Maximum bipartite matching with augmenting paths."""
    partner = {}

    def place(pixel, tried):
        for other in guess:
            if _near(pixel, other, squared) and other not in tried:
                tried.add(other)
                if other not in partner or place(partner[other], tried):
                    partner[other] = pixel
                    return True
        return False

    return sum(place(pixel, set()) for pixel in truth)


def boundary_f1(
    labels,
    predictions,
    num_classes,
    void_id,
    tolerance=0.0075,
    classes="ground_truth",
    mask_void=True,
    matching="nearest",
):
    """F1 of every class of one image, None where it is not scored."""
    squared = tolerance**2 * (labels.shape[0] ** 2 + labels.shape[1] ** 2)
    if mask_void:
        predictions = np.where(labels == void_id, -1, predictions)
    result = []
    for c in range(num_classes):
        truth = boundary_pixels((labels == c) & (labels != void_id))
        guess = boundary_pixels(predictions == c)
        if not truth and not (classes == "either" and guess):
            result.append(None)
            continue
        if matching == "nearest":
            found = sum(any(_near(a, b, squared) for b in guess) for a in truth)
            right = sum(any(_near(a, b, squared) for b in truth) for a in guess)
        else:
            found = right = _largest_matching(truth, guess, squared)
        recall = found / len(truth) if truth else 0.0
        precision = right / len(guess) if guess else 0.0
        both = precision + recall
        result.append(2 * precision * recall / both if both else 0.0)
    return result
