"""The networks under one name: the overview network, SegNet-Basic, the full SegNet on VGG16, later ones.

All keep the position of each maximum and unpool with exactly those indices; all accept any height and width
of at least 16 pixels, unknown sizes included, and preserve the input size.
"""

from __future__ import annotations

from segnet_nb.networks.basic import segnet_basic
from segnet_nb.networks.build import build_network
from segnet_nb.networks.modern import segnet_modern
from segnet_nb.networks.overview import segnet_model
from segnet_nb.networks.realtime import segnet_realtime
from segnet_nb.networks.vgg16 import load_vgg16_encoder, segnet_vgg16

__all__ = [
    "build_network",
    "load_vgg16_encoder",
    "segnet_basic",
    "segnet_model",
    "segnet_modern",
    "segnet_realtime",
    "segnet_vgg16",
]
