"""Type annotations read as data: parsed by a small grammar, never evaluated.

A notebook may come from anyone, and listing its parameters must not run a line of it.
"""

from __future__ import annotations

import ast
import typing
from types import NoneType
from typing import Any, Literal, Union

_PLAIN: dict[str, Any] = {
    kind.__name__: kind for kind in (bool, int, float, str, tuple, list, dict, set, bytes, object)
} | {"Any": Any, "None": None, "List": list, "Tuple": tuple, "Dict": dict, "Set": set}
_CONTAINERS = {"tuple": tuple, "list": list, "dict": dict, "set": set}
_CONTAINERS |= {name.capitalize(): kind for name, kind in _CONTAINERS.items()}
# No annotation that a person writes is nested deeper.
_DEPTH = 20


class UnknownAnnotation(Exception):
    """An annotation outside of the grammar."""


def parse_annotation(annotation: ast.expr) -> Any:
    """The type hint that an annotation stands for.

    The grammar: ``int``, ``float``, ``str``, ``bool``, ``None``, ``Any``, ``bytes``, ``object``; ``tuple``,
    ``list``, ``dict`` and ``set``, alone or with members; ``Literal[...]`` of constants; ``X | Y``,
    ``Union[...]``, ``Optional[X]``; names may be preceded by ``typing.``; and any of these as a string.

    Args:
        annotation: the annotation's node in the syntax tree.

    Returns:
        A hint for ``segnet_nb._shared.typed_values.coerce``.

    Raises:
        UnknownAnnotation: if the annotation is anything else; it has not been evaluated.

    Example:
        >>> parse_annotation(ast.parse("int | None", mode="eval").body)
        typing.Optional[int]
        >>> parse_annotation(ast.parse("exit()", mode="eval").body)
        Traceback (most recent call last):
            ...
        segnet_nb.reports.annotations.UnknownAnnotation: exit()
    """
    return _parse(annotation, _DEPTH)


def _parse(node: ast.expr, depth: int) -> Any:
    if not depth:
        raise UnknownAnnotation("nested too deeply")
    if isinstance(node, ast.Constant):
        return _constant(node, depth)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return Union[_parse(node.left, depth - 1), _parse(node.right, depth - 1)]  # noqa: UP007
    if isinstance(node, ast.Subscript):
        return _subscript(node, depth - 1)
    name = _name(node)
    if name not in _PLAIN:
        raise UnknownAnnotation(ast.unparse(node))
    return _PLAIN[name]


def _name(node: ast.expr) -> str:
    """``X`` of ``X`` and of ``typing.X``; empty for everything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "typing":
        return node.attr
    return ""


def _constant(node: ast.Constant, depth: int) -> Any:
    if node.value is None:
        return None
    if not isinstance(node.value, str):
        raise UnknownAnnotation(repr(node.value))
    try:
        inner = ast.parse(node.value.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnknownAnnotation("text that is no annotation") from None
    return _parse(inner, depth - 1)


def _subscript(node: ast.Subscript, depth: int) -> Any:
    name = _name(node.value)
    members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Literal":
        return Literal[tuple(_choice(member) for member in members)]
    if name == "Optional" and len(members) == 1:
        return typing.Optional[_parse(members[0], depth)]  # noqa: UP045
    if name == "Union":
        return Union[tuple(_parse(member, depth) for member in members)]  # noqa: UP007
    if name not in _CONTAINERS:
        raise UnknownAnnotation(ast.unparse(node))
    kind = _CONTAINERS[name]
    any_length = kind is tuple and len(members) == 2 and _is_ellipsis(members[1])
    hints = [_parse(member, depth) for member in (members[:1] if any_length else members)]
    if not hints or len(hints) != {list: 1, set: 1, dict: 2}.get(kind, len(hints)):
        raise UnknownAnnotation(ast.unparse(node))
    arguments = tuple(NoneType if hint is None else hint for hint in hints)
    return kind[(*arguments, ...) if any_length else arguments]  # pyright: ignore[reportInvalidTypeArguments]


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _choice(node: ast.expr) -> Any:
    """A constant of ``Literal``; numbers may be negative."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError):
        raise UnknownAnnotation(ast.unparse(node)) from None
    if not isinstance(value, str | int | float | NoneType):
        raise UnknownAnnotation(ast.unparse(node))
    return value
