"""The decoders that the paper compares, on one encoder, and three more that are often compared with them.

Each is an entry of ``DECODERS``, built by one of three functions; ``segnet_nb.register_decoder`` adds more.

PAPER = Badrinarayanan, Kendall, Cipolla, arXiv 1511.00561, section 3.1, figure 3 and table 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from segnet_nb._shared.framework import keras
from segnet_nb.networks.blocks import Tensor, convolution
from segnet_nb.networks.catalogue import DECODERS, DecoderInfo, decoder_info
from segnet_nb.networks.encoder_decoder import EncoderStage
from segnet_nb.networks.layers import CropLike, MaxUnpooling2D
from segnet_nb.networks.upsampling import BilinearKernel, BilinearUpsampling2D

__all__ = ["DECODERS", "DecoderContext", "DecoderInfo", "check_decoder", "decode"]

kl = keras.layers


@dataclass(frozen=True)
class DecoderContext:
    """What a decoder works with besides the bottleneck.

    Attributes:
        stages: what each encoder stage keeps, innermost first, the order in which a decoder uses them.
        num_classes: channels of the result.
        filters: channels of every encoder stage.
        kernel_size: kernel size of SegNet's decoder convolutions, in pixels.
        after_stage: to be applied to the output of each decoder stage, with the number of the stage: dropout.
    """

    stages: tuple[EncoderStage, ...]
    num_classes: int
    filters: int
    kernel_size: int
    after_stage: Callable[[int, Tensor], Tensor]

    def classify(self, x: Tensor) -> Tensor:
        """Class scores from features, by a 1 x 1 convolution with bias."""
        return kl.Conv2D(self.num_classes, 1, kernel_initializer="he_normal", name="classifier")(x)


def check_decoder(name: str) -> None:
    """Raise unless there is a decoder of this name.

    Raises:
        ValueError: naming those there are.
    """
    decoder_info(name)


def decode(
    name: str,
    x: Tensor,
    stages: Sequence[EncoderStage],
    *,
    num_classes: int,
    filters: int,
    kernel_size: int,
    after_stage: Callable[[int, Tensor], Tensor] = lambda number, x: x,
) -> Tensor:
    """Class scores at full size from the bottleneck.

    Args:
        name: a name of ``DECODERS``.
        x: the bottleneck, ``(batch, height, width, filters)``.
        stages: what each encoder stage keeps, outermost first.
        num_classes: channels of the result.
        filters: channels of every stage.
        kernel_size: kernel size of SegNet's decoder convolutions, in pixels.
        after_stage: applied to the output of each decoder stage, with the number of the stage (dropout).

    Returns:
        Logits of shape ``(batch, full height, full width, num_classes)``.

    Raises:
        ValueError: if there is no such decoder.
    """
    context = DecoderContext(tuple(reversed(stages)), num_classes, filters, kernel_size, after_stage)
    return decoder_info(name).build(x, context)


def decode_bilinear(x: Tensor, context: DecoderContext) -> Tensor:
    """Classify, then upsample by fixed bilinear interpolation."""
    # Interpolating class scores or features gives the same, but there are fewer scores.
    x = context.classify(x)
    for number, _, features in context.stages:
        x = BilinearUpsampling2D(name=f"enlarge{number}")(x)
        x = context.after_stage(number, CropLike(name=f"crop{number}")([x, features]))
    return x


def decode_fcn(x: Tensor, context: DecoderContext, *, adds: bool, reduces: bool) -> Tensor:
    """Upsample by learned transposed convolutions that start as bilinear interpolation.

    Args:
        x: the bottleneck.
        context: the rest.
        adds: whether the encoder's feature maps are added.
        reduces: whether features are reduced to one channel per class first; then there is no classifier.
    """

    def reduced(x: Tensor, name: str) -> Tensor:
        return kl.Conv2D(
            context.num_classes, 1, use_bias=False, kernel_initializer="he_normal", name=f"reduce{name}"
        )(x)

    channels = context.num_classes if reduces else context.filters
    x = reduced(x, "_bottleneck") if reduces else x
    for number, _, features in context.stages:
        x = _transposed_convolution(x, channels, 8, BilinearKernel(), number, features)
        if adds:
            kept = reduced(features, str(number)) if reduces else features
            x = kl.Add(name=f"add{number}")([x, kept])
        x = context.after_stage(number, x)
    return x if reduces else context.classify(x)


def decode_segnet(
    x: Tensor,
    context: DecoderContext,
    *,
    upsampling: str = "indices",
    concatenates: bool = False,
    depthwise: bool = False,
    adds: bool = False,
) -> Tensor:
    """Upsample, convolve and normalise stage by stage, then classify.

    Args:
        x: the bottleneck.
        context: the rest.
        upsampling: ``"indices"`` (unpooling), ``"transposed"`` (learned 2 x 2) or ``"nearest"``.
        concatenates: whether the encoder's feature maps are concatenated before each convolution.
        depthwise: whether each filter reads its own channel only.
        adds: whether the encoder's feature maps are added after each convolution.
    """
    upsample, convolve = _UPSAMPLINGS[upsampling], _depthwise if depthwise else _full
    for stage in context.stages:
        number, features = stage.number, stage.features
        x = upsample(x, context.filters, stage)
        if concatenates:
            x = kl.Concatenate(name=f"concatenate{number}")([x, features])
        x = convolve(x, context, number)
        if adds:
            x = kl.Add(name=f"add{number}")([x, features])
        x = context.after_stage(number, x)
    return context.classify(x)


def _unpooled(x: Tensor, filters: int, stage: EncoderStage) -> Tensor:
    return MaxUnpooling2D(name=f"unpool{stage.number}")([x, stage.indices, stage.features])


def _transposed(x: Tensor, filters: int, stage: EncoderStage) -> Tensor:
    return _transposed_convolution(x, filters, 2, "he_normal", stage.number, stage.features)


def _nearest(x: Tensor, filters: int, stage: EncoderStage) -> Tensor:
    x = kl.UpSampling2D(2, interpolation="nearest", name=f"enlarge{stage.number}")(x)
    return CropLike(name=f"crop{stage.number}")([x, stage.features])


_UPSAMPLINGS: dict[str, Callable[[Tensor, int, EncoderStage], Tensor]] = {
    "indices": _unpooled,
    "transposed": _transposed,
    "nearest": _nearest,
}


def _full(x: Tensor, context: DecoderContext, number: int) -> Tensor:
    step = convolution(context.filters, f"decoder{number}", kernel_size=context.kernel_size, activate=False)
    return step(x)


def _depthwise(x: Tensor, context: DecoderContext, number: int) -> Tensor:
    x = kl.DepthwiseConv2D(
        context.kernel_size,
        padding="same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=f"decoder{number}_conv",
    )(x)
    return kl.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"decoder{number}_norm")(x)


def _transposed_convolution(
    x: Tensor, channels: int, kernel_size: int, initializer: Any, number: int, features: Tensor
) -> Tensor:
    """Upsample by two and crop to the height and width of the features."""
    x = kl.Conv2DTranspose(
        channels,
        kernel_size,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=initializer,
        name=f"enlarge{number}",
    )(x)
    return CropLike(name=f"crop{number}")([x, features])
