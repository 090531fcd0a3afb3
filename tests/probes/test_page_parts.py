"""Networks in the parts that a page runs: ONNX Runtime and NumPy compute with them what Keras does."""

from __future__ import annotations

import numpy as np
import pytest

from segnet_nb._shared.framework import keras
from segnet_nb.inference import onnx_file, onnx_parts
from segnet_nb.networks.model import segnet_basic, segnet_modern
from segnet_nb.networks.realtime import segnet_realtime
from segnet_nb.probes import trace_unpooling
from segnet_nb.probes._interventions import unpool
from segnet_nb.probes.page_parts import page_network

ort = pytest.importorskip("onnxruntime")

kl = keras.layers


def run(content, **feeds):
    """All outputs of a file, channels last."""
    session = ort.InferenceSession(content)
    inputs = {name: np.ascontiguousarray(array.transpose(2, 0, 1)[None]) for name, array in feeds.items()}
    found = session.run(None, inputs)
    return {
        each.name: array[0].transpose(1, 2, 0)
        for each, array in zip(session.get_outputs(), found, strict=True)
    }


def through_parts(network, image):
    """Maps by their names, and the output of the network, cropped to the image."""
    maps = run(network.encoder, image=image.astype(np.float32))
    values = maps["bottleneck"]
    for stage in range(network.stages, 0, -1):
        height, width = maps[f"features{stage}"].shape[:2]
        positions = maps[f"positions{stage}"]
        indices = (2 * (positions // width % height % 2) + positions % width % 2).astype(np.uint8)
        maps |= {f"indices{stage}": indices, f"values{stage}": values}
        unpooled = unpool(values, indices, (height, width))
        found = run(network.decoder[stage - 1], unpooled=unpooled)
        values, maps[f"dense{stage}"] = found["values"], found["dense"]
    return maps, values[: image.shape[0], : image.shape[1]]


def rounded(model):
    """The network with weights that float16 holds, and statistics of its normalizations that do something."""
    random = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, kl.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, each.shape) for each in layer.get_weights()])
        elif isinstance(layer, kl.Conv2D):
            weights = [each.astype(np.float16).astype(np.float32) for each in layer.get_weights()[:1]]
            layer.set_weights(weights + layer.get_weights()[1:])
    return model


@pytest.mark.parametrize(
    "build",
    [
        lambda: segnet_basic(
            (None, None, 3), 5, filters=4, kernel_size=3, input_normalization="local_response"
        ),
        lambda: segnet_modern(
            (None, None, 3),
            5,
            filters=(4, 6),
            depths=(0, 1),
            decoder_depths=(0, 1),
            dilations=(2,),
            dropout=0.2,
        ),
        lambda: segnet_realtime((None, None, 3), 5, filters=(4, 6, 8), dilations=(1, 2)),
    ],
    ids=["basic", "modern", "realtime"],
)
def test_parts_compute_what_keras_computes_at_odd_sizes(build):
    keras.utils.set_random_seed(3)
    model = rounded(build())
    image = np.random.default_rng(2).integers(0, 256, (37, 51, 3)).astype(np.uint8)
    maps, output = through_parts(page_network(model), image)
    trace = trace_unpooling(model, image)
    np.testing.assert_allclose(output, trace.probabilities, atol=1e-4)
    for stage in trace.stages:
        for name in ("features", "pooled", "values", "dense"):
            found = maps[f"{name}{stage.number}"]
            np.testing.assert_allclose(found, getattr(stage, name), rtol=1e-4, atol=2e-4, err_msg=name)
        same = maps[f"indices{stage.number}"] == stage.indices
        assert same.mean() > 0.999


def test_weights_are_stored_in_half_the_bytes():
    model = segnet_basic((None, None, 3), 5, filters=16, kernel_size=7)
    network = page_network(model)
    convolutions = sum(
        layer.kernel.shape.num_elements() for layer in model.layers if hasattr(layer, "kernel")
    )
    size = len(network.encoder) + sum(map(len, network.decoder))
    assert 2 * convolutions < size < 2.4 * convolutions


def test_a_weight_beyond_float16_is_kept_in_float32():
    image = keras.Input((None, None, 1))
    layer = kl.Conv2D(1, 1, use_bias=False)
    made = layer(image)
    layer.set_weights([np.full((1, 1, 1, 1), 1e6, np.float32)])
    found = run(onnx_parts.part({"x": image}, {"y": made}), x=np.ones((2, 2, 1), np.float32))
    assert found["y"].ravel().tolist() == [1e6] * 4


def test_unknown_layers_and_skip_connections_are_refused():
    image = keras.Input((None, None, 1))
    with pytest.raises(ValueError, match="AveragePooling2D"):
        onnx_parts.part({"x": image}, {"y": kl.AveragePooling2D(2)(image)})
    other = keras.Input((None, None, 1), name="other")
    with pytest.raises(ValueError, match="'other'"):
        onnx_parts.part({"x": image}, {"y": kl.Add()([image, other])})
    with pytest.raises(ValueError, match="'gelu'"):
        onnx_parts.part({"x": image}, {"y": kl.Activation("gelu")(image)})


@pytest.mark.parametrize(
    ("number", "hexadecimal"), [(0, "00"), (127, "7f"), (128, "8001"), (-1, "ff" * 9 + "01")]
)
def test_whole_numbers_are_written_in_groups_of_seven_bits(number, hexadecimal):
    assert onnx_file.varint(number).hex() == hexadecimal


def test_the_onnx_package_reads_the_file_the_same():
    onnx = pytest.importorskip("onnx")
    network = page_network(segnet_basic((None, None, 3), 5, filters=4, kernel_size=3))
    for content in (network.encoder, *network.decoder):
        onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
