"""Pooling, indices, unpooling and every gradient EQUAL PyTorch's, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, strategies as st
from keras import ops

from segnet_nb.networks.layers import flat_indices, max_pool_with_indices, max_unpool
from segnet_nb.networks.normalization import LocalResponseNormalization
from tests.cases import arrays, feature_map, feature_maps, few, weighted_sum
from tests.gradients import gradient

torch = pytest.importorskip("torch", reason="PyTorch is an optional independent reference")


def to_torch(x, **options):
    return torch.tensor(np.ascontiguousarray(x.transpose(0, 3, 1, 2)), device="cpu", **options)


def from_torch(tensor):
    return tensor.detach().numpy().transpose(0, 2, 3, 1)


def torch_pool(x):
    return torch.nn.functional.max_pool2d(x, 2, 2, ceil_mode=True, return_indices=True)


def torch_unpool(values, positions, size):
    return torch.nn.functional.max_unpool2d(values, positions, 2, 2, output_size=list(size))


# Sides of 5 and 3 leave windows of two and of one pixel.
odd_ties = feature_map((2, 5, 3, 2), "ties", seed=7)
all_zero = np.zeros((1, 4, 5, 2), "float32")


@few
@given(feature_maps())
@example(odd_ties)
@example(all_zero)
def test_pooling(x):
    values, indices = max_pool_with_indices(ops.convert_to_tensor(x))
    expected, positions = torch_pool(to_torch(x))
    np.testing.assert_array_equal(arrays(values), from_torch(expected))
    np.testing.assert_array_equal(arrays(flat_indices(indices, *x.shape[1:3])), from_torch(positions))


@few
@given(feature_maps(), st.integers(0, 10**6))
@example(odd_ties, 0)
@example(all_zero, 0)
def test_pooling_gradient(x, seed):
    theirs = to_torch(x, requires_grad=True)
    values, _ = torch_pool(theirs)
    upstream = feature_map((x.shape[0], *values.shape[2:], x.shape[3]), seed=seed)
    (values * to_torch(upstream)).sum().backward()
    ours = gradient(lambda t: weighted_sum(max_pool_with_indices(t)[0], upstream), x)
    np.testing.assert_array_equal(ours, from_torch(theirs.grad))


@few
@given(feature_maps(), st.integers(0, 10**6))
@example(odd_ties, 0)
@example(all_zero, 0)
def test_unpooling_and_its_gradient(x, seed):
    """Other values than the pooled ones, at the indices of ``x``, as in a decoder."""
    size = x.shape[1:3]
    _, indices = max_pool_with_indices(ops.convert_to_tensor(x))
    _, positions = torch_pool(to_torch(x))
    values = feature_map(tuple(indices.shape), seed=seed)
    upstream = feature_map(x.shape, seed=seed + 1)

    theirs = to_torch(values, requires_grad=True)
    restored = torch_unpool(theirs, positions, size)
    (restored * to_torch(upstream)).sum().backward()

    ours = max_unpool(ops.convert_to_tensor(values), indices, size)
    np.testing.assert_array_equal(arrays(ours), from_torch(restored))
    slope = gradient(lambda t: weighted_sum(max_unpool(t, indices, size), upstream), values)
    np.testing.assert_array_equal(slope, from_torch(theirs.grad))


@few
@given(feature_maps(), st.integers(0, 10**6))
def test_gradient_through_two_stages(x, seed):
    """Pool twice, unpool twice: the middle of a SegNet without its convolutions."""
    theirs = to_torch(x, requires_grad=True)
    once, first = torch_pool(theirs)
    twice, second = torch_pool(once)
    back = torch_unpool(twice * 2 + 1, second, once.shape[2:])
    restored = torch_unpool(back, first, x.shape[1:3])
    upstream = feature_map(x.shape, seed=seed)
    (restored * to_torch(upstream)).sum().backward()

    def ours(t):
        once, first = max_pool_with_indices(t)
        twice, second = max_pool_with_indices(once)
        back = max_unpool(twice * 2 + 1, second, tuple(once.shape[1:3]))
        return max_unpool(back, first, x.shape[1:3])

    np.testing.assert_array_equal(arrays(ours(ops.convert_to_tensor(x))), from_torch(restored))
    slope = gradient(lambda t: weighted_sum(ours(t), upstream), x)
    np.testing.assert_array_equal(slope, from_torch(theirs.grad))


@pytest.mark.parametrize("channels", [1, 3, 5, 8])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_local_response_normalization(channels, size):
    x = 255 * np.random.default_rng(channels).random((2, 4, 3, channels)).astype("float32")
    upstream = feature_map(x.shape, seed=size)
    options = {"size": size, "alpha": 0.01, "beta": 0.6}
    # PyTorch divides alpha by the size too; its constant is called k.
    theirs = to_torch(x, requires_grad=True)
    expected = torch.nn.LocalResponseNorm(**options, k=1.0)(theirs)
    (expected * to_torch(upstream)).sum().backward()
    layer = LocalResponseNormalization(**options)
    np.testing.assert_allclose(arrays(layer(x)), from_torch(expected), rtol=1e-5)
    slope = gradient(lambda t: weighted_sum(layer(t), upstream), x)
    np.testing.assert_allclose(slope, from_torch(theirs.grad), rtol=1e-4, atol=1e-6)
