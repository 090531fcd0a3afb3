"""The same network written twice gives the same bytes: ``.keras``, ONNX and TFLite."""

from __future__ import annotations

import copy
import json
import random
import zipfile

import keras
import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb.inference import onnx_names
from segnet_nb.training import keras_files
from tests.training_helpers import tiny_network

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="exported files are made from TensorFlow's graph"
)
IMAGES = np.random.default_rng(0).integers(0, 256, (2, 32, 48, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return tiny_network("small", (None, None, 3), 5, output="softmax")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        pytest.param("any.onnx", {}, marks=pytest.mark.slow),
        ("fixed.onnx", {"image_size": (32, 48)}),
        ("int8.onnx", {"image_size": (32, 48), "output": "labels", "calibration": IMAGES}),
        ("fixed.tflite", {"image_size": (32, 48)}),
    ],
    ids=["any-size", "fixed-size", "int8", "tflite"],
)
def test_an_export_gives_the_same_bytes_whatever_was_exported_before(model, tmp_path, name, options):
    one = sn.export(model, tmp_path / f"1-{name}", **options).path.read_bytes()
    assert sn.export(model, tmp_path / f"2-{name}", **options).path.read_bytes() == one


def test_a_keras_file_has_no_time_and_no_addresses_in_it(model, tmp_path):
    keras_files.write(model, tmp_path / "a.keras")
    with zipfile.ZipFile(tmp_path / "a.keras") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert set(json.loads(archive.read("metadata.json"))) == {"keras_version"}
        text = archive.read("config.json").decode()
    numbers = [int(part.split(",")[0].split("}")[0]) for part in text.split('"shared_object_id":')[1:]]
    assert numbers and max(numbers) <= len(numbers)
    loaded = keras.saving.load_model(tmp_path / "a.keras")
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    # Another time and other addresses: the same objects, built again.
    keras.utils.set_random_seed(0)
    again = tiny_network("small", (None, None, 3), 5, output="softmax")
    keras_files.write(again, tmp_path / "b.keras")
    assert (tmp_path / "b.keras").read_bytes() == (tmp_path / "a.keras").read_bytes()


class TestNames:
    def graph(self):
        """y = (x + c) * (x - c) + relu(x); the constant is used twice."""
        from onnx import TensorProto, helper, numpy_helper

        def value(name, size):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, size)

        nodes = [
            helper.make_node("Add", ["x", "c"], ["sum"]),
            helper.make_node("Sub", ["x", "c"], ["difference"]),
            helper.make_node("Relu", ["x"], ["positive"]),
            helper.make_node("Mul", ["sum", "difference"], ["product"]),
            helper.make_node("Add", ["product", "positive"], ["y"]),
        ]
        constant = numpy_helper.from_array(np.array([2.0], "float32"), "c")
        graph = helper.make_graph(
            nodes, "g", [value("x", ["unk__1", 3])], [value("y", ["unk__2", 3])], [constant]
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def shuffled(self, model, seed):
        """The same graph in another order that is allowed, with other names."""
        chance, other = random.Random(seed), copy.deepcopy(model)
        names = {name: f"v{chance.random()}" for name in ("sum", "difference", "positive", "product", "c")}
        nodes, ready = list(other.graph.node), {"x", "c"}
        del other.graph.node[:]
        while nodes:
            node = chance.choice([each for each in nodes if set(each.input) <= ready])
            nodes.remove(node)
            ready |= set(node.output)
            other.graph.node.append(node)
        for node in other.graph.node:
            node.input[:] = [names.get(name, name) for name in node.input]
            node.output[:] = [names.get(name, name) for name in node.output]
        other.graph.initializer[0].name = names["c"]
        other.graph.input[0].type.tensor_type.shape.dim[0].dim_param = f"unk__{seed}"
        return other

    def test_order_and_names_before_do_not_matter(self):
        model = self.graph()
        others = [self.shuffled(model, seed) for seed in range(8)]
        assert len({other.SerializeToString() for other in others}) == 8
        onnx_names.make_reproducible(model)
        for other in others:
            onnx_names.make_reproducible(other)
            assert other.SerializeToString() == model.SerializeToString()

    def test_another_graph_stays_another(self):
        one, other = self.graph(), self.graph()
        other.graph.node[1].input[:] = ["c", "x"]
        for model in (one, other):
            onnx_names.make_reproducible(model)
        assert one.SerializeToString() != other.SerializeToString()

    def test_what_it_computes_stays(self):
        onnxruntime = pytest.importorskip("onnxruntime")
        model = self.graph()
        onnx_names.make_reproducible(model)
        session = onnxruntime.InferenceSession(model.SerializeToString())
        x = np.array([[-1.0, 0.0, 5.0]], "float32")
        # (-1 + 2) * (-1 - 2) + 0 = -3;  2 * -2 + 0 = -4;  7 * 3 + 5 = 26
        assert session.run(None, {"x": x})[0].tolist() == [[-3.0, -4.0, 26.0]]
