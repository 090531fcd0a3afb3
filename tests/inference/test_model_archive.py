"""Which classes a saved network may name."""

from __future__ import annotations

import keras
import pytest

from segnet_nb.inference.model_archive import _is_allowed

OPTIMIZERS = [
    name
    for name in ("Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "Nadam", "RMSprop", "SGD")
    if hasattr(keras.optimizers, name)
]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_of_every_backend(name):
    assert _is_allowed("keras.optimizers", name, None, ())
    module = f"keras.src.backend.torch.optimizers.torch_{name.lower()}"  # as Keras names it on PyTorch
    assert _is_allowed(module, name, name, ())
    assert not _is_allowed(module, "Lambda", None, ())


def test_other_modules_of_a_backend_are_refused():
    assert not _is_allowed("keras.src.backend.torch.optimizers", "SGD", None, ())
    assert not _is_allowed("keras.src.backend.torch.optimizers.torch_other", "SGD", None, ())
