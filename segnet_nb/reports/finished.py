"""What a run leaves: the executed notebook with its record, renamed, and its page."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from segnet_nb._shared.files import write_whole
from segnet_nb._shared.versions import versions_of
from segnet_nb.reports.notebook_files import read_notebook

PACKAGES = ("segnet-nb", "keras", "tensorflow", "numpy")

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def succeeded(
    source: Path, running: Path, final: Path, html: bool, trusted: bool
) -> tuple[Path, Path | None]:
    """Complete the metadata of the executed notebook, rename it and write its page.

    Args:
        source: the notebook that was run.
        running: the executed notebook; the page is written beside it first.
        final: its name at the end.
        html: write the page.
        trusted: keep the notebook's own scripts in it.

    Raises:
        OSError: from the file system; its ``filename`` is that of the report.
    """
    try:
        _record(source, running, final, None)
        running.replace(final)
        return final, _page(source, running, final, trusted) if html else None
    except OSError as error:
        error.filename = str(final)
        raise


def failed(
    source: Path, running: Path, final: Path, html: bool, trusted: bool, error: BaseException
) -> tuple[Path, Path | None]:
    """The same for a run that stopped; what goes wrong here does not hide why it did."""
    failure = {"cell_index": getattr(error, "cell_index", None), "message": reason(error)}
    with suppress(Exception):
        _record(source, running, final, failure)
    running.replace(final)
    page = final.with_suffix(".html")
    if html:
        with suppress(Exception):
            return final, _page(source, running, final, trusted)
    page.unlink(missing_ok=True)  # of an earlier failure
    return final, None


def reason(error: BaseException) -> str:
    """Why a run stopped, in at most about 1,000 characters."""
    if isinstance(error, OSError) and error.errno is not None and error.errno in _FULL:
        where = f" in {Path(error.filename).parent}" if error.filename else ""
        return f"{os.strerror(error.errno)}{where}. Free some space or choose another folder (--output-dir)."
    text = str(error) if hasattr(error, "cell_index") else f"{type(error).__name__}: {error}"
    return text if len(text) <= 1000 else text[:1000] + " ..."


def _record(source: Path, running: Path, final: Path, failure: dict[str, Any] | None) -> None:
    import nbformat

    nb = read_notebook(running)
    record = nb.metadata.setdefault("papermill", {})
    record["input_path"], record["output_path"] = source.name, final.name
    nb.metadata["segnet_nb_report"] = {
        "notebook": source.name,
        "failure": failure,
        "versions": versions_of(*PACKAGES),
    }
    write_whole(running, nbformat.writes(nb))


def _page(source: Path, running: Path, final: Path, trusted: bool) -> Path:
    from segnet_nb.reports import html

    page, temporary = final.with_suffix(".html"), running.with_suffix(".html")
    temporary.write_text(html.page(final, images_from=source.parent, trusted=trusted), encoding="utf-8")
    temporary.replace(page)
    return page
