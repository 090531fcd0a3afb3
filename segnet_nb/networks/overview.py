"""The network of the usual introduction to SegNet, corrected so that it runs."""

from __future__ import annotations

from collections.abc import Sequence

from segnet_nb._shared.framework import keras
from segnet_nb.networks.blocks import Step, convolution
from segnet_nb.networks.encoder_decoder import check_request, encode_and_unpool, finish, normalized_input


def segnet_model(
    input_size: Sequence[int | None] = (128, 128, 3),
    num_classes: int = 12,
    *,
    output: str = "softmax",
    input_normalization: str = "none",
) -> keras.Model:
    """The network of the usual introduction to SegNet, corrected so that it runs.

    Four stages of two 3 x 3 convolutions with ReLU (64, 128, 256, 512 filters), pooling with indices
    after each; the decoder unpools with the same stage's indices and convolves twice; a 1 x 1 convolution
    classifies. The version that is usually printed cannot run: Keras has no
    ``MaxPooling2D(return_indices=True)`` and no ``MaxUnpooling2D``, and indices of 256 channels cannot unpool
    512 channels. Here the last convolution of each decoder stage reduces the channels (512 to 256, 256 to
    128, 128 to 64), as the authors' own files do.

    Args:
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: number of classes, at least 2.
        output: ``"softmax"`` for probabilities or ``"logits"``.
        input_normalization: how the input is normalised, see
            ``segnet_nb.normalization.input_normalization``; the introduction does not normalise.

    Returns:
        A ``keras.Model`` from floats ``(batch, height, width, channels)``, any range (0..1 is usual), to
        float32 ``(batch, height, width, num_classes)``.

    Raises:
        ValueError: if a size, the number of classes or the output is impossible.

    Example:
        >>> model = segnet_model((32, 32, 3), num_classes=12)
        >>> model.output_shape
        (None, 32, 32, 12)
    """
    size = check_request(input_size, num_classes, output)
    widths = (64, 128, 256, 512)
    inputs, x = normalized_input(size, input_normalization)

    def stage(name: str, *filters: int) -> list[Step]:
        return [
            convolution(count, f"{name}_{i}", normalize=False) for i, count in enumerate(filters, start=1)
        ]

    encoder = [stage(f"encoder{i}", f, f) for i, f in enumerate(widths, start=1)]
    decoder = [stage(f"decoder{i}", f, widths[max(i - 2, 0)]) for i, f in enumerate(widths, start=1)]
    x = encode_and_unpool(x, encoder, decoder)
    logits = keras.layers.Conv2D(num_classes, 1, name="classifier")(x)
    return finish(inputs, logits, output, "segnet_model")
