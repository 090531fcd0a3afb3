"""The full SegNet on the convolutions of VGG16.

FILES = the authors' Caffe models, github.com/alexgkendall/SegNet-Tutorial.
"""

from __future__ import annotations

from collections.abc import Sequence

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras
from segnet_nb.networks.blocks import Dropouts, convolution
from segnet_nb.networks.encoder_decoder import check_request, encode_and_unpool, finish, normalized_input


def segnet_vgg16(
    input_size: Sequence[int | None] = (360, 480, 3),
    num_classes: int = 11,
    *,
    encoder_weights: str | None = None,
    output: str = "softmax",
    input_normalization: str | None = None,
    dropout: float = 0.0,
) -> keras.Model:
    """The full SegNet: the 13 convolutions of VGG16, five poolings with indices, 13 in the decoder.

    Every convolution has a bias, batch normalisation and ReLU, except the very last, 3 x 3 to the classes,
    which has neither normalisation nor ReLU; the last of each decoder stage reduces the channels (FILES
    ``segnet_train.prototxt``). 29.45 M parameters for 11 classes.

    Args:
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: number of classes, at least 2.
        encoder_weights: None for random initialisation, or ``"imagenet"`` for those of
            ``keras.applications.VGG16`` (downloaded by Keras at first use, 59 MB).
        output: ``"softmax"`` for probabilities or ``"logits"``.
        input_normalization: how the input is normalised; None: ``"vgg"``, as ImageNet weights need it.
        dropout: rate of the dropout after the poolings and decoders of stages 3 to 5; 0 for none, 0.5 in
            Bayesian SegNet.

    Returns:
        A ``keras.Model`` from floats ``(batch, height, width, channels)``, RGB in 0..255, to float32
        ``(batch, height, width, num_classes)``.

    Raises:
        ValueError: if a size, the number of classes, the weights, the output or the normalisation is
            impossible.

    Example:
        >>> model = segnet_vgg16((64, 64, 3), num_classes=11)
        >>> len([layer for layer in model.layers if layer.name.endswith("_conv")])
        26
    """
    size = check_request(input_size, num_classes, output)
    if encoder_weights not in (None, "imagenet"):
        raise UserError(
            f"encoder_weights must be None or 'imagenet', but got {encoder_weights!r}. To load "
            "your own file, build the network and call model.load_weights(path)."
        )
    if encoder_weights == "imagenet" and size[2] != 3:
        raise UserError(
            f"ImageNet weights need 3 input channels, but the input has {size[2]}. Pass "
            "encoder_weights=None or images with 3 channels."
        )
    inputs, x = normalized_input(size, input_normalization or "vgg")
    widths, depths = (64, 128, 256, 512, 512), (2, 2, 3, 3, 3)
    encoder, decoder = [], []
    for i, (width, depth) in enumerate(zip(widths, depths, strict=True), start=1):
        encoder.append([convolution(width, f"encoder{i}_{j}", use_bias=True) for j in range(1, depth + 1)])
        back = [width] * (depth - 1) + [widths[max(i - 2, 0)]]
        decoder.append(
            [convolution(width, f"decoder{i}_{j}", use_bias=True) for j, width in enumerate(back, start=1)]
        )
    decoder[0][-1] = convolution(num_classes, "classifier", normalize=False, activate=False, use_bias=True)
    logits = encode_and_unpool(x, encoder, decoder, dropout=Dropouts(dropout, (3, 4, 5)))
    model = finish(inputs, logits, output, "segnet_vgg16")
    if encoder_weights == "imagenet":
        load_vgg16_encoder(model, keras.applications.VGG16(include_top=False, weights="imagenet"))
    return model


def load_vgg16_encoder(model: keras.Model, vgg16: keras.Model) -> None:
    """Copy the 13 convolutions of a VGG16 into the encoder of a ``segnet_vgg16``.

    The released VGG16 reads BGR; SegNet here reads RGB, so the input channels of the first kernel are
    reversed.

    Args:
        model: a network made by ``segnet_vgg16``; changed in place.
        vgg16: ``keras.applications.VGG16`` with or without its top.

    Raises:
        ValueError: if either does not have the 13 convolutions.
    """
    ours = [layer for layer in model.layers if layer.name.startswith("encoder")]
    ours = [layer for layer in ours if isinstance(layer, keras.layers.Conv2D)]
    theirs = [layer for layer in vgg16.layers if isinstance(layer, keras.layers.Conv2D)]
    if len(ours) != 13 or len(theirs) != 13:
        raise UserError(
            f"13 convolutions are needed on both sides, but the model has {len(ours)} in its encoder and "
            f"VGG16 {len(theirs)}. Pass a segnet_vgg16 and a keras.applications.VGG16."
        )
    for target, source in zip(ours, theirs, strict=True):
        kernel, bias = source.get_weights()
        target.set_weights([kernel[:, :, ::-1] if target is ours[0] else kernel, bias])
