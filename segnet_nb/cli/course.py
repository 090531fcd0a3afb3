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


def add(commands: Any) -> None:
    """Add the command's parser, with one of its own for each action."""
    parser = commands.add_parser("course", help="export the lessons for a class")
    actions = parser.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    _add_export(actions)


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


def _add_notebooks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--notebooks",
        type=Path,
        metavar="DIR",
        help="folder of the lessons, needed where the package is not in a clone (default: notebooks/ of the "
        "clone)",
    )


def run(options: argparse.Namespace) -> int:
    """Run an action and print the folder that it has written."""
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
