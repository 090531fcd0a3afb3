"""What all networks share: checks of a request, the encoder, the decoder that unpools, the output layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras
from segnet_nb.networks import normalization
from segnet_nb.networks.blocks import Dropouts, Step, Tensor, apply_all
from segnet_nb.networks.layers import MaxPoolingWithIndices2D, MaxUnpooling2D

SMALLEST_SIDE = 16

Size = tuple[int | None, int | None, int]


class EncoderStage(NamedTuple):
    """What an encoder stage keeps for the decoder.

    Attributes:
        number: of the stage, from 1, the outermost.
        indices: uint8 pooling indices, ``(batch, ceil(height / 2), ceil(width / 2), channels)``.
        features: the feature map that was pooled, ``(batch, height, width, channels)``.
    """

    number: int
    indices: Tensor
    features: Tensor


def check_request(input_size: Sequence[int | None], num_classes: int, output: str) -> Size:
    """The input size as a tuple, if a network can be built for it.

    Args:
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: at least 2.
        output: ``"softmax"`` or ``"logits"``.

    Raises:
        ValueError: if a size, the number of classes or the output is impossible.

    Example:
        >>> check_request([None, 64, 3], 11, "softmax")
        (None, 64, 3)
    """
    if len(input_size) != 3:
        raise UserError(
            f"input_size must be (height, width, channels), but got {tuple(input_size)}. "
            "For colour images of any size pass (None, None, 3)."
        )
    height, width, channels = input_size
    for side, length in (("height", height), ("width", width)):
        if length is not None and length < SMALLEST_SIDE:
            raise UserError(
                f"the {side} must be at least {SMALLEST_SIDE} pixels to be pooled four times, but got "
                f"{length}. Resize the images or pad them."
            )
    if channels is None or channels < 1:
        raise UserError(f"the number of channels must be known and positive, but got {channels}.")
    if num_classes < 2:
        raise UserError(
            f"num_classes must be at least 2, but got {num_classes}. Foreground and background count as two "
            "classes."
        )
    if output not in ("softmax", "logits"):
        raise UserError(f"output must be 'softmax' or 'logits', but got {output!r}.")
    return height, width, channels


def normalized_input(size: Size, kind: str) -> tuple[Tensor, Tensor]:
    """The input of a network and the normalised image.

    Args:
        size: from ``check_request``.
        kind: see ``segnet_nb.normalization.input_normalization``.
    """
    inputs = keras.Input(size, name="image")
    layer = normalization.input_normalization(kind)
    return inputs, inputs if layer is None else layer(inputs)


def encode(
    x: Tensor, encoder: Sequence[Sequence[Step]], after_pool: Callable[[int, Tensor], Tensor]
) -> tuple[Tensor, list[EncoderStage]]:
    """Pool stage by stage.

    Args:
        x: the image, ``(batch, height, width, channels)``.
        encoder: the steps of each stage before its pooling, outermost stage first.
        after_pool: applied to the output of each pooling, with the number of the stage (dropout).

    Returns:
        The bottleneck, and what each stage keeps, outermost first.
    """
    stages = []
    for number, steps in enumerate(encoder, start=1):
        features = apply_all(x, steps)
        x, indices = MaxPoolingWithIndices2D(name=f"pool{number}")(features)
        stages.append(EncoderStage(number, indices, features))
        x = after_pool(number, x)
    return x, stages


def encode_and_unpool(
    x: Tensor,
    encoder: Sequence[Sequence[Step]],
    decoder: Sequence[Sequence[Step]],
    middle: Sequence[Step] = (),
    dropout: Dropouts | None = None,
) -> Tensor:
    """The structure of every SegNet: pool stage by stage, then unpool with the same stage's indices.

    Args:
        x: the image, ``(batch, height, width, channels)``.
        encoder: the steps of each stage before its pooling, outermost stage first.
        decoder: the steps of each stage after its unpooling, listed in the same order.
        middle: steps at the bottleneck.
        dropout: None for none.

    Returns:
        Features of shape ``(batch, height, width, channels of the last decoder step)``.
    """
    dropout = dropout or Dropouts(0.0, ())
    x, stages = encode(x, encoder, dropout.after_pool)
    x = apply_all(x, middle)
    for number, indices, features in reversed(stages):
        # Only the height and width of the features are used: 23 rows come from 45 or from 46.
        x = MaxUnpooling2D(name=f"unpool{number}")([x, indices, features])
        x = dropout.after_stage(number, apply_all(x, decoder[number - 1]))
    return x


def finish(inputs: Tensor, logits: Tensor, output: str, name: str) -> keras.Model:
    """The model from its input and its logits.

    Args:
        inputs: from ``keras.Input``.
        logits: ``(batch, height, width, num_classes)``.
        output: ``"softmax"`` or ``"logits"``.
        name: of the model.

    Returns:
        A ``keras.Model`` whose output is float32 under every precision policy.

    Example:
        >>> image = keras.Input((16, 16, 3))
        >>> finish(image, keras.layers.Conv2D(5, 1)(image), "softmax", "pixelwise").layers[-1].name
        'softmax'
    """
    outputs = (
        keras.layers.Softmax(dtype="float32", name="softmax")(logits)
        if output == "softmax"
        else keras.layers.Activation("linear", dtype="float32", name="logits")(logits)
    )
    return keras.Model(inputs, outputs, name=name)


def ends_in_softmax(model: keras.Model) -> bool:
    """Whether a network gives probabilities, not logits.

    Example:
        >>> image = keras.Input((16, 16, 3))
        >>> ends_in_softmax(keras.Model(image, keras.layers.Conv2D(5, 1, activation="softmax")(image)))
        True
    """
    last = model.layers[-1]
    activation = getattr(last, "activation", None)
    return isinstance(last, keras.layers.Softmax) or activation is keras.activations.softmax
