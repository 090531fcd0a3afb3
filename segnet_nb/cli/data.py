"""``segnet-nb data``: download CamVid, verify it, say how a dataset is read, and look for problems in it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from segnet_nb.cli import options as shared
from segnet_nb.cli.options import CAMVID_FOLDER, image_progress


def add(commands: Any) -> None:
    """Add the command's parser, with one of its own for each action."""
    parser = commands.add_parser("data", help="download and check data")
    actions = parser.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    camvid = actions.add_parser("camvid", help="download CamVid")
    camvid.add_argument("--data-dir", type=Path, metavar="DIR", help=CAMVID_FOLDER)
    verify = actions.add_parser("verify", help="verify a CamVid folder; exit status 1 if it is incomplete")
    verify.add_argument("--data-dir", type=Path, metavar="DIR", help=CAMVID_FOLDER)
    doctor = actions.add_parser("doctor", help="look for problems; exit status 1 if there are any")
    doctor.add_argument("dataset", metavar="DATASET", help="synthetic, camvid or the path of a folder")
    shared.add_reading(doctor)
    _add_inspect(actions)


def _add_inspect(actions: Any) -> None:
    inspect = actions.add_parser(
        "inspect", help="say how a folder is read: layout, splits, classes, masks; exit status 1 for faults"
    )
    inspect.add_argument("dataset", metavar="FOLDER", help="path of a folder, or of a dataset.json")
    inspect.add_argument("--layout", default="", metavar="NAME", help="the layout, if several fit")
    inspect.add_argument(
        "--masks", default="", metavar="NAME", help="the folder of masks, if several could be meant"
    )
    inspect.add_argument("--write", action="store_true", help="pin the reading in dataset.json, to be edited")
    inspect.add_argument(
        "--output", type=Path, metavar="FILE", help="where to write it (default: dataset.json in the folder)"
    )
    inspect.add_argument(
        "--no-similar", action="store_true", help="do not look for near-duplicates and films across splits"
    )
    shared.add_reading(inspect)


def run(options: argparse.Namespace) -> int:
    """Run an action; 1 if what it checked is not in order."""
    actions = {"camvid": _download, "verify": _verify, "doctor": _examine, "inspect": _inspect}
    return actions[options.action](options)


def _download(options: argparse.Namespace) -> int:
    from segnet_nb.datasets import download

    print(download.download_camvid(options.data_dir, progress=True))
    return 0


def _verify(options: argparse.Namespace) -> int:
    from segnet_nb.datasets import download

    report = download.verify_camvid(options.data_dir, progress=True)
    print(report.summary())
    return 0 if report.ok else 1


def _examine(options: argparse.Namespace) -> int:
    from segnet_nb import datasets
    from segnet_nb.datasets import doctor

    datasets.check_request(options.dataset, "train")
    if datasets.is_folder(options.dataset):
        found = doctor.examine_folder(
            options.dataset,
            strict=options.strict,
            lossy_masks=options.lossy_masks,
            progress=image_progress(),
        )
    else:
        parts = (datasets.load(options.dataset, split) for split in ("train", "val"))
        found = doctor.examine(*parts, progress=image_progress())
    for finding in found:
        print(finding)
    print(f"{len(found)} findings" if found else "no problems found")
    return 1 if found else 0


def _inspect(options: argparse.Namespace) -> int:
    from segnet_nb._shared.errors import UserError
    from segnet_nb.datasets import layouts
    from segnet_nb.datasets.layouts import dataset_file

    found = layouts.inspect(
        options.dataset,
        layout=options.layout,
        masks=options.masks,
        strict=options.strict,
        lossy_masks=options.lossy_masks,
        similar=not options.no_similar,
        progress=shared.image_progress(),
    )
    print(found)
    if options.write or options.output:
        if found.declared is None:
            raise UserError("dataset.json was not written, since the classes are unknown. See above.")
        print(
            dataset_file.write_dataset_file(
                found.reading, found.declared, options.output, lossy_masks=options.lossy_masks
            )
        )
        return 1 if found.fault_count else 0
    return 0 if found.ok else 1
