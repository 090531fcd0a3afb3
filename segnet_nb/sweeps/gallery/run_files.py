"""The file ``run.json`` of one run: read and checked, since a worker may have died while it wrote."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path, PurePosixPath
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb.sweeps.gallery.records import STATES, Classes, Mask, Number, Run

KEY = re.compile(r"[0-9a-f]{16}")


class DamagedRunError(UserError):
    """A file of a sweep is not what its format asks for; the message goes on from the name of the file."""


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        DamagedRunError: if it cannot be read or is no JSON object.
    """
    try:
        text = path.read_text(encoding="utf-8")
        # What JSON has no number for stays a text: a page and other programs could not read it back.
        content = json.loads(text, parse_constant=str, parse_float=_finite)
        json.dumps(content, ensure_ascii=False).encode()  # fails for halves of characters
    except FileNotFoundError:
        raise DamagedRunError("is missing") from None
    except OSError as error:
        raise DamagedRunError(f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError):
        raise DamagedRunError("is not JSON") from None
    if not isinstance(content, dict):
        raise DamagedRunError("is not a JSON object")
    return content


def read_run(folder: Path) -> Run:
    """The run in a folder.

    Args:
        folder: named by the key of the run.

    Raises:
        DamagedRunError: if ``run.json`` is missing or damaged.
    """
    record = read_json(folder / "run.json")
    if record.get("schema") != 1:
        raise DamagedRunError(f"has schema {_short(record.get('schema'))}, but this version reads schema 1")
    if record.get("key") != folder.name:
        raise DamagedRunError(f"is of run {_short(record.get('key'))}")
    state = record.get("state")
    if state not in STATES:
        raise DamagedRunError(f"has the state {_short(state)}, which is none of {', '.join(STATES)}")
    return Run(
        key=folder.name,
        state=state,
        parameters=_object(record, "parameters"),
        error=_text(record.get("error")) or None,
        scores=_numbers(_object(record, "scores")),
        class_scores={
            metric: _numbers(scores)
            for metric, scores in _object(record, "class_scores").items()
            if isinstance(scores, dict)
        },
        classes=_classes(record.get("classes")),
        history=tuple(_numbers(epoch) for epoch in _list(record, "history") if isinstance(epoch, dict)),
        masks=_masks(folder, record),
        seconds=_number(record.get("seconds")),
        started=_text(record.get("started")),
        worker=_text(record.get("worker")),
        report=(folder / "report.html").is_file(),
        notebook=(folder / "notebook.ipynb").is_file(),
    )


def _masks(folder: Path, record: dict[str, Any]) -> tuple[Mask, ...]:
    digests = _object(record, "files")
    found = []
    for entry in _list(record, "masks"):
        if not isinstance(entry, dict):
            raise DamagedRunError("has a mask that is not a JSON object")
        image, relative = entry.get("image"), entry.get("mask")
        if not isinstance(image, str) or not KEY.fullmatch(image):
            raise DamagedRunError(f"names the image {_short(image)}, which is not 16 hexadecimal digits")
        if not isinstance(relative, str) or not _is_inside(relative):
            raise DamagedRunError(f"names the mask {_short(relative)}, which is not a path in its folder")
        digest = digests.get(relative)
        name = _text(entry.get("name")) or image
        found.append(Mask(image, name, folder / relative, digest if isinstance(digest, str) else None))
    return tuple(found)


def _is_inside(relative: str) -> bool:
    path = PurePosixPath(relative)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in relative


def _classes(value: Any) -> Classes | None:
    if value is None:
        return None
    names, colors = (value.get("names"), value.get("colors")) if isinstance(value, dict) else (None, None)
    if not isinstance(names, list) or not isinstance(colors, list) or len(colors) < len(names):
        raise DamagedRunError("has classes without a name and a colour for each")
    if not all(_is_color(color) for color in colors):
        raise DamagedRunError("has a colour of a class that is not three numbers in 0..255")
    return Classes(tuple(map(str, names)), tuple((r, g, b) for r, g, b in colors[: len(names)]))


def _is_color(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and all(type(channel) is int and 0 <= channel <= 255 for channel in value)
    )


def _object(record: dict[str, Any], name: str) -> dict[str, Any]:
    value = record.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DamagedRunError(f"has {name} that are not a JSON object")
    return value


def _list(record: dict[str, Any], name: str) -> list[Any]:
    value = record.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise DamagedRunError(f"has {name} that is not a list")
    return value


def _numbers(values: dict[str, Any]) -> dict[str, Number | None]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: Any) -> Number | None:
    """A finite number; None for everything else, as for the score of a class that no image shows."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _finite(text: str) -> float | str:
    return number if math.isfinite(number := float(text)) else text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
