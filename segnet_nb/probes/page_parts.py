"""A network as a page holds it: an encoder, and the decoder in one part per unpooling.

The page looks between the parts and changes what it finds: it unpools itself, with the encoder's indices or
any others. The parts are ONNX files (``segnet_nb.inference.onnx_parts``), run by onnxruntime-web.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segnet_nb._shared.framework import keras
from segnet_nb.inference.onnx_parts import part
from segnet_nb.networks.forms import form_of
from segnet_nb.probes._segments import SegmentedNetwork
from segnet_nb.probes.traces import _stages

__all__ = ["PageNetwork", "page_network"]


@dataclass(frozen=True, eq=False)
class PageNetwork:
    """The parts of a network.

    Attributes:
        encoder: ONNX; from ``image``, RGB in 0..255, to ``bottleneck`` and for each stage ``N`` to
            ``featuresN``, ``pooledN`` and ``positionsN``, which are int64 flat positions of the maxima.
        decoder: ONNX, one per stage, outermost first; from ``unpooled`` to ``values``, and to ``dense``, the
            output of the first convolution. ``values`` of stage 1 are the network's output.
        stages: number of unpoolings.
        probabilities: whether the output is probabilities; logits otherwise.
    """

    encoder: bytes
    decoder: tuple[bytes, ...]
    stages: int
    probabilities: bool

    def __repr__(self) -> str:
        megabytes = (len(self.encoder) + sum(map(len, self.decoder))) / 1e6
        return f"PageNetwork({self.stages} stages, {megabytes:.1f} MB)"


def page_network(model: keras.Model, *, sampling: bool = False) -> PageNetwork:
    """Write the parts of a network.

    Args:
        model: a network whose decoder receives only indices from the encoder.
        sampling: keep its dropout on, so that each run is another Monte Carlo sample.

    Returns:
        The parts; inputs and outputs are float32 ``(1, channels, height, width)`` of any height and width.

    Raises:
        TypeError: if ``model`` is not a functional Keras model.
        ValueError: if its decoder receives more than indices, or none, or one of its layers is not known.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> page_network(segnet_basic((None, None, 3), 2, filters=4, kernel_size=3))
        PageNetwork(4 stages, 0.0 MB)
    """
    split = SegmentedNetwork(model)
    outputs: dict[str, Any] = {"bottleneck": split.bottleneck}
    decoder = []
    for number, (tensors, cut) in enumerate(zip(_stages(model), split.cuts, strict=True), start=1):
        features, pooled, indices, _, _, dense = tensors
        outputs |= {f"features{number}": features, f"pooled{number}": pooled, f"positions{number}": indices}
        unpooled, values = cut
        shown = {"values": values, "dense": dense}
        decoder.append(part({"unpooled": unpooled}, shown, sampling=sampling))
    encoder = part({"image": model.inputs[0]}, outputs, sampling=sampling)
    return PageNetwork(encoder, tuple(decoder), split.stages, form_of(model) == "probabilities")
