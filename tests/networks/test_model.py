"""What the networks are made of: counts, channels, order of layers, refusals."""

from __future__ import annotations

from functools import cache, partial

import keras
import numpy as np
import pytest
from keras import layers as kl

from segnet_nb import model as networks
from segnet_nb.networks.layers import MaxPoolingWithIndices2D, MaxUnpooling2D
from segnet_nb.networks.normalization import LocalResponseNormalization
from tests.cases import arrays

ANY = (None, None, 3)
# Slim ones: what they are made of does not depend on how wide they are.
BUILDERS = {
    "overview": networks.segnet_model,
    "basic": partial(networks.segnet_basic, filters=4, kernel_size=3),
    "vgg16": networks.segnet_vgg16,
    "modern": partial(networks.segnet_modern, filters=(4, 6, 8), depths=(0, 1, 2)),
}
STAGES = {"overview": 4, "basic": 4, "vgg16": 5, "modern": 3}


@cache
def built(name, num_classes=11):
    return BUILDERS[name](ANY, num_classes)


@cache
def basic():
    return networks.segnet_basic(ANY, 11)


def of_type(model, cls):
    return [layer for layer in model.layers if isinstance(layer, cls)]


def kernels(model):
    return [tuple(layer.kernel.shape) for layer in of_type(model, kl.Conv2D)]


def parameters(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


class TestOverview:
    def test_convolutions(self):
        pairs = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
        # Back: the last convolution of each stage drops to the channels of the next indices.
        pairs += [(512, 512), (512, 256), (256, 256), (256, 128), (128, 128), (128, 64), (64, 64), (64, 64)]
        expected = [(3, 3, *pair) for pair in pairs] + [(1, 1, 64, 12)]
        assert kernels(built("overview", 12)) == expected

    def test_parameters(self):
        # Weights: 9 * (520,384 encoder + 524,288 decoder) + 64 * 12 = 9,402,816; biases: encoder
        # 2 * (64 + 128 + 256 + 512) = 1,920, decoder 512 + 2 * (256 + 128) + 3 * 64 = 1,472, classifier 12.
        assert built("overview", 12).count_params() == 9_402_816 + 1_920 + 1_472 + 12

    def test_relu_after_all_but_the_classifier(self):
        model = built("overview", 12)
        assert len(of_type(model, kl.ReLU)) == 16
        assert not of_type(model, kl.BatchNormalization)
        assert model.get_layer("softmax").input is model.get_layer("classifier").output

    def test_defaults_are_those_of_the_introduction(self):
        model = networks.segnet_model()
        assert model.input_shape == (None, 128, 128, 3)
        assert model.output_shape == (None, 128, 128, 12)
        # 128 -> 64 -> 32 -> 16 -> 8 and back.
        assert [pool.output[0].shape[1] for pool in of_type(model, MaxPoolingWithIndices2D)] == [
            64,
            32,
            16,
            8,
        ]
        assert [unpool.output.shape[1] for unpool in of_type(model, MaxUnpooling2D)] == [16, 32, 64, 128]
        assert of_type(model, kl.Rescaling) == []


class TestBasic:
    def test_convolution_weights(self):
        # 7 * 7 * 3 * 64 = 9,408, then seven of 7 * 7 * 64 * 64 = 200,704, then 64 * 11 = 704.
        weights = [layer.kernel for layer in of_type(basic(), kl.Conv2D)]
        assert parameters(weights) == 9_408 + 7 * 200_704 + 704 == 1_415_040

    def test_all_that_is_learnt(self):
        # Beside the weights: 8 normalisations of 64 scales and 64 shifts, and 11 biases of the classifier.
        assert parameters(basic().trainable_variables) == 1_415_040 + 8 * 128 + 11

    def test_convolutions(self):
        assert kernels(basic()) == [(7, 7, 3, 64)] + [(7, 7, 64, 64)] * 7 + [(1, 1, 64, 11)]
        assert [layer.use_bias for layer in of_type(basic(), kl.Conv2D)] == [False] * 8 + [True]

    def test_relu_in_the_encoder_alone(self):
        pools = of_type(basic(), MaxPoolingWithIndices2D)
        relus = of_type(basic(), kl.ReLU)
        assert [pool.input for pool in pools] == [relu.output for relu in relus]
        # What unpooling gets, and what the classifier gets, comes straight from a normalisation.
        norms = {layer.output: layer.name for layer in of_type(basic(), kl.BatchNormalization)}
        fed = [unpool.input[0] for unpool in of_type(basic(), MaxUnpooling2D)[1:]]
        fed.append(basic().get_layer("classifier").input)
        assert [norms[tensor] for tensor in fed] == [f"decoder{i}_norm" for i in (4, 3, 2, 1)]

    def test_decoder_passes_negative_values_on(self):
        model = built("basic")
        watched = keras.Model(model.input, [model.get_layer(f"decoder{i}_norm").output for i in (1, 2, 3, 4)])
        images = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)).astype("float32")
        assert all(values.min() < 0 for values in arrays(watched(images)))

    def test_published_input_normalisation(self):
        layer = basic().layers[1]
        assert isinstance(layer, LocalResponseNormalization)
        assert (layer.size, layer.alpha, layer.beta) == (5, 1e-4, 0.75)


class TestVgg16:
    def test_convolutions(self):
        forth = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256)]
        forth += [(256, 512)] + [(512, 512)] * 5
        back = [(512, 512)] * 3 + [(512, 512), (512, 512), (512, 256)]
        back += [(256, 256), (256, 256), (256, 128), (128, 128), (128, 64), (64, 64), (64, 11)]
        assert (len(forth), len(back)) == (13, 13)
        assert kernels(built("vgg16")) == [(3, 3, *pair) for pair in forth + back]

    def test_parameters(self):
        # Weights: VGG16's 14,710,464 and 14,715,072 back. Biases: 4,224 and 3,723. A scale and a shift for
        # every map but the 11 classes: 2 * (4,224 + 3,723 - 11) = 15,872.
        trained = parameters(built("vgg16").trainable_variables)
        assert trained == 14_710_464 + 14_715_072 + 4_224 + 3_723 + 15_872 == 29_449_355

    def test_normalisation_and_relu_after_all_but_the_last(self):
        model = built("vgg16")
        convolutions = of_type(model, kl.Conv2D)
        norms, relus = of_type(model, kl.BatchNormalization), of_type(model, kl.ReLU)
        assert [norm.input for norm in norms] == [conv.output for conv in convolutions[:-1]]
        assert [relu.input for relu in relus] == [norm.output for norm in norms]
        assert model.get_layer("softmax").input is convolutions[-1].output
        assert all(layer.use_bias for layer in convolutions)


@pytest.mark.parametrize("name", BUILDERS)
class TestEveryNetwork:
    def test_unpools_with_the_indices_of_the_same_stage(self, name):
        model = built(name)
        pools, unpools = of_type(model, MaxPoolingWithIndices2D), of_type(model, MaxUnpooling2D)
        assert len(pools) == len(unpools) == STAGES[name]
        for pool, unpool in zip(pools, reversed(unpools), strict=True):
            values, indices, like = unpool.input
            assert indices is pool.output[1]
            assert like is pool.input
            assert values.shape[-1] == indices.shape[-1]

    def test_decoder_sees_the_encoder_through_indices_alone(self, name):
        """Cut at the innermost map: besides it, the decoder needs indices and sizes, no values."""
        model = built(name)
        unpools = of_type(model, MaxUnpooling2D)
        decoder_input = unpools[0].input[0]
        reached, todo = set(), [model.output]
        while todo:
            tensor = todo.pop()
            layer = tensor._keras_history.operation
            if tensor is decoder_input or layer.name in reached:
                continue
            reached.add(layer.name)
            inputs = layer.input if isinstance(layer.input, list) else [layer.input]
            todo += inputs[:1] if isinstance(layer, MaxUnpooling2D) else inputs
        assert not [label for label in reached if label.startswith(("encoder", "pool", "image"))]
        assert [label for label in reached if label.startswith("decoder")]

    @pytest.mark.parametrize(
        ("request_", "message"),
        [
            ({"input_size": (15, 32, 3)}, "the height must be at least 16 pixels.*but got 15.*pad them"),
            ({"input_size": (None, 8, 3)}, "the width must be at least 16 pixels.*but got 8"),
            ({"input_size": (32, 32)}, r"input_size must be .*but got \(32, 32\)\..*\(None, None, 3\)"),
            ({"input_size": (1, 32, 32, 3)}, r"input_size must be \(height, width, channels\)"),
            ({"input_size": (32, 32, None)}, "channels must be known and positive, but got None"),
            ({"input_size": (32, 32, 0)}, "channels must be known and positive, but got 0"),
            ({"num_classes": 1}, "num_classes must be at least 2, but got 1"),
            ({"output": "sigmoid"}, "output must be 'softmax' or 'logits', but got 'sigmoid'"),
            ({"input_normalization": "zca"}, "no input normalisation is called 'zca'"),
        ],
    )
    def test_refuses_what_is_impossible(self, name, request_, message):
        with pytest.raises(ValueError, match=message):
            BUILDERS[name](**request_)

    def test_smallest_size_and_another_number_of_channels(self, name):
        model = BUILDERS[name]((16, 16, 5), 2, input_normalization="scale")
        assert (model.input_shape, model.output_shape) == ((None, 16, 16, 5), (None, 16, 16, 2))


class TestModern:
    def test_each_stage_needs_filters_and_a_depth(self):
        with pytest.raises(ValueError, match="but got 3 filters, 2 and 2 depths and 3 blocks"):
            networks.segnet_modern(filters=(4, 8, 16), depths=(0, 1))
        with pytest.raises(ValueError, match="but got 0 filters, 0 and 0 depths and 0 blocks"):
            networks.segnet_modern(filters=(), depths=())

    def test_bottleneck_is_dilated_as_asked(self):
        model = networks.segnet_modern(ANY, filters=(4,), depths=(0,), dilations=(1, 2, 4))
        rates = [layer.dilation_rate for layer in of_type(model, kl.Conv2D) if "middle" in layer.name]
        assert rates == [(1, 1)] * 2 + [(2, 2)] * 2 + [(4, 4)] * 2

    def test_blocks_and_depths(self):
        model = networks.segnet_modern(
            ANY,
            filters=(4, 6),
            depths=(1, 2),
            decoder_depths=(0, 1),
            dilations=(2,),
            blocks=("basic", "bottleneck"),
        )
        names = [layer.name.removesuffix("_conv") for layer in of_type(model, kl.Conv2D)]
        assert names == [
            *("encoder1", "encoder1_block1_a", "encoder1_block1_b"),
            *("encoder2", "encoder2_block1_a", "encoder2_block1_b", "encoder2_block1_c"),
            *("encoder2_block2_a", "encoder2_block2_b", "encoder2_block2_c"),
            *("middle1_a", "middle1_b", "middle1_c"),
            *("decoder2_block1_a", "decoder2_block1_b", "decoder2_block1_c", "decoder2"),
            *("decoder1", "classifier"),
        ]
        # A bottleneck block of 6 maps: 1 x 1 to 3, 3 x 3 on 3, 1 x 1 back to 6.
        shapes = [tuple(model.get_layer(f"middle1_{part}_conv").kernel.shape) for part in "abc"]
        assert shapes == [(1, 1, 6, 3), (3, 3, 3, 3), (1, 1, 3, 6)]
        assert model.get_layer("middle1_b_conv").dilation_rate == (2, 2)

    def test_blocks_that_are_not_there(self):
        with pytest.raises(ValueError, match="blocks must be basic or bottleneck, but got \\['dense'\\]"):
            networks.segnet_modern(filters=(4,), depths=(0,), blocks="dense")

    def test_dropout_in_the_two_innermost_stages(self):
        model = networks.segnet_modern(ANY, filters=(4, 4, 4), depths=(0, 0, 0), dropout=0.2)
        places = [layer.name for layer in of_type(model, kl.Dropout)]
        expected = ["pool2_dropout", "pool3_dropout", "decoder3_dropout", "decoder2_dropout"]
        assert places == expected


def test_bayesian_segnet_on_vgg16_drops_where_it_was_published():
    model = networks.segnet_vgg16(ANY, 11, dropout=0.5)
    places = [layer.name for layer in of_type(model, kl.Dropout)]
    pools, decoders = ([f"{part}{i}_dropout" for i in (3, 4, 5)] for part in ("pool", "decoder"))
    assert places == pools + decoders[::-1]


class TestBuildNetwork:
    @pytest.mark.parametrize(
        ("name", "expected", "first"),
        [
            ("overview", "segnet_model", "scale"),
            ("basic", "segnet_basic", "local_response"),
            ("basic16", "segnet_basic", "local_response"),
            ("small", "segnet_small", "scale"),
            ("modern", "segnet_modern", "scale"),
            ("lean", "segnet_lean", "scale"),
            ("vgg16", "segnet_vgg16", "subtract_mean"),
        ],
    )
    def test_names(self, name, expected, first):
        model = networks.build_network(name, ANY, 11)
        assert (model.name, model.layers[1].name, model.layers[-1].name) == (expected, first, "logits")

    def test_dropout(self):
        for name in ("basic", "small", "modern", "lean", "vgg16"):
            model = networks.build_network(name, ANY, 11, dropout=0.25)
            assert {layer.rate for layer in of_type(model, kl.Dropout)} == {0.25}
        with pytest.raises(ValueError, match="the overview network has no dropout"):
            networks.build_network("overview", ANY, 11, dropout=0.25)

    def test_unknown_name(self):
        with pytest.raises(
            ValueError, match=r"no network is called 'unet'. Choose from: overview, basic, basic16, vgg16"
        ):
            networks.build_network("unet", ANY, 11)
