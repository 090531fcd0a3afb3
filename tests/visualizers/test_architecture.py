"""The architecture diagram and the times of the stages show the measured costs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from segnet_nb.probes.layer_costs import LayerCost, NetworkCosts, PoolingMemory
from segnet_nb.visualizers.architecture import show_architecture, show_layer_times


def layer(name, kind, shape=(8, 12, 4), seconds=0.001):
    return LayerCost(name, kind, shape, 10, 100, 1536, 3, seconds)


def costs(*layers, poolings=()):
    return NetworkCosts("network", tuple(layers), tuple(poolings))


CODER = costs(
    layer("encoder1_conv", "Conv2D", seconds=0.004),
    layer("encoder1_norm", "BatchNormalization", seconds=0.002),
    layer("pool1", "MaxPoolingWithIndices2D", (4, 6, 4)),
    layer("unpool1", "MaxUnpooling2D"),
    layer("decoder1_conv", "Conv2D", seconds=0.008),
    layer("softmax", "Softmax", (8, 12, 3)),
    poolings=[PoolingMemory("pool1", (8, 12, 4), 1_536_000, 96_000, 24_000, 4)],
)


def words(figure):
    return {text.get_text() for text in figure.axes[0].texts} | {
        text.get_text() for legend in figure.legends for text in legend.get_texts()
    }


def test_boxes_sizes_and_connections():
    figure = show_architecture(CODER)
    boxes = [patch for patch in figure.axes[0].patches if type(patch) is Rectangle]
    assert len(boxes) == 4  # convolution, pooling, unpooling, convolution
    heights = [box.get_height() for box in boxes]
    np.testing.assert_allclose([h / heights[0] for h in heights], [1, 2**-0.5, 1, 1])
    assert all(a.get_x() + a.get_width() < b.get_x() for a, b in pairwise(boxes))
    assert {"8 x 12", "4 x 6", "indices 0.024 MB", "unpooling with indices"} <= words(figure)


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        (["concatenate1"], "feature maps 1.54 MB"),
        (["add1"], "feature maps 1.54 MB"),
        (["add1", "reduce1"], "feature maps, one per class"),
    ],
)
def test_other_decoders(extra, text):
    layers = [each for each in CODER.layers if each.name != "unpool1"]
    layers += [layer("enlarge1", "UpSampling2D"), *(layer(name, "Add") for name in extra)]
    assert text in words(show_architecture(costs(*layers, poolings=CODER.poolings)))


def test_a_decoder_without_connections_has_no_arrow():
    layers = [each for each in CODER.layers if each.name != "unpool1"] + [layer("enlarge1", "UpSampling2D")]
    figure = show_architecture(costs(*layers, poolings=CODER.poolings))
    assert not [word for word in words(figure) if "MB" in word]


def test_bars_add_up_to_the_time_of_each_stage():
    figure = show_layer_times(CODER)
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["encoder1", "pool1", "unpool1", "decoder1", "softmax"]
    totals = np.zeros(len(names))
    for bar in axes.patches:
        totals[round(bar.get_y() + bar.get_height() / 2)] += bar.get_width()
    np.testing.assert_allclose(totals, [6, 1, 1, 8, 1])
    assert "17 ms" in figure.get_suptitle()


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="has no convolution to draw"):
        show_architecture(costs(layer("a", "ReLU")))
    with pytest.raises(ValueError, match="no layers"):
        show_layer_times(costs())
