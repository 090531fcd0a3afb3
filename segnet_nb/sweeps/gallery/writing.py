"""Write the gallery of a sweep."""

from __future__ import annotations

from pathlib import Path

from segnet_nb._shared.files import write_whole
from segnet_nb.sweeps.gallery.masks import shared_images
from segnet_nb.sweeps.gallery.page import page
from segnet_nb.sweeps.gallery.reading import read_sweep
from segnet_nb.sweeps.gallery.tables import csv_text, json_text


def write_gallery(folder: str | Path) -> Path:
    """Write ``index.html``, ``runs.csv`` and ``runs.json`` into the folder of a sweep.

    The page works from disk, without network and kernel: runs by score, with mean and spread over seeds; what
    each parameter changes; learning curves; predictions; two runs compared pixel by pixel. It can be written
    while the sweep is running. Runs that are missing or damaged are told in a sentence each.

    Args:
        folder: that holds ``sweep.json`` and ``runs``.

    Returns:
        The path of ``index.html``.

    Raises:
        FileNotFoundError: if the folder has no ``sweep.json``.
        ValueError: if ``sweep.json`` is damaged.
        OSError: if the files cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     plan = '{"schema": 1, "name": "rates", "kind": "training", "axes": {}, "runs": []}'
        ...     _ = (Path(folder) / "sweep.json").write_text(plan)
        ...     write_gallery(folder).name
        'index.html'
    """
    sweep = read_sweep(folder)
    images, problems = shared_images(sweep)
    text, told = page(sweep, images, [*sweep.problems, *problems])
    write_whole(sweep.folder / "runs.csv", csv_text(sweep), concurrent=True)
    write_whole(sweep.folder / "runs.json", json_text(sweep, tuple(told)), concurrent=True)
    index = sweep.folder / "index.html"
    write_whole(index, text, concurrent=True)
    return index
