"""The check of exported files accepts what is right and refuses what is wrong."""

from __future__ import annotations

from functools import cache

import keras
import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import model as networks
from segnet_nb.inference import export_check, export_graph

if keras.backend.backend() != "tensorflow":
    pytest.skip("files are made from TensorFlow's graph", allow_module_level=True)

from segnet_nb.networks import portable_pooling

SIZE = (36, 52)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return networks.segnet_realtime((None, None, 3), 5, filters=(4, 8, 8), dilations=(2,))


@cache
def runners(model, output="labels"):
    """What the file and its check file give, by the graphs that they are made of."""

    def running(graph):
        def run(images):
            found = graph(images)
            return [np.asarray(each) for each in (found if isinstance(found, list) else [found])]

        return run

    return [
        running(make(model, SIZE, output)) for make in (export_graph.graph_of, export_graph.check_graph_of)
    ]


def changed(run, number, change):
    """The same with one output changed."""

    def other(images):
        found = run(images)
        found[number] = change(found[number].copy())
        return found

    return other


def check(model, output="labels", **files):
    file, of_check = runners(model, output)
    return export_check.compare(model, output, SIZE, files.get("file", file), files.get("of_check", of_check))


@pytest.mark.parametrize("output", ["labels", "logits", "probabilities"])
def test_what_is_right(output, model):
    agreement = check(model, output)
    assert agreement.max_difference < 1e-5 and agreement.labels_differ == 0


@cache
def other_weight(model):
    """A copy with one weight of the first convolution changed."""
    other = keras.models.clone_model(model)
    weights = model.get_weights()
    weights[0].flat[0] += 0.5
    other.set_weights(weights)
    return other


@pytest.mark.parametrize("output", ["labels", "logits", "probabilities"])
def test_a_wrong_weight(output, model):
    file, of_check = runners(other_weight(model), output)
    with pytest.raises(ValueError, match=r"differs from the Keras network: .*Nothing was written"):
        check(model, output, file=file, of_check=of_check)


@pytest.mark.parametrize("output", ["labels", "logits"])
def test_a_wrong_weight_in_the_file_alone(output, model):
    file, _ = runners(other_weight(model), output)
    with pytest.raises(ValueError, match=f"the {output} of .* are not those of its check"):
        check(model, output, file=file)


def test_a_wrong_weight_after_the_last_pooling(model):
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    kernel, bias = other.get_layer("classifier").get_weights()
    other.get_layer("classifier").set_weights([kernel, bias + 0.05 * (np.arange(bias.size) == 7)])
    file, of_check = runners(other)
    with pytest.raises(ValueError, match=r"values differ by \d\.\de-0[123], more than 0.001"):
        check(model, file=file, of_check=of_check)


def swapped(indices):
    return np.array([0, 2, 1, 3], indices.dtype)[indices]


@pytest.mark.parametrize("number", [2, 3])
def test_a_swapped_corner(number, model):
    of_check = changed(runners(model)[1], number, swapped)
    with pytest.raises(ValueError, match=f"the indices of its pooling {number - 1} miss the largest values"):
        check(model, of_check=of_check)


def test_a_swapped_corner_of_the_operation_itself(model, monkeypatch):
    pool = portable_pooling.max_pool_with_indices

    def wrong(x):
        values, offsets = pool(x)
        return values, keras.ops.where((offsets == 1) | (offsets == 2), 3 - offsets, offsets)

    monkeypatch.setattr(portable_pooling, "max_pool_with_indices", wrong)
    file, of_check = runners.__wrapped__(model)  # traced again
    with pytest.raises(ValueError, match="pooling 1 miss the largest values"):
        check(model, file=file, of_check=of_check)


def test_the_last_of_equal_values(model):
    # Values of 0 after ReLU fill whole windows; there 3 gives the same values, but not at the same place.
    def last(indices):
        return np.where(indices == 0, 3, indices)

    dead = keras.models.clone_model(model)
    dead.set_weights(model.get_weights())
    norm = dead.get_layer("encoder2_block1_c_norm")
    gamma, beta, mean, variance = norm.get_weights()
    norm.set_weights([gamma, beta - 1e3, mean, variance])
    check(dead)
    with pytest.raises(ValueError, match=r"pooling 2 are not the first of equal values in 100.0%"):
        check(dead, of_check=changed(runners(dead)[1], 3, last))


@pytest.mark.parametrize("which", ["file", "of_check"])
def test_a_swapped_class(which, model):
    def swap(labels):
        first, second = np.unique(labels)[:2]
        return np.where(labels == first, second, np.where(labels == second, first, labels))

    file, of_check = runners(model)
    planted = {"file": changed(file, 0, swap), "of_check": changed(of_check, 0, swap)}
    with pytest.raises(ValueError, match=r"the labels of .* are not those of its"):
        check(model, **{which: planted[which]})
    with pytest.raises(ValueError, match="are not those of its scores"):
        check(model, **planted)


def test_a_swapped_class_of_scores(model):
    file, of_check = runners(model, "logits")
    swap = lambda scores: scores[..., [1, 0, 2, 3, 4]]  # noqa: E731
    with pytest.raises(ValueError, match="its values differ by"):
        check(model, "logits", file=changed(file, 0, swap), of_check=changed(of_check, 0, swap))


@pytest.mark.parametrize(("which", "number"), [("file", 0), ("of_check", 0)])
def test_not_a_number(which, number, model):
    def plant(scores):
        scores[0, 3, 4, 1] = np.nan
        return scores

    file, of_check = runners(model, "logits")
    run = {"file": file, "of_check": of_check}[which]
    with pytest.raises(ValueError, match="some of its values are nan or infinite"):
        check(model, "logits", **{which: changed(run, number, plant)})


def test_shapes(model):
    file, of_check = runners(model)
    cut = lambda values: values[:, 1:]  # noqa: E731
    with pytest.raises(ValueError, match=r"its output has the shape \(2, 35, 52\), not \(2, 36, 52\)"):
        check(model, file=changed(file, 0, cut))
    with pytest.raises(ValueError, match=r"pooling 1 have the shape .*not \(2, 9, 13, 4\)"):
        check(model, of_check=changed(of_check, 2, cut))
    with pytest.raises(ValueError, match=r"pooling 1 are not in 0..3"):
        check(model, of_check=changed(of_check, 2, lambda indices: indices + 1))
    with pytest.raises(ValueError, match="it pools less often"):
        check(model, of_check=lambda images: of_check(images)[:-1])
    with pytest.raises(ValueError, match="it pools more often"):
        check(model, of_check=lambda images: [*of_check(images), np.zeros(3)])


def test_labels_that_differ_from_those_of_keras(model, monkeypatch):
    # Whatever the reason is: too many are refused.
    monkeypatch.setattr(export_check, "_labels_of", lambda _, images: np.zeros(images.shape[:3], int))
    with pytest.raises(ValueError, match=r"[\d.]+% of the labels differ, more than"):
        check(model)


def test_ties_may_swap():
    # The two values above in each window tie. A file whose rounding makes the right one larger is as right as
    # Keras, which takes the left one; everything around is then elsewhere.
    image = keras.Input((None, None, 1))
    values, indices = sn.layers.MaxPoolingWithIndices2D()(image)
    x = sn.layers.MaxUnpooling2D()([values, indices, image])
    model = keras.Model(image, keras.layers.Conv2D(2, 3, padding="same")(x))
    tied = np.tile(np.array([[9, 9], [5, 5]], "float32"), (4, 6))[None, :, :, None]
    nearly = tied + np.float32(1e-5) * (np.arange(12) % 2)[None, None, :, None]
    graph = export_graph.check_graph_of(model, (8, 12), "logits")
    scores, of_file = (np.asarray(each) for each in graph(nearly.astype("float32")))
    assert (of_file == 1).all()
    assert np.abs(np.asarray(model(tied)) - scores).max() > 0.1
    np.testing.assert_allclose(export_check.at_indices(model, "logits", tied, [of_file]), scores, atol=1e-4)


def test_a_small_network_without_training(tmp_path):
    # The smallest sibling of the slow tests of every network at the size of CamVid.
    keras.utils.set_random_seed(3)
    model = networks.segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
    found = sn.export(model, tmp_path / "network.tflite", image_size=(96, 128), output="labels")
    assert found.max_difference < 1e-5 and found.labels_differ < 0.01


def test_the_check_of_real_files(tmp_path, monkeypatch, model):
    other = other_weight(model)
    from segnet_nb.networks import folding

    monkeypatch.setattr(folding, "folded", lambda _: other)
    with pytest.raises(ValueError, match="differs from the Keras network"):
        sn.export(model, tmp_path / "network.tflite", image_size=SIZE, output="labels")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fault", ["none", "mixed up", "one left out"])
def test_large_images_are_checked_in_a_batch_too(model, fault, monkeypatch):
    monkeypatch.setattr(export_check, "_PIXELS_TOGETHER", 0)
    file, _ = runners(model)

    def run(images):
        found = file(images)
        if len(images) == 1 or fault == "none":
            return found
        return [found[0][::-1] if fault == "mixed up" else found[0][:1]]

    if fault == "none":
        assert check(model, file=run).labels_differ <= 0.05
        return
    with pytest.raises(ValueError, match="the output of a batch"):
        check(model, file=run)


def test_large_images_are_checked_one_at_a_time():
    small = [each.shape for each in export_check._images((64, 64), 3)]
    assert small == [(2, 64, 64, 3), (1, 64, 64, 3)]
    noise, scene = export_check._images((64, 65), 3)
    assert noise.shape == scene.shape == (1, 64, 65, 3)
    # The noise comes first, as in the pair of small images; the scene has areas of one colour.
    (pair, _) = export_check._images((64, 64), 3)
    for image, smooth in ((pair[0], True), (pair[1], False), (scene[0], True), (noise[0], False)):
        assert (np.abs(np.diff(image, axis=1)).mean() < 30) == smooth
