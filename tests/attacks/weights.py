"""Damaged and hostile ``.keras`` files, written one by one from a good one."""

from __future__ import annotations

import copy
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MARKER = "ran-code.txt"  # a file that a hostile one writes where its code runs

Change = Callable[[dict[str, bytes], np.random.Generator], dict[str, bytes] | bytes]


def members(content: bytes) -> dict[str, bytes]:
    """The members of a ``.keras`` file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archived(parts: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP archive of members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def with_config(change: Callable[[dict[str, Any]], Any]) -> Change:
    """Change the parsed configuration."""

    def apply(parts: dict[str, bytes], rng: np.random.Generator) -> dict[str, bytes]:
        config = json.loads(parts[CONFIG])
        changed = change(config)
        config = config if changed is None else changed
        return parts | {CONFIG: config if isinstance(config, bytes) else json.dumps(config).encode()}

    return apply


def with_weights(change: Callable[[h5py.File], None]) -> Change:
    """Change the stored weights."""

    def apply(parts: dict[str, bytes], rng: np.random.Generator) -> dict[str, bytes]:
        buffer = io.BytesIO(parts[WEIGHTS])
        with h5py.File(buffer, "r+") as stored:
            change(stored)
        return parts | {WEIGHTS: buffer.getvalue()}

    return apply


def layers(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The layers of a configuration."""
    return config["config"]["layers"]


def convolution(config: dict[str, Any]) -> dict[str, Any]:
    """The first convolution of a configuration."""
    return next(each for each in layers(config) if each["class_name"] == "Conv2D")


def datasets(stored: h5py.File) -> list[str]:
    """Paths of all arrays of an HDF5 file."""
    found: list[str] = []
    stored.visititems(lambda name, node: found.append(name) if isinstance(node, h5py.Dataset) else None)
    return found


def replace(stored: h5py.File, name: str, values: np.ndarray, **options: Any) -> None:
    """Store another array under a name."""
    del stored[name]
    stored.create_dataset(name, data=values, **options)


def _renamed(module: Any, name: Any, registered: Any = None) -> Change:
    """Let a layer name another class."""

    def change(config: dict[str, Any]) -> None:
        convolution(config).update(module=module, class_name=name, registered_name=registered)

    return with_config(change)


def _option(**values: Any) -> Change:
    return with_config(lambda config: convolution(config)["config"].update(values))


def _spoilt(value: float, share: float) -> Change:
    def change(stored: h5py.File) -> None:
        for name in datasets(stored):
            node = stored[name]
            values = np.array(node)
            if values.dtype.kind == "f" and values.size:
                values.ravel()[: max(1, int(share * values.size))] = value
                node[...] = values

    return with_weights(change)


def _cut(share: float) -> Change:
    return lambda parts, rng: archived(parts)[: int(len(archived(parts)) * share)]


def _flipped(seed: int, count: int = 1) -> Change:
    """Bits that flip anywhere in the file."""

    def change(parts: dict[str, bytes], rng: np.random.Generator) -> bytes:
        content = bytearray(archived(parts))
        for place in np.random.default_rng(seed).integers(0, len(content), count):
            content[place] ^= 1 << int(rng.integers(8))
        return bytes(content)

    return change


def _code() -> str:
    return f"open({MARKER!r}, 'w').write('x')"


class _Pickled:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (_code(),)


def _member(name: str, content: bytes) -> Change:
    return lambda parts, rng: parts | {name: content}


def _without(name: str) -> Change:
    return lambda parts, rng: {key: value for key, value in parts.items() if key != name}


def _deep(parts: dict[str, bytes], rng: np.random.Generator) -> dict[str, bytes]:
    return parts | {CONFIG: b'{"config":' * 100_000 + b"1" + b"}" * 100_000}


def _bomb(name: str, megabytes: int) -> Change:
    def change(parts: dict[str, bytes], rng: np.random.Generator) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for key, value in parts.items():
                with archive.open(key, "w", force_zip64=True) as member:
                    member.write(value)
                    for _ in range(megabytes if key == name else 0):
                        member.write(bytes(1 << 20))
        return buffer.getvalue()

    return change


def _inflating(stored: h5py.File) -> None:
    name = datasets(stored)[0]
    del stored[name]
    stored.create_dataset(name, shape=(1 << 31,), dtype="f4", chunks=(1 << 20,), compression="gzip")


def _external(stored: h5py.File) -> None:
    name = datasets(stored)[0]
    shape = stored[name].shape
    del stored[name]
    stored.create_dataset(name, shape, "f4", external=[("/etc/passwd", 0, 4 * int(np.prod(shape)))])


def _linked(link: Any) -> Change:
    def change(stored: h5py.File) -> None:
        name = datasets(stored)[0]
        del stored[name]
        stored[name] = link

    return with_weights(change)


def _twice(parts: dict[str, bytes], rng: np.random.Generator) -> bytes:
    import warnings

    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")
        for name, content in (*parts.items(), (CONFIG, b"{}")):
            archive.writestr(name, content)
    return buffer.getvalue()


def _outputs_twice(config: dict[str, Any]) -> None:
    config["config"]["output_layers"] = [config["config"]["output_layers"]] * 2


def _lambda(config: dict[str, Any]) -> None:
    convolution(config).update(
        module="keras.layers",
        class_name="Lambda",
        registered_name=None,
        config={"name": "evil", "function": {"class_name": "__lambda__", "config": {"code": "4wAAAA=="}}},
    )


def _sequential(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "module": "keras",
        "class_name": "Sequential",
        "registered_name": None,
        "config": {"name": "empty", "layers": []},
        "build_config": {},
    }


def _activation(value: Any) -> Change:
    return _option(activation=value)


# name: how the good file is changed
CHANGES: dict[str, Change] = {
    "empty file": lambda parts, rng: b"",
    "text": lambda parts, rng: b"not a network\n",
    "noise": lambda parts, rng: rng.bytes(5000),
    "pickle": lambda parts, rng: pickle.dumps(_Pickled()),
    "HDF5 inside": lambda parts, rng: parts[WEIGHTS],
    "empty archive": lambda parts, rng: archived({}),
    **{f"cut to {share:.0%}": _cut(share) for share in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99)},
    **{f"bit flipped, {seed}": _flipped(seed) for seed in range(12)},
    **{f"twenty bits flipped, {seed}": _flipped(seed, 20) for seed in range(6)},
    "no config": _without(CONFIG),
    "no weights": _without(WEIGHTS),
    "foreign member": _member("run.py", _code().encode()),
    "member outside": _member("../../outside.txt", b"x"),
    "absolute member": _member("/tmp/outside.txt", b"x"),
    "asset": _member("assets/evil.py", _code().encode()),
    "config twice": _twice,
    "config empty": _member(CONFIG, b""),
    "config a list": _member(CONFIG, b"[]"),
    "config null": _member(CONFIG, b"null"),
    "config a number": _member(CONFIG, b"3"),
    "config cut": with_config(lambda config: json.dumps(config).encode()[:500]),
    "config in Latin-1": _member(CONFIG, '{"config": "é"}'.encode("latin-1")),
    "config deep": _deep,
    "config of another kind": _member(CONFIG, b'{"config": {"a": 1}, "class_name": "Functional"}'),
    "weights empty": _member(WEIGHTS, b""),
    "weights text": _member(WEIGHTS, b"text"),
    "weights cut": lambda parts, rng: parts | {WEIGHTS: parts[WEIGHTS][: len(parts[WEIGHTS]) // 2]},
    "weights of noise": lambda parts, rng: parts | {WEIGHTS: parts[WEIGHTS][:512] + rng.bytes(4000)},
    "class os.system": _renamed("os", "system"),
    "class subprocess.Popen": _renamed("subprocess", "Popen"),
    "class builtins.eval": _renamed("builtins", "eval"),
    "class under our name": _renamed("os", "system", "segnet_nb>system"),
    "our package, unknown class": _renamed("segnet_nb.networks.layers", "Nothing", "segnet_nb>Nothing"),
    "our package, a function": _renamed("segnet_nb._shared.files", "write_whole", None),
    "class of another package": _renamed("evil", "Layer", "evil>Layer"),
    "class unknown": _renamed("keras.layers", "NoSuchLayer"),
    "class TFSMLayer": _renamed("keras.layers", "TFSMLayer"),
    "class TorchModuleWrapper": _renamed("keras.layers", "TorchModuleWrapper"),
    "class Lambda": with_config(_lambda),
    "class no text": _renamed("keras.layers", 7),
    "class absent": with_config(lambda config: convolution(config).pop("class_name") and None),
    "module absent": _renamed(None, "Conv2D"),
    "module a list": _renamed(["keras.layers"], "Conv2D"),
    "activation is code": _activation({"module": "os", "class_name": "function", "config": "system"}),
    "activation lambda": _activation({"class_name": "__lambda__", "config": {"code": "4wAAAA=="}}),
    "activation unknown": _activation("no_such_activation"),
    "dtype unknown": _option(dtype="float7"),
    "dtype of text": _option(
        dtype={"module": "keras", "class_name": "DTypePolicy", "config": {"name": "str"}}
    ),
    "filters negative": _option(filters=-4),
    "filters zero": _option(filters=0),
    "filters text": _option(filters="many"),
    "filters of gigabytes": _option(filters=2_000_000_000),
    "filters of terabytes": _option(filters=10**12),
    "kernel of gigabytes": _option(kernel_size=[30_000, 30_000]),
    "filters other": _option(filters=5),
    "strides zero": _option(strides=[0, 0]),
    "padding unknown": _option(padding="sideways"),
    "name a path": _option(name="../../x"),
    "option unknown": _option(no_such_option=1),
    "two outputs": with_config(_outputs_twice),
    "no outputs": with_config(lambda config: config["config"].update(output_layers=[])),
    "no inputs": with_config(lambda config: config["config"].update(input_layers=[])),
    "output unknown": with_config(lambda config: config["config"].update(output_layers=["nothing", 0, 0])),
    "no layers": with_config(lambda config: config["config"].update(layers=[])),
    "layer twice": with_config(lambda config: layers(config).append(copy.deepcopy(layers(config)[1]))),
    "layer missing": with_config(lambda config: layers(config).pop(1) and None),
    "unbuilt Sequential": with_config(_sequential),
    "NaN weights": _spoilt(np.nan, 1.0),
    "one NaN": _spoilt(np.nan, 0.0),
    "infinite weights": _spoilt(np.inf, 1.0),
    "weight missing": with_weights(lambda stored: stored.__delitem__(datasets(stored)[0])),
    "weight of another shape": with_weights(
        lambda stored: replace(stored, datasets(stored)[0], np.zeros((1, 2, 3)))
    ),
    "weight of text": with_weights(lambda stored: replace(stored, datasets(stored)[0], np.array([b"text"]))),
    "weight inflates": with_weights(_inflating),
    "weight of another file": with_weights(_external),
    "external link": _linked(h5py.ExternalLink("/etc/passwd", "/")),
    "soft link": _linked(h5py.SoftLink("/nowhere")),
    "group in a circle": with_weights(lambda stored: stored.__setitem__("layers/again", stored["/"])),
    "bomb in the weights": _bomb(WEIGHTS, 2000),
    "bomb in the config": _bomb(CONFIG, 200),
}


def write(good: Path, folder: Path, name: str) -> Path:
    """Write one of the files.

    Args:
        good: a good ``.keras`` file.
        folder: where to write it.
        name: one of ``CHANGES``.
    """
    changed = CHANGES[name](members(good.read_bytes()), np.random.default_rng(0))
    path = folder / "network.keras"
    path.write_bytes(changed if isinstance(changed, bytes) else archived(changed))
    return path
