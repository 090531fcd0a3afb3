"""Which speed-ups a training uses: the rule, what is remembered, and where no clock may decide."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from hypothesis import given, strategies as st

from segnet_nb import model as networks
from segnet_nb.training import load_run, loop, train
from segnet_nb.training.optimization import compile_model
from segnet_nb.training.speed import Choice, choice, patches, remembered, timing
from tests.training_helpers import stop_after, tiny_config, tiny_data, tiny_network, tiny_pair

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's CPU alone")

LONG = 10**9  # steps


@pytest.fixture(autouse=True)
def own_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("SEGNET_NB_CACHE", str(tmp_path / "cache"))
    yield
    from tensorflow.python.framework import config

    config.disable_op_determinism()


@pytest.fixture(scope="module")
def model():
    return networks.build_network("basic16", (None, None, 3), 11)


def never(sets):
    raise AssertionError("something was timed")


class Measurer:
    """Seconds by a rule, and which sets were asked for."""

    def __init__(self, rule):
        self.rule, self.asked = rule, []

    def __call__(self, sets):
        self.asked.append(list(sets))
        return [self.rule(each) for each in sets]


class TestFastest:
    def test_the_order_of_names_is_not_that_of_measuring(self):
        measurer = Measurer(lambda used: 1.0 / (1 + len(used)))
        found = choice.fastest(["b", "a"], measurer)
        assert (found.used, list(found.seconds)) == (("a", "b"), ["none", "b", "a + b"])

    def test_by_hand(self):
        # 4 s without; a: 5, slower; b: 3, kept; with c: 2.97, 1 % faster: noise; with d: 2.4, kept.
        times = {(): 4.0, ("a",): 5.0, ("b",): 3.0, ("b", "c"): 2.97, ("b", "d"): 2.4}
        measurer = Measurer(times.__getitem__)
        found = choice.fastest("abcd", measurer)
        assert found.used == ("b", "d")
        assert found.source == "measured"
        assert found.seconds == {"none": 4.0, "a": 5.0, "b": 3.0, "b + c": 2.97, "b + d": 2.4}
        assert measurer.asked == [
            [(), ("a",)],
            [(), ("b",)],
            [("b",), ("b", "c")],
            [("b",), ("b", "d")],
        ]

    def test_what_fails_is_not_chosen(self):
        found = choice.fastest("a", Measurer(lambda used: float("inf") if used else 1.0))
        assert (found.used, found.seconds) == ((), {"none": 1.0})

    @given(st.lists(st.floats(0.2, 3), min_size=1, max_size=5))
    def test_independent_speed_ups_are_kept_exactly_where_they_help(self, factors):
        names = [f"x{i}" for i in range(len(factors))]
        cost = dict(zip(names, factors, strict=True))
        found = choice.fastest(names, lambda sets: [np.prod([cost[one] for one in each]) for each in sets])
        expected = [name for name in names if cost[name] < 0.98 - 1e-9]
        assert set(found.used) - set(expected) <= {name for name in names if abs(cost[name] - 0.98) < 1e-6}
        assert set(expected) <= set(found.used)


class TestChoose:
    def test_a_short_training_uses_the_default(self, model):
        found = choice.choose(model, tiny_config(), steps=100, measure=never, key={})
        assert found == Choice(("fourier_convolutions", "fused_normalization"), "default")

    def test_a_deterministic_one_too_whatever_is_remembered(self, model):
        remembered.write({"a": 1}, Choice((), "measured", {"none": 1.0}).to_dict())
        config = tiny_config(deterministic=True)
        found = choice.choose(model, config, steps=LONG, measure=never, key={"a": 1})
        assert found == Choice(("fourier_convolutions", "fused_normalization"), "default")

    def test_the_limit_by_hand(self, model):
        # 2 images of 16 x 24 pixels are 768 pixels a step: 2e8 / 768 = 260,416.7 steps.
        assert choice.choose(model, tiny_config(), 260_416, never, {}).source == "default"
        assert choice.choose(model, tiny_config(), 260_417, lambda sets: [1.0, 1.0], {}).source == "measured"

    def test_nothing_to_choose(self, monkeypatch, model):
        monkeypatch.setattr(patches, "on_tensorflow_cpu", lambda: False)
        assert choice.choose(model, tiny_config(), LONG, never, {}) == Choice((), "default")

    def test_measured_once_for_a_machine_and_a_network(self, model):
        measurer = Measurer(lambda used: 1.0 - 0.3 * ("fused_normalization" in used))
        config = tiny_config(network="basic16")
        key = remembered.key(model, config)
        first = choice.choose(model, config, LONG, measurer, key)
        assert (first.used, first.source) == (("fused_normalization",), "measured")
        again = choice.choose(model, config, LONG, never, remembered.key(model, config))
        assert again == Choice(first.used, "remembered", first.seconds)

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "{",
            "[]",
            "null",
            '{"key": {"a": 2}, "choice": {"used": [], "source": "measured", "seconds": {}}}',
            '{"key": {"a": 1}, "choice": []}',
            '{"key": {"a": 1}, "choice": {"used": [], "source": "measured"}}',
            '{"key": {"a": 1}, "choice": {"used": ["other"], "source": "measured", "seconds": {}}}',
            '{"key": {"a": 1}, "choice": {"used": [], "source": "measured", "seconds": {"none": "x"}}}',
        ],
    )
    def test_a_file_that_cannot_be_read_is_replaced(self, model, content):
        path = remembered._path({"a": 1})
        path.parent.mkdir(parents=True)
        path.write_text(content)
        found = choice.choose(model, tiny_config(), LONG, lambda sets: [2.0, 1.0], {"a": 1})
        assert found.used == patches.SPEED_UPS
        assert json.loads(path.read_text())["choice"]["used"] == list(patches.SPEED_UPS)

    def test_a_folder_that_cannot_be_written_to(self, monkeypatch, model, tmp_path):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("SEGNET_NB_CACHE", str(tmp_path / "file"))
        assert choice.choose(model, tiny_config(), LONG, lambda sets: [2.0, 1.0], {}).source == "measured"


class TestKey:
    @pytest.mark.parametrize(
        "change",
        [{"image_size": (16, 32)}, {"batch_size": 3}, {"optimizer": "sgd"}, {"network": "small"}],
    )
    def test_it_changes_with_what_a_step_costs(self, model, change):
        before = remembered.key(model, tiny_config(network="basic16"))
        assert remembered.key(model, tiny_config(**{"network": "basic16"} | change)) != before
        assert remembered.key(model, tiny_config(network="basic16", seed=3, epochs=9)) == before

    def test_it_changes_with_the_machine_and_the_network(self, monkeypatch, model):
        config = tiny_config(network="basic16")
        before = remembered.key(model, config)
        assert remembered.key(networks.build_network("small", (None, None, 3), 11), config) != before
        for name, value in (("processor", "other"), ("_available_processors", 64)):
            with monkeypatch.context() as patched:
                patched.setattr(remembered, name, lambda value=value: value)
                assert remembered.key(model, config) != before
        monkeypatch.setattr(remembered, "versions_of", lambda *_: {"tensorflow": "3.0"})
        assert remembered.key(model, config) != before


@pytest.mark.parametrize(
    "values", [{}, {"used": ["x"], "source": "", "seconds": {}}, {"used": 1}, {"used": []}]
)
def test_what_is_no_choice_is_refused(values):
    with pytest.raises(ValueError, match="is no choice of speed-ups"):
        Choice.from_dict(values)


def test_a_choice_as_json():
    found = Choice(("fused_normalization",), "measured", {"none": 2.0, "fused_normalization": 1.0})
    assert Choice.from_dict(json.loads(json.dumps(found.to_dict()))) == found


class Clock:
    """The n-th step takes n seconds, whatever the real ones take."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        step = self.calls // 2
        return step * (step + 1) / 2


class TestStepTimer:
    def made(self, **options):
        keras.utils.set_random_seed(0)
        network, config = tiny_network(dropout=0.3), tiny_config(**options)
        compile_model(network, config, tiny_data(), steps=2)
        return network, config

    def state(self, network):
        variables = [*network.variables, *network.optimizer.variables, *network.metrics_variables]
        return [np.array(each) for each in variables]

    def test_steps_alternate_and_the_fastest_counts(self):
        timer = timing.StepTimer(*self.made(), 11, clock=Clock())
        # Steps of 1 to 6 s in turns: 1, 3 and 5 s are the first set's, 2, 4 and 6 s the second's.
        assert timer([(), ("fused_normalization",)]) == [1.0, 2.0]

    def test_the_network_stays_as_it_was(self):
        network, config = self.made()
        data = tiny_data(2)
        batch = data.images.astype("float32"), data.labels.astype("int32")
        network.train_on_batch(*batch)  # weights, optimizer, metrics and dropout have a past
        before = self.state(network)
        timing.StepTimer(network, config, 11)([(), ("fused_normalization",)])
        assert len(before) > 12
        for one, other in zip(before, self.state(network), strict=True):
            np.testing.assert_array_equal(one, other)
        assert network.train_function is None
        assert not any("call" in vars(layer) for layer in network.layers)

    def test_a_set_that_fails_takes_for_ever(self, monkeypatch):
        import tensorflow as tf

        network, config = self.made()
        fails = tf.errors.ResourceExhaustedError(None, None, "no memory")
        original = network.train_on_batch

        def step(*batch):
            if any("call" in vars(layer) for layer in network.layers):
                raise fails
            return original(*batch)

        monkeypatch.setattr(network, "train_on_batch", step)
        times = timing.StepTimer(network, config, 11, clock=Clock())([(), ("fused_normalization",)])
        assert times == [1.0, float("inf")]

    def test_a_plain_step_that_fails_is_reported(self, monkeypatch):
        network, config = self.made()
        monkeypatch.setattr(network, "train_on_batch", lambda *_: int("x"))
        with pytest.raises(ValueError, match="invalid literal"):
            timing.StepTimer(network, config, 11)([()])


class TestTrain:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        monkeypatch.setattr(networks, "build_network", tiny_network)

    def trained(self, directory, monkeypatch, seconds, **options):
        """A run whose steps are said to take so long with and without the speed-ups."""

        class Timer:
            def __init__(self, *_):
                pass

            def __call__(self, sets):
                return [seconds[bool(each)] for each in sets]

        monkeypatch.setattr(loop, "StepTimer", Timer)
        monkeypatch.setattr(choice, "_WORTH_MEASURING", 0)
        return train(tiny_config(), directory=directory, data=tiny_pair(), **options)

    def test_the_record_and_one_line_say_what_was_chosen(self, tmp_path, monkeypatch, capsys):
        self.trained(tmp_path, monkeypatch, [2.0, 1.0])
        record = json.loads((tmp_path / "record.json").read_text())
        assert record["speed_ups"]["source"] == "measured"
        assert record["speed_ups"]["used"] == ["fused_normalization"]
        assert record["speed_ups"]["seconds"]["none"] == 2.0
        assert load_run(tmp_path).speed_ups == record["speed_ups"]
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("speed-ups")]
        expected = "speed-ups: fused_normalization (measured: 1.000 s a step, without 2.000 s)"
        assert lines == [expected]

    def test_a_resumed_run_keeps_its_choice(self, tmp_path, monkeypatch):
        unbroken = self.trained(tmp_path / "unbroken", monkeypatch, [2.0, 1.0], progress=False)
        self.trained(tmp_path / "run", monkeypatch, [2.0, 1.0], progress=False, on_step=stop_after(4))
        # Now the clock would say otherwise.
        used = []
        original = patches.applied
        monkeypatch.setattr(patches, "applied", lambda *given: used.append(given[2]) or original(*given))
        run = self.trained(tmp_path / "run", monkeypatch, [1.0, 2.0], progress=False, resume=True)
        assert used == [("fused_normalization",)]
        assert run.speed_ups == unbroken.speed_ups | {"source": "remembered"}
        assert run.curve("loss") == unbroken.curve("loss")
        for one, other in zip(run.model.get_weights(), unbroken.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)

    def test_steps_of_the_last_epochs_know_their_size(self, tmp_path, monkeypatch):
        """Two sizes in one compiled step would be an unknown size, which some speed-ups leave alone."""
        from segnet_nb.training.speed import fused_normalization as fused

        shapes, original = set(), fused._call

        def call(layer, otherwise, inputs, training=None, mask=None):
            if training is True:
                shapes.add(tuple(inputs.shape))
            return original(layer, otherwise, inputs, training=training, mask=mask)

        monkeypatch.setattr(fused, "_call", call)
        config = tiny_config(epochs=2, final_epochs=1, final_size=(24, 40))
        train(config, directory=tmp_path, data=tiny_pair(), progress=False)
        assert (2, 16, 24, 4) in shapes
        assert (2, 24, 40, 4) in shapes
        assert not any(None in shape for shape in shapes)

    def test_measuring_changes_no_number(self, tmp_path, monkeypatch):
        """With the real timer, and with none: the same speed-ups give the same run."""
        config = tiny_config(network="small", dropout=0.3)
        plain = train(config, directory=tmp_path / "plain", data=tiny_pair(), progress=False)
        monkeypatch.setattr(choice, "_WORTH_MEASURING", 0)

        def default_after_measuring(candidates, measure):
            assert len(measure([(), candidates])) == 2
            return Choice(("fused_normalization",), "measured", {})

        monkeypatch.setattr(choice, "fastest", default_after_measuring)
        timed = train(config, directory=tmp_path / "timed", data=tiny_pair(), progress=False)
        assert plain.speed_ups["used"] == timed.speed_ups["used"] == ["fused_normalization"]
        assert (plain.speed_ups["source"], timed.speed_ups["source"]) == ("default", "measured")
        assert plain.curve("loss") == timed.curve("loss")
        for one, other in zip(plain.model.get_weights(), timed.model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
