from . import (
    buildings as buildings,
    canvas as canvas,
    cars as cars,
    ground as ground,
    objects as objects,
    scenes as scenes,
    street as street,
)
from .scenes import (
    COUNTS as COUNTS,
    IMAGE_SIZE as IMAGE_SIZE,
    draw_scene as draw_scene,
    load as load,
)
