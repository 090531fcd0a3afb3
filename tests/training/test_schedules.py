"""Learning rate schedules against the formula, step by step, and through a saved file."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb._shared.framework import keras
from segnet_nb.training import TrainConfig, optimization
from segnet_nb.training.schedules import PolynomialDecayWithWarmup


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.floats(1e-5, 1), st.integers(2, 60), st.data())
def test_every_step_follows_the_formula(peak, total, data):
    warmup = data.draw(st.integers(0, total - 1))
    schedule = PolynomialDecayWithWarmup(peak, total, warmup)
    for step in range(total + 3):
        if step < warmup:
            expected = peak * (step + 1) / (warmup + 1)
        else:
            expected = peak * max(0.0, 1 - (step - warmup) / (total - warmup)) ** 0.9
        assert float(schedule(step)) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_agrees_with_keras_without_warmup():
    ours = PolynomialDecayWithWarmup(0.3, 40, power=0.9)
    theirs = keras.optimizers.schedules.PolynomialDecay(0.3, 40, end_learning_rate=0.0, power=0.9)
    steps = range(45)
    np.testing.assert_allclose([float(ours(s)) for s in steps], [float(theirs(s)) for s in steps], rtol=1e-5)


def test_configuration_makes_it():
    config = TrainConfig(schedule="poly", epochs=10, warmup_epochs=2, learning_rate=0.01)
    schedule = optimization.make_schedule(config, steps_per_epoch=7)
    assert schedule.get_config() == {"peak": 0.01, "total": 70, "warmup": 14, "power": 0.9}


def test_saved_with_its_optimizer(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    schedule = PolynomialDecayWithWarmup(0.1, 20, 3)
    model.compile(keras.optimizers.SGD(schedule), "mse")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    # Keras 3 keeps the schedule as the private value that the learning rate is computed from.
    again = loaded.optimizer._learning_rate
    assert again.get_config() == schedule.get_config()
