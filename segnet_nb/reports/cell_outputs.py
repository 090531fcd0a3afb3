"""What a cell may put into a notebook: limits that hold while its outputs are read.

A cell may print without an end, and the kernel sends faster than a notebook can be written. So what is beyond
a limit is dropped as it comes, and all work on the rest takes time in proportion to its length.
"""

from __future__ import annotations

import json
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

MAX_PRINTED = 1_000_000  # characters that one cell may print
MAX_LINE = 100_000  # characters of one line
MAX_SHOWN = 50_000_000  # characters of the figures, tables and widgets of one cell
MAX_DISPLAYS = 5_000  # figures, tables and widgets of one cell
MAX_ERROR = 20_000  # characters of an error, and of each part of its traceback
_MAX_PARTS = 100  # of a traceback

_LONG_LINE = f" [cut: a line of more than {MAX_LINE:,} characters]"
_LONG_TEXT = f"\n[cut: this cell printed more than {MAX_PRINTED:,} characters]\n"
_TOO_MUCH = f"[cut: this cell showed more than {MAX_DISPLAYS:,} outputs or {MAX_SHOWN:,} characters]"


class PrintedText:
    r"""A text as a terminal would show it: a carriage return starts its line again, a backspace erases.

    Attributes:
        length: characters of the text so far, without notes on what was cut.

    Example:
        >>> text = PrintedText()
        >>> for piece in ("epoch 1\nloss 3", ".5\rloss 3.4", "\n"):
        ...     text.write(piece, room=100)
        >>> text.read()
        'epoch 1\nloss 3.4\n'
    """

    def __init__(self) -> None:
        self.length = 0
        self._lines: list[str] = []
        self._pieces: list[str] = []  # of the last line, which is not complete
        self._line_length = 0
        self._line_is_cut = False
        self._is_cut = False

    def write(self, text: str, room: int) -> None:
        """Add a text.

        Args:
            text: of any length.
            room: how many characters may be added.
        """
        room += self.length
        start = 0
        while not self._is_cut and start < len(text):
            end = text.find("\n", start)
            if end < 0:
                self._add(text[start:])
            else:
                self._add(text[start:end])
                self._end_line()
            start = len(text) if end < 0 else end + 1
            if self.length > room:
                self._cut(self.length - room)

    def read(self) -> str:
        """The text so far."""
        last = "".join(self._pieces) + (_LONG_LINE if self._line_is_cut else "")
        return "".join(self._lines) + _erased(last) + (_LONG_TEXT if self._is_cut else "")

    def _add(self, piece: str) -> None:
        """Add to the last line; only what follows its last carriage return is seen."""
        if self._pieces and self._pieces[-1].endswith("\r") and piece:
            self._clear_line()
        # A carriage return at the end only does something when more text comes.
        start = piece.rfind("\r", 0, max(0, len(piece) - 1)) + 1
        if start:
            self._clear_line()
        kept = piece[start : start + MAX_LINE - self._line_length]
        self._line_is_cut |= len(kept) < len(piece) - start
        if kept:
            self._pieces.append(kept)
            self._line_length += len(kept)
            self.length += len(kept)

    def _clear_line(self) -> None:
        self.length -= self._line_length
        self._pieces, self._line_length, self._line_is_cut = [], 0, False

    def _end_line(self) -> None:
        line = "".join(self._pieces)
        self._lines.append(_erased(line) + (_LONG_LINE if self._line_is_cut else "") + "\n")
        self._pieces, self._line_length, self._line_is_cut = [], 0, False
        self.length += 1

    def _cut(self, excess: int) -> None:
        """Take the excess away from the end."""
        whole = "".join(self._lines) + "".join(self._pieces)
        self._lines, self._pieces, self._line_length = [whole[: max(0, len(whole) - excess)]], [], 0
        self._line_is_cut, self._is_cut = False, True
        self.length -= excess


def _erased(line: str) -> str:
    """A line with its backspaces applied."""
    if "\b" not in line:
        return line
    kept: list[str] = []
    for character in line:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)


class CellOutputs:
    """The limits of one cell, and the texts that it prints, which stand in one output for each stream."""

    def __init__(self) -> None:
        self._streams: dict[str, tuple[NotebookNode, PrintedText]] = {}
        self._passed = 0
        self._shown = 0
        self._displays = 0

    def write(self, outputs: list[NotebookNode], name: str, text: str) -> None:
        """Add what the cell printed to its outputs; ``refresh`` makes the output's text current.

        Args:
            outputs: of the cell; a new stream is added to them.
            name: ``"stdout"`` or ``"stderr"``.
            text: what was printed, of any length.
        """
        # Outputs may have been cleared since.
        self._streams = {
            key: (node, printed)
            for key, (node, printed) in self._streams.items()
            if any(node is each for each in outputs)
        }
        if name not in self._streams:
            node = new_output("stream", name=name, text="")
            self._streams[name] = node, PrintedText()
            after_errors = outputs and outputs[-1].get("name") == "stderr" and name == "stdout"
            outputs.insert(len(outputs) - bool(after_errors), node)
        room = MAX_PRINTED - sum(printed.length for _, printed in self._streams.values())
        self._streams[name][1].write(text, room)

    def refresh(self) -> None:
        """Make the texts of the streams' outputs current."""
        for node, printed in self._streams.values():
            node["text"] = printed.read()

    def passed_on(self, text: str) -> str:
        """What may be passed on to a widget of a text that was printed into it."""
        room = max(0, MAX_PRINTED - self._passed)
        self._passed += len(text)
        return text[:room]

    def admits(self, content: dict[str, Any]) -> bool:
        """Whether a figure, table or widget is shown; one that is too large becomes a note.

        Args:
            content: of the kernel's message; its data may be replaced.
        """
        self._displays += 1
        size = size_of(content)
        if self._displays > MAX_DISPLAYS + 1:
            return False
        if self._displays > MAX_DISPLAYS or self._shown + size > MAX_SHOWN:
            content["data"], content["metadata"] = {"text/plain": _TOO_MUCH}, {}
        else:
            self._shown += size
        return True


def size_of(content: dict[str, Any]) -> int:
    """Characters of the data of a message, roughly."""
    return sum(
        len(each) if isinstance(each, str) else len(json.dumps(each, default=str))
        for each in (content.get("data") or {}).values()
    )


def shorten_error(content: dict[str, Any]) -> None:
    """Cut the texts of an error in a kernel's message or reply."""
    for key in ("ename", "evalue"):
        if key in content:
            content[key] = shortened(str(content[key]))
    if parts := content.get("traceback"):
        content["traceback"] = [shortened(str(part)) for part in [*parts[:1], *parts[1:][-_MAX_PARTS:]]]


def shortened(text: str) -> str:
    """A text of at most ``MAX_ERROR`` characters, its beginning and its end, with a note on the rest.

    Example:
        >>> shortened("a" * 30_000)[9_998:10_037]
        'aa [cut: 10,000 characters] aaaaaaaaaaa'
    """
    if len(text) <= MAX_ERROR:
        return text
    half = MAX_ERROR // 2
    return f"{text[:half]} [cut: {len(text) - 2 * half:,} characters] {text[-half:]}"
