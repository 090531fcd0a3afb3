"""SegNet networks: the overview network, SegNet-Basic, the full SegNet on VGG16, and a modern one.

All of them remember where each maximum was and unpool with exactly those indices; all take any height
and width of at least 16 pixels, unknown sizes included, and give back the input's height and width.

Sources: PAPER = arXiv 1511.00561; FILES = the authors' Caffe models, github.com/alexgkendall/
SegNet-Tutorial.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras
from segnet_nb.networks.blocks import Dropouts, Step, Tensor, apply_all, bottleneck, convolution, residual
from segnet_nb.networks.decoders import check_decoder, decode
from segnet_nb.networks.layers import MaxPoolingWithIndices2D, MaxUnpooling2D
from segnet_nb.networks.normalization import input_normalization

kl = keras.layers

SMALLEST_SIDE = 16


def _check_request(
    input_size: Sequence[int | None], num_classes: int, output: str
) -> tuple[int | None, int | None, int]:
    if len(input_size) != 3:
        raise UserError(
            f"input_size must be (height, width, channels), but {tuple(input_size)} came. "
            "For colour images of any size pass (None, None, 3)."
        )
    for side, length in zip(("height", "width"), input_size, strict=False):
        if length is not None and length < SMALLEST_SIDE:
            raise UserError(
                f"the {side} must be at least {SMALLEST_SIDE} pixels to be pooled four times, but "
                f"{length} came. Resize the images or pad them."
            )
    if input_size[2] is None or input_size[2] < 1:
        raise UserError(f"the number of channels must be known and positive, but {input_size[2]} came.")
    if num_classes < 2:
        raise UserError(
            f"num_classes must be at least 2, but {num_classes} came. Foreground against background "
            "counts as two classes."
        )
    if output not in ("softmax", "logits"):
        raise UserError(f"output must be 'softmax' or 'logits', but {output!r} came.")
    return tuple(input_size)


def _encode(
    x: Tensor, encoder: Sequence[Sequence[Step]], after_pool: Callable[[int, Tensor], Tensor]
) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """Pool stage by stage; the bottleneck, and of each stage the indices and the map that was pooled."""
    remembered = []
    for number, steps in enumerate(encoder, start=1):
        before = apply_all(x, steps)
        x, indices = MaxPoolingWithIndices2D(name=f"pool{number}")(before)
        remembered.append((indices, before))
        x = after_pool(number, x)
    return x, remembered


def _encoder_decoder(
    x: Tensor,
    encoder: Sequence[Sequence[Step]],
    decoder: Sequence[Sequence[Step]],
    middle: Sequence[Step] = (),
    dropout: Dropouts | None = None,
) -> Tensor:
    """The shape all SegNets share: pool stage by stage, then unpool with the same stage's indices.

    ``decoder`` is listed like ``encoder``, outermost stage first, and runs from the last to the first.
    """
    dropout = dropout or Dropouts(0.0, ())
    x, remembered = _encode(x, encoder, dropout.after_pool)
    x = apply_all(x, middle)
    for number in range(len(encoder), 0, -1):
        indices, before = remembered[number - 1]
        # `before` lends its height and width only: 23 rows come from 45 or from 46.
        x = MaxUnpooling2D(name=f"unpool{number}")([x, indices, before])
        x = dropout.after_stage(number, apply_all(x, decoder[number - 1]))
    return x


def _finish(inputs: Tensor, logits: Tensor, output: str, name: str) -> keras.Model:
    """The model, with softmax in float32 whatever the precision policy."""
    outputs = (
        kl.Softmax(dtype="float32", name="softmax")(logits)
        if output == "softmax"
        else kl.Activation("linear", dtype="float32", name="logits")(logits)
    )
    return keras.Model(inputs, outputs, name=name)


def _normalized_input(size: tuple[int | None, int | None, int], kind: str) -> tuple[Tensor, Tensor]:
    inputs = keras.Input(size, name="image")
    layer = input_normalization(kind)
    return inputs, inputs if layer is None else layer(inputs)


def segnet_model(
    input_size: Sequence[int | None] = (128, 128, 3),
    num_classes: int = 12,
    *,
    output: str = "softmax",
    input_normalization: str = "none",
) -> keras.Model:
    """The network of the usual introduction to SegNet, made to run.

    Four stages of two 3 x 3 convolutions with ReLU (64, 128, 256, 512 filters), pooling with indices
    after each; the decoder unpools with the stage's own indices and convolves twice; a 1 x 1 convolution
    classifies. As it is usually printed it cannot run: Keras has no ``MaxPooling2D(return_indices=True)``
    and no ``MaxUnpooling2D``, and 512 channels cannot be placed by indices of 256. Here the last
    convolution of each decoder stage brings the channels down (512 to 256, 256 to 128, 128 to 64), as
    the authors' own files do.

    Args:
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: classes to tell apart, at least 2.
        output: ``"softmax"`` for probabilities or ``"logits"``.
        input_normalization: what happens to pixels first, see
            ``segnet_nb.normalization.input_normalization``; the introduction does nothing.

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
    size = _check_request(input_size, num_classes, output)
    widths = (64, 128, 256, 512)
    inputs, x = _normalized_input(size, input_normalization)

    def stage(name: str, *filters: int) -> list[Step]:
        return [
            convolution(count, f"{name}_{i}", normalize=False) for i, count in enumerate(filters, start=1)
        ]

    encoder = [stage(f"encoder{i}", f, f) for i, f in enumerate(widths, start=1)]
    decoder = [stage(f"decoder{i}", f, widths[max(i - 2, 0)]) for i, f in enumerate(widths, start=1)]
    x = _encoder_decoder(x, encoder, decoder)
    logits = kl.Conv2D(num_classes, 1, name="classifier")(x)
    return _finish(inputs, logits, output, "segnet_model")


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
    """SegNet-Basic: four encoders and four decoders of one 7 x 7 convolution to 64 maps each.

    Encoder stage: convolution, batch normalisation, ReLU, pooling with indices. Decoder stage: unpooling,
    convolution, batch normalisation and no ReLU (PAPER section 3, FILES ``segnet_basic_train.prototxt``).
    1,415,040 convolution weights at the defaults.

    Args:
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: classes to tell apart, at least 2.
        output: ``"softmax"`` for probabilities or ``"logits"``.
        filters: maps of every convolution.
        kernel_size: side of every convolution but the classifier, in pixels.
        input_normalization: what happens to pixels first, see
            ``segnet_nb.normalization.input_normalization``; the default is that of FILES.
        decoder: one of ``segnet_nb.decoders.DECODERS``, which tells about each: the eight of PAPER table 1
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
    size = _check_request(input_size, num_classes, output)
    check_decoder(decoder)
    drop = Dropouts(dropout, (3, 4))
    inputs, x = _normalized_input(size, input_normalization)
    encoder = [[convolution(filters, f"encoder{i}", kernel_size=kernel_size)] for i in range(1, 5)]
    x, remembered = _encode(x, encoder, drop.after_pool)
    logits = decode(
        decoder,
        x,
        remembered,
        num_classes=num_classes,
        filters=filters,
        kernel_size=kernel_size,
        after_stage=drop.after_stage,
    )
    return _finish(inputs, logits, output, "segnet_basic" if decoder == "segnet" else f"basic_{decoder}")


def segnet_vgg16(
    input_size: Sequence[int | None] = (360, 480, 3),
    num_classes: int = 11,
    *,
    encoder_weights: str | None = None,
    output: str = "softmax",
    input_normalization: str | None = None,
    dropout: float = 0.0,
) -> keras.Model:
    """The full SegNet: the 13 convolutions of VGG16, five poolings with indices, 13 mirrored back.

    Every convolution has a bias, batch normalisation and ReLU, but the very last, 3 x 3 to the classes,
    which has neither normalisation nor ReLU; the last of each decoder stage brings the channels down
    (FILES ``segnet_train.prototxt``). 29.45 M parameters for 11 classes.

    Args:
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: classes to tell apart, at least 2.
        encoder_weights: None for random ones, or ``"imagenet"`` for those of ``keras.applications.VGG16``
            (downloaded by Keras at first use, 59 MB).
        output: ``"softmax"`` for probabilities or ``"logits"``.
        input_normalization: what happens to pixels first; None: ``"vgg"``, which suits both.
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
    size = _check_request(input_size, num_classes, output)
    if encoder_weights not in (None, "imagenet"):
        raise UserError(
            f"encoder_weights must be None or 'imagenet', but {encoder_weights!r} came. To load a file "
            "of your own, build the network and call model.load_weights(path)."
        )
    if encoder_weights == "imagenet" and size[2] != 3:
        raise UserError(
            f"ImageNet weights see 3 channels, but the input has {size[2]}. Pass "
            "encoder_weights=None or images with 3 channels."
        )
    inputs, x = _normalized_input(size, input_normalization or "vgg")
    widths, depths = (64, 128, 256, 512, 512), (2, 2, 3, 3, 3)
    encoder, decoder = [], []
    for i, (width, depth) in enumerate(zip(widths, depths, strict=True), start=1):
        encoder.append([convolution(width, f"encoder{i}_{j}", use_bias=True) for j in range(1, depth + 1)])
        back = [width] * (depth - 1) + [widths[max(i - 2, 0)]]
        decoder.append(
            [convolution(width, f"decoder{i}_{j}", use_bias=True) for j, width in enumerate(back, start=1)]
        )
    decoder[0][-1] = convolution(num_classes, "classifier", normalize=False, activate=False, use_bias=True)
    logits = _encoder_decoder(x, encoder, decoder, dropout=Dropouts(dropout, (3, 4, 5)))
    model = _finish(inputs, logits, output, "segnet_vgg16")
    if encoder_weights == "imagenet":
        load_vgg16_encoder(model, keras.applications.VGG16(include_top=False, weights="imagenet"))
    return model


def load_vgg16_encoder(model: keras.Model, vgg16: keras.Model) -> None:
    """Copy the 13 convolutions of a VGG16 into the encoder of a ``segnet_vgg16``.

    The released VGG16 reads BGR; SegNet here reads RGB, so the first kernel's input channels turn round.

    Args:
        model: a network made by ``segnet_vgg16``; changed in place.
        vgg16: ``keras.applications.VGG16`` with or without its top.

    Raises:
        ValueError: if either has not the 13 convolutions.
    """
    ours = [layer for layer in model.layers if layer.name.startswith("encoder")]
    ours = [layer for layer in ours if isinstance(layer, kl.Conv2D)]
    theirs = [layer for layer in vgg16.layers if isinstance(layer, kl.Conv2D)]
    if len(ours) != 13 or len(theirs) != 13:
        raise UserError(
            f"13 convolutions are needed on both sides, but the model has {len(ours)} in its encoder and "
            f"VGG16 {len(theirs)}. Pass a segnet_vgg16 and a keras.applications.VGG16."
        )
    for target, source in zip(ours, theirs, strict=True):
        kernel, bias = source.get_weights()
        target.set_weights([kernel[:, :, ::-1] if target is ours[0] else kernel, bias])


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
    """SegNet with what was learnt since: residual blocks, a wider view, little work at full size.

    The idea is untouched: the decoder gets nothing from the encoder but pooling indices. Each encoder
    stage is a 3 x 3 convolution and residual blocks; dilated residual blocks at the bottleneck see the
    whole street; each decoder stage unpools, then residual blocks, then a convolution to the next
    stage's channels.

    Args:
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: classes to tell apart, at least 2.
        output: ``"softmax"`` for probabilities or ``"logits"``.
        filters: maps of each stage, outermost first; as many stages as there are numbers.
        depths: residual blocks of each stage of the encoder.
        decoder_depths: the same of the decoder; None: as in the encoder.
        dilations: one dilated residual block at the bottleneck per number.
        blocks: ``"basic"`` (two 3 x 3 convolutions) or ``"bottleneck"`` (3 x 3 on half the maps between two
            1 x 1, a quarter of the work), for all stages or one per stage; the last is the bottleneck's too.
        input_normalization: what happens to pixels first, see
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
    size = _check_request(input_size, num_classes, output)
    decoder_depths = depths if decoder_depths is None else decoder_depths
    kinds = [blocks] * len(filters) if isinstance(blocks, str) else list(blocks)
    if not filters or not len(filters) == len(depths) == len(decoder_depths) == len(kinds):
        raise UserError(
            f"every stage needs filters, depths and a block, but {len(filters)} filters, {len(depths)} and "
            f"{len(decoder_depths)} depths and {len(kinds)} blocks came. Pass as many of each."
        )
    if unknown := set(kinds) - set(_BLOCKS):
        raise UserError(f"blocks are {' or '.join(_BLOCKS)}, but {sorted(unknown)} came.")
    inputs, x = _normalized_input(size, input_normalization)
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
    x = _encoder_decoder(x, encoder, decoder, middle, drop)
    logits = kl.Conv2D(num_classes, 1, name="classifier")(x)
    return _finish(inputs, logits, output, name)


_BLOCKS = {"basic": residual, "bottleneck": bottleneck}


# Networks whose decoder can be chosen, and the maps of their convolutions.
BASIC_FILTERS = {"basic": 64, "basic16": 16}


def build_network(
    name: str,
    input_size: Sequence[int | None],
    num_classes: int,
    *,
    output: str = "logits",
    decoder: str = "segnet",
    dropout: float = 0.0,
) -> keras.Model:
    """The network that a training configuration names, on RGB in 0..255.

    Args:
        name: ``"overview"``, ``"basic"``, ``"basic16"``, SegNet-Basic with 16 maps in place of 64, a
            sixteenth of the work, ``"vgg16"``, ``"modern"``, ``"lean"``, a modern one of three
            stages and cheaper blocks, or ``"small"``, a slim one that trains in minutes on two cores.
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: classes to tell apart, at least 2.
        output: ``"softmax"`` for probabilities or ``"logits"``.
        decoder: of ``"basic"`` and ``"basic16"``, see ``segnet_basic``; the others have SegNet's.
        dropout: rate of Bayesian SegNet's dropout, 0 for none; the overview network has none.

    Raises:
        ValueError: if the name is unknown or anything else impossible.

    Example:
        >>> build_network("small", (None, None, 3), 11).name
        'segnet_small'
    """
    if decoder != "segnet" and name not in BASIC_FILTERS:
        raise UserError(
            f"decoder={decoder!r} is one of the networks {' and '.join(BASIC_FILTERS)}, but {name!r} was "
            "asked for."
        )
    if name == "overview":
        if dropout:
            raise UserError("the overview network has no dropout. Take 'basic', 'vgg16' or a modern one.")
        return segnet_model(input_size, num_classes, output=output, input_normalization="scale")
    if name in BASIC_FILTERS:
        return segnet_basic(
            input_size,
            num_classes,
            output=output,
            filters=BASIC_FILTERS[name],
            decoder=decoder,
            dropout=dropout,
        )
    if name == "vgg16":
        return segnet_vgg16(input_size, num_classes, output=output, dropout=dropout)
    if name == "modern":
        return segnet_modern(input_size, num_classes, output=output, dropout=dropout)
    if name == "lean":
        return segnet_modern(
            input_size,
            num_classes,
            output=output,
            filters=(16, 48, 128),
            depths=(0, 0, 2),
            decoder_depths=(0, 0, 1),
            dilations=(1, 2, 4, 8) * 3,
            blocks=("basic", "bottleneck", "bottleneck"),
            dropout=dropout,
            name="segnet_lean",
        )
    if name == "small":
        return segnet_modern(
            input_size,
            num_classes,
            output=output,
            filters=(16, 32, 64, 96),
            dilations=(1, 2),
            dropout=dropout,
            name="segnet_small",
        )
    names = ", ".join(("overview", *BASIC_FILTERS, "vgg16", "small", "modern", "lean"))
    raise UserError(f"no network is called {name!r}. Choose from: {names}.")
