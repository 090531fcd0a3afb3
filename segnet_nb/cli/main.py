"""The parser, ``main`` and the exit status.

A command is a module in this folder with ``add(commands)``, which adds a parser of the module's name to
argparse's subparsers, and ``run(options)``, which returns the exit status. ``main`` finds the modules by
itself: to add a command, add a file. Help must be fast, so a command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import pkgutil
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from segnet_nb._shared.errors import TaskFailedError, UserError
from segnet_nb.cli.options import CommandParser

FAILED = 1  # the command ran and failed, or there is a bug
NOT_POSSIBLE = 2  # the request cannot work; argparse uses it too
INTERRUPTED = 130  # what a shell reports after Ctrl-C

PACKAGE = "segnet_nb.cli"

# Names of the errors of frameworks for a full memory; looked up, so that no framework is imported.
_MEMORY_ERRORS = {"MemoryError", "ResourceExhaustedError", "OutOfMemoryError"}

_FIXES = {
    errno.ENOSPC: "Free some disk space or choose another folder.",
    errno.EDQUOT: "Free some disk space or choose another folder.",
    errno.EACCES: "Change its permissions or choose another path.",
    errno.EPERM: "Change its permissions or choose another path.",
    errno.EROFS: "Choose a folder that can be written to.",
    errno.EEXIST: "Move that file away or choose another folder.",
    errno.ENOTDIR: "Part of this path is a file, not a folder: choose another path.",
    errno.EISDIR: "Pass the path of a file, not of a folder.",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the arguments; None: those of the process.

    Returns:
        The exit status: 0; 1 if the command ran and failed, or there is a bug; 2 if the request cannot work;
        130 after Ctrl-C.

    Raises:
        SystemExit: for ``--help``, ``--version`` and arguments that do not parse.

    Example:
        >>> main(["report", "no-such.ipynb", "--list"])
        2
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _print_any_name()
    try:
        commands = find_commands()
        options = _parser(commands).parse_args(arguments)
        return commands[options.command].run(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        status, message = explain(error)
        if not message or "--traceback" in arguments:
            traceback.print_exc()
        else:
            print(f"error: {message}", file=sys.stderr)
        return status


def _print_any_name() -> None:
    """Let file names that are not valid text, or not in the terminal's encoding, be printed with escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def find_commands() -> dict[str, ModuleType]:
    """The modules of all commands by name, in alphabetical order.

    Example:
        >>> "train" in find_commands()
        True
    """
    folders = sys.modules[PACKAGE].__path__
    names = sorted(each.name for each in pkgutil.iter_modules(folders) if not each.name.startswith("_"))
    modules = {name: import_module(f"{PACKAGE}.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "add")}


def explain(error: Exception) -> tuple[int, str]:
    """The exit status for an error, and what to tell the user; an empty message stands for a bug.

    Example:
        >>> explain(UserError("epochs must be at least 1, but got 0."))
        (2, 'epochs must be at least 1, but got 0.')
        >>> explain(ValueError("a bug"))
        (1, '')
    """
    if isinstance(error, TaskFailedError):
        return FAILED, str(error)
    if isinstance(error, UserError):
        return NOT_POSSIBLE, str(error)
    if _MEMORY_ERRORS & {kind.__name__ for kind in type(error).__mro__}:
        return NOT_POSSIBLE, _memory_message(error)
    if isinstance(error, OSError) and error.errno is not None:
        return NOT_POSSIBLE, _system_message(error)
    return FAILED, ""


def _memory_message(error: Exception) -> str:
    detail = str(error).strip().splitlines()[:1]
    return (
        f"out of memory{f' ({detail[0][:200]})' if detail else ''}. Use smaller images (--image-size) or a "
        "smaller batch (train: --batch-size), or close other programs."
    )


def _system_message(error: OSError) -> str:
    text = error.strerror or str(error)
    where = f": {error.filename}" if error.filename else ""
    if error.errno is None or text != os.strerror(error.errno):
        return f"{text}{where}"  # says already what to do
    return f"{text}{where}. {_FIXES.get(error.errno, 'Check the path.')}"


def _parser(commands: Mapping[str, ModuleType]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="segnet-nb", description="Reports, data, training and evaluation for SegNet in Jupyter."
    )
    parser.add_argument("--version", action=_Version)
    parser.add_argument("--traceback", action="store_true", help="show the full traceback of an error")
    subparsers = parser.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND", parser_class=CommandParser
    )
    for module in commands.values():
        module.add(subparsers)
    return parser


class _Version(argparse.Action):
    """Looks the version up when requested; importlib.metadata takes a while."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        print(f"segnet-nb {version('segnet-nb')}")
        parser.exit()
