"""Video files: frames in and out as arrays, by PyAV, which is optional (``pip install segnet-nb[video]``)."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from segnet_nb._shared.errors import MissingFileError, MissingPackageError, UserError

SUFFIXES = frozenset(
    (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".mts", ".m2ts", ".wmv", ".3gp")
)
_USUAL_RATE = Fraction(25)  # where a file does not say
_QUALITY = {"crf": "20", "preset": "veryfast"}  # of x264: visually close to the source, fast


def is_video(path: str | Path) -> bool:
    """Whether a file name has the suffix of a video.

    Example:
        >>> is_video("drive.MP4"), is_video("street.png")
        (True, False)
    """
    return Path(path).suffix.lower() in SUFFIXES


def is_available() -> bool:
    """Whether PyAV is installed, so that videos can be read and written."""
    return importlib.util.find_spec("av") is not None


def _pyav() -> Any:
    try:
        import av  # pyright: ignore[reportMissingImports] optional
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            "videos need PyAV: pip install av, or install segnet-nb with its extra 'video'. Without it, pass "
            "a folder of images."
        ) from error
    return av


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a video.

    Attributes:
        image: uint8 RGB, shape ``(height, width, 3)``.
        time: seconds since the first frame.
    """

    image: np.ndarray
    time: Fraction


class VideoReader:
    """The frames of a video file, decoded one at a time, turned as the file says.

    Args:
        path: the file.

    Attributes:
        size: ``(height, width)`` of the frames in pixels.
        rate: frames per second.
        count: number of frames as the file states it, or as duration and rate give it; 0 if unknown.
        pixel_aspect: width over height of a pixel, 1 for square ones.

    Raises:
        ModuleNotFoundError: if PyAV is not installed.
        FileNotFoundError: if there is no such file.
        ValueError: if it has no frame that can be decoded; while iterating, if the file is damaged later on.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with VideoWriter(Path(folder) / "a.mp4", (24, 32), 10) as writer:
        ...         writer.write(np.zeros((24, 32, 3), np.uint8))
        ...     with VideoReader(Path(folder) / "a.mp4") as video:
        ...         (video.size, video.rate, [frame.image.shape for frame in video])
        ((24, 32), Fraction(10, 1), [(24, 32, 3)])
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._av = _pyav()
        if not self.path.is_file():
            raise MissingFileError(f"there is no video at {self.path}. Pass the path of a video file.")
        try:
            self._container = self._av.open(str(self.path))
        except self._av.FFmpegError as error:
            raise self._unreadable(error) from error
        try:
            self._stream = self._first_stream()
            self._frames = self._container.decode(self._stream)
            self._first: Any = self._next(0)
            if self._first is None:
                raise self._unreadable("it has no frames")
        except BaseException:
            self.close()
            raise
        self._read_header()

    def _first_stream(self) -> Any:
        if not self._container.streams.video:
            raise self._unreadable("it has no pictures")
        stream = self._container.streams.video[0]
        stream.thread_type = "AUTO"  # decoding uses all cores
        return stream

    def _read_header(self) -> None:
        stream, first = self._stream, self._first
        self._turns = first.rotation // 90 % 4
        upright = self._turns % 2 == 0
        self.size: tuple[int, int] = (first.height, first.width) if upright else (first.width, first.height)
        self.rate = Fraction(stream.average_rate or stream.guessed_rate or _USUAL_RATE)
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        self.pixel_aspect = aspect if upright else 1 / aspect
        self.count = stream.frames or self._estimated_count()

    def _estimated_count(self) -> int:
        if self._stream.duration:
            return round(self._stream.duration * self._stream.time_base * self.rate)
        microseconds = self._container.duration
        return round(Fraction(microseconds, 10**6) * self.rate) if microseconds else 0

    def _next(self, done: int) -> Any:
        """The next decoded frame; None at the end."""
        try:
            return next(self._frames, None)
        except self._av.FFmpegError as error:
            raise self._unreadable(error, done) from error

    def _unreadable(self, reason: object, done: int = 0) -> UserError:
        where = f" after frame {done}" if done else ""
        text = getattr(reason, "strerror", None) or reason
        return UserError(
            f"{self.path} cannot be read as a video{where}: {text}. Check that a player plays it, or convert "
            "it, for example with `ffmpeg -i drive.mp4 new.mp4`."
        )

    def __iter__(self) -> Iterator[Frame]:
        """All frames from the first one; a reader can be iterated once."""
        frame, done, start, time = self._first, 0, None, Fraction(0)
        self._first = None
        while frame is not None:
            stamp = None if frame.pts is None else frame.pts * frame.time_base
            start = stamp if start is None else start
            if stamp is not None and start is not None:
                time = Fraction(stamp - start)
            yield Frame(self._array(frame), time)
            done, time = done + 1, time + 1 / self.rate
            frame = self._next(done)

    def _array(self, frame: Any) -> np.ndarray:
        height, width = self.size if self._turns % 2 == 0 else self.size[::-1]
        image = frame.reformat(width=width, height=height, format="rgb24").to_ndarray()
        # FFmpeg states the turn counterclockwise, as NumPy does.
        return np.ascontiguousarray(np.rot90(image, self._turns)) if self._turns else image

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class VideoWriter:
    """An MP4 file, H.264, written frame by frame; without sound.

    H.264 with the colours that all players know needs even sides, so at an odd one the last row or column is
    written twice.

    Args:
        path: the file, which is incomplete until the writer is closed: see ``_shared.files.written_whole``.
        size: ``(height, width)`` of the frames in pixels.
        rate: frames per second.
        pixel_aspect: width over height of a pixel.

    Raises:
        ModuleNotFoundError: if PyAV is not installed.
        ValueError: if the rate is not above 0, or a frame has another shape or dtype.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        rate: Fraction | float,
        *,
        pixel_aspect: Fraction = Fraction(1),
    ) -> None:
        self._av = _pyav()
        if not rate > 0:
            raise UserError(f"the rate must be above 0 frames per second, but got {rate}.")
        self.size, self.rate = size, Fraction(rate).limit_denominator(100_000)
        self._container = self._av.open(str(path), "w", format="mp4", options={"movflags": "faststart"})
        self._stream = self._container.add_stream("h264", rate=self.rate, options=_QUALITY)
        self._stream.height, self._stream.width = (side + side % 2 for side in size)
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        # Fine enough for the times of any source: 1/90000 s is the clock of MPEG.
        context.time_base = self._base = Fraction(1, 90_000)
        context.sample_aspect_ratio = pixel_aspect
        context.colorspace = self._av.video.reformatter.Colorspace.ITU601
        self._last = -1

    def write(self, image: np.ndarray, time: Fraction | float | None = None) -> None:
        """Add a frame.

        Args:
            image: uint8 RGB, shape ``(*size, 3)``.
            time: seconds since the first frame; None: after the last frame by the rate.

        Raises:
            ValueError: if the image has another shape or dtype.
        """
        if image.shape != (*self.size, 3) or image.dtype != np.uint8:
            raise UserError(
                f"a frame must be uint8 of shape {(*self.size, 3)}, but got {image.dtype} of shape "
                f"{image.shape}."
            )
        odd = ((0, self.size[0] % 2), (0, self.size[1] % 2), (0, 0))
        pixels = np.pad(image, odd, mode="edge") if any(side % 2 for side in self.size) else image
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.time_base, frame.pts = self._base, self._stamp(time)
        self._container.mux(self._stream.encode(frame))

    def _stamp(self, time: Fraction | float | None) -> int:
        """The time in units of the clock, always later than that of the frame before."""
        step = round(1 / self.rate / self._base)
        wanted = self._last + step if time is None else round(time / self._base)
        self._last = 0 if self._last < 0 and time is None else max(wanted, self._last + 1)
        return self._last

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._container.mux(self._stream.encode(None))
            finally:
                self._container.close()
        else:
            with suppress(self._av.FFmpegError):  # the error that ended the block is the one to tell
                self._container.close()
