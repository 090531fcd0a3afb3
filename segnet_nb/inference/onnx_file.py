"""ONNX files written without the packages that do it elsewhere: a few kinds of records of protocol buffers.

A page holds a network in several small files (``onnx_parts``). The extra ``export`` is not needed for them,
and they are written in milliseconds. The numbers of the fields are those of ``onnx.proto3``; operator set 17
came with IR version 8.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

OPSET = 17
_IR_VERSION = 8
_TYPES = {"float32": 1, "uint8": 2, "int32": 6, "int64": 7, "float16": 10}
_VARINT, _BYTES, _FIXED32 = 0, 2, 5
_FLOAT, _INT, _STRING, _INTS = 1, 2, 3, 7  # kinds of attributes


def varint(number: int) -> bytes:
    """A whole number in groups of seven bits, the lowest first.

    Example:
        >>> varint(300).hex()  # 0b10_0101100: the lower seven bits with a sign that more follow, then 2
        'ac02'
    """
    number &= (1 << 64) - 1
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def _number(field: int, value: int) -> bytes:
    return varint(field << 3 | _VARINT) + varint(value)


def _content(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | _BYTES) + varint(len(content)) + content


def attribute(name: str, value: float | int | str | Sequence[int]) -> bytes:
    """An attribute of a node: a number, a text or whole numbers."""
    if isinstance(value, str):
        kind, content = _STRING, _content(4, value)
    elif isinstance(value, float):
        kind, content = _FLOAT, varint(2 << 3 | _FIXED32) + struct.pack("<f", value)
    elif isinstance(value, int):
        kind, content = _INT, _number(3, value)
    else:
        kind, content = _INTS, b"".join(_number(8, each) for each in value)
    return _content(1, name) + content + _number(20, kind)


def node(
    operator: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    attributes: Mapping[str, Any] | None = None,
    *,
    name: str = "",
) -> bytes:
    """A node: an operator with the names of its inputs and outputs, and one of its own if it needs one."""
    parts = [_content(1, each) for each in inputs] + [_content(2, each) for each in outputs]
    parts += [_content(3, name)] if name else []
    parts.append(_content(4, operator))
    parts += [_content(5, attribute(key, value)) for key, value in (attributes or {}).items()]
    return b"".join(parts)


def tensor(name: str, values: np.ndarray) -> bytes:
    """A constant."""
    dimensions = b"".join(_number(1, side) for side in values.shape)
    content = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    return dimensions + _number(2, _TYPES[str(values.dtype)]) + _content(8, name) + _content(9, content)


def value(name: str, shape: Sequence[int | str], dtype: str = "float32") -> bytes:
    """An input or an output of the graph; sides that are not fixed have names."""
    sides = [_number(1, each) if isinstance(each, int) else _content(2, each) for each in shape]
    dimensions = b"".join(_content(1, side) for side in sides)
    kind = _number(1, _TYPES[dtype]) + _content(2, dimensions)
    return _content(1, name) + _content(2, _content(1, kind))


def model(
    nodes: Sequence[bytes], constants: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes]
) -> bytes:
    """The content of an ONNX file.

    Args:
        nodes: each behind those whose outputs it takes.
        constants: made by ``tensor``.
        inputs: made by ``value``.
        outputs: made by ``value``.

    Example:
        >>> side = ("n",)
        >>> twice = node("Add", ["x", "x"], ["y"])
        >>> len(model([twice], [], [value("x", side)], [value("y", side)]))
        79
    """
    graph = b"".join(
        [
            *(_content(1, each) for each in nodes),
            _content(2, "part"),
            *(_content(5, each) for each in constants),
            *(_content(11, each) for each in inputs),
            *(_content(12, each) for each in outputs),
        ]
    )
    opset = _content(1, "") + _number(2, OPSET)
    return _number(1, _IR_VERSION) + _content(2, "segnet-nb") + _content(7, graph) + _content(8, opset)
