"""A notebook's parameters: read from its tagged cell, and checked before anything runs.

papermill injects any name and any type without a check, and its own parser supports neither
``int | None`` nor ``Literal["a", "b"]``; the cell is plain Python, so Python's parser reads it.
"""

from __future__ import annotations

import ast
import difflib
import io
import math
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.typed_values import coerce
from segnet_nb.reports.annotations import UnknownAnnotation, parse_annotation
from segnet_nb.reports.notebook_files import read_notebook

TAG = "parameters"
_WRITTEN_AS_THEY_ARE = (bool, int, float, complex, str, bytes, set, frozenset)


@dataclass(frozen=True)
class Parameter:
    """One line of a notebook's parameters cell: ``epochs: int = 3  # the full run: 80``."""

    name: str
    annotation: str
    default: str
    help: str
    hint: Any = field(repr=False, compare=False)

    @property
    def declaration(self) -> str:
        """The line as in the notebook, without its comment."""
        annotation = f": {self.annotation}" if self.annotation else ""
        return f"{self.name}{annotation} = {self.default}"


def read_parameters(notebook: str | Path) -> dict[str, Parameter] | None:
    """Read the parameters that a notebook declares.

    Args:
        notebook: path of an ``.ipynb`` file.

    Returns:
        Name to ``Parameter`` in the order of the cell; None if no cell is tagged ``parameters``.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not a notebook, or the tagged cell is not plain Python.
    """
    for cell in read_notebook(notebook).cells:
        if TAG in cell.metadata.get("tags", ()):
            try:
                return parse_parameters(cell.source)
            except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
                where = f"line {error.lineno}: {error.msg}" if isinstance(error, SyntaxError) else str(error)
                raise UserError(
                    f"the cell tagged '{TAG}' of {notebook} is not plain Python ({where}). It should hold "
                    "lines like `epochs: int = 3  # the full run: 80` and nothing else."
                ) from None
    return None


def parse_parameters(source: str) -> dict[str, Parameter]:
    """Read parameters from the source of a parameters cell.

    Example:
        >>> parse_parameters("epochs: int = 3  # the full run: 80")["epochs"].help
        'the full run: 80'
    """
    comments = {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found = {}
    for statement in ast.parse(source).body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                annotation = None
            case _:
                continue
        found[name] = Parameter(
            name=name,
            annotation=ast.unparse(annotation) if annotation else "",
            default=ast.get_source_segment(source, value) or "",
            help=comments.get(statement.end_lineno or 0, ""),
            hint=_hint(annotation, value),
        )
    return found


def check_parameters(notebook: str | Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with the types that a notebook declares, or reject them all.

    Args:
        notebook: path of an ``.ipynb`` file with a cell tagged ``parameters``.
        values: name to value; text is parsed to the declared type.

    Returns:
        A new dict, in the order given.

    Raises:
        ValueError: if a name is unknown or a value does not fit; the message lists every parameter
            with its type, default and comment.
    """
    declared = read_parameters(notebook)
    if not values:
        return {}
    if declared is None:
        raise UserError(
            f"{notebook} has no cell tagged '{TAG}', so it has no parameters; got "
            f"{', '.join(map(repr, values))}. Tag the cell that sets them, or pass none."
        )
    checked, problems = {}, []
    for name, value in values.items():
        if name not in declared:
            close = difflib.get_close_matches(name, declared, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            problems.append(f"there is no parameter '{name}'.{hint}")
            continue
        try:
            checked[name] = coerce(value, declared[name].hint)
            _source(checked[name])
        except ValueError as error:
            problems.append(f"'{name}': {error}.")
        except RecursionError:
            problems.append(f"'{name}': the value is nested too deeply.")
    if problems:
        raise UserError(f"{notebook}: {' '.join(problems)}\nIts parameters are:\n{listing(declared)}")
    return checked


def listing(parameters: Mapping[str, Parameter]) -> str:
    """Format parameters for reading, one per line, comments aligned."""
    if not parameters:
        return "  (none)"
    width = max(len(parameter.declaration) for parameter in parameters.values())
    return "\n".join(
        f"  {parameter.declaration:<{width}}  # {parameter.help}".removesuffix("  # ").rstrip()
        for parameter in parameters.values()
    )


def assignments(values: Mapping[str, Any]) -> str:
    """Write parameters as the Python lines of a cell.

    papermill itself would write a tuple as a string.

    Example:
        >>> print(assignments({"size": (180, 240), "rate": float("inf")}))
        # Parameters
        size = (180, 240)
        rate = float('inf')
    """
    lines = [f"{name} = {_source(value)}" for name, value in values.items()]
    return "\n".join(["# Parameters", *lines])


def recorded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the record of a run in a notebook's metadata holds them: as JSON, or else as Python source.

    Example:
        >>> recorded({"epochs": 5, "size": (1, 2), "kinds": {3}, "rate": float("inf")})
        {'epochs': 5, 'size': [1, 2], 'kinds': '{3}', 'rate': "float('inf')"}
    """
    return {name: _as_json(value) for name, value in values.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _as_json(item) for key, item in value.items()}
    is_json = value is None or isinstance(value, bool | int | str)
    return value if is_json or (isinstance(value, float) and math.isfinite(value)) else _source(value)


def _hint(annotation: ast.expr | None, default: ast.expr) -> Any:
    """The declared type; where it is unknown, as if defined in the notebook, that of the default."""
    if annotation is not None:
        try:
            return parse_annotation(annotation)
        except UnknownAnnotation:
            pass
    try:
        kind = type(ast.literal_eval(default))
    except (ValueError, TypeError, RecursionError, MemoryError):
        return Any
    return Any if kind is type(None) else kind


def _source(value: Any) -> str:
    """A value as Python source.

    Raises:
        ValueError: if Python has no notation for it.
    """
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, list):
        return f"[{', '.join(map(_source, value))}]"
    if isinstance(value, tuple):
        inside = ", ".join(map(_source, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, dict):
        items = (f"{_source(key)}: {_source(item)}" for key, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, set | frozenset) and value:
        return f"{{{', '.join(sorted(map(_source, value)))}}}"
    if value is not None and value is not ... and not isinstance(value, _WRITTEN_AS_THEY_ARE):
        raise UserError(
            f"a value of type {type(value).__name__} cannot be written into a notebook; pass numbers, text, "
            "True, False, None, or lists, tuples, sets and dicts of them"
        )
    return "set()" if isinstance(value, set | frozenset) else repr(value)
