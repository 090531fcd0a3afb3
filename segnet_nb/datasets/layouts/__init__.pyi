from .findings import (
    Inspection as Inspection,
)
from .inspection import (
    inspect as inspect,
)
from .pairs import (
    LeftOut as LeftOut,
    MaskSource as MaskSource,
    Pair as Pair,
)
from .reading import (
    Reading as Reading,
)
from .recognise import (
    LAYOUTS as LAYOUTS,
    open_reading as open_reading,
)
