"""The ablation bench against a decoder rebuilt by hand, and its arithmetic."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

import segnet_nb as sn
from segnet_nb.datasets import CAMVID, ClassList
from segnet_nb.metrics import boundary_f1, confusion_matrix, scores
from segnet_nb.networks.layers import MaxPoolingWithIndices2D, MaxUnpooling2D
from segnet_nb.networks.model import build_network
from segnet_nb.probes import _interventions as change
from segnet_nb.probes._cache import LRUCache
from segnet_nb.probes.ablation import INTERVENTIONS, AblationBench
from tests import oracles

SIZE = (45, 61)


def randomized(model, seed=0):
    """Weights and statistics that are neither 0 nor 1, so that each of them matters."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        new = [rng.normal(0, 0.4, value.shape) for value in layer.get_weights()]
        if isinstance(layer, keras.layers.BatchNormalization):
            new[0], new[3] = new[0] + 1, np.abs(new[3]) + 0.5
        layer.set_weights(new)
    return model


@pytest.fixture(scope="module")
def data():
    return sn.datasets.load("synthetic", "val", image_size=SIZE, count=3)


@pytest.fixture(scope="module")
def model():
    return randomized(sn.segnet_basic((None, None, 3), 11, filters=4, kernel_size=3))


@pytest.fixture(scope="module")
def bench(model, data):
    return AblationBench(model, data.images, data.labels, data.classes, names=data.names)


# --- a decoder by hand -------------------------------------------------------------------------------


def convolved(x, kernel, bias=None):
    """Zero-padded convolution as nine (or one) shifted matrix products."""
    reach = kernel.shape[0] // 2
    padded = np.pad(x, ((reach, reach), (reach, reach), (0, 0)))
    out = np.zeros((*x.shape[:2], kernel.shape[3]))
    for dy in range(kernel.shape[0]):
        for dx in range(kernel.shape[1]):
            out += padded[dy : dy + x.shape[0], dx : dx + x.shape[1]] @ kernel[dy, dx]
    return out if bias is None else out + bias


def upsampled(values, size, mode):
    """Nearest or bilinear upsampling by two with Keras, then cropped."""
    double = (2 * values.shape[0], 2 * values.shape[1])
    big = keras.ops.image.resize(values[None].astype("float32"), double, interpolation=mode)
    return np.asarray(big)[0, : size[0], : size[1]]


def decoded_by_hand(model, image, modes, *, other=None, share=0.5, seed=0):
    """Labels of ``segnet_basic``: encoder by Keras, everything after it in NumPy."""
    pools = [model.get_layer(f"pool{stage}") for stage in range(1, 5)]
    encoder = keras.Model(model.input, [tensor for pool in pools for tensor in pool.output])
    outputs = [np.asarray(x) for x in encoder.predict_on_batch(image[None].astype("float32"))]
    indices = dict(enumerate((x[0] for x in outputs[1::2]), start=1))
    if other is not None:
        lent = [np.asarray(x) for x in encoder.predict_on_batch(other[None].astype("float32"))]
        lent = dict(enumerate((x[0] for x in lent[1::2]), start=1))
    sizes = {1: image.shape[:2], **{stage + 1: indices[stage].shape[:2] for stage in range(1, 4)}}
    x = outputs[-2][0].astype("float64")
    for stage in (4, 3, 2, 1):
        mode, size = modes.get(stage, "true"), sizes[stage]
        if mode in ("nearest", "bilinear"):
            x = upsampled(x, size, mode)
        else:
            chance = np.random.default_rng([seed, stage])
            places = indices[stage]
            if mode == "zeros":
                places = np.zeros_like(places)
            elif mode == "other":
                places = lent[stage]
            elif mode == "shuffled":
                places = change.shuffle(places, size, chance)
            elif mode == "random":
                places = change.randomize(places, size, share, chance)
            x = oracles.unpool(x[None], places[None], *size)[0]
        (kernel,) = model.get_layer(f"decoder{stage}_conv").get_weights()
        gamma, beta, mean, variance = model.get_layer(f"decoder{stage}_norm").get_weights()
        x = (convolved(x, kernel) - mean) / np.sqrt(variance + 1e-5) * gamma + beta
    return convolved(x, *model.get_layer("classifier").get_weights()).argmax(-1)


CASES = [
    {},
    *({1: mode, 3: mode} for mode in INTERVENTIONS),
    {1: "bilinear", 2: "shuffled", 3: "zeros", 4: "nearest"},
    {4: "random", 2: "other"},
]


@pytest.mark.parametrize("modes", CASES, ids=str)
def test_any_combination_equals_a_decoder_built_by_hand(bench, model, data, modes):
    result = bench.run(0, modes, seed=7, share=0.6, other=2)
    by_hand = decoded_by_hand(model, data.images[0], modes, seed=7, share=0.6, other=data.images[2])
    # Sums in another order may tip a pixel between two classes that are equally likely.
    assert np.count_nonzero(result.prediction != by_hand) <= 1
    assert result.prediction.dtype == np.uint8
    assert result.interventions == {stage: modes.get(stage, "true") for stage in (1, 2, 3, 4)}


def test_the_cases_above_tell_interventions_apart(bench):
    found = [bench.run(0, modes, seed=7, other=2).prediction for modes in CASES]
    same = [(i, j) for i in range(len(found)) for j in range(i) if np.array_equal(found[i], found[j])]
    assert same == [(1, 0)]  # "true" written out is the same as nothing


@pytest.mark.parametrize(
    ("name", "output"),
    [
        *((name, "logits") for name in ("overview", "basic", "vgg16", "small", "modern", "realtime")),
        ("small", "softmax"),
        ("realtime", "softmax"),
    ],
)
def test_true_indices_give_what_predict_gives(name, output):
    # 33 x 50 is odd at several stages; vgg16 has five of them.
    data = sn.datasets.load("synthetic", "val", image_size=(33, 50), count=1)
    model = build_network(name, (None, None, 3), 11, output=output)
    bench = AblationBench(model, data.images, data.labels, data.classes)
    result = bench.run(0, {})
    np.testing.assert_array_equal(result.prediction, sn.predict(model, data.images)[0])
    np.testing.assert_array_equal(result.prediction, result.reference)
    assert len(bench.stages) == {"vgg16": 5, "realtime": 2}.get(name, 4)
    # The cuts leave the network as it was.
    assert np.isfinite(model.predict_on_batch(data.images.astype("float32"))).all()


def test_a_network_of_one_size_and_of_two_stages():
    data = sn.datasets.load("synthetic", "val", image_size=(32, 48), count=1)
    model = sn.segnet_modern((32, 48, 3), 11, filters=(4, 8), depths=(0, 1), dilations=(1,))
    bench = AblationBench(model, data.images, data.labels, data.classes)
    assert bench.stages == (1, 2)
    assert bench.names == ("image 0",)
    np.testing.assert_array_equal(bench.run(0, {2: "true"}).prediction, sn.predict(model, data.images)[0])


def test_unpooling_without_a_size_map_and_without_convolutions_between():
    image = keras.Input((16, 24, 3))
    first, indices1 = MaxPoolingWithIndices2D()(image)
    second, indices2 = MaxPoolingWithIndices2D()(first)
    x = MaxUnpooling2D()([MaxUnpooling2D()([second, indices2]), indices1])
    data = sn.datasets.load("synthetic", "val", image_size=(16, 24), count=1)
    classes = ClassList(("r", "g", "b"), ((0, 0, 0),) * 4)
    bench = AblationBench(keras.Model(image, x), data.images, np.zeros((1, 16, 24), int), classes)
    expected = oracles.pool(data.images.astype("float64"))
    inner = oracles.pool(expected[0])
    expected = oracles.unpool(oracles.unpool(inner[0], inner[1], 8, 12), expected[1], 16, 24)
    np.testing.assert_array_equal(bench.run(0, {}).prediction, expected[0].argmax(-1))


# --- scores and bytes --------------------------------------------------------------------------------


def test_scores_are_those_of_the_one_image(bench, data):
    result = bench.run(1, {1: "zeros", 4: "shuffled"})
    for ids, mean_iou, outline in (
        (result.prediction, result.mean_iou, result.boundary_f1),
        (result.reference, result.reference_mean_iou, result.reference_boundary_f1),
    ):
        assert mean_iou == scores(confusion_matrix(data.labels[1], ids), "ignore").mean_iou
        assert outline == boundary_f1(data.labels[1], ids).score
    differ = sum(
        int(result.prediction[y, x] != result.reference[y, x]) for y in range(SIZE[0]) for x in range(SIZE[1])
    )
    assert result.changed == pytest.approx(differ / (45 * 61))
    assert 0 < result.changed < 1
    assert "mean IoU" in str(result)
    assert f"{100 * result.changed:.1f} % of the pixels changed" in str(result)


def test_bytes_by_hand(bench):
    # 45 x 61 pools to 23 x 31, 12 x 16, 6 x 8, 3 x 4; four channels; four indices to a byte.
    # 23 * 31 = 713, 12 * 16 = 192, 6 * 8 = 48, 3 * 4 = 12 bytes: 965.
    # Float32 maps before pooling: 16 bytes * (45 * 61 + 713 + 192 + 48) = 16 * 3698 = 59168.
    result = bench.run(0, {})
    assert (result.bytes_indices, result.bytes_indices_true, result.bytes_features) == (965, 965, 59168)
    assert result.stage_bytes == (713, 192, 48, 12)
    assert result.stage_sizes == ((45, 61), (23, 31), (12, 16), (6, 8))
    for mode, kept in (("shuffled", 713), ("random", 713), ("other", 713), ("zeros", 0), ("nearest", 0)):
        assert bench.run(0, {1: mode, 2: "bilinear"}).bytes_indices == kept + 48 + 12


# --- properties --------------------------------------------------------------------------------------


def test_no_share_is_true_and_more_changes_more(bench):
    every = dict.fromkeys(bench.stages, "random")
    assert bench.run(0, every, share=0).changed == 0
    some, all_ = (bench.run(0, every, share=share).changed for share in (0.1, 1.0))
    assert 0 < some < all_


def test_chance_is_a_function_of_the_seed(model, data, bench):
    again = AblationBench(model, data.images, data.labels, data.classes)
    for mode in ("shuffled", "random"):
        modes = dict.fromkeys(bench.stages, mode)
        first = bench.run(0, modes, seed=3).prediction
        np.testing.assert_array_equal(again.run(0, modes, seed=3).prediction, first)
        assert (bench.run(0, modes, seed=4).prediction != first).any()


def test_indices_of_the_image_itself_are_the_true_ones(bench):
    every = dict.fromkeys(bench.stages, "other")
    assert bench.run(1, every, other=1).changed == 0
    assert bench.run(1, every, other=0).changed > 0
    # None: the next image, and the first after the last.
    assert bench.run(2, every).other == 0
    np.testing.assert_array_equal(bench.run(2, every).prediction, bench.run(2, every, other=0).prediction)
    assert bench.run(2, {}).other is None


def test_memory_changes_no_result(model, data):
    """Runs in any order, with a memory that forgets at once, give what a fresh bench gives."""
    forgetful = AblationBench(model, data.images, data.labels, data.classes)
    forgetful._encodings, forgetful._maps, forgetful._outcomes = (LRUCache(0, 1) for _ in range(3))
    long = AblationBench(model, data.images, data.labels, data.classes)
    for modes in ({4: "zeros"}, {1: "zeros"}, {4: "zeros", 1: "nearest"}, {2: "other"}, {}):
        for image in (0, 1):
            one, two = forgetful.run(image, modes), long.run(image, modes)
            np.testing.assert_array_equal(one.prediction, two.prediction)
            np.testing.assert_array_equal(one.reference, two.reference)


def test_only_what_lies_outside_the_change_is_computed_again(model, data, monkeypatch):
    bench = AblationBench(model, data.images, data.labels, data.classes)
    bench.run(0, {})
    ran = []
    segments = bench._network.segments
    decode = segments.decode
    monkeypatch.setattr(segments, "decode", lambda stage, *parts: ran.append(stage) or decode(stage, *parts))
    monkeypatch.setattr(segments, "encode", lambda image: pytest.fail("the encoding was cached"))
    for modes, expected in (({2: "zeros"}, [2, 1]), ({2: "zeros", 1: "nearest"}, [1]), ({}, [])):
        ran.clear()
        bench.run(0, modes)
        assert ran == expected


def test_sweep_is_the_mean_of_runs(bench):
    shares = (0.0, 0.5, 1.0)
    swept = bench.sweep((1, 2), shares, images=(0, 2), seed=5)
    runs = [
        [bench.run(i, {1: "random", 2: "random"}, share=s, seed=5).mean_iou for i in (0, 2)] for s in shares
    ]
    np.testing.assert_allclose(swept, [sum(pair) / 2 for pair in runs])
    np.testing.assert_array_equal(bench.sweep([1], [0.0]), bench.sweep([3], [0.0]))
    assert bench.sweep([1], []).shape == (0,)


MAPS = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 3))


@given(size=MAPS, seed=st.integers(0, 99), share=st.floats(0, 1), drawn=st.data())
@settings(max_examples=60, deadline=None)
def test_replaced_indices_stay_in_the_map_and_lose_no_value(size, seed, share, drawn):
    pooled = (-(-size[0] // 2), -(-size[1] // 2), size[2])
    strange = drawn.draw(arrays(np.uint8, pooled, elements=st.integers(0, 3)))
    true = change.clamp_to_map(strange, size[:2])
    shuffled = change.shuffle(true, size[:2], np.random.default_rng(seed))
    random = change.randomize(true, size[:2], share, np.random.default_rng(seed))
    values = np.arange(1.0, 1 + true.size).reshape(pooled)
    for indices in (true, shuffled, random, np.zeros_like(true)):
        full = change.unpool(values, indices, size[:2])
        np.testing.assert_array_equal(full, oracles.unpool(values[None], indices[None], *size[:2])[0])
        assert sorted(full[full > 0]) == sorted(values.ravel())
    for channel in range(size[2]):
        histograms = [np.bincount(x[..., channel].ravel(), minlength=4) for x in (true, shuffled)]
        np.testing.assert_array_equal(*histograms)


@given(seed=st.integers(0, 99), shares=st.tuples(st.floats(0, 1), st.floats(0, 1)))
@settings(max_examples=20, deadline=None)
def test_a_larger_share_changes_all_that_a_smaller_one_does(seed, shares):
    true = change.clamp_to_map(np.full((8, 9, 2), 2, np.uint8), (15, 18))
    less, more = (
        change.randomize(true, (15, 18), share, np.random.default_rng(seed)) for share in sorted(shares)
    )
    changed = less != true
    np.testing.assert_array_equal(less[changed], more[changed])


def test_random_indices_are_uniform():
    random = change.randomize(np.zeros((200, 200, 1), np.uint8), (400, 400), 1.0, np.random.default_rng(0))
    # 40000 draws, 10000 each; the standard deviation is sqrt(40000 * 1/4 * 3/4) = 87.
    assert np.abs(np.bincount(random.ravel()) - 10000).max() < 5 * 87
    half = change.randomize(np.zeros((200, 200, 1), np.uint8), (400, 400), 0.5, np.random.default_rng(0))
    # Half replaced, and a quarter of those by 0 again: 3/8 of 40000 differ, deviation 97.
    assert abs(np.count_nonzero(half) - 15000) < 5 * 97


@pytest.mark.parametrize("size", [(6, 8), (5, 7), (1, 2)])
@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_upsampling_equals_that_of_keras(size, mode):
    values = np.random.default_rng(0).normal(size=(-(-size[0] // 2), -(-size[1] // 2), 3)).astype("float32")
    ours = getattr(change, f"upsample_{mode}")(values, size)
    np.testing.assert_allclose(ours, upsampled(values, size, mode), atol=1e-6)
    assert ours.dtype == np.float32


def test_the_cache_evicts_the_least_recently_used():
    cache = LRUCache(max_bytes=100, max_items=2)
    cache.put("a", 1, 10)
    cache.put("b", 2, 10)
    assert cache.get("a") == 1  # used: b is now the oldest
    cache.put("c", 3, 10)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == (1, None, 3)
    cache.put("d", 4, 500)  # too large for all others, and cache nevertheless
    assert (cache.get("a"), cache.get("c"), cache.get("d")) == (None, None, 4)


# --- errors ------------------------------------------------------------------------------------------


def test_networks_that_cannot_be_split(data):
    image = keras.Input((None, None, 3))
    plain = keras.Model(image, keras.layers.Conv2D(11, 1)(image))
    x, indices = MaxPoolingWithIndices2D()(image)
    y = MaxUnpooling2D()([x, indices, image])
    joined = keras.Model(image, keras.layers.Conv2D(11, 1)(keras.layers.Concatenate()([y, image])), name="u")
    for model, message in (
        (plain, "no MaxUnpooling2D"),
        (joined, "'u' receives more than indices from the encoder"),
    ):
        with pytest.raises(ValueError, match=message):
            AblationBench(model, data.images, data.labels, data.classes)
    for wrong in ("a path", keras.Sequential([keras.layers.Conv2D(11, 1)])):
        with pytest.raises(TypeError, match=r"functional keras\.Model"):
            AblationBench(wrong, data.images, data.labels, data.classes)


def test_two_unpoolings_that_meet(data):
    image = keras.Input((None, None, 3))
    x, indices = MaxPoolingWithIndices2D()(image)
    both = [MaxUnpooling2D()([x, indices, image]) for _ in range(2)]
    model = keras.Model(image, keras.layers.Conv2D(11, 1)(keras.layers.Add()(both)))
    with pytest.raises(ValueError, match="more than indices from the encoder"):
        AblationBench(model, data.images, data.labels, data.classes)


def test_mismatched_arrays(model, data):
    images, labels = data.images, data.labels
    for bad in (
        (images[0], labels[0]),
        (images / 255, labels),
        (images[:0], labels[:0]),
        (images, labels[:2]),
        (images, labels[:, 1:]),
    ):
        with pytest.raises(ValueError, match="images must be uint8"):
            AblationBench(model, *bad, CAMVID)
    with pytest.raises(ValueError, match="one entry per image, 3, or be None, but got 2"):
        AblationBench(model, images, labels, CAMVID, names=("a", "b"))
    few = ClassList(("a", "b"), ((0, 0, 0),) * 3)
    with pytest.raises(ValueError, match=r"has 11 output classes, but the data has 2"):
        AblationBench(model, images, labels, few)
    fixed = sn.segnet_basic((32, 32, 3), 11, filters=2, kernel_size=3)
    with pytest.raises(ValueError, match=r"must have the shape \(32, 32, 3\)"):
        AblationBench(fixed, images, labels, CAMVID)


def test_invalid_requests(bench, model, data):
    for bad in (-1, 3, 0.0, "0"):
        with pytest.raises(IndexError, match=r"image must be in 0\.\.2"):
            bench.run(bad, {})
    with pytest.raises(IndexError, match=r"image must be in 0\.\.2"):
        bench.run(0, {1: "other"}, other=3)
    for stage in (0, 5, "1"):
        with pytest.raises(IndexError, match="must be one of 1, 2, 3, 4"):
            bench.run(0, {stage: "zeros"})
    with pytest.raises(ValueError, match=r"'zero'.*true, zeros, shuffled"):
        bench.run(0, {1: "zero"})
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="share must be a probability"):
            bench.run(0, {1: "random"}, share=share)
    for seed in (-1, 0.5, None):
        with pytest.raises(ValueError, match="seed must be an integer"):
            bench.run(0, {}, seed=seed)
    with pytest.raises(ValueError, match="images is empty"):
        bench.sweep([1], [0.5], images=[])
    lonely = AblationBench(model, data.images[:1], data.labels[:1], data.classes)
    with pytest.raises(ValueError, match="has only one"):
        lonely.run(0, {1: "other"})
    assert lonely.run(0, {1: "other"}, other=0).changed == 0
