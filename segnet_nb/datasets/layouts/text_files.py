"""Text and JSON files as people have them: with byte-order marks, in UTF-16, with any line endings."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

from segnet_nb.datasets.mask_encoding import FolderError

_LONGEST_LINE = 4096
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode_text(content: bytes) -> str:
    r"""Bytes as text: by byte-order mark, else UTF-16 if it looks like it, else UTF-8, else Windows-1252.

    Example:
        >>> decode_text("möwe".encode("utf-16")), decode_text(b"a\r\nb")
        ('möwe', 'a\r\nb')
    """
    for mark, name in _MARKS:
        if content.startswith(mark):
            return content.decode(name, errors="replace")
    # Western text in UTF-16 has a zero byte in every second place.
    if len(content) > 1 and b"\0" in content[:200]:
        return content.decode("utf-16-be" if content[0] == 0 else "utf-16-le", errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_text(path: Path) -> str:
    """The text of a file in any of the usual encodings."""
    return decode_text(path.read_bytes())


def read_lines(path: Path) -> list[str]:
    """The lines of a file that are not blank, without surrounding space.

    Raises:
        FolderError: if it is no text, or has a line that is too long for a name.
    """
    text = read_text(path)
    if "\0" in text or "\ufffd" in text[:100]:
        raise FolderError(f"{path} is no text file: it has characters that no text has. Save it as text.")
    # Not splitlines, which also splits at characters that a name may contain.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if (longest := max(map(len, lines))) > _LONGEST_LINE:
        raise FolderError(
            f"{path} has a line of {longest:,} characters, but no name has more than {_LONGEST_LINE:,}. "
            "Write one name per line."
        )
    return [line.strip() for line in lines if line.strip()]


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        FolderError: if it is no valid JSON; the message says where.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise FolderError(
            f"{path} is not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}. Correct it."
        ) from error
    except ValueError as error:
        raise FolderError(f"{path} has a number of thousands of digits. Correct it.") from error
    except RecursionError as error:
        raise FolderError(f"{path} has lists or objects nested too deeply to be read. Correct it.") from error
