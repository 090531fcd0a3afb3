"""``segnet-nb report``: run a notebook with parameters."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb.cli import options as shared


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "report", help="run a notebook with parameters; write it and an HTML page", take=_take_parameters
    )
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK")
    parser.add_argument(
        "-p",
        dest="parameters",
        action="append",
        nargs=2,
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a parameter, to any value; may be repeated. Paths are relative to the current folder",
    )
    parser.add_argument("--list", action="store_true", help="show the parameters and exit")
    shared.add_output_dir(parser, "reports")
    parser.add_argument(
        "--timeout",
        type=float,
        default=3600,
        metavar="SECONDS",
        help="time limit of the whole run (default: %(default)s)",
    )
    parser.add_argument("--no-html", action="store_true", help="write the notebook only")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="keep the notebook's own scripts, forms, style sheets and widgets in the page",
    )
    parser.add_argument("--name", help="write NOTEBOOK-NAME.ipynb instead of NOTEBOOK.ipynb")


def run(options: argparse.Namespace) -> int:
    """List the parameters of a notebook, or run it and print the paths written."""
    from segnet_nb import reports

    if options.list:
        parameters = reports.parameters(options.notebook)
        print(f"Parameters of {options.notebook}:\n{reports.listing(parameters)}")
        return 0
    paths = reports.run(
        options.notebook,
        _parameters(options.parameters),
        options.output_dir,
        timeout_seconds=options.timeout,
        html=not options.no_html,
        name=options.name,
        trusted=options.trust,
    )
    for path in paths:
        if path is not None:
            print(path)
    return 0


def _take_parameters(parser: argparse.ArgumentParser, arguments: list[str]) -> dict[str, Any]:
    """Take ``-p NAME VALUE`` out of the arguments; argparse would read ``-1e-3`` as an option."""
    pairs = []
    while "-p" in arguments:
        start = arguments.index("-p")
        pair = arguments[start + 1 : start + 3]
        if len(pair) < 2 or not pair[0].isidentifier():
            given = f", but got {' '.join(pair)!r}" if pair else ""
            parser.error(f"argument -p: expected a name and a value, as in -p epochs 5{given}")
        pairs.append(pair)
        del arguments[start : start + 3]
    return {"parameters": pairs}


def _parameters(pairs: list[list[str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise UserError(f"-p {name} is given twice: {values[name]!r} and {value!r}.")
        values[name] = value
    return values
