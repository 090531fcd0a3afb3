from . import (
    boundaries as boundaries,
    calibration as calibration,
    confusion as confusion,
    streaming as streaming,
)
from .boundaries import (
    FILES_BOUNDARY_F1 as FILES_BOUNDARY_F1,
    BoundaryF1 as BoundaryF1,
    boundary_f1 as boundary_f1,
    boundary_f1_image as boundary_f1_image,
    class_boundaries as class_boundaries,
)
from .confusion import (
    Scores as Scores,
    confusion_matrix as confusion_matrix,
    scores as scores,
)
from .streaming import (
    ClassAverage as ClassAverage,
    ConfusionMatrixMetric as ConfusionMatrixMetric,
    GlobalAccuracy as GlobalAccuracy,
    MeanIoU as MeanIoU,
)
