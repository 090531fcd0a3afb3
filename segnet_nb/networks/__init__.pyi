from . import (
    blocks as blocks,
    catalogue as catalogue,
    decoders as decoders,
    encoder_decoder as encoder_decoder,
    folding as folding,
    index_packing as index_packing,
    layers as layers,
    model as model,
    normalization as normalization,
    registry as registry,
    subpixel as subpixel,
    upsampling as upsampling,
)
from .catalogue import (
    DECODERS as DECODERS,
    NETWORKS as NETWORKS,
)
from .folding import (
    folded as folded,
)
from .index_packing import (
    pack_indices as pack_indices,
    unpack_indices as unpack_indices,
)
from .layers import (
    CropLike as CropLike,
    MaxPoolingWithIndices2D as MaxPoolingWithIndices2D,
    MaxUnpooling2D as MaxUnpooling2D,
    flat_indices as flat_indices,
    max_pool_with_indices as max_pool_with_indices,
    max_unpool as max_unpool,
)
from .model import (
    build_network as build_network,
    segnet_basic as segnet_basic,
    segnet_model as segnet_model,
    segnet_modern as segnet_modern,
    segnet_realtime as segnet_realtime,
    segnet_vgg16 as segnet_vgg16,
)
from .registry import (
    register_decoder as register_decoder,
    register_network as register_network,
)
