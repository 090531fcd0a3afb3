"""The engine that runs networks in a page: onnxruntime-web, built into one file that the package carries.

The file is gzip of three parts, each after its length as four bytes, the lowest first: a version, the module,
and the WebAssembly. ``tools/build_engine.py`` makes it; without it pages have no live networks. A second one
computes on a graphics processor, by WebGPU.
"""

from __future__ import annotations

import base64
import functools
import gzip
import zlib
from pathlib import Path

ENGINE = Path(__file__).parents[1] / "web" / "engine.bin"
GPU_ENGINE = ENGINE.with_name("gpu_engine.bin")


def packed(version: str, module: bytes, webassembly: bytes) -> bytes:
    """The content of the file before gzip.

    Example:
        >>> packed("1.0", b"m", b"wa").hex()
        '03000000312e30010000006d020000007761'
    """
    parts = version.encode(), module, webassembly
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def version_of(path: Path) -> str | None:
    """The version in a file of the engine; None if there is no such file, or it is damaged.

    Example:
        >>> version_of(Path("no such file")) is None
        True
    """
    try:
        with gzip.open(path) as opened:
            length = int.from_bytes(opened.read(4), "little")
            return opened.read(length).decode() if 0 < length < 40 else None
    except (OSError, EOFError, UnicodeDecodeError, zlib.error):
        return None


def has_engine(path: Path = ENGINE) -> bool:
    """Whether this installation can make pages with live networks."""
    return version_of(path) is not None


@functools.cache
def engine_text(path: Path = ENGINE) -> str:
    """The file as base64, as a page holds it."""
    return base64.b64encode(path.read_bytes()).decode()
