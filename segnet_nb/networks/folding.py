"""The last linear layers of a network as one convolution, for inference.

A decoder stage of SegNet-Basic has no ReLU, so that after the last unpooling a convolution to 64 channels,
batch normalisation and a 1 x 1 convolution to the classes follow each other with no nonlinearity in between.
In inference, where batch normalisation multiplies and adds constants, they equal one convolution to the
classes: about a sixth of the work of the network's largest layer, and the same results up to rounding.
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
Layer = Any  # Keras annotates neither the attributes of layers nor their classes


def folded(model: keras.Model) -> keras.Model:
    """An equivalent network for inference that needs less work where this one ends in linear layers.

    ``predict``, ``evaluate`` and ``export`` of this package use it automatically. It shares the layers before
    the folded ones; the weights of those are updated at each call, so call it again after more training. The
    network itself is not changed.

    Args:
        model: any network that ends in softmax or logits; only float32 layers are folded.

    Returns:
        A ``keras.Model`` of the same inputs and outputs, equal up to rounding; the network itself if it
        does not end in linear layers that are cheaper as one.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 3, filters=8, kernel_size=3)
        >>> model.get_layer("decoder1_conv").output.shape[-1]
        8
        >>> folded(model).layers[-2].output.shape[-1]  # the classes directly
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
    """A convolution to the classes, and the layers of the original that it replaces.

    Attributes:
        layer: the convolution; that of the first branch has the bias of all branches.
        original: a convolution to more channels; None if only the classifier is replaced.
        normalizations: batch normalisations after it, last first.
    """

    layer: Layer
    original: Layer | None
    normalizations: Sequence[Layer]


@dataclass(frozen=True)
class _Folded:
    """The network for inference, the original's classifier, and the branches that add up to its input."""

    model: keras.Model
    classifier: Layer
    branches: Sequence[_Branch]

    def refresh(self) -> None:
        """Compute the weights from the current ones of the original."""
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
            # The kernel of a transposed convolution has its outputs before its inputs.
            transposed = isinstance(branch.original, kl.Conv2DTranspose)
            kernels.append(np.einsum("hwoi,oc->hwci" if transposed else "hwio,oc->hwic", kernel, by))
            total = total + bias @ by
        for branch, kernel in zip(self.branches, kernels, strict=True):
            branch.layer.set_weights([kernel, total] if branch.layer.use_bias else [kernel])


_found: WeakKeyDictionary[keras.Model, _Folded | None] = WeakKeyDictionary()


def _weights(layer: Layer) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of a convolution, in float64."""
    kernel = np.asarray(layer.get_weights()[0], "float64")
    return kernel, np.asarray(layer.get_weights()[1], "float64") if layer.use_bias else np.zeros(
        layer.filters
    )


def _affine(layer: Layer) -> tuple[np.ndarray, np.ndarray]:
    """Factor and offset of a batch normalisation in inference."""
    values = dict(zip((weight.name for weight in layer.weights), layer.get_weights(), strict=True))
    factor = values.get("gamma", 1.0) / np.sqrt(values["moving_variance"].astype("float64") + layer.epsilon)
    return factor, values.get("beta", 0.0) - values["moving_mean"] * factor


def _fold(model: keras.Model) -> _Folded | None:
    """The network with the linear layers at its end as one; None if that is impossible or no cheaper."""
    makers: dict[int, Layer] = {}
    for layer in model.layers:
        # A layer that was called twice has no single output; it is left as it is.
        with suppress(AttributeError, ValueError):
            makers[id(layer.output)] = layer
    last = makers.get(id(getattr(model, "output", None)))
    if not isinstance(last, kl.Softmax | kl.Activation):
        return None
    classifier: Layer = makers.get(id(last.input))
    if not _is_linear(classifier, kl.Conv2D) or classifier.kernel_size != (1, 1):
        return None
    branches: list[_Branch] = []

    def score(x: Tensor, normalizations: tuple[Layer, ...]) -> Tensor:
        """Class scores of a tensor that passes the normalisations on its way to the classifier."""
        maker: Layer = makers.get(id(x))
        if isinstance(maker, kl.BatchNormalization) and maker.axis in (-1, 3):
            return score(maker.input, (*normalizations, maker))
        alike = {part.shape[-1] for part in maker.input} if type(maker) is kl.Add else set()
        # The offset of a normalisation after a sum would be added once per branch.
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


def _is_linear(layer: Layer, *kinds: type) -> bool:
    """Whether it is a plain convolution in float32 without activation."""
    return (
        type(layer) in kinds
        and layer.activation is keras.activations.linear
        and getattr(layer, "groups", 1) == 1
        and layer.compute_dtype == "float32"
    )
