"""``segnet-nb export``: write a network as ONNX or TFLite."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from segnet_nb.cli import options as shared


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("export", help="write a network as ONNX or TFLite")
    parser.add_argument("path", type=Path, metavar="FILE", help="ends in .onnx or .tflite")
    shared.add_weights(parser)
    shared.add_image_size(parser, "fix the height and width of images, in pixels (default: any size)")
    parser.add_argument(
        "--output",
        choices=("probabilities", "logits", "labels"),
        help="what the file gives for each pixel; labels, the class ids, take the least time (default: what "
        "the network gives)",
    )
    parser.add_argument(
        "--int8",
        metavar="DATASET",
        help="compute with 8-bit integers, whose ranges are measured on training images of this dataset: "
        "synthetic, camvid or the path of a folder (default: float32)",
    )


def run(options: argparse.Namespace) -> int:
    """Write the file and print what it holds."""
    from segnet_nb import datasets
    from segnet_nb.inference import exporting, pretrained

    exporting.check_path(options.path)  # before anything slow
    calibration = None
    if options.int8 is not None:
        datasets.check_request(options.int8, "train")
    model = pretrained.load_trained(options.weights, allow_layers=options.allow_layers).model
    if options.int8 is not None:
        # Decoded when used: few of the images are.
        calibration = datasets.load(options.int8, "train", image_size=options.image_size, in_memory=False)
    print(
        exporting.export(
            model,
            options.path,
            image_size=options.image_size,
            output=options.output,
            calibration=calibration,
        )
    )
    return 0
