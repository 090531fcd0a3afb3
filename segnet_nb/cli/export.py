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


def run(options: argparse.Namespace) -> int:
    """Write the file and print what it holds."""
    from segnet_nb.inference import exporting, pretrained

    exporting.check_path(options.path)  # before anything slow
    model = pretrained.load_trained(options.weights, allow_layers=options.allow_layers).model
    print(exporting.export(model, options.path, image_size=options.image_size))
    return 0
