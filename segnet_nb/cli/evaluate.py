"""``segnet-nb evaluate``: score a network on a dataset."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from segnet_nb.cli import options as shared


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("evaluate", help="score a network on a dataset; print and write JSON")
    shared.add_weights(parser)
    parser.add_argument(
        "--dataset", default="camvid", help="synthetic, camvid or the path of a folder (default: %(default)s)"
    )
    parser.add_argument("--split", default="val", help="train, val or test (default: %(default)s)")
    parser.add_argument("--count", type=int, metavar="INT", help="evaluate only this many images")
    shared.add_image_size(
        parser, "resize images to this height and width, in pixels (default: that of the dataset)"
    )
    shared.add_views(parser)
    parser.add_argument(
        "--samples",
        type=int,
        default=0,
        metavar="INT",
        help="Monte Carlo dropout: predict each image this many times with dropout on, and score the mean "
        "and the accuracy of the most certain 80 %% of the pixels (default: one prediction without dropout)",
    )
    parser.add_argument(
        "--by",
        metavar="drive|REGEX",
        help="score each group of images too: by drive, the part of a name before the first _, or by what a "
        "regular expression finds in the names",
    )
    shared.add_map_classes(parser)
    parser.add_argument("--no-boundary", action="store_true", help="omit the boundary F1")
    shared.add_loading(parser)
    parser.add_argument(
        "--absent",
        default="zero",
        choices=("zero", "ignore"),
        help="classes without a pixel in the ground truth: count as 0 in the means, as in the paper, or are "
        "left "
        "out (default: %(default)s)",
    )
    shared.add_reading(parser)
    shared.add_scheduler(parser)
    shared.add_output_dir(parser, "reports")


def run(options: argparse.Namespace) -> int:
    """Print the scores and write them to ``evaluation-WEIGHTS-DATASET-SPLIT.json``."""
    from segnet_nb import datasets
    from segnet_nb._shared.files import write_whole

    workers = shared.on_workers(options)
    shared.check_output_dir(options.output_dir)
    datasets.check_request(options.dataset, options.split)
    from segnet_nb.inference import class_mapping, evaluation, prediction, pretrained

    trained = pretrained.load_trained(options.weights, allow_layers=options.allow_layers)
    prediction.check_scales(trained.model, options.scales)
    data = datasets.load(
        options.dataset,
        options.split,
        image_size=options.image_size,
        count=options.count,
        strict=options.strict,
        lossy_masks=options.lossy_masks,
        **shared.loading(options),
    )
    model, class_map = class_mapping.fitted(
        trained, data.classes, f"the dataset {options.dataset}", options.map_classes
    )
    if class_map is not None:
        print(class_map)
    evaluate = evaluation.evaluate
    if workers:
        from segnet_nb.sweeps.evaluating import evaluate
    result = evaluate(
        model,
        data,
        flip=options.flip,
        scales=tuple(options.scales),
        samples=options.samples,
        boundary=not options.no_boundary,
        by=options.by,
        absent=options.absent,
        progress=shared.image_progress(),
        **workers,
    )
    print(result)
    dataset = Path(options.dataset).resolve().name
    path = options.output_dir / f"evaluation-{trained.name}-{dataset}-{options.split}.json"
    write_whole(
        path, json.dumps({**_requested(options, data.image_size), **result.to_dict()}, indent=1) + "\n"
    )
    print(path)
    return 0


def _requested(options: argparse.Namespace, size: tuple[int, int] | None) -> dict[str, Any]:
    """What was evaluated and how, for the file of the scores."""
    return {
        "weights": options.weights,
        "dataset": options.dataset,
        "split": options.split,
        "image_size": list(size) if size else None,
        "flip": options.flip,
        "scales": options.scales,
        "samples": options.samples,
        "by": options.by,
        "map_classes": options.map_classes,
        "absent": options.absent,
    }
