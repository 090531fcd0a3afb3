"""``segnet-nb data``: download CamVid, verify it, and look for problems in a dataset."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

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
    doctor.add_argument(
        "--convert", action="store_true", help="accept grayscale, 16-bit and transparent images"
    )


def run(options: argparse.Namespace) -> int:
    """Run an action; 1 if what it checked is not in order."""
    actions = {"camvid": _download, "verify": _verify, "doctor": _examine}
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
        found = doctor.examine_folder(options.dataset, convert=options.convert, progress=image_progress())
    else:
        parts = (datasets.load(options.dataset, split) for split in ("train", "val"))
        found = doctor.examine(*parts, progress=image_progress())
    for finding in found:
        print(finding)
    print(f"{len(found)} findings" if found else "no problems found")
    return 1 if found else 0
