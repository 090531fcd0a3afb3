"""What ``segnet-nb predict`` does with video files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from segnet_nb._shared.errors import UserError

_VIEWS = ("overlay", "classes", "beside")  # those of inference.video, without importing it for the help


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that only videos have."""
    parser.add_argument(
        "--video-view",
        choices=_VIEWS,
        default=_VIEWS[0],
        help="what a segmented video shows: the classes over the frames, the classes alone, or the frames "
        "beside the overlay (default: %(default)s)",
    )
    parser.add_argument(
        "--video-masks", action="store_true", help="write a mask for each frame of a video, too"
    )


def are_videos(paths: Sequence[Path]) -> bool:
    """Whether the paths are videos.

    Raises:
        ValueError: if only some of them are, or two share a name.
    """
    from segnet_nb.datasets.video_files import is_video

    videos = [path for path in paths if is_video(path)]
    if videos and len(videos) < len(paths):
        raise UserError("got videos and images in one command. Pass them in two commands.")
    if len({path.stem for path in videos}) < len(videos):
        raise UserError("two videos share a name, so their results would. Rename one.")
    return bool(videos)


def run(options: argparse.Namespace) -> int:
    """Write ``NAME-VIEW.mp4`` and its JSON for each video; print its most frequent classes and the speed."""
    from segnet_nb.datasets.video_files import VideoReader
    from segnet_nb.inference import pretrained, video_prediction

    for path in options.images:  # before anything slow
        VideoReader(path).close()
    trained = pretrained.load_trained(options.weights, allow_layers=options.allow_layers)
    for path in options.images:
        with _progress(path) as progress:
            found = video_prediction.predict_video(
                trained.model,
                path,
                options.output_dir / f"{path.stem}-{options.video_view}.mp4",
                trained.classes,
                view=options.video_view,
                masks_dir=options.output_dir / f"{path.stem}-masks" if options.video_masks else None,
                image_size=options.image_size,
                flip=options.flip,
                scales=tuple(options.scales),
                progress=progress,
            )
        print(found)
    return 0


@contextmanager
def _progress(path: Path) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on a terminal, with the frames a second and the time left; elsewhere nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(desc=path.name, unit="frame", leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        yield show
