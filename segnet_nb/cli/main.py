"""The command line: parses, then calls the package.

Help must come at once, so a command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError

__all__ = ["main"]

_CAMVID_FOLDER = "folder (default: $SEGNET_NB_CAMVID, else data/camvid)"
_WEIGHTS = "weights that come with the package, a .keras file or the folder of a training run"
INTERRUPTED = 130  # what a shell gives for Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the arguments; None: those of the process.

    Returns:
        The exit status: 0, 1 (it ran and failed), 2 (it was asked for something impossible) or 130
        (Ctrl-C).

    Raises:
        SystemExit: for ``--help``, ``--version`` and arguments that do not parse.

    Example:
        >>> main(["report", "no-such.ipynb", "--list"])
        2
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        options = _parser(arguments).parse_args(arguments)
        return options.command(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        status = _status_of(error)
        if status is None or "--traceback" in arguments:
            traceback.print_exc()
        else:
            print(f"error: {error}", file=sys.stderr)
        return status or 1


def _status_of(error: Exception) -> int | None:
    """The exit status of an error that a person can mend; None for one that is ours to mend."""
    from segnet_nb.reports.runner import ReportError

    # Looked up, not imported: an error of a module that is not loaded cannot have been raised.
    download = sys.modules.get("segnet_nb.datasets.download")
    failed = (ReportError, getattr(download, "DownloadError", ReportError))
    if isinstance(error, failed):
        return 1
    return 2 if isinstance(error, ValueError | OSError) else None


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="segnet-nb", description="Reports, data, training and evaluation for SegNet in Jupyter."
    )
    parser.add_argument("--version", action=_Version)
    parser.add_argument("--traceback", action="store_true", help="show the whole traceback of an error")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_report(commands)
    _add_data(commands)
    _add_predict(commands)
    _add_evaluate(commands)
    _add_export(commands)
    train = commands.add_parser(
        "train", help="train a model", argument_default=argparse.SUPPRESS, allow_abbrev=False
    )
    # Its options are the fields of TrainConfig; no other command should wait for that import.
    if next((word for word in arguments if not word.startswith("-")), None) == "train":
        _add_train(train)
    return parser


class _Version(argparse.Action):
    """Looks the version up when asked; importlib.metadata takes a while."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        print(f"segnet-nb {version('segnet-nb')}")
        parser.exit()


def _add_report(commands: Any) -> None:
    parser = commands.add_parser("report", help="run a notebook with parameters; write it and HTML")
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK")
    parser.add_argument(
        "-p",
        dest="parameters",
        action="append",
        nargs=2,
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a parameter; may be given several times",
    )
    parser.add_argument("--list", action="store_true", help="show the parameters and exit")
    parser.add_argument("--output-dir", type=Path, default=Path("reports"), metavar="DIR")
    parser.add_argument(
        "--timeout",
        type=float,
        default=3600,
        metavar="SECONDS",
        help="what the whole run may take (default: %(default)s)",
    )
    parser.add_argument("--no-html", action="store_true", help="write the notebook only")
    parser.add_argument("--name", help="write NOTEBOOK-NAME.ipynb instead of NOTEBOOK.ipynb")
    parser.set_defaults(command=_report)


def _report(options: argparse.Namespace) -> int:
    from segnet_nb import reports

    if options.list:
        parameters = reports.parameters(options.notebook)
        print(f"Parameters of {options.notebook}:\n{reports.listing(parameters)}")
        return 0
    paths = reports.run(
        options.notebook,
        _once_each(options.parameters),
        options.output_dir,
        timeout_seconds=options.timeout,
        html=not options.no_html,
        name=options.name,
    )
    for path in paths:
        if path is not None:
            print(path)
    return 0


def _once_each(pairs: list[list[str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise UserError(f"-p {name} is given twice: {values[name]!r} and {value!r}.")
        values[name] = value
    return values


def _add_data(commands: Any) -> None:
    parser = commands.add_parser("data", help="download and check data")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    camvid = actions.add_parser("camvid", help="download CamVid")
    camvid.add_argument("--dest", type=Path, metavar="DIR", help=_CAMVID_FOLDER)
    camvid.set_defaults(command=_data_camvid)
    verify = actions.add_parser("verify", help="check a CamVid folder; exit status 1 if not whole")
    verify.add_argument("--root", type=Path, metavar="DIR", help=_CAMVID_FOLDER)
    verify.set_defaults(command=_data_verify)
    doctor = actions.add_parser("doctor", help="look for faults; exit status 1 if there are any")
    doctor.add_argument("dataset", metavar="DATASET", help="synthetic, camvid or the path of a folder")
    doctor.add_argument("--convert", action="store_true", help="take grey, 16-bit and transparent images")
    doctor.set_defaults(command=_data_doctor)


def _data_camvid(options: argparse.Namespace) -> int:
    from segnet_nb.datasets import download

    print(download.download_camvid(options.dest, progress=True))
    return 0


def _data_verify(options: argparse.Namespace) -> int:
    from segnet_nb.datasets import download

    report = download.verify_camvid(options.root, progress=True)
    print(report.summary())
    return 0 if report.ok else 1


def _data_doctor(options: argparse.Namespace) -> int:
    from segnet_nb import datasets
    from segnet_nb.datasets import doctor

    datasets.check_request(options.dataset, "train")
    if datasets.is_folder(options.dataset):
        found = doctor.examine_folder(options.dataset, convert=options.convert)
    else:
        found = doctor.examine(*(datasets.load(options.dataset, split) for split in ("train", "val")))
    for finding in found:
        print(finding)
    print(f"{len(found)} findings" if found else "no fault found")
    return 1 if found else 0


def _add_predict(commands: Any) -> None:
    parser = commands.add_parser("predict", help="segment pictures; write masks, overlays and JSON")
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="picture files, or folders")
    parser.add_argument("--weights", required=True, metavar="NAME", help=_WEIGHTS)
    parser.add_argument(
        "--output-dir", type=Path, default=Path("predictions"), metavar="DIR", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--image-size",
        metavar="INTxINT",
        help="look at pictures at this size, in pixels; masks keep the pictures' own (default: as they are)",
    )
    _add_views(parser)
    parser.set_defaults(command=_predict)


def _add_views(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--flip", action="store_true", help="average with the mirrored image's prediction")
    parser.add_argument(
        "--scales",
        nargs="+",
        type=float,
        default=[1.0],
        metavar="FLOAT",
        help="average predictions at these shares of the size (default: 1)",
    )


def _predict(options: argparse.Namespace) -> int:
    from segnet_nb._shared import typed_values

    size = options.image_size and typed_values.coerce(options.image_size, tuple[int, int])
    from segnet_nb.inference import prediction_files, pretrained

    prediction_files.pictures(options.images)  # before anything slow
    weights = pretrained.find(options.weights)
    found = prediction_files.predict_files(
        weights.model,
        options.images,
        options.output_dir,
        weights.classes,
        image_size=size,
        flip=options.flip,
        scales=tuple(options.scales),
        progress=_show_images if sys.stdout.isatty() else None,
    )
    for entry in found["images"]:
        most = sorted(entry["shares"].items(), key=lambda each: -each[1])[:3]
        print(f"{entry['mask']}: " + ", ".join(f"{name} {share:.0%}" for name, share in most if share))
    print(options.output_dir / prediction_files.SUMMARY)
    return 0


def _add_export(commands: Any) -> None:
    parser = commands.add_parser("export", help="write a network as ONNX or TFLite")
    parser.add_argument("path", type=Path, metavar="FILE", help="ends in .onnx or .tflite")
    parser.add_argument("--weights", required=True, metavar="NAME", help=_WEIGHTS)
    parser.add_argument("--image-size", metavar="INTxINT", help="fix the size of images (default: any)")
    parser.set_defaults(command=_export)


def _export(options: argparse.Namespace) -> int:
    from segnet_nb._shared import typed_values

    size = options.image_size and typed_values.coerce(options.image_size, tuple[int, int])
    from segnet_nb.inference import exporting, pretrained

    model = pretrained.find(options.weights).model
    try:
        print(exporting.export(model, options.path, image_size=size))
    except ModuleNotFoundError as error:
        raise UserError(error) from error  # an extra to install, not a fault of ours
    return 0


def _add_evaluate(commands: Any) -> None:
    parser = commands.add_parser("evaluate", help="score a network on a dataset")
    parser.add_argument("--weights", required=True, metavar="NAME", help=_WEIGHTS)
    parser.add_argument("--dataset", default="camvid", help="(default: %(default)s)")
    parser.add_argument("--split", default="val", help="train, val or test (default: %(default)s)")
    parser.add_argument("--count", type=int, metavar="INT", help="evaluate only so many images")
    parser.add_argument("--image-size", metavar="INTxINT", help="resize images (default: as they are)")
    _add_views(parser)
    parser.add_argument(
        "--samples",
        type=int,
        default=0,
        metavar="INT",
        help="predict each image so many times with dropout on; score the mean, and how right the most "
        "certain 80 %% of the pixels are (default: once, with dropout off)",
    )
    parser.add_argument("--no-boundary", action="store_true", help="leave the boundary F1 out")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="JSON (default: reports/evaluation-WEIGHTS-DATASET-SPLIT.json)",
    )
    parser.set_defaults(command=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    import json

    from segnet_nb import datasets
    from segnet_nb._shared import typed_values

    datasets.check_request(options.dataset, options.split)
    size = options.image_size and typed_values.coerce(options.image_size, tuple[int, int])
    from segnet_nb.inference import evaluation, prediction, pretrained

    found_weights = pretrained.find(options.weights)
    model = found_weights.model
    prediction.check_scales(model, options.scales)
    data = datasets.load(options.dataset, options.split, image_size=size, count=options.count)
    found = evaluation.evaluate(
        model,
        data,
        flip=options.flip,
        scales=tuple(options.scales),
        samples=options.samples,
        boundary=not options.no_boundary,
        progress=_show_images if sys.stdout.isatty() else None,
    )
    print(found)
    name = found_weights.name
    dataset = Path(options.dataset).name
    path = options.output or Path("reports") / f"evaluation-{name}-{dataset}-{options.split}.json"
    held = {
        "weights": options.weights,
        "dataset": options.dataset,
        "split": options.split,
        "image_size": list(data.image_size),
        "flip": options.flip,
        "scales": options.scales,
        "samples": options.samples,
        **found.to_dict(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(json.dumps(held, indent=1) + "\n")
    temporary.replace(path)
    print(path)
    return 0


def _show_images(done: int, total: int) -> None:
    print(f"\r\033[K{done} of {total} images", end="" if done < total else "\r\033[K", flush=True)


def _add_train(parser: argparse.ArgumentParser) -> None:
    """Give ``train`` an option for every field of ``TrainConfig``."""
    import dataclasses
    import typing

    from segnet_nb import training

    hints = typing.get_type_hints(training.TrainConfig)
    for field in dataclasses.fields(training.TrainConfig):
        if field.init:
            _add_field(parser, field, hints[field.name])
    parser.add_argument(
        "--directory",
        type=Path,
        default=None,
        metavar="DIR",
        help="folder of the run (default: runs/DATASET-NETWORK-seedN)",
    )
    parser.add_argument(
        "--recipe",
        default=None,
        metavar="NAME",
        help="start from a ready configuration, paper, modern or refine; other options change it",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        default=False,
        help="go on where it ended; with --directory, the options it was started with need not be repeated",
    )
    parser.set_defaults(command=_train)


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
        # Only what was given reaches TrainConfig: its own defaults are the one source.
        "default": argparse.SUPPRESS,
    }
    option = "--" + field.name.replace("_", "-")
    if hint is bool:
        parser.add_argument(option, action=argparse.BooleanOptionalAction, **settings)
        return
    several = _takes_several(hint)
    parser.add_argument(
        option,
        action=_reader_of(hint),
        nargs="+" if several else None,
        metavar=_metavar(hint),
        **settings,
    )


def _reader_of(hint: Any) -> type[argparse.Action]:
    from segnet_nb._shared.typed_values import coerce

    class Typed(argparse.Action):
        def __call__(self, parser: argparse.ArgumentParser, namespace: Any, values: Any, *_: Any) -> None:
            # `--image-size 180 240` and `--image-size 180x240` are the same.
            text = values if isinstance(values, str) else " ".join(values)
            try:
                setattr(namespace, self.dest, coerce(text, hint))
            except ValueError as error:
                raise argparse.ArgumentError(self, str(error)) from None

    return Typed


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


def _train(options: argparse.Namespace) -> int:
    import dataclasses

    from segnet_nb import training
    from segnet_nb.inference.run_files import RECORD
    from segnet_nb.training import recipes

    fields = {field.name for field in dataclasses.fields(training.TrainConfig)}
    given = {name: value for name, value in vars(options).items() if name in fields}
    base = recipes.recipe(options.recipe) if options.recipe else training.TrainConfig()
    config = dataclasses.replace(base, **given)
    if options.resume and options.directory and (options.directory / RECORD).exists():
        config = dataclasses.replace(training.load_run(options.directory).config, **given)
    print(training.train(config, directory=options.directory, resume=options.resume))
    return 0


if __name__ == "__main__":
    sys.exit(main())
