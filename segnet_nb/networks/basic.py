"""SegNet-Basic, with any decoder.

Sources: PAPER = arXiv 1511.00561; FILES = the authors' Caffe models, github.com/alexgkendall/SegNet-Tutorial.
"""

from __future__ import annotations

from collections.abc import Sequence

from segnet_nb._shared.framework import keras
from segnet_nb.networks.blocks import Dropouts, convolution
from segnet_nb.networks.decoders import check_decoder, decode
from segnet_nb.networks.encoder_decoder import check_request, encode, finish, normalized_input


def segnet_basic(
    input_size: Sequence[int | None] = (360, 480, 3),
    num_classes: int = 11,
    *,
    output: str = "softmax",
    filters: int = 64,
    kernel_size: int = 7,
    input_normalization: str = "local_response",
    decoder: str = "segnet",
    dropout: float = 0.0,
) -> keras.Model:
    """SegNet-Basic: four encoders and four decoders of one 7 x 7 convolution to 64 channels each.

    Encoder stage: convolution, batch normalisation, ReLU, pooling with indices. Decoder stage: unpooling,
    convolution, batch normalisation and no ReLU (PAPER section 3, FILES ``segnet_basic_train.prototxt``).
    1,415,040 convolution weights at the defaults.

    Args:
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: number of classes, at least 2.
        output: ``"softmax"`` for probabilities or ``"logits"``.
        filters: output channels of every convolution.
        kernel_size: kernel size of every convolution except the classifier, in pixels.
        input_normalization: how the input is normalised, see
            ``segnet_nb.normalization.input_normalization``; the default is that of FILES.
        decoder: a name of ``segnet_nb.decoders.DECODERS``, which describes each: the eight of PAPER table 1
            and ``"transposed"``, ``"nearest"`` and ``"concatenation"``.
        dropout: rate of the dropout after the poolings and decoders of stages 3 and 4; 0 for none, 0.5 in
            Bayesian SegNet.

    Returns:
        A ``keras.Model`` from floats ``(batch, height, width, channels)``, RGB in 0..255, to float32
        ``(batch, height, width, num_classes)``.

    Raises:
        ValueError: if a size, the number of classes, the output, the normalisation, the decoder or the
            dropout is impossible.

    Example:
        >>> model = segnet_basic((None, None, 3), num_classes=11)
        >>> model.output_shape
        (None, None, None, 11)
    """
    size = check_request(input_size, num_classes, output)
    check_decoder(decoder)
    drop = Dropouts(dropout, (3, 4))
    inputs, x = normalized_input(size, input_normalization)
    encoder = [[convolution(filters, f"encoder{i}", kernel_size=kernel_size)] for i in range(1, 5)]
    x, stages = encode(x, encoder, drop.after_pool)
    logits = decode(
        decoder,
        x,
        stages,
        num_classes=num_classes,
        filters=filters,
        kernel_size=kernel_size,
        after_stage=drop.after_stage,
    )
    return finish(inputs, logits, output, "segnet_basic" if decoder == "segnet" else f"basic_{decoder}")
