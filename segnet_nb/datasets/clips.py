"""Video clips: frames from a file, a folder, a camera or a synthetic scene, and animations of frames."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Generator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageSequence

from segnet_nb._shared.errors import MissingFileError, MissingPackageError, UserError
from segnet_nb.datasets import folder, synthetic, video_files
from segnet_nb.datasets.resizing import resize_image

if TYPE_CHECKING:
    from IPython.display import HTML, Image as IPythonImage

Frames = Generator[np.ndarray, None, None]

_ANIMATED = {".gif", ".webp", ".png", ".apng"}


def frames(
    source: str | Path = "", *, count: int = 16, size: tuple[int, int] = (120, 160), seed: int = 0
) -> np.ndarray:
    """The first frames of a clip.

    Args:
        source: see ``stream``.
        count: maximum number of frames.
        size: ``(height, width)`` of the frames in pixels.
        seed: seed of the synthetic scene.

    Returns:
        uint8 RGB, shape ``(frames, *size, 3)``.

    Raises:
        FileNotFoundError: if the file or folder does not exist, or the folder contains no images.
        ValueError: if the file is not a clip, the camera returns no image, or ``count`` is below 1.
        ModuleNotFoundError: if a camera is requested and OpenCV is not installed, or a video and PyAV is not.

    Example:
        >>> frames(count=2, size=(24, 32)).shape
        (2, 24, 32, 3)
    """
    return np.stack(list(stream(source, count=count, size=size, seed=seed)))


def stream(
    source: str | Path = "", *, count: int = 16, size: tuple[int, int] = (120, 160), seed: int = 0
) -> Frames:
    """The frames of a clip one at a time, each read when it is asked for.

    Args:
        source: ``""`` for a zoom into a synthetic scene; a video such as an MP4, which needs PyAV; an
            animated GIF, WebP or PNG; a folder of images, sorted by name; ``"camera"``, ``"camera:1"`` and
            so on, which need OpenCV.
        count: maximum number of frames.
        size: ``(height, width)`` of the frames in pixels.
        seed: seed of the synthetic scene.

    Yields:
        uint8 RGB, shape ``(*size, 3)``.

    Raises:
        FileNotFoundError: as ``frames``, all of them when the first frame is asked for.
        ValueError: as ``frames``.
        ModuleNotFoundError: as ``frames``.

    Example:
        >>> [frame.shape for frame in stream(count=2, size=(24, 32))]
        [(24, 32, 3), (24, 32, 3)]
    """
    if count < 1:
        raise UserError(f"count must be at least 1, but got {count}.")
    source = str(source)
    if not source:
        found = _synthetic(count, size, seed)
    elif source == "camera" or source.startswith("camera:"):
        found = _from_camera(source, count)
    elif Path(source).is_dir():
        found = _from_folder(Path(source))
    elif video_files.is_video(source):
        found = _from_video(Path(source))
    else:
        found = _from_file(Path(source))
    with closing(found):  # releases a camera, whoever stops early
        for frame in islice(found, count):
            yield resize_image(frame, size)


def _synthetic(count: int, size: tuple[int, int], seed: int) -> Frames:
    """Crops of a synthetic scene that zoom in towards the end of the road."""
    scene = synthetic.load("val", image_size=(2 * size[0], 2 * size[1]), count=1, seed=seed).images[0]
    return synthetic.drives.zoomed(scene, count)


def _from_folder(folder_path: Path) -> Frames:
    paths = [each for each in sorted(folder_path.iterdir()) if each.suffix.lower() in folder.IMAGE_SUFFIXES]
    if not paths:
        raise MissingFileError(f"there are no images in {folder_path}. Pass another folder, or a clip.")
    for path in paths:
        yield folder.read_image(path, convert=True)


def _from_video(path: Path) -> Frames:
    with video_files.VideoReader(path) as video:
        for frame in video:
            yield frame.image


def _from_file(path: Path) -> Frames:
    if not path.is_file():
        raise MissingFileError(f"there is no clip at {path}. Pass a video, an animated GIF, or a folder.")
    if path.suffix.lower() not in _ANIMATED:
        raise UserError(
            f"{path.name} is not a video, nor an animated GIF, WebP or PNG. Pass one of these, for "
            "example an MP4, or a folder of images."
        )
    with Image.open(path) as picture:
        for frame in ImageSequence.Iterator(picture):
            yield np.asarray(frame.convert("RGB"))


def _from_camera(source: str, count: int) -> Frames:
    try:
        import cv2  # pyright: ignore[reportMissingImports] optional
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            "a camera needs OpenCV: pip install opencv-python-headless. Without it, leave the source empty."
        ) from error
    number = int(source.partition(":")[2] or 0)
    camera, done = cv2.VideoCapture(number), 0
    try:
        while done < count:
            success, frame = camera.read()
            if not success:
                break
            done += 1
            yield np.ascontiguousarray(frame[..., ::-1])  # OpenCV returns BGR
    finally:
        camera.release()
    if not done:
        raise UserError(
            f"camera {number} returns no image. Check that it is connected and not used by another program."
        )


def animation(frames: np.ndarray, *, fps: float = 8, quality: int = 60) -> bytes:
    """Encode frames as an animated WebP that loops, which browsers and notebooks play automatically.

    Args:
        frames: uint8 RGB, shape ``(count, height, width, 3)``.
        fps: frames per second.
        quality: WebP quality, 0..100.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: if the frames have another shape or dtype, or ``fps`` is not above 0.

    Example:
        >>> animation(np.zeros((2, 8, 8, 3), np.uint8))[8:12]
        b'WEBP'
    """
    frames = np.asarray(frames)
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise UserError(
            f"frames must be uint8 of shape (count, height, width, 3), but got {frames.dtype} of shape "
            f"{frames.shape}."
        )
    if not fps > 0:
        raise UserError(f"fps must be above 0, but got {fps}.")
    first, *others = (Image.fromarray(frame) for frame in frames)
    buffer = io.BytesIO()
    first.save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=round(1000 / fps),
        loop=0,
        quality=quality,
    )
    return buffer.getvalue()


def show(frames: np.ndarray, *, fps: float = 8, text: str = "a clip") -> HTML:
    """Show frames as an animation in a notebook and its HTML exports, without JavaScript.

    Args:
        frames: uint8 RGB, shape ``(count, height, width, 3)``.
        fps: frames per second.
        text: alternative text for screen readers.

    Returns:
        An ``HTML`` object, which a notebook displays if it is the last expression of a cell.

    Raises:
        ValueError: see ``animation``.

    Example:
        >>> "image/webp" in show(np.zeros((2, 8, 8, 3), np.uint8)).data
        True
    """
    from IPython.display import HTML

    # As HTML, because nbconvert does not display WebP.
    content = base64.b64encode(animation(frames, fps=fps)).decode()
    width = 2 * frames.shape[2]
    return HTML(
        f'<img alt="{html.escape(text)}" src="data:image/webp;base64,{content}" '
        f'style="width: {width}px; max-width: 100%">'
    )


def picture(frame: np.ndarray, *, quality: int = 80) -> IPythonImage:
    """One frame as a JPEG that a notebook displays, or puts in the place of the frame before.

    Args:
        frame: uint8 RGB, shape ``(height, width, 3)``.
        quality: JPEG quality, 1..95.

    Returns:
        An ``IPython.display.Image``; to play a clip, pass one after the other to ``update`` of a handle that
        ``display(..., display_id=True)`` returns.

    Example:
        >>> picture(np.zeros((8, 8, 3), np.uint8)).format
        'jpeg'
    """
    from IPython.display import Image as IPythonImage

    buffer = io.BytesIO()
    Image.fromarray(frame).save(buffer, "JPEG", quality=quality)
    return IPythonImage(data=buffer.getvalue(), format="jpeg")
