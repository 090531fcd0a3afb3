"""Costs of each layer of a network for one image, as plain numbers; independent of any framework."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class LayerCost:
    """Costs of one layer for one image.

    Attributes:
        name: name of the layer.
        kind: name of its class.
        shape: height, width and channels of its output; for a pooling, of the values.
        parameters: number of parameters, including the running statistics of batch normalisation.
        multiplications: number of multiplications of a convolution; 0 for other layers, which are negligible.
        map_bytes: size of its output feature map in bytes, without indices.
        receptive_field: side length in pixels of the receptive field, as an upper bound that ignores image
            borders. None after a layer with a global or unknown receptive field.
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
    """Memory of one pooling that the decoder needs.

    Attributes:
        name: name of the pooling layer.
        shape: height, width and channels of its input feature map.
        map_bytes: size of that feature map in bytes, which a decoder with skip connections stores.
        index_bytes: size of the indices in bytes as the layer returns them, one byte each.
        packed_bytes: size of the indices in bytes at two bits each.
        pooled_receptive_field: like ``LayerCost.receptive_field``, of the pooled values.
    """

    name: str
    shape: tuple[int, int, int]
    map_bytes: int
    index_bytes: int
    packed_bytes: int
    pooled_receptive_field: int | None


@dataclass(frozen=True, eq=False)
class NetworkCosts:
    """Costs of all layers of a network for one image.

    Attributes:
        network: name of the network.
        layers: costs of the layers in the order of execution.
        poolings: memory of the poolings of the encoder, outermost first.
    """

    network: str
    layers: tuple[LayerCost, ...]
    poolings: tuple[PoolingMemory, ...]

    @property
    def parameters(self) -> int:
        """Number of parameters of the network."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiplications(self) -> int:
        """Number of multiplications of all convolutions."""
        return sum(layer.multiplications for layer in self.layers)

    @property
    def seconds(self) -> float:
        """Total time of the layers run one by one; a compiled network may take more or less."""
        return sum(layer.seconds for layer in self.layers)

    @property
    def map_bytes(self) -> int:
        """Size of the pooled feature maps in bytes: what skip connections would store."""
        return sum(pooling.map_bytes for pooling in self.poolings)

    @property
    def index_bytes(self) -> int:
        """Size of all indices in bytes, at one byte each."""
        return sum(pooling.index_bytes for pooling in self.poolings)

    @property
    def packed_bytes(self) -> int:
        """Size of all indices in bytes, at two bits each."""
        return sum(pooling.packed_bytes for pooling in self.poolings)
