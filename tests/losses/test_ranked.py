"""Losses that rank the pixels against loops, hand arithmetic, PyTorch and the IoU."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb import losses
from tests import oracles_scores as oracles
from tests.gradients import gradient
from tests.oracles_scores import VOID, loss_case as case, number, one_hot

# Keras turns its variables and PyTorch's tensors into arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

few = settings(max_examples=15, deadline=None)


def hard_pixels(labels, probabilities, threshold, min_share, class_weights):
    """Each labelled pixel's probability, the lowest first, until enough are taken."""
    found = sorted((float(probabilities[at][c]), c) for at, c in oracles.pixels(labels, VOID))
    least = math.ceil(min_share * len(found))
    taken = [
        (p, c)
        for rank, (p, c) in enumerate(found)
        if rank < least or p < threshold or p == found[least - 1][0]
    ]
    return sum(class_weights[c] * -math.log(p + 1e-7) for p, c in taken) / len(taken)


def iou_loss(wrong, truth):
    """1 - IoU of a class if the pixels ``wrong`` have it wrong and the others right."""
    intersection = np.count_nonzero(truth & ~wrong)
    return 1 - intersection / np.count_nonzero(truth | wrong)


def lovasz(labels, probabilities):
    """The definition: errors in descending order times the increase of 1 - IoU."""
    valid = labels != VOID
    found = []
    for c in range(probabilities.shape[-1]):
        truth = labels[valid] == c
        if not truth.any():
            continue
        errors = np.abs(truth - probabilities[valid][:, c])
        wrong, before, total = np.zeros(len(errors), bool), 0.0, 0.0
        for at in sorted(range(len(errors)), key=lambda at: -errors[at]):
            wrong[at] = True
            now = iou_loss(wrong, truth)
            total += errors[at] * (now - before)
            before = now
        found.append(total)
    return float(np.mean(found)) if found else 0.0


class TestHardPixels:
    def test_by_hand(self):
        # Four labelled pixels of class 0 with 0.9, 0.8, 0.6 and 0.2; below 0.7 are two of them:
        # (0.51083 + 1.60944) / 2 = 1.06013.
        labels = np.array([[[0, 0, 0, 0, VOID]]])
        probabilities = np.array([[[[p, 1 - p] for p in (0.9, 0.8, 0.6, 0.2, 0.01)]]])
        loss = losses.hard_pixel_cross_entropy(labels, probabilities, void_id=VOID)
        assert number(loss) == pytest.approx(1.06013, abs=1e-5)
        # Three quarters of them: 0.8 too. (0.22314 + 0.51083 + 1.60944) / 3 = 0.78114.
        loss = losses.hard_pixel_cross_entropy(labels, probabilities, void_id=VOID, min_share=0.75)
        assert number(loss) == pytest.approx(0.78114, abs=1e-5)
        # Weights do not choose: 5 * (0.51083 + 1.60944) / 2.
        loss = losses.hard_pixel_cross_entropy(labels, probabilities, void_id=VOID, class_weights=[5, 1])
        assert number(loss) == pytest.approx(5.30066, abs=1e-5)

    @few
    @given(st.integers(0, 10**6), st.floats(0.05, 1), st.floats(0.02, 1))
    def test_matches_loops(self, seed, threshold, min_share):
        labels, logits = case(seed)
        probabilities = oracles.softmax(logits)
        options = {"threshold": threshold, "min_share": min_share, "class_weights": [0.5, 1.0, 4.0]}
        loss = losses.hard_pixel_cross_entropy(labels, probabilities, void_id=VOID, **options)
        assert number(loss) == pytest.approx(hard_pixels(labels, probabilities, **options), rel=1e-5)

    @pytest.mark.parametrize("options", [{"min_share": 1.0}, {"threshold": 1.0}])
    def test_all_pixels_are_the_cross_entropy(self, options):
        labels, logits = case(21)
        ours = losses.hard_pixel_cross_entropy(labels, logits, from_logits=True, void_id=VOID, **options)
        expected = losses.categorical_cross_entropy(labels, logits, from_logits=True, void_id=VOID)
        assert number(ours) == pytest.approx(number(expected), rel=1e-6)

    def test_easy_pixels_have_no_gradient(self):
        labels = np.array([[[0, 0]]])
        logits = np.array([[[[4.0, 0.0], [0.0, 1.0]]]], "float32")
        slope = gradient(
            lambda x: losses.hard_pixel_cross_entropy(labels, x, from_logits=True, min_share=0.5), logits
        )
        np.testing.assert_array_equal(slope[0, 0, 0], 0)
        # One hard pixel: p - y, with p = 1 / (1 + e) for class 0.
        np.testing.assert_allclose(slope[0, 0, 1], [1 / (1 + math.e) - 1, math.e / (1 + math.e)], rtol=1e-5)


class TestLovasz:
    @few
    @given(st.integers(0, 10**6))
    def test_matches_its_definition(self, seed):
        labels, logits = case(seed)
        loss = losses.lovasz_softmax(labels, logits, from_logits=True, void_id=VOID)
        assert number(loss) == pytest.approx(lovasz(labels, oracles.softmax(logits)), rel=1e-5, abs=1e-6)
        loss = losses.lovasz_softmax(labels, logits, from_logits=True, void_id=VOID, pooling="image")
        each = [lovasz(labels[k : k + 1], oracles.softmax(logits[k : k + 1])) for k in range(len(labels))]
        assert number(loss) == pytest.approx(np.mean(each), rel=1e-5, abs=1e-6)

    @few
    @given(st.integers(0, 10**6))
    def test_certain_predictions_cost_one_minus_the_iou_of_the_present_classes(self, seed):
        labels, logits = case(seed, height=5, width=6)
        predicted = logits.argmax(-1)
        valid = labels != VOID
        scores = []
        for c in np.unique(labels[valid]):
            either = np.count_nonzero(((labels == c) | (predicted == c)) & valid)
            scores.append(np.count_nonzero((labels == c) & (predicted == c)) / either)
        loss = losses.lovasz_softmax(labels, one_hot(predicted, 3), void_id=VOID)
        assert number(loss) == pytest.approx(1 - np.mean(scores), abs=1e-6)

    def test_gradient_matches_pytorch(self):
        torch = pytest.importorskip("torch", reason="PyTorch is an optional independent reference")
        labels, logits = case(22, batch=3, height=5, width=6)
        theirs = torch.tensor(logits, requires_grad=True)
        valid = torch.tensor(labels != VOID)
        p = torch.softmax(theirs, dim=-1)[valid]
        total = 0.0
        for c in range(3):
            truth = torch.tensor(labels)[valid] == c
            errors, order = torch.sort((truth.float() - p[:, c]).abs(), descending=True)
            right = truth[order].cumsum(0)
            wrong_so_far = torch.arange(1, len(order) + 1)
            jaccard = 1 - (truth.sum() - right) / (truth.sum() + wrong_so_far - right)
            total = total + (errors * torch.diff(jaccard, prepend=torch.zeros(1))).sum() / 3
        total.backward()

        def loss(x):
            return losses.lovasz_softmax(labels, x, from_logits=True, void_id=VOID)

        assert number(loss(logits)) == pytest.approx(total.item(), rel=1e-5)
        np.testing.assert_allclose(gradient(loss, logits), theirs.grad.numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: losses.HardPixelCrossEntropy(threshold=0),
            "threshold must be above 0 and at most 1, but got 0",
        ),
        (lambda: losses.HardPixelCrossEntropy(min_share=1.5), "min_share must be above 0 and at most 1"),
        (lambda: losses.hard_pixel_cross_entropy(*case(0), void_id=VOID, min_share=-1), "min_share must be"),
        (lambda: losses.LovaszSoftmax(pooling="pixel"), "pooling must be one of 'batch', 'image'"),
        (lambda: losses.LovaszSoftmax()(*case(0)), "labels hold the ids"),
        (
            lambda: losses.HardPixelCrossEntropy(True, void_id=VOID)(*case(0), [1, 2]),
            "one loss for the batch. Use CategoricalCrossEntropy",
        ),
    ],
)
def test_invalid_arguments_say_how_to_fix_them(call, message):
    with pytest.raises(ValueError, match=message):
        call()
