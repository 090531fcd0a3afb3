"""Discrete Fourier transforms of tiles as matrices, for ``fourier_convolutions``.

A tile is short, so its transform is a matrix product, which frameworks compute at full speed, and lengths
need no factors. A complex product ``x * v`` takes three real ones instead of four (Gauss): of ``x_r``,
``x_i`` and ``x_r + x_i`` with three such sums of ``v``, and both parts of the result are sums of these
products. Since all of these sums are linear, they are part of the matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

# Rows: the three factors of a spectrum; columns: its real and imaginary part.
_INPUT = np.array([[1, 0], [0, 1], [1, 1]])  # x_r, x_i, x_r + x_i
_KERNEL = np.array([[-1, -1], [1, -1], [1, 0]])  # of the conjugate: correlation, as networks convolve
_UPSTREAM = np.array([[0, 1], [1, 0], [1, 1]])  # g_i, g_r, g_r + g_i
# Rows: real and imaginary part of a product; columns: the three products.
_OUTPUT = np.array([[0, -1, 1], [1, 0, 1]])  # x * conj(w)
_BY_INPUT = np.array([[1, 0, 1], [0, -1, 1]])  # g * w
_BY_KERNEL = np.array([[-1, -1, 1], [-1, 1, 0]])  # x * conj(g)


@dataclass(frozen=True)
class Axis:
    """How one side of a feature map is tiled.

    Attributes:
        kernel: length of the kernel, odd.
        length: length of the side, in pixels.
        tiles: number of tiles.

    Example:
        >>> axis = Axis(kernel=7, length=240, tiles=9)
        >>> axis.step, axis.window  # 27 pixels of the output need 33 of the input
        (27, 33)
    """

    kernel: int
    length: int
    tiles: int

    @property
    def border(self) -> int:
        """Zeros before the first pixel."""
        return self.kernel // 2

    @property
    def step(self) -> int:
        """Pixels of the output in a tile; the last tile also covers the border, where gradients end."""
        return max(-(-(self.length + self.border) // self.tiles), self.kernel - 1)

    @property
    def window(self) -> int:
        """Pixels of the input in a tile: the length of its transform."""
        return self.step + self.kernel - 1

    @property
    def covered(self) -> int:
        """Pixels of the output in all tiles."""
        return self.step * self.tiles


@dataclass(frozen=True)
class Matrices:
    """The transforms along both axes: ``down`` of real tiles, then ``across``.

    The spectrum has ``window // 2 + 1`` frequencies down, ``window`` across and three factors for each.
    """

    input: tuple[np.ndarray, np.ndarray]
    kernel: tuple[np.ndarray, np.ndarray]
    upstream: tuple[np.ndarray, np.ndarray]
    output: tuple[np.ndarray, np.ndarray]
    by_input: tuple[np.ndarray, np.ndarray]
    by_kernel: tuple[np.ndarray, np.ndarray]


@cache
def matrices(down: Axis, across: Axis) -> Matrices:
    """The transforms of tiles, kernels and upstream gradients, and back.

    Returns:
        float32 matrices. To the spectrum: ``(2 * frequencies, rows)`` and ``(3 * window, 2 * columns)``.
        Back: ``(rows, 2 * frequencies)`` and ``(2 * columns, 3 * window)``, for the pixels needed alone.
    """
    there, back = _real(down.window)
    forward, inverse = _complex(across.window)

    def to(factors: np.ndarray, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        by_factor = np.einsum("fp,kpqt->kfqt", factors, forward[..., :columns])
        return _float(there[:, :rows]), _float(by_factor.reshape(3 * across.window, 2 * columns))

    def fro(products: np.ndarray, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        by_product = np.einsum("otkp,pf->otkf", inverse[:, :columns], products)
        return _float(back[:rows]), _float(by_product.reshape(2 * columns, 3 * across.window))

    return Matrices(
        input=to(_INPUT, down.window, across.window),
        kernel=to(_KERNEL, down.kernel, across.kernel),
        upstream=to(_UPSTREAM, down.step, across.step),
        output=fro(_OUTPUT, down.step, across.step),
        by_input=fro(_BY_INPUT, down.window, across.window),
        by_kernel=fro(_BY_KERNEL, down.kernel, across.kernel),
    )


def _real(length: int) -> tuple[np.ndarray, np.ndarray]:
    """Real values to real and imaginary parts of half the frequencies, ``(2 * half, length)``, and back."""
    half = length // 2 + 1
    angle = 2 * np.pi * np.outer(np.arange(half), np.arange(length)) / length
    parts = np.stack([np.cos(angle), -np.sin(angle)], axis=1)
    # Every frequency stands for its conjugate too, but for the first and, of an even length, the last.
    weight = np.where((np.arange(half) == 0) | (2 * np.arange(half) == length), 1, 2)
    back = parts * weight[:, None, None] / length
    return parts.reshape(2 * half, length), back.reshape(2 * half, length).T


def _complex(length: int) -> tuple[np.ndarray, np.ndarray]:
    """``(frequency, part, part of the value, place)``, and back: ``(part, place, frequency, part)``."""
    angle = 2 * np.pi * np.outer(np.arange(length), np.arange(length)) / length
    cosine, sine = np.cos(angle), np.sin(angle)
    forward = np.stack([np.stack([cosine, sine], 1), np.stack([-sine, cosine], 1)], axis=1)
    inverse = np.stack([np.stack([cosine, -sine], 2), np.stack([sine, cosine], 2)]) / length
    return forward, inverse


def _float(matrix: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(matrix, dtype="float32")
