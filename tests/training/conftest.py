"""Fixtures of tests that train a tiny network."""

from __future__ import annotations

import keras
import pytest

from segnet_nb import model
from tests.training_helpers import tiny_network


@pytest.fixture
def tiny_networks(monkeypatch):
    """Whatever network a configuration names, a tiny one is trained."""
    monkeypatch.setattr(model, "build_network", tiny_network)


@pytest.fixture
def repeatable(tiny_networks):
    """The same, also with ``deterministic``, whose setting other tests must not meet."""
    yield
    if keras.backend.backend() == "tensorflow":
        from tensorflow.python.framework import config

        config.disable_op_determinism()
