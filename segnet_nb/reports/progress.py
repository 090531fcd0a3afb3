"""Progress of a running report: a bar over the cells, headings, the output of long cells."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from nbformat import NotebookNode
from tqdm.auto import tqdm

LONG_CELL_SECONDS = 2.0
MAX_CHARACTERS = 1_000_000  # of what one cell prints
MAX_LINE = 1_000  # characters of a line


class Progress:
    """A progress bar over cells that also receives what they print.

    On a terminal and in Jupyter there is a bar, labelled with the heading above the cell. Elsewhere
    (a log file, CI) each heading is one line. Printed lines are shown once a cell has run for two
    seconds: a training shows its epochs, while tables of fast cells are left to the report.

    Args:
        cells: the notebook's cells.
        enabled: whether to show anything.
    """

    def __init__(self, cells: Sequence[NotebookNode], *, enabled: bool) -> None:
        in_jupyter = "ipykernel.kernelapp" in sys.modules
        self._stream: TextIO = sys.stdout if in_jupyter else sys.stderr
        has_bar = in_jupyter or self._stream.isatty()
        self._headings = headings(cells)
        self._heading = ""
        self._enabled = enabled
        self._plain = enabled and not has_bar
        self._bar = tqdm(total=len(cells), unit="cell", disable=not (enabled and has_bar))
        self._began = time.monotonic()
        self._unfinished_line = ""
        self._written = 0

    def begin(self, index: int) -> None:
        """A cell begins."""
        heading = self._headings[index]
        self._bar.update(index - self._bar.n)
        if heading != self._heading:
            self._heading = heading
            self._bar.set_description(heading)
            if self._plain:
                self._write_line(f"[{index + 1}/{len(self._headings)}] {heading}")
        self._began = time.monotonic()
        self._unfinished_line = ""
        self._written = 0

    def write(self, text: str) -> None:
        """Receive what a cell printed, in pieces of any size."""
        text = text[: MAX_CHARACTERS - self._written]
        *lines, last = (self._unfinished_line + text).split("\n")
        # Short, so that a line that comes in many pieces takes no longer than one of many lines.
        self._unfinished_line = _as_seen(last)[:MAX_LINE] + ("\r" if last.endswith("\r") else "")
        self._written += len(text)
        if self._enabled and time.monotonic() - self._began >= LONG_CELL_SECONDS:
            for line in lines:
                self._write_line("  " + _as_seen(line)[:MAX_LINE])

    def close(self) -> None:
        """Close the bar, complete if every cell was started."""
        if self._bar.n == len(self._headings) - 1:
            self._bar.update(1)
        self._bar.close()

    def _write_line(self, line: str) -> None:
        columns = shutil.get_terminal_size().columns
        tqdm.write(line if self._plain else line[: columns - 1], file=self._stream)


def _as_seen(line: str) -> str:
    """What follows the last carriage return that does something."""
    return line.rstrip("\r").rsplit("\r", 1)[-1]


def headings(cells: Sequence[NotebookNode]) -> list[str]:
    """For each cell, the heading above it.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_markdown_cell
        >>> headings([new_code_cell(), new_markdown_cell("# Pooling"), new_code_cell()])
        ['', 'Pooling', 'Pooling']
    """
    found, current = [], ""
    for cell in cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("#"):
                    current = line.lstrip("#").strip()
                    break
        found.append(current)
    return found
