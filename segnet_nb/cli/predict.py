"""``segnet-nb predict``: segment image files and videos."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from segnet_nb.cli import _videos, options as shared


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("predict", help="segment images or videos; write masks, overlays and JSON")
    parser.add_argument(
        "images", nargs="+", type=Path, metavar="IMAGE", help="image files, folders of them, or video files"
    )
    shared.add_weights(parser)
    shared.add_output_dir(parser, "predictions")
    shared.add_image_size(
        parser,
        "run inference at this height and width, in pixels; masks keep the size of the image (default: no "
        "resizing)",
    )
    shared.add_views(parser)
    _videos.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Write masks, overlays and JSON; print the most frequent classes of each image."""
    if _videos.are_videos(options.images):
        return _videos.run(options)
    from segnet_nb.inference import prediction_files, pretrained

    prediction_files.image_files(options.images)  # before anything slow
    trained = pretrained.load_trained(options.weights)
    found = prediction_files.predict_files(
        trained.model,
        options.images,
        options.output_dir,
        trained.classes,
        image_size=options.image_size,
        flip=options.flip,
        scales=tuple(options.scales),
        progress=shared.image_progress(),
    )
    for entry in found["images"]:
        most = sorted(entry["shares"].items(), key=lambda each: -each[1])[:3]
        print(f"{entry['mask']}: " + ", ".join(f"{name} {share:.0%}" for name, share in most if share))
    print(options.output_dir / prediction_files.SUMMARY)
    return 0
