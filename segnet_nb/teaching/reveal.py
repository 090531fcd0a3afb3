"""reveal.js, which shows slides in a browser: a copy beside the slides, so that they need no network."""

from __future__ import annotations

import shutil
from pathlib import Path

from segnet_nb._shared.errors import MissingFileError

# `make node-packages` installs it there; package.json has the version.
_CHECKOUT = Path(__file__).parents[2] / "node_modules" / "reveal.js"
FILES = ("dist/reveal.css", "dist/reveal.js")
LICENSE = "LICENSE"
FOLDER = "reveal.js"


def find_reveal(folder: str | Path | None = None) -> Path | None:
    """The folder of an installed reveal.js.

    Args:
        folder: its folder, with ``dist/reveal.js`` in it; None: that of the checkout that the package is in.

    Returns:
        The folder; None if none was given and the checkout has none.

    Raises:
        MissingFileError: if the given folder has no reveal.js.

    Example:
        >>> find_reveal("no/such/folder")
        Traceback (most recent call last):
            ...
        segnet_nb.MissingFileError: no/such/folder has no dist/reveal.css: pass the folder of reveal.js as
        npm installs it, such as node_modules/reveal.js.
    """
    chosen = _CHECKOUT if folder is None else Path(folder).expanduser()
    missing = next((name for name in FILES if not (chosen / name).is_file()), None)
    if missing is None:
        return chosen
    if folder is None:
        return None
    raise MissingFileError(
        f"{chosen.as_posix()} has no {missing}: pass the folder of reveal.js as npm installs it, such as "
        "node_modules/reveal.js."
    )


def copy_reveal(source: Path, slides: Path) -> None:
    """Copy the files that slides load, and the licence, into the folder of the slides."""
    for name in (*FILES, *((LICENSE,) if (source / LICENSE).is_file() else ())):
        place = slides / FOLDER / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, place)
