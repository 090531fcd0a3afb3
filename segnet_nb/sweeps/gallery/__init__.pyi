from .writing import (
    write_gallery as write_gallery,
)
