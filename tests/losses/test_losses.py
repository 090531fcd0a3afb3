"""Losses against loops, against hand arithmetic, and against PyTorch."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from keras import ops

from segnet_nb import losses
from tests import oracles_scores as oracles
from tests.gradients import gradient
from tests.oracles_scores import VOID, loss_case as case, number, one_hot

# Keras turns its variables and PyTorch's tensors into arrays in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

few = settings(max_examples=15, deadline=None)


# Two classes, left and right, and a void row. Every row predicts class 0 with 0.8, 0.5, 0.5, 0.2.
HAND_LABELS = np.array([[[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1], [VOID] * 4]])
HAND_PROBABILITIES = np.stack([np.tile([0.8, 0.5, 0.5, 0.2], (4, 1))] * 2, axis=-1)[None]
HAND_PROBABILITIES[..., 1] = 1 - HAND_PROBABILITIES[..., 1]


def test_cross_entropy_by_hand():
    # The right class has 0.8, 0.5, 0.5, 0.8: a row costs 2 (0.22314 + 0.69315) = 1.83258,
    # three rows 5.49774, shared by the 12 pixels that are not void: 0.45815.
    loss = losses.categorical_cross_entropy(HAND_LABELS, HAND_PROBABILITIES, void_id=VOID)
    assert number(loss) == pytest.approx(0.45815, abs=1e-5)


def test_weighted_cross_entropy_divides_by_pixels_not_by_weights():
    # A row costs 2 (0.22314 + 0.69315) + 0.5 (0.69315 + 0.22314) = 2.29073; 3 rows / 12 = 0.57268.
    # Dividing by the weights' sum, 3 (2 + 2 + 0.5 + 0.5) = 15, would give 0.45815 again.
    loss = losses.categorical_cross_entropy(
        HAND_LABELS, HAND_PROBABILITIES, void_id=VOID, class_weights=[2, 0.5]
    )
    assert number(loss) == pytest.approx(0.57268, abs=1e-5)


def test_dice_by_hand():
    # Class 0, over three rows: sum(p y) = 3 (0.8 + 0.5) = 3.9, sum(p) = 3 * 2 = 6, sum(y) = 6:
    # 1 - 7.8 / 12 = 0.35. Class 1 mirrors it.
    loss = losses.dice_loss(HAND_LABELS, HAND_PROBABILITIES, void_id=VOID)
    assert number(loss) == pytest.approx(0.35, abs=1e-6)


def test_cross_entropy_dice_by_hand():
    # 2 * 0.45815 + 10 * 0.35 = 4.4163
    loss = losses.cross_entropy_dice(
        HAND_LABELS,
        HAND_PROBABILITIES,
        void_id=VOID,
        cross_entropy_weight=2,
        dice_weight=10,
    )
    assert number(loss) == pytest.approx(4.4163, abs=1e-4)


@few
@given(st.integers(0, 10**6), st.booleans(), st.booleans())
def test_cross_entropy_matches_loops(seed, from_logits, weighted):
    labels, logits = case(seed)
    probabilities = oracles.softmax(logits)
    weights = [0.5, 1.0, 4.0] if weighted else None
    loss = losses.categorical_cross_entropy(
        labels,
        logits if from_logits else probabilities,
        from_logits=from_logits,
        class_weights=weights,
        void_id=VOID,
    )
    epsilon = 0 if from_logits else 1e-7
    expected = oracles.cross_entropy(labels, probabilities, VOID, weights, epsilon)
    assert number(loss) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@few
@given(st.integers(0, 10**6), st.sampled_from(["batch", "image"]), st.sampled_from(["count", "ignore"]))
def test_dice_matches_loops(seed, pooling, absent):
    labels, logits = case(seed, height=2, width=2, classes=4)
    options = {"pooling": pooling, "absent": absent}
    loss = losses.dice_loss(labels, logits, from_logits=True, void_id=VOID, **options)
    expected = oracles.dice(labels, oracles.softmax(logits), VOID, **options)
    assert number(loss) == pytest.approx(expected, rel=1e-5, abs=1e-6)


LOSSES = {
    "cross_entropy": losses.categorical_cross_entropy,
    "dice": losses.dice_loss,
    "both": losses.cross_entropy_dice,
    "hard_pixels": losses.hard_pixel_cross_entropy,
    "lovasz": losses.lovasz_softmax,
}


@pytest.mark.parametrize("function", LOSSES.values(), ids=LOSSES)
class TestEveryLoss:
    def test_label_forms_agree(self, function):
        labels, logits = case(0)
        rows = one_hot(labels, 3)
        expected = number(function(labels, logits, from_logits=True, void_id=VOID))
        for form in (labels[..., None], labels.astype("uint8"), labels.astype("float32"), rows):
            value = function(form, logits, from_logits=True, void_id=VOID)
            assert number(value) == pytest.approx(expected, rel=1e-6)
        # In one-hot labels the zeros already say void.
        assert number(function(rows, logits, from_logits=True)) == pytest.approx(expected)
        assert number(function(rows.astype(bool), logits, from_logits=True)) == pytest.approx(expected)

    def test_void_may_be_one_of_the_channels(self, function):
        labels, logits = case(1)
        labels = np.where(labels == VOID, 2, labels)
        outside = np.where(labels == 2, VOID, labels)
        expected = number(function(outside, logits, from_logits=True, void_id=VOID))
        for form in (labels, one_hot(labels, 3)):
            value = function(form, logits, from_logits=True, void_id=2)
            assert number(value) == pytest.approx(expected, rel=1e-6)

    def test_predictions_at_void_never_matter(self, function):
        labels, logits = case(2)
        changed = np.where((labels == VOID)[..., None], logits[::-1] * 50 - 7, logits)
        assert not np.array_equal(changed, logits)
        before = number(function(labels, logits, from_logits=True, void_id=VOID))
        after = number(function(labels, changed, from_logits=True, void_id=VOID))
        assert after == before

    def test_order_of_classes_does_not_matter(self, function):
        labels, logits = case(3)
        order = np.array([2, 0, 1])  # new class k is the old order[k]
        renamed = np.where(labels == VOID, VOID, np.argsort(order)[np.minimum(labels, 2)])
        before = number(function(labels, logits, from_logits=True, void_id=VOID))
        after = number(function(renamed, logits[..., order], from_logits=True, void_id=VOID))
        assert after == pytest.approx(before, rel=1e-6)

    def test_order_of_pixels_does_not_matter(self, function):
        labels, logits = case(4)
        before = number(function(labels, logits, from_logits=True, void_id=VOID))
        after = number(function(labels[:, ::-1], logits[:, ::-1], from_logits=True, void_id=VOID))
        assert after == pytest.approx(before, rel=1e-6)

    def test_perfect_prediction_scores_zero(self, function):
        labels, _ = case(5)
        value = function(labels, one_hot(labels, 3), void_id=VOID)
        assert number(value) == pytest.approx(0, abs=1e-6)

    @pytest.mark.parametrize("form", ["ids", "one_hot"])
    def test_all_void_is_zero_with_zero_gradient(self, function, form):
        _, logits = case(6)
        labels = np.full(logits.shape[:-1], VOID)
        labels = labels if form == "ids" else one_hot(labels, 3)

        def loss(x):
            return function(labels, x, from_logits=True, void_id=VOID)

        assert number(loss(logits)) == 0
        np.testing.assert_array_equal(gradient(loss, logits), 0)

    def test_gradient_is_finite_at_certain_probabilities(self, function):
        labels = np.array([[[0, 1], [1, VOID]]])
        probabilities = np.array([[[[1, 0], [1, 0]], [[0, 1], [1, 0]]]], dtype="float32")

        def loss(x):
            return function(labels, x, void_id=VOID)

        slope = gradient(loss, probabilities)
        assert np.isfinite(slope).all()
        # The wrong pixel's class is asked for, the void pixel not moved.
        assert slope[0, 0, 1, 1] < 0
        np.testing.assert_array_equal(slope[0, 1, 1], 0)

    def test_gradient_is_finite_at_huge_logits(self, function):
        labels, logits = case(7)

        def loss(x):
            return function(labels, x, from_logits=True, void_id=VOID)

        assert np.isfinite(number(loss(logits * 1e4)))
        assert np.isfinite(gradient(loss, logits * 1e4)).all()

    def test_gradient_matches_finite_differences(self, function):
        labels, logits = case(8, batch=1, height=1, width=2)

        def loss(x):
            return function(labels, x, from_logits=True, void_id=VOID)

        slope = gradient(loss, logits)
        step = 1e-2
        for index in np.ndindex(logits.shape):
            shift = np.zeros_like(logits)
            shift[index] = step
            difference = number(loss(logits + shift)) - number(loss(logits - shift))
            assert slope[index] == pytest.approx(difference / (2 * step), abs=2e-3)

    def test_half_precision_predictions_are_scored_in_float32(self, function):
        labels, logits = case(9)
        half = ops.cast(logits, "bfloat16")
        rounded = ops.convert_to_numpy(ops.cast(half, "float32"))
        value = function(labels, half, from_logits=True, void_id=VOID)
        expected = number(function(labels, rounded, from_logits=True, void_id=VOID))
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
        assert number(value) == pytest.approx(expected, rel=1e-6)

    def test_255_ids_survive_bfloat16_labels(self, function):
        labels = np.arange(256).reshape(1, 16, 16)  # 255 is void
        logits = np.random.default_rng(0).normal(size=(1, 16, 16, 255)).astype("float32")
        expected = number(function(labels, logits, from_logits=True, void_id=255))
        half = ops.cast(labels, "bfloat16")
        value = function(half, logits, from_logits=True, void_id=255)
        assert number(value) == pytest.approx(expected, rel=1e-6)

    def test_unknown_id_raises_for_arrays(self, function):
        labels, logits = case(10)
        with pytest.raises(ValueError, match=r"labels hold the ids \[11\].*void_id"):
            function(labels, logits)

    def test_unknown_id_makes_tensors_nan(self, function):
        labels, logits = case(10)
        assert math.isnan(number(function(ops.convert_to_tensor(labels), logits, from_logits=True)))

    def test_mismatched_shapes_raise(self, function):
        _, logits = case(0)
        for shape in ((2, 3), (2, 3, 5), (2, 3, 4, 2), (2, 3, 4, 3, 1), (4, 3, 4)):
            with pytest.raises(ValueError, match="do not fit predictions of shape"):
                function(np.zeros(shape, int), logits)
        with pytest.raises(ValueError, match="one score per class"):
            function(np.zeros((2, 3, 4), int), np.zeros((2, 3, 4, 1)))


@few
@given(st.integers(0, 10**6), st.floats(0.1, 10))
def test_scaling_the_weights_scales_the_cross_entropy(seed, factor):
    labels, logits = case(seed)
    weights = np.array([0.3, 1.0, 2.0])
    options = {"from_logits": True, "void_id": VOID}
    once = losses.categorical_cross_entropy(labels, logits, class_weights=weights, **options)
    scaled = losses.categorical_cross_entropy(labels, logits, class_weights=weights * factor, **options)
    assert number(scaled) == pytest.approx(factor * number(once), rel=1e-5)


@few
@given(st.integers(0, 10**6), st.sampled_from(["batch", "image"]))
def test_dice_stays_between_zero_and_one(seed, pooling):
    labels, logits = case(seed)
    loss = number(losses.dice_loss(labels, logits, from_logits=True, void_id=VOID, pooling=pooling))
    assert 0 <= loss <= 1


@few
@given(st.integers(0, 10**6), st.floats(0, 3), st.floats(0, 3))
def test_sum_rule(seed, a, b):
    labels, logits = case(seed)
    options = {"from_logits": True, "void_id": VOID}
    entropy = number(losses.categorical_cross_entropy(labels, logits, **options))
    dice = number(losses.dice_loss(labels, logits, **options))
    total = losses.cross_entropy_dice(labels, logits, cross_entropy_weight=a, dice_weight=b, **options)
    assert number(total) == pytest.approx(a * entropy + b * dice, rel=1e-5, abs=1e-6)


def test_absent_class_in_dice():
    labels = np.zeros((1, 2, 2), int)
    probabilities = np.tile([0.75, 0.25], (1, 2, 2, 1))
    # Class 0: 1 - 2 * 3 / (3 + 4) = 1/7. Class 1 has no pixel: 1 - epsilon / (1 + epsilon) = 1.
    assert number(losses.dice_loss(labels, probabilities)) == pytest.approx((1 / 7 + 1) / 2)
    ignored = losses.dice_loss(labels, probabilities, absent="ignore")
    assert number(ignored) == pytest.approx(1 / 7)


@pytest.mark.parametrize("weights", [None, [0.5, 1.0, 4.0]])
def test_cross_entropy_matches_pytorch(weights):
    torch = pytest.importorskip("torch", reason="PyTorch is an optional independent reference")
    labels, logits = case(11, batch=3, height=5, width=6)
    theirs = torch.tensor(logits.transpose(0, 3, 1, 2), requires_grad=True)
    weight = None if weights is None else torch.tensor(weights)
    # PyTorch's own mean divides by the sum of the weights, the Caffe models by the pixels.
    expected = torch.nn.functional.cross_entropy(
        theirs, torch.tensor(labels), weight=weight, ignore_index=VOID, reduction="sum"
    ) / np.count_nonzero(labels != VOID)
    expected.backward()

    def loss(x):
        return losses.categorical_cross_entropy(
            labels, x, from_logits=True, void_id=VOID, class_weights=weights
        )

    assert number(loss(logits)) == pytest.approx(expected.item(), rel=1e-5)
    slope = theirs.grad.numpy().transpose(0, 2, 3, 1)
    np.testing.assert_allclose(gradient(loss, logits), slope, atol=1e-6)


def test_dice_gradient_matches_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is an optional independent reference")
    labels, logits = case(12)
    theirs = torch.tensor(logits, requires_grad=True)
    valid = torch.tensor(labels != VOID)[..., None]
    truth = torch.tensor(one_hot(labels, 3))
    p = torch.softmax(theirs, dim=-1) * valid
    sums = [(x).sum(dim=(0, 1, 2)) for x in (p * truth, p, truth)]
    expected = (1 - 2 * sums[0] / (sums[1] + sums[2])).mean()
    expected.backward()

    def loss(x):
        return losses.dice_loss(labels, x, from_logits=True, void_id=VOID)

    assert number(loss(logits)) == pytest.approx(expected.item(), rel=1e-5)
    np.testing.assert_allclose(gradient(loss, logits), theirs.grad.numpy(), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: losses.CategoricalCrossEntropy(class_weights=[1, -1]), "finite number >= 0"),
        (lambda: losses.CategoricalCrossEntropy(epsilon=0), "epsilon must be above 0"),
        (lambda: losses.DiceLoss(pooling="pixel"), "pooling must be one of 'batch', 'image'"),
        (lambda: losses.DiceLoss(absent="zero"), "absent must be one of 'count', 'ignore'"),
        (
            lambda: losses.categorical_cross_entropy(*case(0), class_weights=[1], void_id=VOID),
            "one weight per class, 3, but got 1",
        ),
    ],
)
def test_invalid_arguments_say_how_to_fix_them(call, message):
    with pytest.raises(ValueError, match=message):
        call()
