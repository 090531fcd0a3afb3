from . import (
    answers as answers,
    cells as cells,
    exporting as exporting,
    folders as folders,
    lessons as lessons,
    links as links,
    nbgrader as nbgrader,
    offline as offline,
    otter as otter,
    readmes as readmes,
    reveal as reveal,
    slide_parts as slide_parts,
    slides as slides,
    writing as writing,
)
from .exporting import (
    GRADERS as GRADERS,
    export_course as export_course,
)
from .offline import (
    pack_course as pack_course,
    verify_course as verify_course,
)
