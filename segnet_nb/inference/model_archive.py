"""What a ``.keras`` file holds, checked before Keras builds anything from it.

A ``.keras`` file is a ZIP archive: ``config.json`` names the classes that Keras is to import and their
arguments, ``model.weights.h5`` holds the values. A file from someone else may name any class, and a few
megabytes may inflate to gigabytes. So the members, their sizes, the names of the classes and the values are
checked here, without the framework.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segnet_nb._shared import registration
from segnet_nb._shared.errors import MissingFileError, UserError

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
# Bytes once inflated. The largest network here, on VGG16, has 118 MB, and three times that with the state of
# its optimizer.
_LIMITS = {_CONFIG: 16 << 20, "metadata.json": 1 << 20, _WEIGHTS: 640 << 20}
_SUFFIX = ".keras"
_OTHER_FORMATS = {
    **dict.fromkeys((".h5", ".hdf5"), "HDF5"),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), "pickle, which runs code when it is read"),
    **dict.fromkeys((".pt", ".pth"), "PyTorch's, a pickle, which runs code when it is read"),
}

_LAYERS = """
Activation Add Average AveragePooling2D BatchNormalization Concatenate Conv2D Conv2DTranspose
Cropping2D DepthwiseConv2D Dropout ELU GaussianNoise GlobalAveragePooling2D GlobalMaxPooling2D
GroupNormalization Identity InputLayer LayerNormalization LeakyReLU MaxPooling2D Maximum Minimum
Multiply PReLU Permute ReLU Rescaling Reshape Resizing SeparableConv2D Softmax SpatialDropout2D
Subtract UpSampling2D ZeroPadding2D
"""
LAYERS = frozenset(_LAYERS.split())
"""Keras's layers that a file may hold; none of them runs code from the file."""

# What Keras writes on PyTorch in place of ``keras.optimizers``.
_TORCH_OPTIMIZERS = {
    f"keras.src.backend.torch.optimizers.torch_{name.lower()}": {name}
    for name in ["Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "Nadam", "RMSprop", "SGD"]
}

_OTHERS = {
    "keras.initializers": None,
    "keras.regularizers": {"L1", "L2", "L1L2"},
    "keras.constraints": {"MaxNorm", "NonNeg", "UnitNorm", "MinMaxNorm"},
    "keras.optimizers": None,
    "keras.optimizers.schedules": None,
    "keras.losses": None,
    "keras.metrics": None,
    "keras": {"DTypePolicy", "Functional", "Sequential", "Model"},
    "keras.dtype_policies": {"DTypePolicy"},
    "keras.models": {"Functional", "Sequential", "Model"},
    "keras.src.models.functional": {"Functional"},
    "keras.src.models.sequential": {"Sequential"},
    **_TORCH_OPTIMIZERS,
}
"""Other public classes of Keras, by module; None: all of them."""

# What Keras writes for values that JSON has not; the others, such as ``__lambda__``, hold code.
_VALUES = {"__keras_tensor__", "__tuple__", "__ellipsis__", "__slice__", "__complex__"}


@dataclass(frozen=True)
class Contents:
    """What is known of a ``.keras`` file without building it.

    Attributes:
        values: how many numbers it stores; a network built from it cannot have more.
    """

    values: int


def check(path: str | Path, *, allow_layers: Collection[str] = ()) -> Contents:
    """Check a ``.keras`` file: its members, their sizes, and the classes that it names.

    Args:
        path: the file.
        allow_layers: names of further layers of Keras that it may hold, such as ``"Dense"``.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a ``.keras`` file, is damaged, too large, or names a class that is not
            allowed.

    Example:
        >>> import tempfile
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 2, filters=4, kernel_size=3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(Path(folder) / "network.keras")
        ...     check(Path(folder) / "network.keras").values == model.count_params()
        True
    """
    path = Path(path)
    _check_kind(path)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive)
            config = _parsed(path, _read(path, archive, _CONFIG))
            _check_classes(path, config, allow_layers)
            return Contents(_count_values(path, _read(path, archive, _WEIGHTS)))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise damaged(path, error) from error
    except OSError as error:
        if error.errno:  # of the disk
            raise
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception | str) -> UserError:
    """The error for a file that cannot be read."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
    return UserError(
        f"{path} is damaged or no saved network: {line}. Restore the file, or save the network again with "
        "model.save."
    )


def _check_kind(path: Path) -> None:
    if not path.exists():
        raise MissingFileError(f"no network at {path}. Pass the path of a .keras file.")
    if not path.is_file():
        raise UserError(f"{path} is no regular file. Pass the path of a .keras file.")
    kind = _OTHER_FORMATS.get(path.suffix.lower())
    if kind:
        raise UserError(
            f"{path} has the format {kind}. Only .keras files are read: load it where you trust it and save "
            "the network with model.save('network.keras')."
        )
    if path.suffix != _SUFFIX:
        raise UserError(f"{path.name} is no .keras file. Pass one that model.save or a training run wrote.")
    if not zipfile.is_zipfile(path):
        size = path.stat().st_size
        raise damaged(path, f"a .keras file is a ZIP archive, and these {size} bytes are not a whole one")


def _check_members(path: Path, archive: zipfile.ZipFile) -> None:
    names = [member.filename for member in archive.infolist() if not member.filename.endswith("/")]
    if strange := sorted(set(names) - set(_LIMITS)):
        raise UserError(
            f"{path} holds {strange[0][:80]!r}, which no network of Keras 3 has. Expected: "
            f"{', '.join(_LIMITS)}. Do not use a file that you do not trust."
        )
    if len(set(names)) != len(names) or not {_CONFIG, _WEIGHTS} <= set(names):
        raise damaged(path, f"it must hold {_CONFIG} and {_WEIGHTS} once each, but holds {sorted(names)}")
    for member in archive.infolist():
        limit = _LIMITS.get(member.filename, 0)
        if member.file_size > limit:
            raise UserError(
                f"{path}: {member.filename} inflates to {member.file_size / 1e6:.0f} MB, more than the "
                f"{limit / 1e6:.0f} MB that any network here needs. It was not read."
            )


def _read(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """A member of known size, its checksum compared."""
    try:
        return archive.read(name)
    except (zlib.error, ValueError) as error:
        raise damaged(path, f"{name}: {error}") from error


def _parsed(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise damaged(path, f"{_CONFIG} is not JSON ({str(error)[:80]})") from error


def _check_classes(path: Path, config: Any, allow_layers: Collection[str]) -> None:
    """Raise if the configuration names a class that is neither ours, nor one of the allowed of Keras."""
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        raise damaged(path, f"{_CONFIG} describes no network")
    for named in _dicts(config):
        if "class_name" not in named:
            continue
        module, name = named.get("module"), named["class_name"]
        if not _is_allowed(module, name, named.get("registered_name"), allow_layers):
            raise UserError(
                f"{path} names the class {name!r} of {module or 'no module'}, which is not among the layers "
                "that a file may hold, since a class can run code. If you trust the file, pass "
                f"allow_layers=[{str(name)[:40]!r}] to load_model, or --allow-layers {str(name)[:40]}."
            )


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Every dictionary in a parsed JSON file, without recursion."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _is_allowed(module: Any, name: Any, registered: Any, allow_layers: Collection[str]) -> bool:
    if not isinstance(name, str):
        return False
    if name in _VALUES:
        return True
    if isinstance(registered, str) and ">" in registered:
        package, _, own = registered.partition(">")
        if package == registration.PACKAGE:
            return own == name and own in registration.CLASSES
        # Registered with Keras by code that the user has run.
        return registered in registration.known_to_keras()
    if not isinstance(module, str):
        return False
    if module == "keras.layers":
        return name in LAYERS or name in allow_layers
    return module in _OTHERS and (_OTHERS[module] is None or name in _OTHERS[module])


def _count_values(path: Path, content: bytes) -> int:
    """How many numbers an HDF5 file holds; links, compressed numbers and those of other files are refused."""
    import h5py

    total, waiting, seen = 0, [], set()
    try:
        with h5py.File(io.BytesIO(content), "r") as stored:
            waiting.append(stored)
            while waiting:
                group = waiting.pop()
                for name in group:
                    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                        raise damaged(path, f"{name} is a link to another place")
                    node = group[name]
                    address = h5py.h5o.get_info(node.id).addr  # pyright: ignore[reportAttributeAccessIssue]
                    if address in seen:
                        raise damaged(path, f"{name} occurs twice")
                    seen.add(address)
                    if isinstance(node, h5py.Group):
                        waiting.append(node)
                    else:
                        total += _numbers_in(path, name, node)
    except UserError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise damaged(path, f"{_WEIGHTS}: {error}") from error
    return total


def _numbers_in(path: Path, name: str, dataset: Any) -> int:
    if dataset.external or dataset.is_virtual or dataset.dtype.kind not in "fiub":
        raise damaged(path, f"{name} holds no numbers of its own")
    count = math.prod(dataset.shape)
    if count * dataset.dtype.itemsize > _LIMITS[_WEIGHTS]:
        raise damaged(path, f"{name} inflates to more than {_LIMITS[_WEIGHTS] / 1e6:.0f} MB")
    return count
