"""SegNet with residual blocks and dilated convolutions."""

from __future__ import annotations

from collections.abc import Sequence

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras
from segnet_nb.networks.blocks import Dropouts, bottleneck, convolution, residual
from segnet_nb.networks.encoder_decoder import check_request, encode_and_unpool, finish, normalized_input

_BLOCKS = {"basic": residual, "bottleneck": bottleneck}


def segnet_modern(
    input_size: Sequence[int | None] = (360, 480, 3),
    num_classes: int = 11,
    *,
    output: str = "softmax",
    filters: Sequence[int] = (24, 48, 96, 192),
    depths: Sequence[int] = (0, 0, 1, 1),
    decoder_depths: Sequence[int] | None = None,
    dilations: Sequence[int] = (1, 2, 4),
    blocks: Sequence[str] | str = "basic",
    input_normalization: str = "scale",
    dropout: float = 0.0,
    name: str = "segnet_modern",
) -> keras.Model:
    """SegNet with later ideas: residual blocks, dilated convolutions, little work at full resolution.

    The decoder still gets nothing from the encoder but pooling indices. Each encoder stage is a 3 x 3
    convolution and residual blocks; dilated residual blocks at the bottleneck enlarge the receptive field to
    the whole scene; each decoder stage is an unpooling, residual blocks and a convolution to the channels of
    the next stage.

    Args:
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: number of classes, at least 2.
        output: ``"softmax"`` for probabilities or ``"logits"``.
        filters: channels of each stage, outermost first; there are as many stages as numbers.
        depths: residual blocks in each stage of the encoder.
        decoder_depths: the same for the decoder; None: as in the encoder.
        dilations: one dilated residual block at the bottleneck per number.
        blocks: ``"basic"`` (two 3 x 3 convolutions) or ``"bottleneck"`` (3 x 3 on half the channels between
            two 1 x 1, a quarter of the work), for all stages or one per stage; the last is also used at the
            bottleneck.
        input_normalization: how the input is normalised, see
            ``segnet_nb.normalization.input_normalization``.
        dropout: rate of the dropout after the poolings and decoders of the two innermost stages.
        name: name of the model.

    Returns:
        A ``keras.Model`` from floats ``(batch, height, width, channels)``, RGB in 0..255, to float32
        ``(batch, height, width, num_classes)``.

    Raises:
        ValueError: if a size, the number of classes, the output or the normalisation is impossible, or
            if filters and depths differ in length.

    Example:
        >>> model = segnet_modern((None, None, 3), num_classes=11, filters=(8, 16), depths=(0, 1))
        >>> model.output_shape
        (None, None, None, 11)
    """
    size = check_request(input_size, num_classes, output)
    decoder_depths = depths if decoder_depths is None else decoder_depths
    kinds = [blocks] * len(filters) if isinstance(blocks, str) else list(blocks)
    if not filters or not len(filters) == len(depths) == len(decoder_depths) == len(kinds):
        raise UserError(
            f"every stage needs filters, depths and a block, but got {len(filters)} filters, {len(depths)} "
            f"and {len(decoder_depths)} depths and {len(kinds)} blocks. Pass the same number of each."
        )
    if unknown := set(kinds) - set(_BLOCKS):
        raise UserError(f"blocks must be {' or '.join(_BLOCKS)}, but got {sorted(unknown)}.")
    inputs, x = normalized_input(size, input_normalization)
    encoder, decoder = [], []
    for i, (width, kind) in enumerate(zip(filters, kinds, strict=True), start=1):
        block, counts = _BLOCKS[kind], (depths[i - 1], decoder_depths[i - 1])
        more, back = (
            [block(width, f"{part}{i}_block{j}") for j in range(1, count + 1)]
            for part, count in zip(("encoder", "decoder"), counts, strict=True)
        )
        encoder.append([convolution(width, f"encoder{i}"), *more])
        decoder.append([*back, convolution(filters[max(i - 2, 0)], f"decoder{i}")])
    middle = [
        _BLOCKS[kinds[-1]](filters[-1], f"middle{j}", dilation=rate)
        for j, rate in enumerate(dilations, start=1)
    ]
    drop = Dropouts(dropout, (len(filters) - 1, len(filters)))
    x = encode_and_unpool(x, encoder, decoder, middle, drop)
    logits = keras.layers.Conv2D(num_classes, 1, name="classifier")(x)
    return finish(inputs, logits, output, name)
