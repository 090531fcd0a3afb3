"""``segnet-nb train``: train a network; every field of ``TrainConfig`` is an option."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from segnet_nb.cli.options import typed


def add(commands: Any) -> None:
    """Add the command's parser; its options follow when it is chosen, since they need ``TrainConfig``."""
    commands.add_parser(
        "train",
        help="train a network",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
        add_late=_add_options,
    )


def run(options: argparse.Namespace) -> int:
    """Train, and print how the run ended; 130 after Ctrl-C."""
    import dataclasses

    from segnet_nb import training
    from segnet_nb.inference.run_files import RECORD
    from segnet_nb.training import recipes
    from segnet_nb.training.speed.onednn import prefer_onednn

    prefer_onednn()

    fields = {field.name for field in dataclasses.fields(training.TrainConfig)}
    given = {name: value for name, value in vars(options).items() if name in fields}
    base = recipes.recipe(options.recipe) if options.recipe else training.TrainConfig()
    config = dataclasses.replace(base, **given)
    if options.resume and options.run_dir and (options.run_dir / RECORD).exists():
        config = dataclasses.replace(training.load_run(options.run_dir).config, **given)
    trained = training.train(config, directory=options.run_dir, resume=options.resume)
    print(trained)
    # As of any program that Ctrl-C ends, so that `train && evaluate` stops.
    return 130 if trained.status == "interrupted" else 0


def _add_options(parser: argparse.ArgumentParser) -> None:
    import dataclasses
    import typing

    from segnet_nb import training
    from segnet_nb.training import recipes

    hints = typing.get_type_hints(training.TrainConfig)
    for field in dataclasses.fields(training.TrainConfig):
        if field.init:
            _add_field(parser, field, hints[field.name])
    parser.add_argument(
        "--run-dir",
        type=Path,
        default=None,
        metavar="DIR",
        help="folder of the run (default: runs/DATASET-NETWORK-seedN)",
    )
    parser.add_argument(
        "--recipe",
        default=None,
        metavar="NAME",
        help=f"start from a predefined configuration: {', '.join(recipes.RECIPES)}; other options change it",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        default=False,
        help="resume an unfinished run; with --run-dir, the options it was started with need not be repeated",
    )


def _add_field(parser: argparse.ArgumentParser, field: Any, hint: Any) -> None:
    import dataclasses

    text = field.metadata.get("help", "")
    required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    if field.default is not dataclasses.MISSING:
        text = f"{text} (default: {_as_typed(field.default)})".strip()
    settings: dict[str, Any] = {
        "dest": field.name,
        "required": required,
        "help": text.replace("%", "%%"),
        # Only given options reach TrainConfig: its own defaults are the single source.
        "default": argparse.SUPPRESS,
    }
    option = "--" + field.name.replace("_", "-")
    if hint in (bool, bool | None):
        parser.add_argument(option, action=argparse.BooleanOptionalAction, **settings)
        return
    several = _takes_several(hint)
    parser.add_argument(
        option, action=typed(hint), nargs="+" if several else None, metavar=_metavar(hint), **settings
    )


def _takes_several(hint: Any) -> bool:
    import typing

    members = (hint, *typing.get_args(hint))
    return any((typing.get_origin(member) or member) in (tuple, list) for member in members)


def _metavar(hint: Any) -> str | tuple[str, str]:
    import typing

    from segnet_nb._shared.typed_values import describe

    if typing.get_origin(hint) is typing.Literal:
        return "{" + ",".join(map(str, typing.get_args(hint))) + "}"
    members = [member for member in typing.get_args(hint) if member is not type(None)]
    if hint == tuple[int, int] or members == [tuple[int, int]]:
        return "INTxINT", "INT"
    return describe(hint).replace(" or ", "|").upper()


def _as_typed(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) and value else str(value)
