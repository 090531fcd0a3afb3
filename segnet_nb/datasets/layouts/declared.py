"""Classes that are declared: names, the numbers and colours that stand for each, and for void."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segnet_nb.datasets.classes import VOID_COLOR, ClassList, distinct_colors
from segnet_nb.datasets.layouts.text_files import read_json
from segnet_nb.datasets.mask_encoding import LARGEST_ID, Color, FolderError, MaskEncoding, Value

EXAMPLE = '{"classes": {"background": 0, "cell": 255}, "void": 254}'
DEFAULT_VOID = 255
_VOID_NAMES = {"void", "unlabelled", "unlabeled", "ignore", "ignored", "__ignore__", "dontcare", "don't care"}
_MOST_CLASSES = 255


@dataclass(frozen=True)
class ClassEntry:
    """One class.

    Attributes:
        name: its name.
        values: the numbers and colours that stand for it in masks.
        color: the colour to show it in; None: its first colour, or one of a palette.
    """

    name: str
    values: tuple[Value, ...]
    color: Color | None = None


@dataclass(frozen=True)
class Declared:
    """The classes of a dataset and where they are declared.

    Attributes:
        entries: the classes in order.
        source: name of the file that declares them, for messages.
        void: the numbers and colours of void.

    Example:
        >>> road = ClassEntry("road", (7, 8))
        >>> declared = Declared((ClassEntry("rest", (0,)), road), "an example")
        >>> dict(declared.encoding().ids)
        {0: 0, 7: 1, 8: 1, 255: 2}
    """

    entries: tuple[ClassEntry, ...]
    source: str
    void: tuple[Value, ...] = ()

    @property
    def values(self) -> list[Value]:
        """All numbers and colours, those of void last."""
        return [value for entry in self.entries for value in entry.values] + list(self.void)

    @property
    def void_by_default(self) -> bool:
        """Whether 255 is void because nothing else is said about it."""
        numbers = [value for value in self.values if isinstance(value, int)]
        return bool(numbers) and DEFAULT_VOID not in numbers

    def classes(self) -> ClassList:
        """Names and colours."""
        defaults = distinct_colors(len(self.entries))
        while len(defaults) < len(self.entries):
            defaults.append(defaults[-1])
        shown = [
            entry.color or next((each for each in entry.values if isinstance(each, tuple)), default)
            for entry, default in zip(self.entries, defaults, strict=False)
        ]
        return ClassList(tuple(entry.name for entry in self.entries), (*shown, VOID_COLOR))

    def encoding(self, *, nearest: bool = False, palette: Mapping[int, Color] | None = None) -> MaskEncoding:
        """The mapping from values to class ids.

        Args:
            nearest: whether other values stand for the nearest declared one.
            palette: see ``MaskEncoding``.
        """
        classes = self.classes()
        ids: dict[Value, int] = {
            value: number for number, entry in enumerate(self.entries) for value in entry.values
        }
        ids.update(dict.fromkeys(self.void, classes.void_id))
        if self.void_by_default and not nearest:
            ids[DEFAULT_VOID] = classes.void_id
        return MaskEncoding(classes, ids, self.source, nearest, palette)

    def only(self, kind: type) -> Declared:
        """The same classes with only their numbers (``int``) or only their colours (``tuple``)."""
        entries = tuple(
            ClassEntry(entry.name, tuple(v for v in entry.values if isinstance(v, kind)), color)
            for entry, color in zip(self.entries, self.classes().colors, strict=False)
        )
        return Declared(entries, self.source, tuple(v for v in self.void if isinstance(v, kind)))

    def to_dict(self) -> dict[str, Any]:
        """The content of a ``classes.json`` that declares the same."""
        kinds = {isinstance(value, int) for value in self.values}
        names = "both" if len(kinds) > 1 else "ids" if True in kinds else "colors"
        colors = dict(zip((entry.name for entry in self.entries), self.classes().colors, strict=False))
        content: dict[str, Any] = {
            "kind": names,
            "classes": {entry.name: _written(entry.values, names) for entry in self.entries},
            "colors": {name: list(color) for name, color in colors.items()},
        }
        if self.void:
            content["void"] = _written(self.void, names)
        return content


def with_void_names(entries: Iterable[ClassEntry], source: str) -> Declared:
    """Declared classes of which those called void, unlabelled or ignore are void, if two others remain.

    Example:
        >>> entries = [ClassEntry("a", (0,)), ClassEntry("b", (1,)), ClassEntry("Void", (2,))]
        >>> with_void_names(entries, "codes.txt").void
        (2,)
    """
    everything = tuple(entries)
    kept = tuple(entry for entry in everything if entry.name.strip().casefold() not in _VOID_NAMES)
    if len(kept) < 2:
        return Declared(everything, source)
    void = [value for entry in everything if entry not in kept for value in entry.values]
    return Declared(kept, source, tuple(void))


def read_declared(path: Path) -> Declared:
    """Read a ``classes.json``.

    Raises:
        FolderError: if it is invalid.
    """
    try:
        content = read_json(path)
    except FolderError as error:
        raise FolderError(f"{path} is invalid. It must look like {EXAMPLE}. ({error})") from error
    return declared_from(content, path, path.name)


def declared_from(content: Any, path: Path, source: str) -> Declared:
    """Classes from the content of a ``classes.json``.

    Args:
        content: the parsed JSON: ``classes`` maps names to a number, ``[red, green, blue]`` or a list of
            either; ``void`` is a value or a list of them; ``colors`` maps names to colours to show. ``kind``
            is ``"ids"``, ``"colors"`` or ``"both"``; without it, a list of three numbers is a colour.
        path: where it is from, for messages.
        source: where the classes are declared, for later messages.

    Raises:
        FolderError: if it is invalid.
    """
    try:
        names = content["classes"]
        if not isinstance(names, dict) or not set(content) <= {"classes", "void", "colors", "kind"}:
            raise TypeError
        kind = content.get("kind")
        values = [_values(value, kind) for value in names.values()]
        void = () if content.get("void") is None else _values(content["void"], kind)
        colors = {name: _rgb(color) for name, color in content.get("colors", {}).items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise FolderError(f"{path} is invalid. It must look like {EXAMPLE}.") from error
    _check(path, values, void, kind)
    if unknown := sorted(set(colors) - set(names)):
        raise FolderError(f"{path} defines a colour for {unknown[0]!r}, which is not one of its classes.")
    entries = [ClassEntry(name, own, colors.get(name)) for name, own in zip(names, values, strict=True)]
    return Declared(tuple(entries), source, void)


def check_number(entries: Iterable[ClassEntry], path: Path) -> None:
    """Raise unless there are 2 to 255 classes."""
    count = len(tuple(entries))
    if count < 2:
        raise FolderError(
            f"{path} defines {count} classes; at least two are required, including the background."
        )
    if count > _MOST_CLASSES:
        raise FolderError(f"{path} defines {count} classes, but at most {_MOST_CLASSES} are possible.")


def _check(path: Path, values: list[tuple[Value, ...]], void: tuple[Value, ...], kind: str | None) -> None:
    everything = [value for each in (*values, void) for value in each]
    check_number([ClassEntry("", each) for each in values], path)
    if kind != "both" and len({type(value) for value in everything}) > 1:
        raise FolderError(
            f"{path} mixes numbers and colours. Use one kind for all classes; a list of three numbers is a "
            'colour unless the file has "kind": "ids".'
        )
    if len(set(everything)) < len(everything):
        raise FolderError(f"{path} assigns the same value to two classes. Each class needs its own value.")


def _values(entry: object, kind: str | None) -> tuple[Value, ...]:
    """The values of one class."""
    if kind not in (None, "ids", "colors", "both"):
        raise TypeError
    if isinstance(entry, list) and entry:
        if kind not in ("ids", "both") and _is_color(entry):
            return (_rgb(entry),)
        return tuple(_rgb(each) if isinstance(each, list) else _number(each) for each in entry)
    return (_number(entry),)


def _is_color(entry: list[object]) -> bool:
    return len(entry) == 3 and all(isinstance(part, int) for part in entry)


def _number(entry: object) -> int:
    if isinstance(entry, int) and not isinstance(entry, bool) and 0 <= entry <= LARGEST_ID:
        return entry
    raise TypeError


def _rgb(entry: object) -> Color:
    if isinstance(entry, list) and len(entry) == 3 and all(_number(part) <= 255 for part in entry):
        return entry[0], entry[1], entry[2]
    raise TypeError


def _written(values: tuple[Value, ...], kind: str) -> Any:
    plain = [list(value) if isinstance(value, tuple) else value for value in values]
    return plain[0] if len(plain) == 1 and kind != "both" else plain


def proposal(values: Iterable[Value]) -> str:
    """The text of a ``classes.json`` to start from, which keeps the values that were seen.

    Example:
        >>> proposal([0, 128])
        '{"classes": {"class 0": 0, "class 128": 128}}'
    """
    shown = list(values)[:_MOST_CLASSES]
    names = {_default_name(value): list(value) if isinstance(value, tuple) else value for value in shown}
    return json.dumps({"classes": names})


def _default_name(value: Value) -> str:
    return f"class {value}" if isinstance(value, int) else "color #{:02x}{:02x}{:02x}".format(*value)


def by_value(values: Iterable[Value], source: str, colors: Mapping[Value, Color] | None = None) -> Declared:
    """Classes named by the values that occur, one each; 255 among other numbers stays void.

    Example:
        >>> by_value([0, 7, 255], "the values that occur").classes().names
        ('class 0', 'class 7')
    """
    kept = [value for value in values if value != DEFAULT_VOID]
    entries = [ClassEntry(_default_name(v), (v,), (colors or {}).get(v)) for v in kept]
    return Declared(tuple(entries), source)
