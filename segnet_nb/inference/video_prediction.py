"""From video files to segmented video files."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.files import write_whole, written_whole
from segnet_nb.datasets.classes import ClassList
from segnet_nb.datasets.video_files import VideoReader, VideoWriter
from segnet_nb.inference.video import FrameTimes, check_video_request, segment

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class VideoSummary:
    """What was written for a video.

    Attributes:
        video: path of the source.
        output: path of the segmented video.
        masks: folder of the masks, or None.
        frames: number of frames read and written.
        stated_frames: number of frames as the source states or implies it, 0 if unknown.
        size: ``(height, width)`` of the frames in pixels.
        rate: frames per second of source and output.
        shares: share of the pixels of each class, 0..1.
        seconds: median wall time of each step per frame, without the first frame.
        frame_rate: frames segmented, drawn and written per second.
    """

    video: str
    output: str
    masks: str | None
    frames: int
    stated_frames: int
    size: tuple[int, int]
    rate: float
    shares: dict[str, float]
    seconds: dict[str, float]
    frame_rate: float

    def __str__(self) -> str:
        most = sorted(self.shares.items(), key=lambda each: -each[1])[:3]
        classes = ", ".join(f"{name} {share:.0%}" for name, share in most if share)
        steps = ", ".join(f"{step} {1000 * value:.1f} ms" for step, value in self.seconds.items())
        missing = f" of {self.stated_frames} stated" if self.stated_frames > self.frames else ""
        return (
            f"{self.output}: {self.frames}{missing} frames of {self.size[0]} x {self.size[1]} at "
            f"{self.rate:.4g} a second; {classes}\n"
            f"{self.frame_rate:.1f} frames a second here ({steps})"
        )


def predict_video(
    model: keras.Model,
    source: str | Path,
    target: str | Path,
    classes: ClassList,
    *,
    view: str = "overlay",
    masks_dir: str | Path | None = None,
    image_size: tuple[int, int] | None = None,
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    progress: Callable[[int, int], None] | None = None,
) -> VideoSummary:
    """Segment a video file and write it as MP4 (H.264, without sound), whole or not at all.

    The output has the frames, the frame times and the size of the source; an odd side is one pixel longer,
    since H.264 needs even ones. Beside it is a JSON file with the content of the returned summary.

    Args:
        model: a network of this package.
        source: a video file that FFmpeg can read.
        target: the MP4 file to write.
        classes: the classes of the network.
        view: what the output shows, see ``segment``.
        masks_dir: folder for one palette PNG of class ids per frame, ``00001.png`` and so on: colours of a
            video are compressed, masks are exact. None: no masks.
        image_size: ``(height, width)`` in pixels to run inference at, see ``segment``.
        flip: average with the prediction of the mirrored image.
        scales: average predictions at these multiples of the size.
        progress: called with the number of finished frames and of all frames, 0 if that is unknown.

    Returns:
        A ``VideoSummary``.

    Raises:
        ModuleNotFoundError: if PyAV is not installed.
        FileNotFoundError: if there is no such file.
        ValueError: if the video has no frame that can be read or is damaged, the target is not ``.mp4`` or is
            the source, or the view or the classes do not fit. Masks already written stay.
    """
    source, target = Path(source), Path(target)
    check_video_request(model, classes, view, scales)
    if target.suffix.lower() != ".mp4" or target.resolve() == source.resolve():
        raise UserError(f"the output must be another file that ends in .mp4, but got {target}.")
    counts, times, done = np.zeros(classes.num_classes, np.int64), FrameTimes(), 0
    with VideoReader(source) as video, written_whole(target) as temporary:
        height, width = video.size
        shown_size = (height, 2 * width) if view == "beside" else video.size
        frames = segment(model, video, classes, view=view, image_size=image_size, flip=flip, scales=scales)
        with VideoWriter(temporary, shown_size, video.rate, pixel_aspect=video.pixel_aspect) as writer:
            for done, frame in enumerate(frames, start=1):
                began = time.perf_counter()
                writer.write(frame.shown, frame.time)
                if masks_dir is not None:
                    write_whole(Path(masks_dir) / f"{done:05d}.png", _mask_png(frame.labels, classes))
                times.add({**frame.seconds, "writing": time.perf_counter() - began})
                counts += np.bincount(frame.labels.ravel(), minlength=classes.num_classes)
                if progress:
                    progress(done, max(video.count, done) if video.count else 0)
    found = VideoSummary(
        video=str(source),
        output=str(target),
        masks=None if masks_dir is None else str(masks_dir),
        frames=done,
        stated_frames=video.count,
        size=video.size,
        rate=float(video.rate),
        shares=dict(zip(classes.names, (counts / counts.sum()).round(5).tolist(), strict=True)),
        seconds={step: round(value, 5) for step, value in times.medians().items()},
        frame_rate=round(times.frame_rate, 2),
    )
    write_whole(target.with_suffix(".json"), json.dumps(asdict(found), indent=1) + "\n")
    return found


def _mask_png(labels: np.ndarray, classes: ClassList) -> bytes:
    indexed = Image.fromarray(labels)
    indexed.putpalette(classes.palette.ravel().tolist())
    buffer = io.BytesIO()
    indexed.save(buffer, "PNG")
    return buffer.getvalue()
