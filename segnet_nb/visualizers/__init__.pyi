from . import (
    ablation as ablation,
    architecture as architecture,
    class_distribution as class_distribution,
    colors as colors,
    comparison as comparison,
    curves as curves,
    feature_maps as feature_maps,
    figures as figures,
    inspection as inspection,
    masks as masks,
    parameters as parameters,
    pixels as pixels,
    pooling as pooling,
    uncertainty as uncertainty,
    unpooling as unpooling,
    upsampling as upsampling,
)
from .colors import (
    colorize as colorize,
    overlay as overlay,
    safe_colors as safe_colors,
)
from .curves import (
    show_curves as show_curves,
    show_history as show_history,
)
from .masks import (
    show_class_iou as show_class_iou,
    show_dataset as show_dataset,
    show_predictions as show_predictions,
    show_segmented as show_segmented,
)
from .parameters import (
    show_parameter as show_parameter,
)
from .pixels import (
    png as png,
)
from .pooling import (
    show_indices as show_indices,
    show_pooling as show_pooling,
)
