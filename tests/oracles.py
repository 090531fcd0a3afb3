"""Slow loop-by-loop references for pooling, unpooling and local response normalisation.

Nothing here looks like the code under test: windows are visited one after the other, indices are places
``(y, x)``, and gradients are moved by hand from the place they leave to the place they reach.
"""

from __future__ import annotations

import itertools

import numpy as np


def _windows(height, width):
    """Every 2 x 2 window and the positions inside the map that it covers, row by row."""
    for top, left in itertools.product(range(0, height, 2), range(0, width, 2)):
        places = [(y, x) for y in (top, top + 1) for x in (left, left + 1) if y < height and x < width]
        yield (top // 2, left // 2), places


def pool(x):
    """Maxima, offsets ``2 * dy + dx`` and positions ``y * width + x``; the first maximum wins."""
    batch, height, width, channels = x.shape
    shape = (batch, -(-height // 2), -(-width // 2), channels)
    values, offsets = np.zeros(shape, x.dtype), np.zeros(shape, "uint8")
    positions = np.zeros(shape, "int64")
    for image, channel in itertools.product(range(batch), range(channels)):
        for (row, column), places in _windows(height, width):
            best = places[0]
            for place in places[1:]:
                if x[(image, *place, channel)] > x[(image, *best, channel)]:
                    best = place
            at = (image, row, column, channel)
            values[at] = x[(image, *best, channel)]
            offsets[at] = 2 * (best[0] - 2 * row) + best[1] - 2 * column
            positions[at] = best[0] * width + best[1]
    return values, offsets, positions


def unpool(values, offsets, height, width):
    """Each value at its position, zeros elsewhere."""
    result = np.zeros((values.shape[0], height, width, values.shape[3]), values.dtype)
    for at in np.ndindex(values.shape):
        image, row, column, channel = at
        y, x = 2 * row + offsets[at] // 2, 2 * column + offsets[at] % 2
        result[image, y, x, channel] = values[at]
    return result


def unpool_gradient(offsets, upstream):
    """Gradient of each value: the gradient at the position where it was written."""
    result = np.zeros(offsets.shape, upstream.dtype)
    for at in np.ndindex(offsets.shape):
        image, row, column, channel = at
        y, x = 2 * row + offsets[at] // 2, 2 * column + offsets[at] % 2
        result[at] = upstream[image, y, x, channel]
    return result


def local_response(x, size, alpha, beta):
    """Caffe's ACROSS_CHANNELS: alpha is divided by the size, the window is clipped at the edges."""
    x = x.astype("float64")
    result = np.zeros_like(x)
    channels = x.shape[-1]
    for place in np.ndindex(x.shape[:-1]):
        for c in range(channels):
            energy = 0.0
            for k in range(c - size // 2, c + size // 2 + 1):
                if 0 <= k < channels:
                    energy += x[place][k] ** 2
            result[place][c] = x[place][c] / (1 + alpha / size * energy) ** beta
    return result
