"""``.keras`` files whose bytes depend on the network alone, not on the time or the process."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

# The earliest date that the format can hold; Keras gives it to two of the three members.
_DATE = (1980, 1, 1, 0, 0, 0)


def write(model: keras.Model, path: Path) -> None:
    """Write a network to a ``.keras`` file; the same network gives the same bytes.

    Keras enters the time of writing, and memory addresses as the numbers of shared objects. The time is left
    out, and the objects are numbered in the order in which they occur.

    Args:
        model: any network.
        path: of the file; it is written in place, so pass a temporary name.

    Example:
        >>> import tempfile
        >>> from segnet_nb.networks import build_network
        >>> model = build_network("small", (None, None, 3), 11)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     one, two = Path(folder, "1.keras"), Path(folder, "2.keras")
        ...     write(model, one)
        ...     write(model, two)
        ...     one.read_bytes() == two.read_bytes()
        True
    """
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    about = json.loads(members["metadata.json"])
    about.pop("date_saved", None)
    members["metadata.json"] = json.dumps(about).encode()
    members["config.json"] = json.dumps(_numbered(json.loads(members["config.json"]), {})).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), content)


def _numbered(value: Any, numbers: dict[int, int]) -> Any:
    """A configuration with its shared objects numbered from 1."""
    if isinstance(value, list):
        return [_numbered(each, numbers) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: numbers.setdefault(each, len(numbers) + 1)
        if name == "shared_object_id"
        else _numbered(each, numbers)
        for name, each in value.items()
    }
