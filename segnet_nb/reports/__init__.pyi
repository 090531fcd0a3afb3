from .notebook_parameters import (
    Parameter as Parameter,
    listing as listing,
)
from .photo_page import (
    write_photo_page as write_photo_page,
)
from .runner import (
    ReportError as ReportError,
    ReportPaths as ReportPaths,
    parameters as parameters,
    run as run,
    write_html as write_html,
)
