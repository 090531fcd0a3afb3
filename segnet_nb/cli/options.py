"""What commands share: options that several of them take, values read by type, and progress."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError

CAMVID_FOLDER = "folder of CamVid (default: $SEGNET_NB_CAMVID, else data/camvid)"


class CommandParser(argparse.ArgumentParser):
    """A command's parser, which may add options only once its command is chosen.

    Args:
        add_late: adds options to the parser just before it parses: for options whose import takes time.
        take: takes arguments that argparse cannot read out of the list before it parses; returns values by
            name.
    """

    def __init__(
        self,
        *args: Any,
        add_late: Callable[[argparse.ArgumentParser], None] | None = None,
        take: Callable[[argparse.ArgumentParser, list[str]], dict[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self._add_late, self._take = add_late, take

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the late options, take out what argparse cannot read, then parse."""
        add_late, self._add_late = self._add_late, None
        if add_late is not None:
            add_late(self)
        if self._take is None:
            return super().parse_known_args(args, namespace)
        left = list(args)
        taken = self._take(self, left)
        found, unknown = super().parse_known_args(left, namespace)
        for name, value in taken.items():
            setattr(found, name, value)
        return found, unknown


def typed(hint: Any, check: Callable[[Any], None] | None = None) -> type[argparse.Action]:
    """An argparse action that reads its text as the type that a hint names, and checks the value.

    ``--image-size 180 240`` and ``--image-size 180x240`` are the same.

    Example:
        >>> parser = argparse.ArgumentParser()
        >>> _ = parser.add_argument("--size", action=typed(tuple[int, int]))
        >>> parser.parse_args(["--size", "180x240"]).size
        (180, 240)
    """

    class Typed(argparse.Action):
        def __call__(self, parser: argparse.ArgumentParser, namespace: Any, values: Any, *_: Any) -> None:
            from segnet_nb._shared.errors import UserError
            from segnet_nb._shared.typed_values import coerce

            text = values if isinstance(values, str) else " ".join(values)
            try:
                value = coerce(text, hint)
                if check is not None:
                    check(value)
                setattr(namespace, self.dest, value)
            except UserError as error:
                raise argparse.ArgumentError(self, str(error)) from None

    return Typed


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Add ``--weights``, which a command needs to have."""
    parser.add_argument(
        "--weights",
        required=True,
        metavar="NAME",
        help="pretrained weights that come with the package, a .keras file or the folder of a training run",
    )
    parser.add_argument(
        "--allow-layers",
        nargs="+",
        default=(),
        metavar="LAYER",
        help="further layers of Keras that a .keras file may hold, if you trust it",
    )


def add_image_size(parser: argparse.ArgumentParser, text: str) -> None:
    """Add ``--image-size`` with a help text."""
    parser.add_argument(
        "--image-size", action=typed(tuple[int, int], _check_size), metavar="INTxINT", help=text
    )


def _check_size(size: tuple[int, int]) -> None:
    from segnet_nb.datasets.resizing import check_size

    check_size(size)


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add ``--strict`` and ``--lossy-masks``: what to accept of the files of a folder."""
    add_strict(parser)
    parser.add_argument(
        "--lossy-masks",
        default="refuse",
        choices=("refuse", "nearest"),
        help="masks with lossy compression: refuse them, or take the nearest class of each pixel (default: "
        "%(default)s)",
    )


def add_strict(parser: argparse.ArgumentParser) -> None:
    """Add ``--strict``, which refuses images that would be converted."""
    parser.add_argument(
        "--strict",
        action="store_true",
        help="refuse images that are not 8-bit RGB, such as greyscale, instead of converting them",
    )


def add_views(parser: argparse.ArgumentParser) -> None:
    """Add ``--flip`` and ``--scales``: views of an image whose predictions are averaged."""
    parser.add_argument(
        "--flip", action="store_true", help="average with the prediction of the mirrored image"
    )
    parser.add_argument(
        "--scales",
        nargs="+",
        type=float,
        default=[1.0],
        metavar="FLOAT",
        help="average predictions at these multiples of the image size (default: 1)",
    )


def add_output_dir(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--output-dir``, the folder that a command writes to."""
    parser.add_argument(
        "--output-dir",
        type=Path,
        default=Path(default),
        metavar="DIR",
        help="folder to write to, created if needed (default: %(default)s)",
    )


def check_output_dir(folder: Path) -> None:
    """Raise if nothing can be written to a folder, before any work is done for it.

    Raises:
        FileExistsError: if it, or a folder that it is to be in, is a file.
        ValueError: if it may not be written to.
    """
    present = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    present.mkdir(exist_ok=True)  # the system's own error, if it is a file
    if not os.access(present, os.W_OK):
        raise UserError(f"{present} may not be written to. Pass another --output-dir.")


def add_map_classes(parser: argparse.ArgumentParser) -> None:
    """Add ``--map-classes``, for a network whose classes are not those of the data."""
    parser.add_argument(
        "--map-classes",
        nargs="*",
        metavar="NETWORK=DATA",
        help="map the classes of the network to those of the data by name, and by these pairs where names "
        "differ (default: other classes are an error)",
    )


def add_loading(parser: argparse.ArgumentParser) -> None:
    """Add options about memory, cache and threads, see ``segnet_nb.datasets.load``."""
    parser.add_argument(
        "--in-memory",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="hold all images in memory, or decode them on the fly (default: in memory up to 256 MiB)",
    )
    parser.add_argument("--cache-dir", type=Path, metavar="DIR", help="folder that keeps decoded images")
    parser.add_argument(
        "--workers", type=int, metavar="INT", help="threads that decode (default: one per core, at most 8)"
    )


def loading(options: argparse.Namespace) -> dict[str, Any]:
    """The options of ``add_loading``, as ``segnet_nb.datasets.load`` takes them."""
    return {name: getattr(options, name) for name in ("in_memory", "cache_dir", "workers")}


def add_scheduler(parser: argparse.ArgumentParser) -> None:
    """Add ``--scheduler`` and ``--processes``, to share the work among processes or machines."""
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="cut the images into pieces and send them to the workers of a Dask scheduler, such as "
        "tcp://host:8786, or of this machine: local (default: one process)",
    )
    parser.add_argument(
        "--processes",
        type=int,
        metavar="INT",
        help="processes of --scheduler local (default: by cores and memory)",
    )


def on_workers(options: argparse.Namespace) -> dict[str, Any]:
    """The options of ``add_scheduler`` for the functions of ``segnet_nb.sweeps``; empty without them.

    Raises:
        ValueError: if there is ``--processes`` alone.
    """
    if options.scheduler is not None:
        return {"scheduler": options.scheduler, "processes": options.processes}
    if options.processes is not None:
        raise UserError("--processes are those of a local cluster. Pass --scheduler local too, or omit it.")
    return {}


def image_progress() -> Callable[[int, int], None] | None:
    """What shows on a terminal how many images are done; None where there is no terminal."""
    return _show_images if sys.stdout.isatty() else None


def _show_images(done: int, total: int) -> None:
    print(f"\r\033[K{done} of {total} images", end="" if done < total else "\r\033[K", flush=True)
