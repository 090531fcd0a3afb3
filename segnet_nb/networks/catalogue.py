"""Every network and every decoder, as data: what they are called, what they offer, where they are built.

``TrainConfig``, ``build_network``, the decoders and the command line all read these two tables. No framework
is imported: a builder is named as ``"module:function"`` and imported when it is called.
``segnet_nb.register_network`` and ``segnet_nb.register_decoder`` add entries.

PAPER = Badrinarayanan, Kendall, Cipolla, arXiv 1511.00561.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

from segnet_nb._shared.errors import UserError

Keeps = Literal["nothing", "indices", "indices and maps", "reduced maps", "maps"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What networks and decoders have in common.

    Attributes:
        name: what users pass, for example in ``TrainConfig``.
        title: what tables and figures show.
        line: how it works, in one line.
        builder: a function, or where it is: ``"module:function"``.
        options: keyword arguments of the builder that are part of this entry.
        keeps: what must be kept of every encoder stage for the decoder: ``"nothing"``, ``"indices"``,
            ``"indices and maps"``, ``"reduced maps"`` (one channel per class) or ``"maps"`` (all channels).
        linear_end: whether it ends in a convolution, batch normalisation and a 1 x 1 classifier, with no
            activation in between, so that ``sampled_statistics`` can train them as one.
        class_bias: whether it ends in one bias per class, which logit adjustment shifts.
        parameters: millions of parameters; of networks the trained ones for 11 classes, of decoders those
            published for the whole network, rounded as there; None: not known.
    """

    name: str
    title: str
    line: str
    builder: str | Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    keeps: Keeps = "indices"
    linear_end: bool = False
    class_bias: bool = True
    parameters: float | None = None

    def build(self, *arguments: Any, **options: Any) -> Any:
        """Call the builder with the options of this entry and these."""
        builder = self.builder
        if isinstance(builder, str):
            module, _, function = builder.partition(":")
            builder = getattr(import_module(module), function)
        return builder(*arguments, **self.options, **options)


@dataclass(frozen=True, kw_only=True)
class NetworkInfo(Entry):
    """What is known about a network, besides what every ``Entry`` has.

    Attributes:
        takes_decoder: whether the decoder can be chosen; ``keeps`` is then that of the default one.
        takes_dropout: whether the network can be built with the dropout of Bayesian SegNet.
    """

    takes_decoder: bool = False
    takes_dropout: bool = True


@dataclass(frozen=True, kw_only=True)
class DecoderInfo(Entry):
    """What is known about a decoder for SegNet-Basic's encoder, besides what every ``Entry`` has.

    Attributes:
        published: global accuracy, class average accuracy, mean IoU and boundary F1 in percent on CamVid's
            test split, trained with median frequency balancing (PAPER table 1); None for ours.
    """

    published: tuple[float, float, float, float] | None = None


def _by_name(entries: Iterable[Any]) -> dict[str, Any]:
    return {entry.name: entry for entry in entries}


_BASIC = "segnet_nb.networks.basic:segnet_basic"
_MODERN = "segnet_nb.networks.modern:segnet_modern"

NETWORKS: dict[str, NetworkInfo] = _by_name(
    (
        NetworkInfo(
            name="overview",
            title="the usual introduction",
            line="four stages of two 3 x 3 convolutions with ReLU, no batch normalisation",
            builder="segnet_nb.networks.overview:segnet_model",
            options={"input_normalization": "scale"},
            takes_dropout=False,
            parameters=9.406,
        ),
        NetworkInfo(
            name="basic",
            title="SegNet-Basic",
            line="the paper's small network: four stages of one 7 x 7 convolution to 64 channels",
            builder=_BASIC,
            options={"filters": 64},
            takes_decoder=True,
            linear_end=True,
            parameters=1.416,
        ),
        NetworkInfo(
            name="basic16",
            title="SegNet-Basic with 16 channels",
            line="SegNet-Basic with 16 channels instead of 64, a sixteenth of the work",
            builder=_BASIC,
            options={"filters": 16},
            takes_decoder=True,
            linear_end=True,
            parameters=0.091,
        ),
        NetworkInfo(
            name="vgg16",
            title="SegNet",
            line="the paper's full network: the 13 convolutions of VGG16 and 13 in the decoder",
            builder="segnet_nb.networks.vgg16:segnet_vgg16",
            parameters=29.449,
        ),
        NetworkInfo(
            name="small",
            title="modern SegNet, small",
            line="a narrow modern network that trains in minutes on two cores",
            builder=_MODERN,
            options={"filters": (16, 32, 64, 96), "dilations": (1, 2), "name": "segnet_small"},
            parameters=0.973,
        ),
        NetworkInfo(
            name="modern",
            title="modern SegNet",
            line="residual blocks, and dilated ones at the bottleneck",
            builder=_MODERN,
            parameters=4.097,
        ),
        NetworkInfo(
            name="lean",
            title="modern SegNet, lean",
            line="a modern network of three stages with bottleneck blocks, twelve of them dilated",
            builder=_MODERN,
            options={
                "filters": (16, 48, 128),
                "depths": (0, 0, 2),
                "decoder_depths": (0, 0, 1),
                "dilations": (1, 2, 4, 8) * 3,
                "blocks": ("basic", "bottleneck", "bottleneck"),
                "name": "segnet_lean",
            },
            parameters=0.934,
        ),
        NetworkInfo(
            name="realtime",
            title="SegNet for real time",
            line="nothing at full resolution: a stem of stride 2, two poolings with indices, sub-pixel head",
            builder="segnet_nb.networks.realtime:segnet_realtime",
            parameters=0.529,
        ),
    )
)

_SEGNET = "segnet_nb.networks.decoders:decode_segnet"
_FCN = "segnet_nb.networks.decoders:decode_fcn"

DECODERS: dict[str, DecoderInfo] = _by_name(
    (
        DecoderInfo(
            name="bilinear",
            title="Bilinear-Interpolation",
            line="class scores are computed at the bottleneck and upsampled by fixed bilinear interpolation",
            builder="segnet_nb.networks.decoders:decode_bilinear",
            keeps="nothing",
            class_bias=False,
            parameters=0.625,
            published=(77.9, 61.1, 43.3, 20.83),
        ),
        DecoderInfo(
            name="segnet",
            title="SegNet-Basic",
            line="values are placed where the maxima were, 7 x 7 convolutions over all channels fill gaps",
            builder=_SEGNET,
            keeps="indices",
            linear_end=True,
            parameters=1.425,
            published=(82.7, 62.0, 47.7, 35.78),
        ),
        DecoderInfo(
            name="encoder_addition",
            title="SegNet-Basic-EncoderAddition",
            line="as SegNet-Basic, with the encoder's feature maps added to the output of each decoder stage",
            builder=_SEGNET,
            options={"adds": True},
            keeps="indices and maps",
            parameters=1.425,
            published=(83.4, 63.6, 48.5, 35.92),
        ),
        DecoderInfo(
            name="single_channel",
            title="SegNet-Basic-SingleChannelDecoder",
            line="as SegNet-Basic, but each decoder filter reads its own channel only (depthwise)",
            builder=_SEGNET,
            options={"depthwise": True},
            keeps="indices",
            parameters=0.625,
            published=(81.2, 60.7, 46.1, 31.62),
        ),
        DecoderInfo(
            name="fcn",
            title="FCN-Basic",
            line="feature maps are reduced to one channel per class and upsampled by learned 8 x 8 "
            "transposed convolutions that start as bilinear interpolation; the encoder's reduced feature "
            "maps are added",
            builder=_FCN,
            options={"adds": True, "reduces": True},
            keeps="reduced maps",
            class_bias=False,
            parameters=0.65,
            published=(81.7, 62.4, 47.3, 38.11),
        ),
        DecoderInfo(
            name="fcn_no_addition",
            title="FCN-Basic-NoAddition",
            line="as FCN-Basic, without adding the encoder's feature maps",
            builder=_FCN,
            options={"adds": False, "reduces": True},
            keeps="nothing",
            class_bias=False,
            parameters=0.65,
            published=(80.5, 58.6, 44.1, 31.96),
        ),
        DecoderInfo(
            name="fcn_no_reduction",
            title="FCN-Basic-NoDimReduction",
            line="as FCN-Basic with all channels instead of one per class",
            builder=_FCN,
            options={"adds": True, "reduces": False},
            keeps="maps",
            parameters=1.625,
            published=(84.1, 63.4, 50.1, 37.37),
        ),
        DecoderInfo(
            name="fcn_no_addition_no_reduction",
            title="FCN-Basic-NoAddition-NoDimReduction",
            line="all channels upsampled by learned transposed convolutions, nothing from the encoder",
            builder=_FCN,
            options={"adds": False, "reduces": False},
            keeps="nothing",
            parameters=1.625,
            published=(80.5, 61.6, 45.9, 30.47),
        ),
        DecoderInfo(
            name="transposed",
            title="transposed convolution",
            line="as SegNet-Basic with learned 2 x 2 transposed convolutions instead of unpooling",
            builder=_SEGNET,
            options={"upsampling": "transposed"},
            keeps="nothing",
            linear_end=True,
        ),
        DecoderInfo(
            name="nearest",
            title="nearest neighbour",
            line="as SegNet-Basic with nearest-neighbour upsampling instead of unpooling",
            builder=_SEGNET,
            options={"upsampling": "nearest"},
            keeps="nothing",
            linear_end=True,
        ),
        DecoderInfo(
            name="concatenation",
            title="U-Net-style concatenation",
            line="nearest-neighbour upsampling, then concatenation with the encoder's feature maps before "
            "each convolution (Ronneberger et al., arXiv 1505.04597)",
            builder=_SEGNET,
            options={"upsampling": "nearest", "concatenates": True},
            keeps="maps",
            linear_end=True,
        ),
    )
)


def network_info(name: str) -> NetworkInfo:
    """The entry of a network.

    Raises:
        ValueError: if there is none of this name; the message lists the names.

    Example:
        >>> network_info("basic16").options["filters"]
        16
    """
    if name not in NETWORKS:
        raise UserError(f"no network is called {name!r}. Choose from: {', '.join(NETWORKS)}.")
    return NETWORKS[name]


def decoder_info(name: str) -> DecoderInfo:
    """The entry of a decoder.

    Raises:
        ValueError: if there is none of this name; the message lists the names.

    Example:
        >>> decoder_info("fcn").published[2]  # mean IoU in percent
        47.3
    """
    if name not in DECODERS:
        raise UserError(f"no decoder is called {name!r}. Choose from: {', '.join(DECODERS)}.")
    return DECODERS[name]


def networks_with_decoders() -> tuple[str, ...]:
    """The networks whose decoder can be chosen.

    Example:
        >>> networks_with_decoders()
        ('basic', 'basic16')
    """
    return tuple(name for name, info in NETWORKS.items() if info.takes_decoder)


def check_combination(network: str, decoder: str, dropout: float) -> None:
    """Raise unless the network can be built with this decoder and this dropout.

    Args:
        network: a name of ``NETWORKS``.
        decoder: a name of ``DECODERS``; ``"segnet"`` is the default, which every network accepts.
        dropout: rate, 0 for none.

    Raises:
        ValueError: if a name is unknown, or the network has no choice of decoder or no dropout.
    """
    info = network_info(network)
    decoder_info(decoder)
    if decoder != "segnet" and not info.takes_decoder:
        raise UserError(
            f"decoder={decoder!r} is for the networks {' and '.join(networks_with_decoders())}, but got "
            f"network={network!r}. Use one of them, or omit the decoder."
        )
    if dropout and not info.takes_dropout:
        with_dropout = ", ".join(name for name, each in NETWORKS.items() if each.takes_dropout)
        raise UserError(
            f"the {network} network has no dropout, but got dropout={dropout}. Use dropout=0 or one of the "
            f"networks {with_dropout}."
        )


def has_linear_end(network: str, decoder: str) -> bool:
    """Whether a network with a decoder ends in linear layers that can be trained as one.

    Example:
        >>> has_linear_end("basic", "segnet"), has_linear_end("basic", "fcn")
        (True, False)
    """
    info = network_info(network)
    return info.linear_end and (not info.takes_decoder or decoder_info(decoder).linear_end)


def has_class_bias(network: str, decoder: str) -> bool:
    """Whether a network with a decoder ends in one bias per class.

    Example:
        >>> has_class_bias("basic", "segnet"), has_class_bias("basic", "bilinear")
        (True, False)
    """
    info = network_info(network)
    return info.class_bias and (not info.takes_decoder or decoder_info(decoder).class_bias)
