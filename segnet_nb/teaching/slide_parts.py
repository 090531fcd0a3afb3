"""Cells of a lesson in parts that each fit on a slide, and how much of it they fill."""

from __future__ import annotations

import re

import nbformat
from nbformat import NotebookNode

from segnet_nb.teaching.links import moved_links

CAPACITY = 15.0  # lines of text that one slide holds
_CHARACTERS_A_LINE, _LINES_A_PICTURE = 78, 12.0
_MARKDOWN = "text/markdown"
_PICTURES = ("image/png", "image/jpeg", "image/svg+xml", "text/html")
_HEADING = re.compile(r"^#{1,3} ")


def parts_of(cell: NotebookNode) -> list[NotebookNode]:
    """A cell in parts that fit on a slide: Markdown at its headings, then between paragraphs.

    Code stays with its outputs if both fit; else they follow it.
    """
    if cell.cell_type == "markdown":
        return [
            nbformat.v4.new_markdown_cell(part) for part in _texts(moved_links(cell.source, lambda _: None))
        ]
    source = bare(cell)
    outputs = cell.get("outputs", [])
    whole = nbformat.v4.new_code_cell(source, outputs=outputs)
    if not outputs or lines_of(whole) <= CAPACITY:
        return [whole]
    return [
        nbformat.v4.new_code_cell(source),
        *(part for output in outputs for part in _output_parts(output)),
    ]


def bare(cell: NotebookNode) -> str:
    """The code of a cell without the mark that is there for the tests alone."""
    return cell.source.removeprefix("# NBVAL_IGNORE_OUTPUT\n")


def _output_parts(output: NotebookNode) -> list[NotebookNode]:
    text = output.get("data", {}).get(_MARKDOWN)
    if text is not None:
        return [nbformat.v4.new_markdown_cell(part) for part in _texts(text)]
    # nbconvert's mark of a cell of which the source is not shown.
    hidden = {"transient": {"remove_source": True}}
    return [nbformat.v4.new_code_cell("", outputs=[output], metadata=hidden)]


def is_heading(piece: NotebookNode) -> bool:
    """Whether a part begins with a heading."""
    return piece.cell_type == "markdown" and bool(_HEADING.match(piece.source))


def _texts(text: str) -> list[str]:
    parts: list[str] = []
    for block in (each for long in blocks(text) for each in _split(long)):
        if parts and not _HEADING.match(block) and _text_lines(parts[-1]) + _text_lines(block) <= CAPACITY:
            parts[-1] += f"\n\n{block}"
        else:
            parts.append(block)
    return parts


def blocks(text: str) -> list[str]:
    r"""The paragraphs, lists, tables and fenced blocks of Markdown; formulas between ``$$`` stay whole.

    Example:
        >>> blocks("## A\n\nb\n\n```\nc\n\nd\n```")
        ['## A', 'b', '```\nc\n\nd\n```']
    """
    found: list[str] = []
    open_ = False
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if open_:
            found[-1] += f"\n\n{paragraph}"
        elif paragraph:
            found.append(paragraph)
        if (paragraph.count("```") + paragraph.count("$$")) % 2:
            open_ = not open_
    return found


def _split(block: str) -> list[str]:
    """A list or a table that is too long for a slide in several; a table has its head in each."""
    lines = block.splitlines()
    if _text_lines(block) <= CAPACITY or not all(line.startswith(("|", "- ", "  ")) for line in lines):
        return [block]
    head, rows = (lines[:2], lines[2:]) if block.startswith("|") else ([], lines)
    parts, items = [head[:]], re.split(r"\n(?=\||- )", "\n".join(rows))
    for item in items:
        if len(parts[-1]) > len(head) and _text_lines("\n".join([*parts[-1], item])) > CAPACITY - 2:
            parts.append(head[:])
        parts[-1].append(item)
    return ["\n".join(part) for part in parts]


def lines_of(cell: NotebookNode) -> float:
    """About how many lines of text a cell fills on a slide."""
    if cell.cell_type == "markdown":
        return _text_lines(cell.source)
    size = 0.8 * _text_lines(cell.source)
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        if any(kind in data for kind in _PICTURES):
            size += _LINES_A_PICTURE
        elif _MARKDOWN in data:
            size += _text_lines(data[_MARKDOWN])
        else:
            size += 0.8 * _text_lines(output.get("text", "") or data.get("text/plain", ""))
    return size


def _text_lines(text: str) -> float:
    lines = sum(
        (1 + len(line) // _CHARACTERS_A_LINE) * (1.4 if line.startswith("|") else 1.0)
        for line in text.splitlines()
        if line.strip()
    )
    return lines + 0.5 * text.count("\n\n") + (1.0 if _HEADING.match(text) else 0.0) + 1.5 * text.count("$$")
