from .gallery import (
    write_gallery as write_gallery,
)
from .record import (
    record as record,
)
from .sweeping import (
    SweepResult as SweepResult,
    sweep as sweep,
)
