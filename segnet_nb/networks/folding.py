"""The last linear layers of a network as one, for prediction.

A decoder stage of SegNet-Basic has no ReLU, so that after the last unpooling a convolution to 64 maps, batch
normalisation and a 1 x 1 convolution to the classes follow each other with nothing bent in between. In
prediction, where normalisation multiplies and adds constants, they are one convolution straight to the
classes: about a sixth of the network's largest layer, and the same numbers but for rounding.
``benchmarks/folding.py`` compares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from segnet_nb._shared.framework import keras
from segnet_nb.networks.layers import CropLike

kl = keras.layers

Tensor = Any


def folded(model: keras.Model) -> keras.Model:
    """A network that predicts what this one does, with less work where it ends in linear layers.

    ``predict``, ``evaluate`` and ``export`` of this package use it of their own accord. It shares the layers
    before the folded ones; those are computed anew at each call, so after more training call again. The
    network itself stays as it is.

    Args:
        model: any network that ends in softmax or logits; what is folded is in float32.

    Returns:
        A ``keras.Model`` of the same inputs and outputs, equal but for rounding; the network itself if it
        does not end in linear layers that are cheaper as one.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 3, filters=8, kernel_size=3)
        >>> model.get_layer("decoder1_conv").output.shape[-1]
        8
        >>> folded(model).layers[-2].output.shape[-1]  # the classes, at once
        3
    """
    if model not in _found:
        _found[model] = _fold(model)
    found = _found[model]
    if found is None:
        return model
    found.refresh()
    return found.model


@dataclass(frozen=True)
class _Branch:
    """A convolution to the classes, and the layers of the original that it stands for.

    Attributes:
        layer: the convolution; that of the first branch has the bias of all.
        original: a convolution to more maps; None where the classifier alone is meant.
        normalizations: what came after it, last first.
    """

    layer: keras.layers.Layer
    original: keras.layers.Layer | None
    normalizations: Sequence[keras.layers.BatchNormalization]


@dataclass(frozen=True)
class _Folded:
    """The network for prediction, the original's classifier, and the parts whose sum the classifier sees."""

    model: keras.Model
    classifier: keras.layers.Conv2D
    branches: Sequence[_Branch]

    def refresh(self) -> None:
        """Take over the weights that the original has now."""
        matrix, total = _weights(self.classifier)
        matrix, kernels = matrix[0, 0], []
        for branch in self.branches:
            by = matrix
            for layer in branch.normalizations:
                factor, offset = _affine(layer)
                total, by = total + offset @ by, factor[:, None] * by
            if branch.original is None:
                kernels.append(by[None, None])
                continue
            kernel, bias = _weights(branch.original)
            # A transposed convolution names its outputs before its inputs.
            turned = isinstance(branch.original, kl.Conv2DTranspose)
            kernels.append(np.einsum("hwoi,oc->hwci" if turned else "hwio,oc->hwic", kernel, by))
            total = total + bias @ by
        for branch, kernel in zip(self.branches, kernels, strict=True):
            branch.layer.set_weights([kernel, total] if branch.layer.use_bias else [kernel])


_found: WeakKeyDictionary[keras.Model, _Folded | None] = WeakKeyDictionary()


def _weights(layer: keras.layers.Layer) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of a convolution, in float64."""
    kernel = np.asarray(layer.get_weights()[0], "float64")
    return kernel, np.asarray(layer.get_weights()[1], "float64") if layer.use_bias else np.zeros(
        layer.filters
    )


def _affine(layer: keras.layers.BatchNormalization) -> tuple[np.ndarray, np.ndarray]:
    """By what a normalisation multiplies in prediction, and what it adds."""
    values = dict(zip((weight.name for weight in layer.weights), layer.get_weights(), strict=True))
    factor = values.get("gamma", 1.0) / np.sqrt(values["moving_variance"].astype("float64") + layer.epsilon)
    return factor, values.get("beta", 0.0) - values["moving_mean"] * factor


def _fold(model: keras.Model) -> _Folded | None:
    """The network with the linear layers at its end as one; None where that is impossible or no cheaper."""
    makers = {}
    for layer in model.layers:
        # A layer that was called twice has no one output; what it makes is left alone.
        with suppress(AttributeError, ValueError):
            makers[id(layer.output)] = layer
    last = makers.get(id(getattr(model, "output", None)))
    classifier = makers.get(id(last.input)) if isinstance(last, kl.Softmax | kl.Activation) else None
    if not (_is_linear(classifier, kl.Conv2D) and classifier.kernel_size == (1, 1)):
        return None
    branches: list[_Branch] = []

    def score(x: Tensor, normalizations: tuple[keras.layers.Layer, ...]) -> Tensor:
        """What the classifier makes of a tensor that passed the normalisations on its way to it."""
        maker = makers.get(id(x))
        if isinstance(maker, kl.BatchNormalization) and maker.axis in (-1, 3):
            return score(maker.input, (*normalizations, maker))
        alike = {part.shape[-1] for part in maker.input} if type(maker) is kl.Add else set()
        # Of normalisations after a sum every part would add what they add.
        if len(alike) == 1 and not normalizations:
            return kl.Add(name=f"{maker.name}_of_classes")(
                [score(part, normalizations) for part in maker.input]
            )
        if type(maker) is CropLike:
            x, like = maker.input
            return CropLike(name=f"{maker.name}_of_classes")([score(x, normalizations), like])
        convolution = _is_linear(maker, kl.Conv2D, kl.Conv2DTranspose) and maker.filters > classifier.filters
        source = maker if convolution else classifier
        config = source.get_config() | {"filters": classifier.filters, "use_bias": not branches}
        config |= {key: "zeros" for key in config if key.endswith("_initializer")}
        config["name"] = f"{source.name}_to_classes{len(branches)}"
        layer = type(source).from_config(config)
        branches.append(_Branch(layer, maker if convolution else None, normalizations))
        return layer(maker.input if convolution else x)

    scores = score(classifier.input, ())
    if all(branch.original is None for branch in branches):
        return None
    out = type(last).from_config(last.get_config())(scores)
    return _Folded(keras.Model(model.input, out, name=model.name), classifier, branches)


def _is_linear(layer: keras.layers.Layer | None, *kinds: type) -> bool:
    """Whether it is a plain convolution in float32 with no activation."""
    return (
        type(layer) in kinds
        and layer.activation is keras.activations.linear
        and getattr(layer, "groups", 1) == 1
        and layer.compute_dtype == "float32"
    )
