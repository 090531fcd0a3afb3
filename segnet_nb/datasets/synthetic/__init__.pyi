from . import (
    buildings as buildings,
    canvas as canvas,
    cars as cars,
    drives as drives,
    ground as ground,
    objects as objects,
    scenes as scenes,
    street as street,
)
from .drives import (
    load_drives as load_drives,
)
from .scenes import (
    COUNTS as COUNTS,
    IMAGE_SIZE as IMAGE_SIZE,
    draw_scene as draw_scene,
    load as load,
)
