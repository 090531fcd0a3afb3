"""The decoders that the paper compares, on one encoder, and three more that people ask about.

PAPER = Badrinarayanan, Kendall, Cipolla, arXiv 1511.00561, section 3.1, figure 3 and table 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.framework import keras
from segnet_nb.networks.blocks import convolution
from segnet_nb.networks.layers import CropLike, MaxUnpooling2D

kl = keras.layers

Tensor = Any


@dataclass(frozen=True)
class Decoder:
    """What is known about a decoder.

    Attributes:
        title: the paper's name, or ours where the paper has none.
        line: how it works, in a line.
        keeps: what the encoder must hand over: ``"nothing"``, ``"indices"``, ``"reduced maps"`` (as many as
            classes) or ``"maps"`` (all of them), of every stage; SegNet-Basic-EncoderAddition keeps maps and
            indices.
        parameters: millions of parameters as published, rounded as there; None for ours.
        published: G, C, mIoU and BF in percent on CamVid's test split, trained with median frequency
            balancing (PAPER table 1); None for ours.
    """

    title: str
    line: str
    keeps: str
    parameters: float | None = None
    published: tuple[float, float, float, float] | None = None


DECODERS: dict[str, Decoder] = {
    "bilinear": Decoder(
        "Bilinear-Interpolation",
        "class scores are made at the bottleneck and enlarged by fixed bilinear interpolation",
        "nothing",
        0.625,
        (77.9, 61.1, 43.3, 20.83),
    ),
    "segnet": Decoder(
        "SegNet-Basic",
        "values return to where their maxima were; 7 x 7 convolutions over all maps fill the gaps",
        "indices",
        1.425,
        (82.7, 62.0, 47.7, 35.78),
    ),
    "encoder_addition": Decoder(
        "SegNet-Basic-EncoderAddition",
        "as SegNet-Basic, and the encoder's maps are added to what each decoder gives",
        "indices and maps",
        1.425,
        (83.4, 63.6, 48.5, 35.92),
    ),
    "single_channel": Decoder(
        "SegNet-Basic-SingleChannelDecoder",
        "as SegNet-Basic, but each decoder filter sees its own map only (depthwise)",
        "indices",
        0.625,
        (81.2, 60.7, 46.1, 31.62),
    ),
    "fcn": Decoder(
        "FCN-Basic",
        "maps are reduced to one a class, enlarged by learnt 8 x 8 transposed convolutions that start as "
        "bilinear, and the encoder's reduced maps are added",
        "reduced maps",
        0.65,
        (81.7, 62.4, 47.3, 38.11),
    ),
    "fcn_no_addition": Decoder(
        "FCN-Basic-NoAddition",
        "as FCN-Basic, without adding the encoder's maps",
        "nothing",
        0.65,
        (80.5, 58.6, 44.1, 31.96),
    ),
    "fcn_no_reduction": Decoder(
        "FCN-Basic-NoDimReduction",
        "as FCN-Basic with all maps, not one a class",
        "maps",
        1.625,
        (84.1, 63.4, 50.1, 37.37),
    ),
    "fcn_no_addition_no_reduction": Decoder(
        "FCN-Basic-NoAddition-NoDimReduction",
        "all maps enlarged by learnt transposed convolutions, nothing from the encoder",
        "nothing",
        1.625,
        (80.5, 61.6, 45.9, 30.47),
    ),
    "transposed": Decoder(
        "transposed convolution",
        "as SegNet-Basic with learnt 2 x 2 transposed convolutions where it unpools",
        "nothing",
    ),
    "nearest": Decoder(
        "nearest neighbour",
        "as SegNet-Basic with every value repeated four times where it unpools",
        "nothing",
    ),
    "concatenation": Decoder(
        "U-Net-style concatenation",
        "values repeated, then the encoder's maps beside them before each convolution (Ronneberger et al., "
        "arXiv 1505.04597)",
        "maps",
    ),
}


@keras.saving.register_keras_serializable(package="segnet_nb")
class BilinearEnlarging2D(keras.layers.Layer):
    """Twice the height and width by bilinear interpolation, the outermost pixels continued outwards.

    The same as ``keras.layers.UpSampling2D(2, interpolation="bilinear")``, which TensorFlow cannot trace for
    images of any size, so not export either.

    Call arguments:
        inputs: floats, shape ``(batch, height, width, channels)``.

    Returns:
        Floats of shape ``(batch, 2 * height, 2 * width, channels)``.

    Example:
        >>> x = np.array([0, 4], dtype="float32").reshape(1, 1, 2, 1)
        >>> np.array(BilinearEnlarging2D()(x))[0, 0, :, 0].tolist()
        [0.0, 1.0, 3.0, 4.0]
    """

    def call(self, inputs: Tensor) -> Tensor:
        """Enlarge; see the class."""
        batch, height, width, channels = keras.ops.shape(inputs)
        # Each pixel becomes two, a quarter of a pixel to either side of where it was.
        above, below = self._moved(inputs, axis=1)
        rows = keras.ops.reshape(
            keras.ops.concatenate([above, below], axis=2), (batch, 2 * height, width, channels)
        )
        left, right = self._moved(rows, axis=2)
        return keras.ops.reshape(
            keras.ops.concatenate([left, right], axis=3), (batch, 2 * height, 2 * width, channels)
        )

    @staticmethod
    def _moved(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        """What lies a quarter of a pixel before each pixel along an axis, and after it."""
        if axis == 1:
            first, last, but_first, but_last = x[:, :1], x[:, -1:], x[:, 1:], x[:, :-1]
        else:
            first, last, but_first, but_last = x[:, :, :1], x[:, :, -1:], x[:, :, 1:], x[:, :, :-1]
        before = keras.ops.concatenate([first, but_last], axis=axis)
        after = keras.ops.concatenate([but_first, last], axis=axis)
        return 0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the result."""
        batch, height, width, channels = input_shape
        doubled = [None if side is None else 2 * side for side in (height, width)]
        return (batch, *doubled, channels)

    def compute_output_spec(self, inputs: Tensor) -> keras.KerasTensor:
        """Shape and dtype of the result, without running anything."""
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype)


@keras.saving.register_keras_serializable(package="segnet_nb")
class BilinearKernel(keras.initializers.Initializer):
    """A transposed convolution of stride 2 that starts as bilinear interpolation.

    Each output map reads its own input map, with weights 1/4, 3/4, 3/4, 1/4 along both sides in the middle of
    the kernel and zeros around them, so that any even kernel enlarges by exactly two (PAPER 3.1: "the
    upsampling kernels are initialized using bilinear interpolation weights").

    Raises:
        ValueError: if the kernel is not square with an even side of at least 4.

    Example:
        >>> kernel = np.array(BilinearKernel()((4, 4, 1, 1)))
        >>> (16 * kernel[0, :, 0, 0]).tolist()
        [1.0, 3.0, 3.0, 1.0]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Tensor:
        """The kernel, shape ``(side, side, output maps, input maps)``."""
        side = shape[0]
        if len(shape) != 4 or shape[1] != side or side % 2 or side < 4:
            raise UserError(f"the kernel must be square with an even side of at least 4, but {shape} came.")
        line = np.zeros(side)
        line[side // 2 - 2 : side // 2 + 2] = (0.25, 0.75, 0.75, 0.25)
        kernel = line[:, None, None, None] * line[None, :, None, None] * np.eye(shape[2], shape[3])
        return keras.ops.cast(kernel.astype("float32"), dtype or keras.config.floatx())

    def get_config(self) -> dict[str, Any]:
        """Nothing is needed to make it again."""
        return {}


def check_decoder(name: str) -> None:
    """Raise unless there is a decoder of this name.

    Raises:
        ValueError: naming those there are.
    """
    if name not in DECODERS:
        raise UserError(f"no decoder is called {name!r}. Choose from: {', '.join(DECODERS)}.")


def decode(
    kind: str,
    x: Tensor,
    remembered: Sequence[tuple[Tensor, Tensor]],
    *,
    num_classes: int,
    filters: int,
    kernel_size: int,
    after_stage: Callable[[int, Tensor], Tensor] = lambda number, x: x,
) -> Tensor:
    """Class scores at full size from the bottleneck.

    Args:
        kind: a name of ``DECODERS``.
        x: the bottleneck, ``(batch, height, width, filters)``.
        remembered: indices and the map that was pooled, of each stage, outermost first.
        num_classes: maps of the result.
        filters: maps of every stage.
        kernel_size: side of SegNet's decoder filters, in pixels.
        after_stage: applied to what each decoder stage gives, with the number of the stage (dropout).

    Returns:
        Logits of shape ``(batch, full height, full width, num_classes)``.
    """
    check_decoder(kind)
    stages = list(enumerate(remembered, start=1))[::-1]

    def classify(x: Tensor) -> Tensor:
        return kl.Conv2D(num_classes, 1, kernel_initializer="he_normal", name="classifier")(x)

    if kind == "bilinear":
        # Interpolating class scores or maps gives the same, but scores are fewer.
        x = classify(x)
        for number, (_, before) in stages:
            x = BilinearEnlarging2D(name=f"enlarge{number}")(x)
            x = after_stage(number, CropLike(name=f"crop{number}")([x, before]))
        return x
    if kind.startswith("fcn"):
        adds, reduces = "no_addition" not in kind, "no_reduction" not in kind
        x = _reduced(x, num_classes, "reduce_bottleneck") if reduces else x
        for number, (_, before) in stages:
            maps = num_classes if reduces else filters
            x = _transposed(x, maps, 8, BilinearKernel(), number, before)
            if adds:
                kept = _reduced(before, num_classes, f"reduce{number}") if reduces else before
                x = kl.Add(name=f"add{number}")([x, kept])
            x = after_stage(number, x)
        return x if reduces else classify(x)
    for number, (indices, before) in stages:
        x = _enlarged(kind, x, filters, number, indices, before)
        if kind == "single_channel":
            x = kl.DepthwiseConv2D(
                kernel_size,
                padding="same",
                use_bias=False,
                depthwise_initializer="he_normal",
                name=f"decoder{number}_conv",
            )(x)
            x = kl.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"decoder{number}_norm")(x)
        else:
            x = convolution(filters, f"decoder{number}", kernel_size=kernel_size, activate=False)(x)
        if kind == "encoder_addition":
            x = kl.Add(name=f"add{number}")([x, before])
        x = after_stage(number, x)
    return classify(x)


def _enlarged(kind: str, x: Tensor, filters: int, number: int, indices: Tensor, before: Tensor) -> Tensor:
    """The maps at the size of the stage, not yet convolved."""
    if kind == "transposed":
        return _transposed(x, filters, 2, "he_normal", number, before)
    if kind in ("nearest", "concatenation"):
        x = kl.UpSampling2D(2, interpolation="nearest", name=f"enlarge{number}")(x)
        x = CropLike(name=f"crop{number}")([x, before])
        return kl.Concatenate(name=f"concatenate{number}")([x, before]) if kind == "concatenation" else x
    return MaxUnpooling2D(name=f"unpool{number}")([x, indices, before])


def _transposed(x: Tensor, maps: int, side: int, initializer: Any, number: int, before: Tensor) -> Tensor:
    x = kl.Conv2DTranspose(
        maps,
        side,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=initializer,
        name=f"enlarge{number}",
    )(x)
    return CropLike(name=f"crop{number}")([x, before])


def _reduced(x: Tensor, maps: int, name: str) -> Tensor:
    return kl.Conv2D(maps, 1, use_bias=False, kernel_initializer="he_normal", name=name)(x)
