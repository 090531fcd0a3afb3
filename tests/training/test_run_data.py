"""Runs know their classes and images: what changed is said before anything is overwritten."""

from __future__ import annotations

import doctest
from dataclasses import replace

import numpy as np
import pytest

from segnet_nb import inference
from segnet_nb.datasets.classes import ClassList
from segnet_nb.networks.model import build_network
from segnet_nb.training import class_channels, initialization, load_run, run_data, train
from tests.training_helpers import tiny_config, tiny_pair

THREE = ClassList(("road", "car", "sky"), ((1, 1, 1), (2, 2, 2), (3, 3, 3), (0, 0, 0)))


pytestmark = pytest.mark.usefixtures("tiny_networks")


def pair(classes=THREE):
    return tuple(
        replace(data, labels=data.labels % classes.num_classes, classes=classes) for data in tiny_pair()
    )


@pytest.fixture
def run(tmp_path):
    return train(tiny_config(epochs=1), directory=tmp_path / "run", progress=False, data=pair())


def refusal(run, data):
    before = {path: path.read_bytes() for path in run.directory.iterdir()}
    with pytest.raises(ValueError, match=r"the data of the run in .* changed: ") as error:
        train(tiny_config(epochs=2), directory=run.directory, resume=True, progress=False, data=data)
    assert {path: path.read_bytes() for path in run.directory.iterdir()} == before
    assert f"initial_weights='{run.directory / 'best.keras'}'" in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("names", "colors", "said"),
    [
        (
            ("road", "car"),
            THREE.colors[1:],
            "there were 3 classes ('road', 'car', 'sky'), now 2 ('road', 'car')",
        ),
        (
            ("car", "road", "sky"),
            THREE.colors,
            "the order of the classes was 'road', 'car', 'sky', now 'car',",
        ),
        (
            ("road", "bus", "sky"),
            THREE.colors,
            "the names of the classes were 'road', 'car', 'sky', now 'road', '",
        ),
        (
            THREE.names,
            ((1, 1, 1), (9, 9, 9), *THREE.colors[2:]),
            "colours: 'car' was (2, 2, 2), now (9, 9, 9).",
        ),
    ],
    ids=["number", "order", "names", "colours"],
)
def test_classes_that_changed(run, names, colors, said):
    assert said in refusal(run, pair(ClassList(names, colors)))


def shortened(data, kept):
    return replace(
        data, images=data.images[kept], labels=data.labels[kept], names=tuple(np.array(data.names)[kept])
    )


def test_images_that_changed(run):
    training, validation = pair()
    assert "training images removed: 1 (1-6)." in refusal(run, (shortened(training, slice(6)), validation))
    assert "validation images removed: 2 (2-1, 2-2)" in refusal(
        run, (training, shortened(validation, slice(1)))
    )
    renamed = replace(training, names=("new", *training.names[1:]))
    said = refusal(run, (renamed, validation))
    assert "training images added: 1 (new); training images removed: 1 (1-0)" in said
    assert "the order of the training images" in refusal(
        run, (shortened(training, slice(None, None, -1)), validation)
    )


def test_the_same_data_resume_and_the_record_has_their_names(run):
    assert load_run(run.directory).images["validation"] == ["2-0", "2-1", "2-2"]
    resumed = train(tiny_config(epochs=2), directory=run.directory, resume=True, progress=False, data=pair())
    assert (resumed.status, len(resumed.history)) == ("finished", 2)


def test_a_record_without_names_resumes(run):
    run.images, run.classes = {}, None
    run.save()
    train(tiny_config(epochs=2), directory=run.directory, resume=True, progress=False, data=pair())


class TestInitialWeights:
    def config(self, run, **options):
        return tiny_config(epochs=1, initial_weights=str(run.directory / "best.keras"), **options)

    def test_other_classes_are_an_error_that_lists_both(self, run, tmp_path):
        other = ClassList(("sky", "car", "road"), THREE.colors)
        expected = r"3 classes \(road, car, sky\), but the data has 3 \(sky, car, road\).*--map-classes"
        with pytest.raises(ValueError, match=expected):
            train(self.config(run), directory=tmp_path / "new", progress=False, data=pair(other))
        fewer = ClassList(("road", "car"), THREE.colors[1:])
        with pytest.raises(ValueError, match=r"but the data has 2 \(road, car\)"):
            train(self.config(run), directory=tmp_path / "new", progress=False, data=pair(fewer))

    def test_mapped_by_name_the_network_gives_the_same_scores_by_name(self, run):
        """As many classes in another order: the logits of each name are those of the trained network."""
        other = ClassList(("Sky", "ROAD", "car"), THREE.colors)
        built = initialization.build_model(self.config(run, map_classes=True), other)
        images = tiny_pair()[1].images
        before = inference.predict_probabilities(run.model, images)
        np.testing.assert_allclose(
            inference.predict_probabilities(built, images), before[..., [2, 0, 1]], atol=1e-6
        )

    def test_a_new_class_starts_anew(self, run, tmp_path):
        more = ClassList(("road", "bus", "sky", "car"), (*THREE.colors, (7, 7, 7)))
        built = initialization.build_model(self.config(run, map_classes=True), more)
        (kernel, bias), (old_kernel, old_bias) = (
            each.layers[-2].get_weights()
            if not each.layers[-1].get_weights()
            else each.layers[-1].get_weights()
            for each in (built, run.model)
        )
        np.testing.assert_array_equal(kernel[..., [0, 3, 2]], old_kernel)
        np.testing.assert_array_equal(bias[[0, 3, 2]], old_bias)
        assert np.abs(kernel[..., 1]).max() > 0
        trained = train(
            self.config(run, map_classes=True), directory=tmp_path / "new", progress=False, data=pair(more)
        )
        assert trained.status == "finished"


@pytest.mark.parametrize("name", ["realtime", "small", "basic"])
def test_classes_are_moved_in_every_kind_of_end(name):
    """Sub-pixel heads have four channels per class; all logits move with their class."""
    ids = (2, 0, None)
    three, four, five = (build_network(name, (None, None, 3), count) for count in (3, 4, 5))
    random = np.random.default_rng(0)
    three.set_weights([np.abs(random.normal(0.1, 0.1, weight.shape)) for weight in three.get_weights()])
    shapes = [weight.shape for weight in five.get_weights()]
    found = class_channels.moved(three.get_weights(), four.get_weights(), shapes, ids, 4)
    assert found is not None
    four.set_weights(found)
    image = random.uniform(0, 255, (1, 48, 64, 3)).astype("float32")
    before, after = (np.log(np.maximum(each.predict_on_batch(image), 1e-30)) for each in (three, four))
    np.testing.assert_allclose(
        after[..., 2] - after[..., 0], before[..., 0] - before[..., 1], rtol=1e-3, atol=1e-3
    )


def test_networks_of_another_kind_are_not_moved():
    one, two = (build_network(name, (None, None, 3), 3) for name in ("small", "realtime"))
    shapes = [weight.shape for weight in build_network("realtime", (None, None, 3), 4).get_weights()]
    assert class_channels.moved(one.get_weights(), two.get_weights(), shapes, (0, 1, 2), 3) is None


@pytest.mark.parametrize("module", [run_data, class_channels])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0
