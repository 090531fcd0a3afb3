"""Your own photo, from a file, the clipboard or a camera, and what a network says about it."""

from segnet_nb.widgets.own_photo.photo import OwnPhoto

__all__ = ["OwnPhoto"]
