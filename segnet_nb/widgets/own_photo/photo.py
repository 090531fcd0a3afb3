"""Your own photo, from a file, the clipboard or a camera, and what a network says about it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets
from PIL import Image, ImageOps

from segnet_nb._shared import view_assets as assets
from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb.datasets.classes import ClassList

_ENTRY = "widgets/own_photo/source.js"
_SIDES = 16, 2048


class PhotoSource(anywidget.AnyWidget):
    """Where a photo comes from: a chosen file, one that is dropped, an image that is pasted, or the camera.

    The browser reads it, reduces it and sends a JPEG, so that a large file does not go to the kernel.

    Attributes:
        photo: the photo as JPEG; empty until there is one.
    """

    _esm = assets.control_script(_ENTRY)
    _css = assets.page_style(_ENTRY)

    # What a browser sends arrives as a memoryview.
    photo = traitlets.Bytes(b"").tag(sync=True, from_json=lambda sent, _: bytes(sent))


def _decoded(content: bytes, longest: int) -> np.ndarray:
    """The content of an image file as uint8 RGB, turned as its EXIF data says, and reduced."""
    try:
        with Image.open(io.BytesIO(content)) as opened:
            # A JPEG is decoded at a fraction of its size, which saves time and memory.
            opened.draft("RGB", (longest, longest))
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except Exception as error:
        raise UserError(
            f"this is not an image that can be read: {error}. Choose a JPEG, PNG or WebP file."
        ) from None
    picture.thumbnail((longest, longest))
    if min(picture.size) < _SIDES[0]:
        raise UserError(
            f"the image must have at least {_SIDES[0]} pixels on each side, but has {picture.size[0]} x "
            f"{picture.size[1]} (reduced to {longest}). Choose another one."
        )
    return np.asarray(picture)


class OwnPhoto(ipywidgets.VBox):
    """A photo of your own, beside the classes that a network gives its pixels.

    A reader chooses a file, drops one on it, pastes an image or takes a photo with the camera. Until then
    nothing happens, so a notebook that contains it also runs without a browser. The photo goes to the kernel
    and nowhere else. The browser takes JPEG, PNG and WebP files up to 20 MB.

    Args:
        predict: from an image, uint8 RGB ``(height, width, 3)``, to class ids of shape ``(height, width)``.
        classes: names and colours of the ids.
        longest: the longer side of the image that is segmented, 16 to 2048 pixels.

    Attributes:
        image: the last photo, uint8 RGB; None until there is one. Observe it to use each one. Read only.
        labels: its class ids, set before ``image``; None until there are some. Read only.

    Raises:
        TypeError: if ``predict`` is no function.
        ValueError: if ``longest`` is out of range.

    Example:
        >>> import numpy as np
        >>> from segnet_nb.datasets import CAMVID
        >>> photo = OwnPhoto(lambda image: np.zeros(image.shape[:2], "uint8"), CAMVID)
        >>> photo.image is None, photo
        (True, OwnPhoto(no photo yet))
    """

    image = traitlets.Any(None, allow_none=True, read_only=True)
    labels = traitlets.Any(None, allow_none=True, read_only=True)

    def __init__(
        self, predict: Callable[[np.ndarray], np.ndarray], classes: ClassList, *, longest: int = 480
    ) -> None:
        if not callable(predict):
            raise UserTypeError(
                f"predict must be a function from an image to class ids, but got {type(predict).__name__}."
            )
        if not _SIDES[0] <= longest <= _SIDES[1]:
            raise UserError(f"longest must be {_SIDES[0]} to {_SIDES[1]} pixels, but got {longest}.")
        self._predict, self._classes, self._longest = predict, classes, longest
        self.source = PhotoSource()
        self.message = ipywidgets.Label("")
        self.picture = ipywidgets.Image(format="jpeg", layout={"display": "none", "max_width": "100%"})
        super().__init__([self.source, self.message, self.picture])
        self.source.observe(self._taken, names="photo")

    def __repr__(self) -> str:
        if self.image is None:
            return "OwnPhoto(no photo yet)"
        height, width = self.image.shape[:2]
        return f"OwnPhoto({height} x {width})"

    def show(self, content: bytes) -> None:
        """Segment a photo and show it, as a chosen file does.

        Args:
            content: of an image file.

        Raises:
            ValueError: if it is no image, or the classes do not have its size.
        """
        from segnet_nb.visualizers.masks import show_segmented

        image = _decoded(content, self._longest)
        labels = np.asarray(self._predict(image))
        # Refuses labels of another size before anything is changed.
        figure = show_segmented(image, labels, self._classes)
        shown = figure._repr_jpeg_()  # pyright: ignore[reportAttributeAccessIssue]
        self.picture.value = shown[0]
        self.picture.layout.display = ""
        self.message.value = ""
        self.set_trait("labels", labels)
        self.set_trait("image", image)

    def _taken(self, change: Any) -> None:
        if change["new"]:
            self._try(bytes(change["new"]))

    def _try(self, content: bytes) -> None:
        self.message.value = "computing …"
        try:
            self.show(content)
        except Exception as error:  # an error in a callback would be lost otherwise
            self.message.value = str(error) or type(error).__name__
