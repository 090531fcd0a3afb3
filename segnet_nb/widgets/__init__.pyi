from . import (
    index_ablation as index_ablation,
    index_microscope as index_microscope,
    loss_lab as loss_lab,
    mask_inspector as mask_inspector,
    own_photo as own_photo,
    pooling_playground as pooling_playground,
    quiz as quiz,
    shared as shared,
    sweep_monitor as sweep_monitor,
    training_monitor as training_monitor,
    uncertainty_lens as uncertainty_lens,
)
from .index_ablation import (
    IndexAblation as IndexAblation,
)
from .index_microscope import (
    IndexMicroscope as IndexMicroscope,
)
from .loss_lab import (
    LossLab as LossLab,
)
from .mask_inspector import (
    MaskInspector as MaskInspector,
)
from .own_photo import (
    OwnPhoto as OwnPhoto,
)
from .pooling_playground import (
    PoolingPlayground as PoolingPlayground,
)
from .quiz import (
    Quiz as Quiz,
)
from .sweep_monitor import (
    SweepMonitor as SweepMonitor,
)
from .training_monitor import (
    TrainingMonitor as TrainingMonitor,
)
from .uncertainty_lens import (
    UncertaintyLens as UncertaintyLens,
)
