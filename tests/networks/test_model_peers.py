"""SegNet-Basic and the full SegNet against their twins in PyTorch, with the same weights."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from segnet_nb import losses, model
from tests import torch_networks as peers
from tests.cases import arrays
from tests.gradients import weight_gradient

torch = peers.torch

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="only on TensorFlow does Keras compute every part of a float64 network in float64",
)

ANY = (None, None, 3)


def to_torch(x):
    return torch.tensor(np.ascontiguousarray(x.transpose(0, 3, 1, 2)), device="cpu")


def pixels(*shape):
    return np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype("float64")


@pytest.fixture(autouse=True)
def float64():
    """Float32 networks of 26 convolutions differ by rounding, and where two maxima almost tie, visibly. In
    float64 nothing but the networks themselves is left to differ."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(before)


def twins(name):
    """A Keras network that ends before its cast to float32, and its PyTorch twin."""
    keras.utils.set_random_seed(0)
    ours = model.build_network(name, ANY, 11)
    peers.randomize(ours)
    theirs = getattr(peers, f"segnet_{name}")(11).double()
    peers.copy_weights(ours, theirs)
    return keras.Model(ours.input, ours.layers[-2].output), theirs


# 45 -> 23 -> 12 -> 6 -> 3 (-> 2) and 61 -> 31 -> 16 -> 8 -> 4 (-> 2): partial windows at most stages.
@pytest.mark.parametrize("size", [(64, 80), (45, 61)])
@pytest.mark.parametrize("name", ["basic", "vgg16"])
def test_same_weights_give_the_same_logits(name, size):
    ours, theirs = twins(name)
    images = pixels(2, *size)
    theirs.eval()
    with torch.no_grad():
        expected = theirs(to_torch(images)).numpy().transpose(0, 2, 3, 1)
    logits = arrays(ours(images))
    assert logits.shape == expected.shape == (2, *size, 11)
    assert logits.dtype == expected.dtype == "float64"
    assert expected.std() > 1
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-10 * expected.std())


def test_same_gradient_of_the_first_convolution():
    """Through a whole training step's forward pass: batch statistics, four poolings, four unpoolings."""
    ours, theirs = twins("basic")
    images = pixels(2, 33, 46)
    labels = np.random.default_rng(1).integers(0, 12, (2, 33, 46))  # 11 is void

    theirs.train()
    loss = torch.nn.functional.cross_entropy(
        theirs(to_torch(images)), torch.tensor(labels, device="cpu"), ignore_index=11
    )
    loss.backward()
    expected = theirs.encoder[0][0].weight.grad.numpy().transpose(2, 3, 1, 0)

    def our_loss(logits):
        # In float32, as all losses of the package.
        return losses.categorical_cross_entropy(labels, logits, from_logits=True, void_id=11)

    assert float(our_loss(ours(images, training=True))) == pytest.approx(loss.item(), rel=1e-6)
    slope = weight_gradient(ours, our_loss, ours.get_layer("encoder1_conv").kernel, images)
    assert slope.shape == expected.shape == (7, 7, 3, 64)
    error = np.linalg.norm(slope - expected) / np.linalg.norm(expected)
    assert error < 1e-6
