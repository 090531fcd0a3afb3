"""A network and a decoder of somebody else: registered in one step, they work everywhere ours do."""

from __future__ import annotations

import functools

import keras
import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb import cli, training
from segnet_nb.networks.catalogue import DECODERS, NETWORKS, networks_with_decoders
from segnet_nb.networks.layers import MaxPoolingWithIndices2D, MaxUnpooling2D
from segnet_nb.probes import AblationBench, probe_costs, trace_unpooling
from tests.training_helpers import tiny_config, tiny_pair

kl = keras.layers


def pocket(input_size, num_classes, *, output, dropout=0.0, width=4):
    """One stage. Its layers have no names of ours, and its softmax is part of the last convolution."""
    image = keras.Input(input_size)
    features = kl.Conv2D(width, 3, padding="same", activation="relu")(kl.Rescaling(1 / 255)(image))
    x, indices = MaxPoolingWithIndices2D()(features)
    x = kl.Dropout(dropout)(x)
    x = MaxUnpooling2D()([x, indices, features])
    x = kl.BatchNormalization()(kl.Conv2D(width, 3, padding="same")(x))
    scores = kl.Conv2D(num_classes, 1, activation="softmax" if output == "softmax" else None)(x)
    return keras.Model(image, scores, name="pocket")


def unpooling_only(x, context):
    for stage in context.stages:
        x = MaxUnpooling2D()([x, stage.indices, stage.features])
        x = context.after_stage(stage.number, x)
    return context.classify(x)


@pytest.fixture(autouse=True)
def forget():
    """The catalogue as it was before."""
    before = dict(NETWORKS), dict(DECODERS)
    yield
    for entries, kept in zip((NETWORKS, DECODERS), before, strict=True):
        entries.clear()
        entries.update(kept)


@pytest.fixture
def registered():
    sn.register_network("pocket", line="one stage of four channels", title="Pocket SegNet")(pocket)
    sn.register_decoder("unpooling_only", line="unpooling without convolutions", keeps="indices")(
        unpooling_only
    )


def images(count=1):
    return tiny_pair()[0].images[:count]


@pytest.mark.usefixtures("registered")
class TestNetwork:
    def config(self, **changes):
        return tiny_config(network="pocket", **{"epochs": 2} | changes)

    def run(self, folder, config, **options):
        return sn.train(config, directory=folder, progress=False, data=tiny_pair(), **options)

    def test_trains_is_found_again_and_evaluated(self, tmp_path):
        run = self.run(tmp_path, self.config())
        assert run.status == "finished" and run.model.name == "pocket"
        found = sn.pretrained.load_trained(tmp_path)
        assert found.classes.num_classes == 11
        scores = sn.evaluate(found.model, tiny_pair()[1]).scores
        assert scores.mean_iou == pytest.approx(run.best["mean_iou"], abs=1e-6)
        again = sn.load_model(tmp_path / "best.keras")
        np.testing.assert_array_equal(sn.predict(again, images()), sn.predict(run.model, images()))

    @pytest.mark.slow
    def test_resumes_where_it_was_interrupted(self, tmp_path):
        whole = self.run(tmp_path / "whole", self.config())

        def stop(*_):
            raise sn.training.StopTraining

        assert self.run(tmp_path / "part", self.config(), on_epoch=stop).status == "interrupted"
        part = self.run(tmp_path / "part", self.config(), resume=True)
        for name in ("loss", "mean_iou"):
            assert part.curve(name) == whole.curve(name)

    def test_goes_on_from_its_own_weights_with_all_options(self, tmp_path):
        first = self.run(tmp_path / "first", self.config(epochs=1))
        config = self.config(
            epochs=1,
            dropout=0.3,
            ema_momentum=0.9,
            logit_adjustment=True,
            initial_weights=str(first.best_path),
        )
        run = self.run(tmp_path / "second", config)
        assert run.is_adjusted
        assert [layer.rate for layer in run.model.layers if isinstance(layer, kl.Dropout)] == [0.3]
        found = sn.predict_with_uncertainty(run.model, images(), samples=3)
        assert found.entropy.shape == (1, 16, 24)

    def test_probabilities_are_those_of_its_own_softmax(self):
        model = sn.model.build_network("pocket", (None, None, 3), 11, output="softmax")
        expected = keras.ops.convert_to_numpy(model(images().astype("float32")))
        np.testing.assert_allclose(sn.predict_probabilities(model, images()), expected, atol=1e-6)
        np.testing.assert_allclose(trace_unpooling(model, images()[0]).probabilities, expected[0], atol=1e-6)

    def test_probes_see_its_pooling_and_unpooling(self):
        model = sn.model.build_network("pocket", (None, None, 3), 11)
        trace = trace_unpooling(model, images()[0])
        assert [stage.indices.shape for stage in trace.stages] == [(8, 12, 4)]
        assert [pooling.packed_bytes for pooling in probe_costs(model, images()[0], repeats=1).poolings] == [
            96
        ]
        bench = AblationBench(model, images(), tiny_pair()[0].labels[:1], sn.datasets.CAMVID)
        assert bench.stages == (1,) and bench.run(0, {}).changed == 0
        assert bench.run(0, {1: "zeros"}).bytes_indices_true == 96

    @pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="files are made from its graph")
    @pytest.mark.parametrize("ending", [pytest.param("tflite"), pytest.param("onnx", marks=pytest.mark.slow)])
    def test_is_exported(self, ending, tmp_path):
        model = sn.model.build_network("pocket", (None, None, 3), 11, output="softmax")
        exported = sn.export(model, tmp_path / f"pocket.{ending}")
        assert exported.path.is_file() and exported.max_difference < 1e-4

    def test_the_command_line_trains_it(self, monkeypatch, capsys):
        asked = []

        def train(config, directory, **_):
            asked.append(config)
            return training.Run(config, directory)

        monkeypatch.setattr(training, "train", train)
        assert cli.main(["train", "--network", "pocket"]) == 0
        assert asked[0].network == "pocket"
        capsys.readouterr()

    def test_it_is_listed_and_has_no_choice_of_decoder(self):
        assert NETWORKS["pocket"].title == "Pocket SegNet"
        assert (NETWORKS["pocket"].takes_dropout, NETWORKS["pocket"].takes_decoder) == (True, False)
        with pytest.raises(
            ValueError, match="decoder='fcn' is for the networks basic and basic16, but got net"
        ):
            self.config(decoder="fcn")
        with pytest.raises(ValueError, match="sampled_statistics is for the networks basic and basic16 with"):
            self.config(sampled_statistics=True)
        with pytest.raises(ValueError, match=r"realtime, pocket, but got 'unet'\. Register your own first"):
            tiny_config(network="unet")


@pytest.mark.usefixtures("registered")
class TestDecoder:
    @pytest.mark.slow
    def test_trains_in_the_comparison(self, tmp_path):
        config = tiny_config(network="basic16", epochs=1)
        results = sn.comparison.compare_decoders(
            ["unpooling_only"], config, tmp_path, data=tiny_pair(), progress=False
        )
        assert results[0].storage_bytes == sn.comparison.decoder_storage("segnet", (16, 24), filters=16)
        assert "| unpooling_only | " in sn.comparison.comparison_table(results)
        assert sn.load_model(tmp_path / "unpooling_only-seed0" / "best.keras").name == "basic_unpooling_only"

    def test_dropout_is_where_the_decoder_puts_it(self):
        model = sn.segnet_basic((None, None, 3), 11, filters=4, decoder="unpooling_only", dropout=0.5)
        places = {layer.name for layer in model.layers if isinstance(layer, kl.Dropout)}
        assert places == {f"{part}_dropout" for part in ("pool3", "pool4", "decoder3", "decoder4")}


class TestRegistration:
    def test_as_a_decorator_it_returns_the_function(self):
        assert sn.register_network("mine", line="mine")(pocket) is pocket
        assert sn.register_decoder("mine", line="mine")(unpooling_only) is unpooling_only
        assert NETWORKS["mine"].title == "mine"

    def test_what_a_builder_accepts_is_read_off_its_signature(self):
        def plain(input_size, num_classes, *, output):
            return pocket(input_size, num_classes, output=output)

        def free(input_size, num_classes, *, output, decoder, **more):
            return pocket(input_size, num_classes, output=output)

        sn.register_network("plain", line="no dropout")(plain)
        sn.register_network("free", line="any decoder")(free)
        sn.register_network("wide", line="eight channels")(functools.partial(pocket, width=8))
        with pytest.raises(ValueError, match=r"the plain network has no dropout, but got dropout=0\.5"):
            sn.TrainConfig(network="plain", dropout=0.5)
        assert networks_with_decoders() == ("basic", "basic16", "free")
        assert sn.TrainConfig(network="free", decoder="fcn").decoder == "fcn"
        assert sn.model.build_network("wide", (None, None, 3), 5).layers[2].filters == 8
        assert sn.model.build_network("wide", (None, None, 3), 5, dropout=0.2).layers[4].rate == 0.2

    def test_a_cell_that_runs_again_replaces_its_own_builder(self):
        def cell(filters):
            @sn.register_network("cell", line=f"{filters} channels")
            def network(input_size, num_classes, *, output):
                return pocket(input_size, num_classes, output=output, width=filters)

        cell(3)
        cell(5)
        assert sn.model.build_network("cell", (None, None, 3), 7).layers[2].filters == 5
        assert NETWORKS["cell"].line == "5 channels"

    @pytest.mark.parametrize(
        ("register", "builder", "kind"),
        [(sn.register_network, pocket, "network"), (sn.register_decoder, unpooling_only, "decoder")],
    )
    def test_a_name_that_is_taken(self, register, builder, kind):
        name = {"network": "basic", "decoder": "fcn"}[kind]
        with pytest.raises(
            sn.UserError, match=rf"there is a {kind} '{name}' already: .* Choose another name"
        ):
            register(name, line="mine")(builder)
        register("mine", line="mine")(builder)
        with pytest.raises(
            sn.UserError, match=rf"there is a {kind} 'mine' already: mine\. Choose another name"
        ):
            register("mine", line="other")(lambda *_, **__: None)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"name": "my net"}, "name must consist of letters, digits, '_', '.' and '-', but got 'my net'"),
            ({"name": ""}, "name must consist of letters"),
            ({"name": 3}, "name must consist of letters.*but got 3"),
            ({"line": ""}, "line must say in one line how it works"),
            ({"line": None}, "line must be text, but got None"),
            ({"title": 3}, "title must be text, but got 3"),
            ({"keeps": "all"}, "keeps must be one of nothing, indices, indices and maps, .*but got 'all'"),
            ({"class_bias": 1}, "class_bias must be True or False, but got 1"),
            (
                {"has_dropout": True},
                "unknown flags: has_dropout. Known: line, title, keeps, linear_end, class_bias",
            ),
        ],
    )
    @pytest.mark.parametrize("register", [sn.register_network, sn.register_decoder])
    def test_a_flag_that_is_impossible(self, register, options, message):
        options = {"name": "mine", "line": "mine"} | options
        with pytest.raises(sn.UserError, match=message):
            register(options.pop("name"), **options)
        assert "mine" not in NETWORKS and "mine" not in DECODERS

    @pytest.mark.parametrize(
        ("register", "builder", "message"),
        [
            (
                sn.register_network,
                lambda size: None,
                r"must accept \(input_size, num_classes, \*, output\) and opt",
            ),
            (
                sn.register_network,
                lambda size, classes: None,
                "its signature is .*unexpected keyword arg.* 'output'",
            ),
            (sn.register_network, lambda a, b, c, *, output: None, "missing a required argument: 'c'"),
            (sn.register_network, "pocket", "network 'mine' must be a function of .* but got 'pocket'"),
            (sn.register_decoder, lambda x: None, r"must accept \(x, context\), but its signature is \(x\)"),
            (sn.register_decoder, None, "decoder 'mine' must be a function of .* but got None"),
        ],
    )
    def test_a_builder_that_is_impossible(self, register, builder, message):
        with pytest.raises(sn.UserError, match=message):
            register("mine", line="mine")(builder)
        assert "mine" not in NETWORKS and "mine" not in DECODERS

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda size, classes, *, output: None, "must return a keras.Model .* but returned NoneType"),
            (
                lambda size, classes, *, output: pocket(size, classes + 1, output=output),
                r"to \(None, None, None, 5\), but its output shape is \(None, None, None, 6\)",
            ),
        ],
    )
    def test_a_builder_that_returns_something_else(self, make, message):
        sn.register_network("mine", line="mine")(make)
        with pytest.raises(sn.UserError, match=message):
            sn.model.build_network("mine", (None, None, 3), 5)
