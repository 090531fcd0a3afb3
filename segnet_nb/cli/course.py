"""``segnet-nb course``: the lessons for a class: for graders, to print, as slides, without a network."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

GRADERS = ("nbgrader", "otter", "plain")

NO_REVEAL = (
    "note: the slides load reveal.js from the network; to have it beside them, run `make node-packages` in "
    "the clone, or pass --reveal FOLDER, and export again."
)

EXPORT_EXAMPLES = """\
examples:
  segnet-nb course export class --for plain --lessons 00 01 04 --slides
  segnet-nb course export graded --for nbgrader --lessons 03 04 --points 2
  segnet-nb course export graded --for otter --lessons 04
"""


PACK_EXAMPLES = """\
examples:
  segnet-nb course pack class
  segnet-nb course pack class --lessons 00 01 06 --data camvid
"""


def add(commands: Any) -> None:
    """Add the command's parser, with one of its own for each action."""
    parser = commands.add_parser("course", help="export the lessons for a class")
    actions = parser.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    _add_export(actions)
    _add_pack(actions)
    verify = actions.add_parser(
        "verify", help="check a folder of pack, or a copy; exit status 1 if it differs"
    )
    verify.add_argument("folder", type=Path, metavar="FOLDER", help="the folder")


def _add_export(actions: Any) -> None:
    export = actions.add_parser(
        "export",
        help="write lessons for nbgrader, Otter or no tool, with answers to print",
        epilog=EXPORT_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.add_argument("out", type=Path, metavar="OUT", help="folder to write: new, or of an earlier export")
    export.add_argument(
        "--for", dest="grader", required=True, choices=GRADERS, help="the grader; plain is for none"
    )
    export.add_argument(
        "--lessons",
        nargs="+",
        default=(),
        metavar="LESSON",
        help="numbers or names (default: all; for a grader, all with exercises)",
    )
    export.add_argument(
        "--points", type=float, default=1.0, metavar="FLOAT", help="of each exercise (default: %(default)g)"
    )
    export.add_argument("--slides", action="store_true", help="also write each lesson as slides")
    export.add_argument(
        "--reveal",
        type=Path,
        metavar="DIR",
        help="folder of reveal.js to copy beside the slides, for use without a network (default: "
        "node_modules/reveal.js of the clone)",
    )
    _add_notebooks(export)


def _add_pack(actions: Any) -> None:
    pack = actions.add_parser(
        "pack",
        help="write a folder with lessons, weights and data for a class without a network",
        epilog=PACK_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    pack.add_argument("out", type=Path, metavar="OUT", help="folder to write: new, or of an earlier pack")
    pack.add_argument(
        "--lessons", nargs="+", default=(), metavar="LESSON", help="numbers or names (default: all)"
    )
    pack.add_argument(
        "--data",
        nargs="+",
        default=(),
        metavar="DATA",
        help="datasets to copy: camvid, or folders (synthetic scenes need no files)",
    )
    _add_notebooks(pack)


def _add_notebooks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--notebooks",
        type=Path,
        metavar="DIR",
        help="folder of the lessons, needed where the package is not in a clone (default: notebooks/ of the "
        "clone)",
    )


def run(options: argparse.Namespace) -> int:
    """Run an action; 1 if what it checked is not in order."""
    actions = {"export": _export, "pack": _pack, "verify": _verify}
    return actions[options.action](options)


def _export(options: argparse.Namespace) -> int:
    from segnet_nb import teaching
    from segnet_nb.teaching.reveal import find_reveal

    out = teaching.export_course(
        options.out,
        options.grader,
        options.lessons,
        notebooks=options.notebooks,
        points=options.points,
        slides=options.slides,
        reveal=options.reveal,
    )
    if options.slides and find_reveal(options.reveal) is None:
        print(NO_REVEAL, file=sys.stderr)
    print(out)
    return 0


def _pack(options: argparse.Namespace) -> int:
    from segnet_nb import teaching

    print(teaching.pack_course(options.out, options.lessons, data=options.data, notebooks=options.notebooks))
    return 0


def _verify(options: argparse.Namespace) -> int:
    from segnet_nb import teaching

    found = teaching.verify_course(options.folder)
    for line in found:
        print(line)
    print(f"{len(found)} faults" if found else "all files are as they were packed")
    return 1 if found else 0
