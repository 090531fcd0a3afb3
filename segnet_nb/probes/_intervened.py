"""A decoder run with replaced indices, with a cache of all intermediate results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb.probes import _interventions as change
from segnet_nb.probes._cache import LRUCache
from segnet_nb.probes._segments import Encoded, SegmentedNetwork

if TYPE_CHECKING:
    import keras

Step = tuple[Any, ...]
"""An intervention at one stage and all that it depends on, so that it serves as a cache key."""

# Feature maps between stages: enough for some images of a small network, a few of a large one.
_MAX_BYTES = 96 << 20
_MAX_ENCODINGS = 16


class IntervenedNetwork:
    """A network that computes only from the innermost changed stage outwards.

    Args:
        model: a network whose decoder receives only indices from the encoder.
        images: uint8 RGB, shape ``(N, H, W, 3)``.

    Attributes:
        stages: number of unpoolings.
        feature_channels: number of channels of the input of each pooling, outermost first.
        segments: the encoder and the decoder, split at the unpoolings.

    Raises:
        TypeError: if ``model`` is not a functional Keras model.
        ValueError: if its decoder receives more than indices, or none.
    """

    def __init__(self, model: keras.Model, images: np.ndarray) -> None:
        self.segments = SegmentedNetwork(model)
        self._images = images
        self.stages = self.segments.stages
        self.feature_channels = self.segments.feature_channels
        self._encodings = LRUCache(_MAX_BYTES, _MAX_ENCODINGS)
        self._values = LRUCache(_MAX_BYTES, 1000)

    def encoded(self, image: int) -> Encoded:
        """Output of the encoder for an image, by its number."""
        found = self._encodings.get(image)
        if found is None:
            found = self.segments.encode(self._images[image])
            size = found.bottleneck.nbytes + sum(item.nbytes for item in found.indices)
            self._encodings.put(image, found, size)
        return found

    def values(self, image: int, steps: tuple[Step, ...]) -> np.ndarray:
        """The feature map after some steps, from the innermost stage outwards; the scores after all steps."""
        if not steps:
            return self.encoded(image).bottleneck
        found = self._values.get((image, steps))
        if found is None:
            stage = self.stages - len(steps) + 1
            before = self.values(image, steps[:-1])
            unpooled = self._upsampled(image, stage, before, steps[-1])
            found = self.segments.decode(stage, unpooled, self._images[image])
            self._values.put((image, steps), found, found.nbytes)
        return found

    def _upsampled(self, image: int, stage: int, values: np.ndarray, step: Step) -> np.ndarray:
        size = self.encoded(image).sizes[stage - 1]
        if step[0] in ("nearest", "bilinear"):
            return getattr(change, f"upsample_{step[0]}")(values, size)
        return change.unpool(values, self._indices(image, stage, step), size)

    def _indices(self, image: int, stage: int, step: Step) -> np.ndarray:
        """The indices with which a stage unpools, uint8 ``(height, width, channels)``."""
        encoded = self.encoded(image)
        indices, size = encoded.indices[stage - 1], encoded.sizes[stage - 1]
        match step:
            case ("zeros",):
                return np.zeros_like(indices)
            case ("shuffled", seed):
                return change.shuffle(indices, size, np.random.default_rng([seed, stage]))
            case ("random", share, seed):
                return change.randomize(indices, size, share, np.random.default_rng([seed, stage]))
            case ("other", source):
                return self.encoded(source).indices[stage - 1]
        return indices
