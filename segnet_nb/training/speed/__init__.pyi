from . import (
    choice as choice,
    convolution_gradients as convolution_gradients,
    fourier_convolutions as fourier_convolutions,
    fourier_matrices as fourier_matrices,
    fused_normalization as fused_normalization,
    linear_end as linear_end,
    onednn as onednn,
    patches as patches,
    remembered as remembered,
    timing as timing,
)
from .choice import (
    Choice as Choice,
)
from .patches import (
    applied as applied,
    replaced as replaced,
)
