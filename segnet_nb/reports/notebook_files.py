"""Notebooks as files: read with a check of all that the readers of this package rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import MissingFileError, UserError


def read_notebook(notebook: str | Path) -> Any:
    """Read a notebook as nbformat 4.

    Args:
        notebook: path of an ``.ipynb`` file.

    Returns:
        nbformat's ``NotebookNode``. Its cells, their sources, tags and outputs have the types that the format
        says; what else the file holds is not checked.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a notebook.
    """
    path = Path(notebook)
    if not path.is_file():
        looked = "" if path.is_absolute() else f" Looked in {Path.cwd()}."
        raise MissingFileError(f"there is no notebook at {path}.{looked} Give the path of an .ipynb file.")
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text)
        if "\\ud" in text or "\\uD" in text:  # halves of characters, which no file can hold
            json.dumps(content, ensure_ascii=False).encode()
    except RecursionError:
        raise _refusal(path, "it has lists or objects nested too deeply") from None
    except UnicodeError:
        raise _refusal(path, "it is not text in UTF-8") from None
    except ValueError as error:
        raise _refusal(path, f"it is not JSON: {error}") from None
    if fault := _fault(content):
        raise _refusal(path, fault)
    import nbformat.reader

    try:
        nb = nbformat.convert(nbformat.reader.reads(text), to_version=4)
    except Exception as error:
        # The converters of old formats fail in any way on what they do not expect.
        raise _refusal(path, (str(error).splitlines() or [type(error).__name__])[0][:200]) from error
    if fault := _fault(nb):
        raise _refusal(path, fault)
    return nb


def _refusal(path: Path, reason: str) -> UserError:
    return UserError(f"{path} is not a valid notebook: {reason}. Pass an .ipynb file.")


def _fault(content: Any) -> str:
    """What of a notebook's JSON is of another type than its readers expect, in words; or empty."""
    if not isinstance(content, dict):
        return "it is not an object"
    version = content.get("nbformat")
    if not isinstance(version, int) or not 1 <= version <= 4:
        return f"its nbformat is {_short(version)}, not a number from 1 to 4"
    if not isinstance(minor := content.get("nbformat_minor", 0), int):
        return f"its nbformat_minor is {_short(minor)}, not a whole number"
    metadata = content.get("metadata")
    if not isinstance(metadata, dict):
        return "its metadata is not an object"
    kernel = metadata.get("kernelspec", {})
    if not isinstance(kernel, dict) or not isinstance(kernel.get("name", ""), str):
        return "its kernelspec has no name that is text"
    if version < 4:  # other places; looked at after conversion
        return ""
    cells = content.get("cells")
    if not isinstance(cells, list):
        return f"its cells are {_short(cells)}, not a list"
    for number, cell in enumerate(cells, 1):
        if fault := _cell_fault(cell):
            return f"cell {number} {fault}"
    return ""


def _cell_fault(cell: Any) -> str:
    if not isinstance(cell, dict):
        return "is not an object"
    if cell.get("cell_type") not in ("code", "markdown", "raw"):
        return f"is of the type {_short(cell.get('cell_type'))}, not code, markdown or raw"
    if not _is_text(cell.get("source")):
        return "has a source that is not text"
    metadata = cell.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(cell.get("id", ""), str):
        return "has metadata that is not an object, or an id that is not text"
    tags = metadata.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return "has tags that are not a list of texts"
    files = cell.get("attachments", {})
    if not isinstance(files, dict) or not all(isinstance(each, dict) for each in files.values()):
        return "has attachments that are not an object of objects"
    outputs = cell.get("outputs", [])
    if not isinstance(outputs, list):
        return "has outputs that are not a list"
    return next((f"has {fault}" for fault in map(_output_fault, outputs) if fault), "")


def _output_fault(output: Any) -> str:
    if not isinstance(output, dict):
        return "an output that is not an object"
    match output.get("output_type"):
        case "stream":
            good = _is_text(output.get("text")) and isinstance(output.get("name"), str)
        case "display_data" | "execute_result":
            data = output.get("data")
            good = isinstance(data, dict) and isinstance(output.get("metadata", {}), dict)
            good = good and all(
                kind.endswith("json") or _is_text(each) for kind, each in (data or {}).items()
            )
        case "error":
            lines = output.get("traceback")
            good = isinstance(lines, list) and all(isinstance(line, str) for line in lines)
            good = good and all(isinstance(output.get(key), str) for key in ("ename", "evalue"))
        case kind:
            return f"an output of the type {_short(kind)}"
    return "" if good else f"an output ({output['output_type']}) that is not as the format says"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    )


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float) or value is None else type(value).__name__
    return text if len(text) <= 40 else text[:40] + "..."
