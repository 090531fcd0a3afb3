from . import (
    convolution_gradients as convolution_gradients,
    fused_normalization as fused_normalization,
    linear_end as linear_end,
    patches as patches,
)
from .patches import (
    applied as applied,
    replaced as replaced,
)
