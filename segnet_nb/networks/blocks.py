"""The building blocks of networks: steps from tensor to tensor, each named after its stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras

kl = keras.layers

Tensor = Any
Step = Callable[[Tensor], Tensor]


def convolution(
    filters: int,
    name: str,
    *,
    kernel_size: int = 3,
    strides: int = 1,
    dilation: int = 1,
    normalize: bool = True,
    activate: bool = True,
    use_bias: bool | None = None,
) -> Step:
    """Convolution, then optionally batch normalisation and ReLU, named after its stage.

    Example:
        >>> convolution(8, "encoder1")(keras.Input((16, 16, 3))).shape
        (None, 16, 16, 8)
    """

    def apply(x: Tensor) -> Tensor:
        x = kl.Conv2D(
            filters,
            kernel_size,
            strides=strides,
            padding="same",
            dilation_rate=dilation,
            use_bias=(not normalize) if use_bias is None else use_bias,
            kernel_initializer="he_normal",
            name=f"{name}_conv",
        )(x)
        if normalize:
            x = kl.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
        return kl.ReLU(name=f"{name}_relu")(x) if activate else x

    return apply


def residual(filters: int, name: str, *, dilation: int = 1) -> Step:
    """A residual block of two 3 x 3 convolutions (He et al., arXiv 1512.03385)."""

    def apply(x: Tensor) -> Tensor:
        y = convolution(filters, f"{name}_a", dilation=dilation)(x)
        y = convolution(filters, f"{name}_b", dilation=dilation, activate=False)(y)
        return kl.ReLU(name=f"{name}_relu")(kl.Add(name=f"{name}_add")([x, y]))

    return apply


def bottleneck(filters: int, name: str, *, dilation: int = 1) -> Step:
    """A residual block with its 3 x 3 convolution on half the channels, a quarter of the work (He et al.)."""

    def apply(x: Tensor) -> Tensor:
        y = convolution(filters // 2, f"{name}_a", kernel_size=1)(x)
        y = convolution(filters // 2, f"{name}_b", dilation=dilation)(y)
        y = convolution(filters, f"{name}_c", kernel_size=1, activate=False)(y)
        return kl.ReLU(name=f"{name}_relu")(kl.Add(name=f"{name}_add")([x, y]))

    return apply


def apply_all(x: Tensor, steps: Sequence[Step]) -> Tensor:
    """Apply one step after the other."""
    for step in steps:
        x = step(x)
    return x


class Dropouts:
    """Dropout as in Bayesian SegNet: after the pooling and after the decoder of some stages.

    Stages 3 and 4 of SegNet-Basic, 3 to 5 of the full one (arXiv 1511.02680, section 3 and the authors'
    ``bayesian_segnet*_train.prototxt``).
    """

    def __init__(self, rate: float, stages: Sequence[int]) -> None:
        if not 0 <= rate < 1:
            raise UserError(f"dropout must be in 0..1, 1 excluded, but got {rate}. Published: 0.5.")
        self._rate, self._stages = rate, stages

    def after_pool(self, number: int, x: Tensor) -> Tensor:
        """The output of a stage's pooling, with dropout."""
        return self._applied(x, number, f"pool{number}_dropout")

    def after_stage(self, number: int, x: Tensor) -> Tensor:
        """The output of a stage's decoder, with dropout."""
        return self._applied(x, number, f"decoder{number}_dropout")

    def _applied(self, x: Tensor, number: int, name: str) -> Tensor:
        if not self._rate or number not in self._stages:
            return x
        return kl.Dropout(self._rate, name=name)(x)
