"""Values checked against type hints, and parsed from the text of a command line.

Reports (the annotated parameters of a notebook) and the command line (the fields of a configuration)
share the rules: text is parsed to the expected type, an int is accepted as a float, a bool is never
accepted as a number, and everything else is rejected.
"""

from __future__ import annotations

import ast
import numbers
import os
import re
import shlex
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from segnet_nb._shared.errors import UserError

_LONGEST = 200  # of a value in a message
TRUE_WORDS = ("true", "yes", "on", "1")
FALSE_WORDS = ("false", "no", "off", "0")

# What Python raises for text that is no literal: a TypeError for {[]: 1}, the last two for endless brackets.
_NOT_LITERAL = (ValueError, TypeError, SyntaxError, MemoryError, RecursionError)

_SIZE = re.compile(r"\d+(\s*[x×]\s*\d+)+")  # 180x240


def coerce(value: Any, hint: Any) -> Any:
    """Return a value as the expected type, or reject it.

    Args:
        value: a Python value, or text to parse.
        hint: ``int``, ``float``, ``bool``, ``str``, ``None``, ``Literal[...]``, ``X | Y``,
            ``Optional[X]``, ``tuple[...]``, ``list[...]`` or ``dict[...]``; anything else accepts
            every value.

    Returns:
        The value, of the type that ``hint`` names.

    Raises:
        ValueError: if the value does not fit; the message has the expected type and the value.

    Example:
        >>> coerce("5", int), coerce(1, float), coerce("None", float | None)
        (5, 1.0, None)
        >>> coerce("180x240", tuple[int, int])
        (180, 240)
        >>> coerce(True, int)
        Traceback (most recent call last):
            ...
        segnet_nb.UserError: expected int, got True (bool)
    """
    kind = get_origin(hint) or hint
    if kind is Any:
        return _literal_or_text(value)
    if kind in (Union, UnionType):
        return _member(value, hint)
    if kind is Literal:
        return _choice(value, hint)
    if kind in (tuple, list):
        return _sequence(value, hint)
    if kind is dict:
        return _mapping(value, hint)
    scalar = _SCALARS.get(kind)
    return value if scalar is None else scalar(value)


def describe(hint: Any) -> str:
    """A type hint in words, for messages.

    Example:
        >>> describe(int | None), describe(Literal["full", "small"]), describe(tuple[int, int])
        ('int or None', "one of 'full', 'small'", 'tuple[int, int]')
    """
    kind = get_origin(hint) or hint
    if kind in (Union, UnionType):
        return " or ".join(describe(member) for member in get_args(hint))
    if kind is Literal:
        return "one of " + ", ".join(repr(choice) for choice in get_args(hint))
    if kind in (None, NoneType):
        return "None"
    if get_origin(hint) is None and isinstance(hint, type):
        return hint.__name__
    return str(hint).replace("typing.", "")


def _rejection(value: Any, hint: Any) -> UserError:
    given = repr(value) if isinstance(value, str) else f"{value!r} ({type(value).__name__})"
    if len(given) > _LONGEST:
        given = f"{given[:_LONGEST]}... ({len(given):,} characters)"
    return UserError(f"expected {describe(hint)}, got {given}")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else None
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise _rejection(value, bool)


def _integer(value: Any) -> int:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            raise _rejection(value, int) from None
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise _rejection(value, int)
    return int(value)


def _float(value: Any) -> float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise _rejection(value, float) from None
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise _rejection(value, float)
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str | os.PathLike):
        raise _rejection(value, str)
    return os.fspath(value)


def _none(value: Any) -> None:
    if value is not None and not (isinstance(value, str) and value.strip() in ("None", "none")):
        raise _rejection(value, None)


_SCALARS = {
    bool: _boolean,
    int: _integer,
    float: _float,
    str: _text,
    None: _none,
    NoneType: _none,
}


def _literal_or_text(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except _NOT_LITERAL:
        return value


def _member(value: Any, hint: Any) -> Any:
    members = get_args(hint)
    # A value that already has one of the types must not be converted to another one.
    if not isinstance(value, str):
        for member in members:
            if type(value) is (get_origin(member) or member):
                return coerce(value, member)
    # str accepts any text, so it is tried last; None accepts one word, so it is tried first.
    for member in sorted(members, key=lambda member: (member is str, member is not NoneType)):
        try:
            return coerce(value, member)
        except ValueError:
            continue
    raise _rejection(value, hint)


def _choice(value: Any, hint: Any) -> Any:
    choices = get_args(hint)
    for choice in choices:
        if type(choice) is type(value) and choice == value:
            return choice
    if isinstance(value, str):
        for choice in choices:
            if str(choice) == value.strip():
                return choice
    raise _rejection(value, hint)


def _sequence(value: Any, hint: Any) -> Any:
    kind, members = get_origin(hint) or hint, get_args(hint)
    items = _split(value) if isinstance(value, str) else value
    if items is None:
        raise UserError(
            f"expected {describe(hint)}, got {value!r}, whose brackets or quotes do not fit; write a list as "
            "['a b', 'c'] or as words, quoted where they have spaces"
        )
    if not isinstance(items, list | tuple):
        raise _rejection(value, hint)
    if not members:
        return kind(items)
    any_length = kind is list or members[-1] is Ellipsis
    if isinstance(value, str) and members[0] is str and not value.strip().startswith(("[", "(")):
        items = _words(value) or []  # also words that look like numbers
    hints = [members[0]] * len(items) if any_length else members
    try:
        return kind(coerce(item, member) for item, member in zip(items, hints, strict=True))
    except ValueError:
        raise _rejection(value, hint) from None


def _split(text: str) -> Any:
    """The items of a list that was written as text; None if its brackets or quotes do not fit.

    Written as in Python (``['a b', 'c']``), or as words between spaces or commas (``'a b' c``).
    """
    text = text.strip()
    if _SIZE.fullmatch(text):
        return [int(part) for part in re.split(r"[x×]", text)]
    if not text or text[0] in "[({":
        return _literal(text) if text else []
    if '"' in text or "'" in text:
        return _words(text)
    items = _literal(text)
    if items is None:
        return None if text[-1] in "])}" else [part for part in re.split(r"[,\s]+", text) if part]
    return [items] if isinstance(items, numbers.Real) else items


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except _NOT_LITERAL:
        return None


def _words(text: str) -> list[str] | None:
    """Words between spaces or commas; quotes keep both inside a word."""
    found = shlex.shlex(text, posix=True)
    found.whitespace_split, found.commenters, found.escape = True, "", ""
    found.whitespace += ","
    try:
        return list(found)
    except ValueError:  # a quote that is not closed
        return None


def _mapping(value: Any, hint: Any) -> dict[Any, Any]:
    items = _literal_or_text(value)
    if not isinstance(items, dict):
        raise _rejection(value, hint)
    if not get_args(hint):
        return dict(items)
    key_hint, item_hint = get_args(hint)
    try:
        return {coerce(key, key_hint): coerce(item, item_hint) for key, item in items.items()}
    except ValueError:
        raise _rejection(value, hint) from None
