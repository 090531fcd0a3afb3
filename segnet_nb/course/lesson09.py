"""The exercises of 09_decoder_comparison: bytes of indices, the decoder that keeps the most."""

from __future__ import annotations

from segnet_nb.course.rankings import largest
from segnet_nb.course.values import number
from segnet_nb.course.verdicts import Exercise
from segnet_nb.networks.catalogue import DECODERS

_PIXELS, _WINDOWS, _MAPS = 90 * 120, 45 * 60, 128


def storage(height: int = 360, width: int = 480, maps: int = 64) -> dict[str, float]:
    """Bytes that each decoder keeps of four stages, for sizes that can be halved three times.

    Indices take two bits for each window and feature maps four bytes for each pixel.
    """
    sides = [(height >> stage, width >> stage) for stage in range(4)]
    indices = sum(-(-y // 2) * -(-x // 2) for y, x in sides) * maps / 4
    values = sum(y * x for y, x in sides) * 4
    bytes_of = {
        "nothing": 0,
        "indices": indices,
        "indices and maps": indices + values * maps,
        "reduced maps": values * 11,
        "maps": values * maps,
    }
    return {name: bytes_of[decoder.keeps] for name, decoder in DECODERS.items()}


EXERCISES = {
    "09.1": Exercise(
        number(
            _WINDOWS * _MAPS * 2 // 8,
            whole=True,
            mistakes={
                "that is one byte for each index, or two bits for each pixel": _WINDOWS * _MAPS,
                "these are bits; eight of them are a byte": _WINDOWS * _MAPS * 2,
                "that is what one feature map needs": _WINDOWS * 2 // 8,
                "that is what the feature maps themselves take, as float32": _PIXELS * _MAPS * 4,
                "that is what the maxima take, as float32": _WINDOWS * _MAPS * 4,
                "that is one byte for each pixel": _PIXELS * _MAPS,
                "bytes are asked for; this is divided by 1000": _WINDOWS * _MAPS / 4000,
                "bytes are asked for; this is divided by 1024": _WINDOWS * _MAPS / 4096,
                "that is one bit for each index": _WINDOWS * _MAPS // 8,
                "that is four bits for each index": _WINDOWS * _MAPS // 2,
            },
        ),
        (
            "One index for each window of 2 x 2 pixels, in each of the feature maps. How many are they?",
            "Count the windows of one map, times 128 maps, times 2 bits, divided by 8 bits of a byte.",
        ),
    ),
    "09.2": Exercise(
        largest(
            storage,
            told=lambda size: (
                f"it keeps {size / 1e6:.2f} MB, and another one more" if size else "it keeps nothing at all"
            ),
            noun="decoder",
            titles=lambda: {name: decoder.title for name, decoder in DECODERS.items()},
        ),
        (
            "See the last column of the table above: what is kept by each, and how large is that?",
            "Whole feature maps need the most. One decoder keeps something in addition to them.",
        ),
    ),
}
