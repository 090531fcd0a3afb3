"""A SegNet for real time: nothing is computed at full resolution."""

from __future__ import annotations

from collections.abc import Sequence

from segnet_nb._shared.framework import keras
from segnet_nb.networks.blocks import Dropouts, Step, bottleneck, convolution
from segnet_nb.networks.encoder_decoder import check_request, encode_and_unpool, finish, normalized_input
from segnet_nb.networks.subpixel import BLOCK, DepthToSpace2D


def segnet_realtime(
    input_size: Sequence[int | None] = (360, 480, 3),
    num_classes: int = 11,
    *,
    output: str = "softmax",
    filters: tuple[int, int, int] = (16, 48, 128),
    dilations: Sequence[int] = (1, 2, 4, 8, 1, 2, 4, 8),
    input_normalization: str = "scale",
    dropout: float = 0.0,
) -> keras.Model:
    """SegNet between a stem of stride 2 and a sub-pixel head, for 30 images a second on two cores.

    A feature map at full resolution costs more to read and write than all convolutions at an eighth of it.
    So the first convolution halves the resolution, and the last one computes the class scores of 2 x 2 pixels
    at once (depth to space). Between them are two poolings with indices, dilated bottleneck blocks at an
    eighth of the resolution, and two unpoolings, each followed by convolutions that fill in its zeros.

    Args:
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: number of classes, at least 2.
        output: ``"softmax"`` for probabilities or ``"logits"``.
        filters: channels at a half, a quarter and an eighth of the resolution.
        dilations: one dilated bottleneck block at an eighth of the resolution per number.
        input_normalization: how the input is normalised, see
            ``segnet_nb.normalization.input_normalization``.
        dropout: rate of the dropout after the poolings and decoders of both stages.

    Returns:
        A ``keras.Model`` from floats ``(batch, height, width, channels)``, RGB in 0..255, to float32
        ``(batch, height, width, num_classes)``.

    Raises:
        ValueError: if a size, the number of classes, the output, the normalisation or the dropout is
            impossible.

    Example:
        >>> segnet_realtime((None, None, 3), num_classes=11).output_shape
        (None, None, None, 11)
    """
    size = check_request(input_size, num_classes, output)
    inputs, x = normalized_input(size, input_normalization)
    half, quarter, eighth = filters
    encoder = [
        [convolution(half, "stem", kernel_size=5, strides=BLOCK)],
        [convolution(quarter, "encoder2"), bottleneck(quarter, "encoder2_block1")],
    ]
    middle: list[Step] = [convolution(eighth, "middle0")]
    middle += [bottleneck(eighth, f"middle{j}", dilation=rate) for j, rate in enumerate(dilations, start=1)]
    middle.append(convolution(quarter, "reduction", kernel_size=1))
    decoder: list[list[Step]] = [
        # Three of four values of its input are zeros of the unpooling: it fills them in.
        [convolution(2 * half, "decoder1")],
        [bottleneck(quarter, "decoder2_block1"), convolution(half, "decoder2")],
    ]
    x = encode_and_unpool(x, encoder, decoder, middle, Dropouts(dropout, (1, 2)))
    scores = keras.layers.Conv2D(
        BLOCK**2 * num_classes, 1, kernel_initializer="he_normal", name="classifier"
    )(x)
    return finish(inputs, DepthToSpace2D(name="depth_to_space")([scores, inputs]), output, "segnet_realtime")
