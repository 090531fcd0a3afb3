"""What each layer of a network costs for one image, as numbers alone: no framework is needed to read them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class LayerCost:
    """One layer at work on one image.

    Attributes:
        name: of the layer.
        kind: its class.
        shape: height, width and channels of what it gives; of a pooling, of the values.
        parameters: weights, those of batch normalisation's running statistics included.
        multiplications: of a convolution; 0 for all else, which is small beside them.
        map_bytes: of what it gives, without indices.
        receptive_field: side of the square of the image that one of its values can depend on, at most; image
            borders are not counted. None after a layer that sees everything or is not known.
        seconds: median wall time.
    """

    name: str
    kind: str
    shape: tuple[int, int, int]
    parameters: int
    multiplications: int
    map_bytes: int
    receptive_field: int | None
    seconds: float


@dataclass(frozen=True, eq=False)
class PoolingMemory:
    """What one pooling leaves behind for the decoder.

    Attributes:
        name: of the pooling.
        shape: height, width and channels of the map that it pooled.
        map_bytes: of that map, which a decoder with skip connections keeps.
        index_bytes: of the indices as the layer gives them, one byte each.
        packed_bytes: of the indices at two bits each.
        pooled_receptive_field: as ``LayerCost.receptive_field``, of the pooled values.
    """

    name: str
    shape: tuple[int, int, int]
    map_bytes: int
    index_bytes: int
    packed_bytes: int
    pooled_receptive_field: int | None


@dataclass(frozen=True, eq=False)
class NetworkCosts:
    """All layers of a network at work on one image.

    Attributes:
        network: its name.
        layers: in the order in which they ran.
        poolings: of the encoder, outermost first.
    """

    network: str
    layers: tuple[LayerCost, ...]
    poolings: tuple[PoolingMemory, ...]

    @property
    def parameters(self) -> int:
        """Weights of the network."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiplications(self) -> int:
        """Of all convolutions, for one image."""
        return sum(layer.multiplications for layer in self.layers)

    @property
    def seconds(self) -> float:
        """Of all layers one after the other; less than a compiled network takes, or more."""
        return sum(layer.seconds for layer in self.layers)

    @property
    def map_bytes(self) -> int:
        """Of the maps that were pooled: what skip connections would keep."""
        return sum(pooling.map_bytes for pooling in self.poolings)

    @property
    def index_bytes(self) -> int:
        """Of all indices as they are stored."""
        return sum(pooling.index_bytes for pooling in self.poolings)

    @property
    def packed_bytes(self) -> int:
        """Of all indices at two bits each."""
        return sum(pooling.packed_bytes for pooling in self.poolings)
