"""Files that name the classes: ours, and those of Kaggle, fastai, CVAT, Roboflow, LabelMe and others."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from segnet_nb.datasets.layouts.declared import (
    ClassEntry,
    Declared,
    check_number,
    read_declared,
    with_void_names,
)
from segnet_nb.datasets.layouts.text_files import read_json, read_lines, read_text
from segnet_nb.datasets.mask_encoding import CLASSES_FILE, LARGEST_ID, Color, FolderError, Value

# In order of preference.
NAMES = (
    *(CLASSES_FILE, "class_dict.csv", "class_dict_seg.csv", "_classes.csv", "classes.csv", "labels.csv"),
    *("labelmap.txt", "label_colors.txt", "label_colours.txt", "codes.txt", "class_names.txt"),
    *("classes.txt", "labels.txt", "id2label.json"),
)
"""Names of files that declare classes, in lower case, in order of preference."""

_MOST_BYTES = 1_000_000
_LONGEST_NAME = 200

_NAME_COLUMNS = ("name", "class_name", "classname", "class", "label", "label_name", "category", "title")
_ID_COLUMNS = ("pixel_value", "value", "id", "class_id", "label_id", "index", "code")
_COLOR_COLUMNS = (("r", "g", "b"), ("red", "green", "blue"))
_COMBINED = ("color", "colour", "rgb", "color_rgb", "hex")


def find_class_file(folders: Iterable[Path]) -> Path | None:
    """The first file that declares classes in some folders, searched in order; None if there is none."""
    for folder in folders:
        try:
            with os.scandir(folder) as files:
                present = {n: each.name for each in files if (n := each.name.casefold()) in NAMES}
        except OSError:
            continue
        for name in NAMES:
            if name in present and (path := folder / present[name]).is_file():
                return path
    return None


def read_class_file(path: Path) -> Declared:
    """The classes that a file declares.

    Raises:
        FolderError: if it cannot be understood.
    """
    name = path.name.casefold()
    if (size := path.stat().st_size) > _MOST_BYTES:
        raise FolderError(
            f"{path} has {size:,} bytes, too many for a list of at most 255 classes. Shorten it."
        )
    if name.endswith(".json"):
        return _from_json(path)
    entries = _from_csv(path) if name.endswith(".csv") else _from_lines(path)
    if len(entries) > LARGEST_ID + 1:
        raise FolderError(
            f"{path} has {len(entries):,} lines, but at most 255 classes are possible. Shorten it."
        )
    if long := next((entry.name for entry in entries if len(entry.name) > _LONGEST_NAME), None):
        raise FolderError(
            f"{path} has a class whose name begins with {long[:40]!r} and has {len(long):,} characters; at "
            f"most {_LONGEST_NAME} are possible. Shorten it."
        )
    declared = with_void_names(_merged(entries), path.name)
    check_number(declared.entries, path)
    counts = Counter(declared.values)
    if twice := next((value for value, count in counts.items() if count > 1), None):
        raise FolderError(f"{path} gives {twice} to two classes. Each class needs its own value.")
    return declared


def _merged(entries: list[ClassEntry]) -> list[ClassEntry]:
    """Lines with the same name are one class with several values."""
    found: dict[str, ClassEntry] = {}
    for entry in entries:
        before = found.get(entry.name)
        values = (*before.values, *entry.values) if before else entry.values
        found[entry.name] = ClassEntry(entry.name, values, before.color if before else entry.color)
    return list(found.values())


def _from_json(path: Path) -> Declared:
    if path.name.casefold() == CLASSES_FILE:
        return read_declared(path)
    content = read_json(path)
    if not isinstance(content, dict) or not content or not all(_is_id(key) for key in content):
        raise FolderError(f'{path} is invalid. It must map numbers to names, such as {{"0": "background"}}.')
    entries = [ClassEntry(str(name), (int(key),)) for key, name in content.items()]
    return with_void_names(entries, path.name)


def _from_csv(path: Path) -> list[ClassEntry]:
    text = read_text(path)
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=separator)]
    except csv.Error as error:
        raise FolderError(f"{path} is not a valid CSV file: {error}. Save it again.") from error
    rows = [row for row in rows if any(row)]
    if not rows:
        raise FolderError(f"{path} is empty. Write one class per line, such as name,r,g,b.")
    header = [re.sub(r"\W+", "_", cell.casefold()) for cell in rows[0]]
    if not set(header) & {*_NAME_COLUMNS, *_ID_COLUMNS}:
        return [_from_words(row, number, path) for number, row in enumerate(rows)]
    return [
        _from_row(dict(zip(header, row, strict=False)), number, path) for number, row in enumerate(rows[1:])
    ]


def _from_row(cells: dict[str, str], number: int, path: Path) -> ClassEntry:
    name = next((cells[column] for column in _NAME_COLUMNS if cells.get(column)), "")
    if not name:
        raise FolderError(f"{path} has no name in row {number + 1}. It must have a column name or class.")
    given = next((cells[column] for column in _ID_COLUMNS if _is_id(cells.get(column, ""))), None)
    color = next((_color([cells.get(part, "") for part in three]) for three in _COLOR_COLUMNS), None)
    for column in _COMBINED:
        color = color or _color(re.findall(r"\d+", cells.get(column, ""))) or _hex(cells.get(column, ""))
    if color is None and set(cells) & {"r", "red"}:
        raise FolderError(f"{path} has no colour of three numbers 0..255 for {name!r}. Correct the line.")
    # Masks may hold the colours, or the numbers of the lines.
    return _entry(name, int(given) if given else number, color)


def _entry(name: str, number: int, color: Color | None) -> ClassEntry:
    values: tuple[Value, ...] = (number,) if color is None else (color, number)
    return ClassEntry(name, values, color)


def _from_lines(path: Path) -> list[ClassEntry]:
    """One class per line: a name, ``name:r,g,b:...``, ``r g b name`` or ``number name``."""
    lines = [line for line in read_lines(path) if not line.startswith("#")]
    if lines and lines[0] == "__ignore__":
        lines = lines[1:]  # LabelMe gives it the number -1, stored as 255
    if lines and all(re.match(r"\d+\s*[:;,\t ]\s*[^\d\s]", line) for line in lines):
        parts = [re.split(r"\s*[:;,\t ]\s*", line, maxsplit=1) for line in lines]
        if all(_is_id(number) for number, _ in parts):
            return [ClassEntry(name, (int(number),)) for number, name in parts]
    return [_from_words(_words(line), number, path) for number, line in enumerate(lines)]


def _words(line: str) -> list[str]:
    """The parts of a line: of CVAT's, of a list of colours, or a name alone."""
    if match := re.match(r"^([^:]+):(\d+),\s*(\d+),\s*(\d+)(:.*)?$", line):
        return [*match.groups()[:4]]
    if match := re.match(r"^(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(.+)$", line):
        return [match[4].strip(), *match.groups()[:3]]
    if match := re.match(r"^(.+?)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\d+)$", line):
        return [*match.groups()]
    return [re.sub(r":+$", "", line)]


def _from_words(words: list[str], number: int, path: Path) -> ClassEntry:
    if len(words) == 4 and (color := _color(words[1:])):
        return _entry(words[0], number, color)
    if len(words) == 4 and (color := _color(words[:3])):
        return _entry(words[3], number, color)
    if len(words) == 2 and _is_id(words[0]):
        return ClassEntry(words[1], (int(words[0]),))
    if len(words) == 1 and words[0]:
        return ClassEntry(words[0], (number,))
    raise FolderError(
        f"line {number + 1} of {path} is {','.join(words)[:100]!r}, but must be a name, or a name and a "
        "colour such as name,r,g,b."
    )


def _is_id(text: str) -> bool:
    """Whether a text is a number that a mask may hold; longer ones Python does not even read."""
    return text.isdecimal() and text.isascii() and len(text) <= 9


def _color(parts: list[str]) -> Color | None:
    if len(parts) == 3 and all(_is_id(part) and int(part) <= 255 for part in parts):
        return int(parts[0]), int(parts[1]), int(parts[2])
    return None


def _hex(text: str) -> Color | None:
    if match := re.fullmatch(r"#?([0-9a-fA-F]{6})", text.strip()):
        code = int(match[1], 16)
        return code >> 16, code >> 8 & 255, code & 255
    return None
