"""``segnet-nb predict``: segment image files and videos."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb.cli import _videos, options as shared


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("predict", help="segment images or videos; write masks, overlays and JSON")
    parser.add_argument(
        "images",
        nargs="+",
        type=Path,
        metavar="IMAGE",
        help="image files, folders of them, with subfolders, or video files",
    )
    shared.add_weights(parser)
    shared.add_output_dir(parser, "predictions")
    shared.add_image_size(
        parser,
        "run inference at this height and width, in pixels; masks keep the size of the image (default: no "
        "resizing)",
    )
    shared.add_views(parser)
    parser.add_argument(
        "--tile",
        type=int,
        metavar="INT",
        help="segment images in overlapping tiles this many pixels apart; smaller tiles need less memory and "
        "more time; 0: no tiles (default: 1024 for images above 2.1 megapixels)",
    )
    parser.add_argument(
        "--polygons",
        choices=("coco", "labelme"),
        help="write polygons too: predictions-coco.json for all images, or a LabelMe file for each",
    )
    shared.add_map_classes(parser)
    parser.add_argument(
        "--max-megapixels",
        type=float,
        metavar="FLOAT",
        help="read images up to this many millions of pixels (default: 179, Pillow's limit)",
    )
    parser.add_argument(
        "--redo",
        action="store_true",
        help="segment again what was done with the same weights and options (default: skip it)",
    )
    shared.add_strict(parser)
    shared.add_scheduler(parser)
    _videos.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Write masks, overlays and JSON; print the most frequent classes of each image."""
    workers = shared.on_workers(options)
    if _videos.are_videos(options.images):
        if workers:
            raise UserError("--scheduler is for images: a video is segmented here. Omit it.")
        return _videos.run(options)
    from segnet_nb.inference import image_listing, prediction_files, pretrained

    # Before anything slow.
    shared.check_output_dir(options.output_dir)
    image_listing.list_images(options.images, options.output_dir)
    trained = pretrained.load_trained(options.weights, allow_layers=options.allow_layers)
    model, classes, values = _for_folder(trained, options.output_dir, options.map_classes)
    predict_files = prediction_files.predict_files
    if workers:
        from segnet_nb.sweeps.predicting import predict_files
    found = predict_files(
        model,
        options.images,
        options.output_dir,
        classes,
        values=values,
        image_size=options.image_size,
        flip=options.flip,
        scales=tuple(options.scales),
        tile=options.tile,
        polygons=options.polygons,
        max_megapixels=options.max_megapixels,
        redo=options.redo,
        strict=options.strict,
        progress=shared.image_progress(),
        on_failure=lambda message: _say(f"failed: {message}", sys.stderr),
        **workers,
    )
    for entry in found["images"]:
        most = sorted(entry["shares"].items(), key=lambda each: -each[1])[:3]
        _say(f"{entry['mask']}: " + ", ".join(f"{name} {share:.0%}" for name, share in most if share))
    return _end(found, options.output_dir / prediction_files.SUMMARY)


def _for_folder(trained: Any, output_dir: Path, pairs: list[str] | None) -> tuple[Any, Any, Any]:
    """Network, classes and mask values; those of the dataset whose masks are in the folder, if it is one."""
    from segnet_nb.inference import class_mapping

    encoding = class_mapping.labelled_folder(output_dir)
    if encoding is None:
        if pairs is not None:
            raise UserError(
                f"--map-classes maps to the classes of a labelled folder, but {output_dir} has no "
                "classes.json, nor has the folder above if it is one of masks. Omit the option."
            )
        return trained.model, trained.classes, None
    what = f"the labelled folder {output_dir}"
    model, class_map = class_mapping.fitted(trained, encoding.classes, what, pairs)
    if class_map is not None:
        _say(str(class_map))
    return model, *class_mapping.shown_as_masks(encoding)


def _end(found: dict[str, Any], summary: Path) -> int:
    """Print what was skipped and what failed; the exit status."""
    if found["skipped"]:
        _say(f"{found['skipped']} images were done already; --redo segments them again")
    if found["left_out"]:
        _say(found["left_out"])
    _say(str(summary))
    if not found["failed"]:
        return 0
    total = len(found["failed"]) + len(found["images"])
    _say(f"error: {len(found['failed'])} of {total} images failed; {summary} lists them.", sys.stderr)
    return 1


def _say(text: str, file: Any = None) -> None:
    """Print, also names that the terminal cannot show."""
    file = file or sys.stdout
    encoding = file.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), file=file)
