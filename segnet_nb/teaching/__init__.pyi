from . import (
    answers as answers,
    cells as cells,
    exporting as exporting,
    folders as folders,
    lessons as lessons,
    links as links,
    nbgrader as nbgrader,
    otter as otter,
    readmes as readmes,
    reveal as reveal,
    slides as slides,
)
from .exporting import (
    GRADERS as GRADERS,
    export_course as export_course,
)
