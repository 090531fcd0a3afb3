"""The exercises of 09_decoder_comparison: bytes of indices, the decoder that keeps the most."""

from __future__ import annotations

from segnet_nb.course.rankings import largest
from segnet_nb.course.values import number
from segnet_nb.course.verdicts import Exercise
from segnet_nb.networks.catalogue import DECODERS

_HEIGHT, _WIDTH, _MAPS = 90, 120, 128
_WINDOWS = (_HEIGHT // 2) * (_WIDTH // 2)


def storage(height: int = 360, width: int = 480, maps: int = 64) -> dict[str, float]:
    """Bytes that each decoder keeps of four stages, by what the table of the lesson says that it keeps.

    Indices take two bits per window and feature maps four bytes per pixel.
    """
    sizes = [(height >> stage, width >> stage) for stage in range(4)]
    indices = sum((h // 2) * (w // 2) * maps * 2 / 8 for h, w in sizes)
    values = sum(h * w * maps * 4 for h, w in sizes)
    return {}


EXERCISES = {}
