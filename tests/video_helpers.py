"""Videos for tests, written by PyAV itself, independently of the package's writer."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

av: Any = pytest.importorskip("av", reason="PyAV is an optional package")


def grey(level: int, size: tuple[int, int] = (24, 32)) -> np.ndarray:
    return np.full((*size, 3), level, np.uint8)


def lossless(
    path: Path, images: Sequence[np.ndarray], rate: Fraction | int = 10, *, codec: str = "ffv1"
) -> Path:
    """FFV1 or PNG in Matroska or AVI: exact colours, any size."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = {"ffv1": "bgr0", "png": "rgb24"}[codec]
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def sound_only(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turned(path: Path, target: Path) -> Path:
    """An MP4 whose header tells players to turn it a quarter clockwise, as telephones write it.

    The matrix of the track header (ISO 14496-12, 8.3.2) maps x, y to -y, x: right becomes down.
    """
    content = path.read_bytes()
    one = (1 << 16).to_bytes(4)
    minus = ((1 << 32) - (1 << 16)).to_bytes(4)
    zero, unit = bytes(4), (1 << 30).to_bytes(4)
    identity = one + zero + zero + zero + one + zero + zero + zero + unit
    quarter = zero + one + zero + minus + zero + zero + zero + zero + unit
    at = content.index(identity, content.index(b"tkhd"))
    target.write_bytes(content[:at] + quarter + content[at + len(quarter) :])
    return target
