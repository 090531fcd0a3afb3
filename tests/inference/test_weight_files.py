"""Weights as safetensors: what is written, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from segnet_nb.inference import weight_files
from segnet_nb.networks.model import segnet_modern

PATH = Path("mine.safetensors")


def network(filters=4, **options):
    return segnet_modern((None, None, 3), 3, filters=(filters,), depths=(0,), dilations=(), **options)


def tensors(content):
    """The file read by hand: eight bytes of length, a header in JSON, then the numbers."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    data = content[8 + length :]
    return {
        name: np.frombuffer(data[slice(*about["data_offsets"])], "<f2").reshape(about["shape"])
        for name, about in header.items()
        if about["dtype"] == "F16"
    }


def with_header(content, change):
    """The same file with another header."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def rename(header):
    header["other/kernel"] = header.pop("classifier/kernel")


def test_the_file_holds_every_weight_by_its_path_in_half_precision():
    model = network()
    found = tensors(weight_files.packed(model))
    assert set(found) == {weight.path for weight in model.weights}
    for weight in model.weights:
        assert np.array_equal(found[weight.path], weight.numpy().astype("float16")), weight.path


def test_weights_come_back_and_give_the_same_bytes():
    model, other = network(), network()
    content = weight_files.packed(model)
    assert weight_files.packed(other) != content
    weight_files.unpack(other, PATH, content)
    assert weight_files.packed(other) == content


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda content: b"", "is not a whole file of weights", id="empty"),
        pytest.param(lambda content: content[:-1], "is not a whole file of weights", id="cut"),
        pytest.param(lambda content: content + b"\0", "is not a whole file of weights", id="longer"),
        pytest.param(
            lambda content: b"\xff" * 8 + content[8:], "is not a whole file of weights", id="huge-header"
        ),
        pytest.param(
            lambda content: with_header(content, rename), "'classifier/kernel' has the shape", id="name"
        ),
        pytest.param(
            lambda content: weight_files.packed(network(6)),
            "another network than .*has the shape",
            id="shape",
        ),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_changes_nothing(change, said):
    model = network()
    before = weight_files.packed(model)
    with pytest.raises(ValueError, match=said) as refused:
        weight_files.unpack(model, PATH, change(weight_files.packed(network())))
    assert str(PATH) in str(refused.value)
    assert weight_files.packed(model) == before


def test_values_that_are_not_finite_are_refused():
    spoilt = network()
    spoilt.weights[-1].assign([0.0, np.nan, 1.0])
    with pytest.raises(ValueError, match=r"mine\.safetensors: 1 of the 3 values of classifier/bias"):
        weight_files.unpack(network(), PATH, weight_files.packed(spoilt))
