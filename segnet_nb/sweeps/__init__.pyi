from .evaluating import (
    evaluate as evaluate,
)
from .gallery import (
    write_gallery as write_gallery,
)
from .predicting import (
    predict_files as predict_files,
)
from .record import (
    record as record,
)
from .sweeping import (
    SweepResult as SweepResult,
    sweep as sweep,
)
