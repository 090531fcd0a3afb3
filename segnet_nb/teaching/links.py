"""Relative links of a lesson that leaves its folder: kept where their target comes along, else text."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from nbformat import NotebookNode

_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(([^)\s]+)\)")
_ARROW = re.compile("[←→]")
_ELSEWHERE = re.compile(r"[a-zA-Z][\w+.-]*:|//|#")

Places = Callable[[str], str | None]
"""From the file name that a link leads to, such as ``03_data.ipynb``, to its new address; None: not there."""


def moved_links(text: str, places: Places) -> str:
    """Markdown with its relative links as they are in another folder.

    A link whose target does not come along becomes its text. A line of arrows to other lessons, and one
    that leads to the solutions, are left out where these do not come along.

    Args:
        text: the Markdown.
        places: the new address of a target, by file name.

    Example:
        >>> text = "Read [03](../03_data.ipynb) and the [glossary](../docs/glossary.md#iou)."
        >>> moved_links(text, {"glossary.md": "glossary.md"}.get)
        'Read 03 and the [glossary](glossary.md#iou).'
        >>> moved_links("[← 03](03_data.ipynb) | [05 →](05_training.ipynb)", lambda name: None)
        ''
    """
    lines = [_moved_line(line, places) for line in text.split("\n")]
    kept = [line for line in lines if line is not None]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")


def moved_cell(cell: NotebookNode, places: Places) -> NotebookNode:
    """A copy of a cell with the links of ``moved_links``; code stays as it is."""
    copy = NotebookNode({**cell, "metadata": NotebookNode(cell.metadata)})
    if cell.cell_type == "markdown":
        copy.source = moved_links(cell.source, places)
    return copy


def _moved_line(line: str, places: Places) -> str | None:
    targets = [target for _, target in _LINK.findall(line) if not _ELSEWHERE.match(target)]
    if any("solutions/" in target for target in targets) and places("solutions") is None:
        return None
    if targets and _ARROW.search(line) and not re.sub(r"[\s|]", "", _LINK.sub("", line)):
        parts = [part for part in line.split(" | ") if _moved(part, places) != _LINK.sub(r"\1", part)]
        return _moved(" | ".join(parts), places) if parts else None
    return _moved(line, places)


def _moved(text: str, places: Places) -> str:
    def replace(match: re.Match[str]) -> str:
        words, target = match.groups()
        if _ELSEWHERE.match(target):
            return match[0]
        path, _, anchor = target.partition("#")
        place = places(posixpath.basename(path))
        return words if place is None else f"[{words}]({place}{'#' + anchor if anchor else ''})"

    return _LINK.sub(replace, text)
