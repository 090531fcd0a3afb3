"""A saved network loads in a fresh interpreter, by whatever is imported first, without custom_objects."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import segnet_nb
from segnet_nb import losses, metrics
from segnet_nb._shared.registration import CLASSES, _Deferred, register
from segnet_nb.networks.build import build_network
from segnet_nb.networks.catalogue import DECODERS, NETWORKS
from segnet_nb.networks.layers import CropLike
from segnet_nb.networks.upsampling import BilinearKernel
from segnet_nb.training.schedules import PolynomialDecayWithWarmup

PACKAGE = Path(segnet_nb.__file__).parent
# Every network with its default decoder, and every decoder.
MODELS = [(name, "segnet") for name in NETWORKS] + [
    ("basic16", name) for name in DECODERS if name != "segnet"
]
# One of each family; with the losses they hold every class of the table.
QUICK = [("small", "segnet"), ("realtime", "segnet")]
QUICK += [("basic16", decoder) for decoder in ("segnet", "bilinear", "fcn")]
LOSSES = {
    "cross_entropy": lambda: losses.CategoricalCrossEntropy(from_logits=True, void_id=4),
    "dice": lambda: losses.DiceLoss(from_logits=True, void_id=4),
    "cross_entropy_dice": lambda: losses.CrossEntropyDice(
        from_logits=True, class_weights=[1, 2, 3, 4], void_id=4
    ),
    "hard_pixel_cross_entropy": lambda: losses.HardPixelCrossEntropy(from_logits=True, void_id=4),
    "lovasz_softmax": lambda: losses.LovaszSoftmax(1.0, from_logits=True, void_id=4),
}

# Loads each file, runs it, and compares. On TensorFlow in a process of its own each, forked before anything
# of this package but its name is imported: what one file needs must not be there because another needed it.
SCRIPT = """
import os, sys
{imports}
import numpy as np

def check(path):
    assert not [name for name in sys.modules if name.startswith("segnet_nb.") and "_shared" not in name]
    model = {load}(path)
    with np.load(path.removesuffix(".keras") + ".npz") as stored:
        found = keras.ops.convert_to_numpy(model(stored["images"], training=False))
        np.testing.assert_array_equal(found, stored["output"])
        if "scores" in stored and {compiled}:
            scores = model.test_on_batch(stored["images"], stored["labels"])
            np.testing.assert_array_equal(np.float32(scores), stored["scores"])

failed = []
for path in sys.argv[1:]:
    if keras.backend.backend() != "tensorflow":
        check(path)
        for name in [name for name in sys.modules if name.startswith("segnet_nb.") and "_shared" not in name]:
            del sys.modules[name]
        continue
    child = os.fork()
    if not child:
        try:
            check(path)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        failed.append(path)
assert not failed, failed
"""
ORDERS = {
    "load_model of the package": ("import segnet_nb\nkeras = segnet_nb.keras", "segnet_nb.load_model", False),
    "keras first": ("import keras, segnet_nb", "keras.models.load_model", True),
    "segnet_nb first": ("import segnet_nb, keras", "keras.models.load_model", True),
    "a module of the package first": (
        "import segnet_nb._shared.errors, keras",
        "keras.models.load_model",
        True,
    ),
}


def save(path, model, **more):
    images = np.random.default_rng(0).uniform(0, 255, (2, 21, 18, 3)).astype("float32")
    output = keras.ops.convert_to_numpy(model(images, training=False))
    if "labels" in more:
        more["scores"] = np.float32(model.test_on_batch(images, more["labels"]))
    model.save(path)
    np.savez(path.with_suffix(".npz"), images=images, output=output, **more)


def save_networks(folder, models):
    for network, decoder in models:
        keras.utils.set_random_seed(3)
        model = build_network(network, (None, None, 3), 4, decoder=decoder, output="softmax")
        save(folder / f"{network}-{decoder}.keras", model)
    return {path.stem: path for path in sorted(folder.glob("*.keras"))}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A file for one network of each family and for every loss, by name."""
    folder = tmp_path_factory.mktemp("saved")
    labels = np.random.default_rng(1).integers(0, 5, (2, 21, 18))
    for name, make in LOSSES.items():
        model = build_network("basic16", (None, None, 3), 4)
        scores = [
            metrics.MeanIoU(num_classes=4, void_id=4),
            metrics.ClassAverage(num_classes=4, void_id=4),
            metrics.GlobalAccuracy(num_classes=4, void_id=4),
        ]
        optimizer = keras.optimizers.SGD(PolynomialDecayWithWarmup(0.1, total=10, warmup=2))
        model.compile(optimizer, make(), metrics=scores, jit_compile=False)
        save(folder / f"compiled-{name}.keras", model, labels=labels)
    return save_networks(folder, QUICK)


@pytest.fixture(scope="module")
def all_saved(tmp_path_factory):
    """A file for every network and every decoder, by name."""
    return save_networks(tmp_path_factory.mktemp("all_saved"), MODELS)


@pytest.mark.parametrize(
    "order",
    [pytest.param(order, marks=pytest.mark.slow if number else []) for number, order in enumerate(ORDERS)],
    ids=list(ORDERS),
)
def test_a_file_loads_in_a_process_of_its_own(saved, order):
    check_loading(saved, order)


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS)
def test_every_network_and_decoder_loads_in_a_process_of_its_own(all_saved, order):
    assert len(all_saved) == len(NETWORKS) + len(DECODERS) - 1
    check_loading(all_saved, order)


def check_loading(files, order):
    imports, load, compiled = ORDERS[order]
    script = SCRIPT.format(imports=imports, load=load, compiled=compiled)
    run = subprocess.run(
        [sys.executable, "-c", script, *map(str, files.values())],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]


def test_without_the_package_no_file_loads(saved):
    """So that the loading above is due to the registration."""
    script = "import sys, keras\nkeras.models.load_model(sys.argv[1])"
    run = subprocess.run(
        [sys.executable, "-c", script, str(saved["small-segnet"])],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Could not locate class 'MaxPoolingWithIndices2D'" in run.stderr, run.stderr[-3000:]


def registered_names(path):
    """What a file holds of this package."""

    def names(value):
        if isinstance(value, dict):
            yield from [value["registered_name"]] if value.get("registered_name") else []
            value = list(value.values())
        for each in value if isinstance(value, list) else ():
            yield from names(each)

    with zipfile.ZipFile(path) as file:
        found = set(names(json.loads(file.read("config.json"))))
    return {name.removeprefix("segnet_nb>") for name in found if name.startswith("segnet_nb>")}


def test_every_class_of_the_table_is_in_one_of_the_files(saved):
    assert set().union(*map(registered_names, saved.values())) == set(CLASSES)


def decorated_classes():
    """Every class that is registered with Keras anywhere in the package, and its module."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            decorators = getattr(node, "decorator_list", [])
            if any("register_keras_serializable" in ast.unparse(decorator) for decorator in decorators):
                assert [ast.unparse(each) for each in decorators] == [
                    "keras.saving.register_keras_serializable(package='segnet_nb')"
                ]
                yield node.name, ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def test_the_table_lists_every_registered_class():
    found = list(decorated_classes())
    assert dict(found) == CLASSES and len(found) == len(CLASSES)


class TestDeferred:
    """The stand-in behaves as the class does, for all that Keras asks of a registered object."""

    @pytest.fixture(autouse=True)
    def stand_in(self, monkeypatch):
        """All classes of the table as before their modules are imported."""
        registry = keras.saving.get_custom_objects()
        for name in CLASSES:
            monkeypatch.delitem(registry, f"segnet_nb>{name}", raising=False)
        register(keras)
        assert type(registry["segnet_nb>CropLike"]) is _Deferred

    def test_is_a_class_with_the_attributes_of_the_class(self):
        deferred = keras.saving.get_registered_object("segnet_nb>CropLike")
        assert inspect.isclass(deferred) and deferred.__name__ == "CropLike"
        assert deferred.from_config == CropLike.from_config
        assert type(deferred(name="crop")) is CropLike
        assert "segnet_nb.networks.layers.CropLike" in repr(deferred)
        with pytest.raises(AttributeError, match="no attribute 'no_such'"):
            _ = deferred.no_such

    def test_registering_again_keeps_the_classes(self):
        registry = keras.saving.get_custom_objects()
        registry["segnet_nb>CropLike"] = CropLike
        register()
        assert registry["segnet_nb>CropLike"] is CropLike

    def test_layers_and_networks_from_their_configurations(self):
        model = build_network("basic16", (None, None, 3), 4, decoder="fcn")
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
        again = keras.saving.deserialize_keras_object(config)
        assert [type(layer) for layer in again.layers] == [type(layer) for layer in model.layers]
        assert keras.Model.from_config(model.get_config()).count_params() == model.count_params()
        layer = keras.layers.deserialize(keras.layers.serialize(CropLike(name="crop")))
        assert type(layer) is CropLike

    def test_clones_have_the_same_layers(self):
        model = build_network("basic16", (None, None, 3), 4, decoder="bilinear")
        clone = keras.models.clone_model(model)
        assert [type(layer) for layer in clone.layers] == [type(layer) for layer in model.layers]

    def test_by_registered_name(self):
        assert type(keras.initializers.get("segnet_nb>BilinearKernel")) is BilinearKernel
        # Losses are looked up by name in another way: as a class, which is called.
        assert type(keras.losses.get(keras.losses.deserialize("segnet_nb>DiceLoss"))) is losses.DiceLoss

    def test_a_scope_takes_precedence(self):
        class Other(CropLike):
            pass

        config = keras.layers.serialize(CropLike(name="crop"))
        with keras.saving.custom_object_scope({"segnet_nb>CropLike": Other}):
            assert type(keras.layers.deserialize(config)) is Other
        assert type(keras.layers.deserialize(config)) is CropLike

    def test_h5_files_load_too(self, tmp_path):
        model = build_network("basic16", (None, None, 3), 4, decoder="fcn")
        model.save(tmp_path / "model.h5")
        again = keras.models.load_model(tmp_path / "model.h5")
        images = np.random.default_rng(0).uniform(0, 255, (1, 21, 18, 3)).astype("float32")
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(again(images)), keras.ops.convert_to_numpy(model(images))
        )
