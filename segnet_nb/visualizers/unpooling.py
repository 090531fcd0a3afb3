"""The path of a pixel through the poolings and unpoolings, drawn on the feature maps of one stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Patch, Rectangle
from matplotlib.patheffects import withStroke

from segnet_nb._shared.errors import UserError
from segnet_nb.visualizers.colors import GREY, VERMILION
from segnet_nb.visualizers.feature_maps import OFFSET_NAMES, ZERO_COLOR, stage_pictures
from segnet_nb.visualizers.figures import NotebookFigure
from segnet_nb.visualizers.pooling import OFFSET_COLORS

if TYPE_CHECKING:
    from segnet_nb.probes.unpooling import PathStep, PixelPath, UnpoolingTrace

_DARK_HALO = [withStroke(linewidth=3, foreground="black")]
_LIGHT_HALO = [withStroke(linewidth=3, foreground="white")]


def path_cells(path: PixelPath, level: int) -> tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]]:
    """The cells of a path on a feature map whose pixels are ``2 ** level`` pixels of the image wide.

    Args:
        path: path of a pixel.
        level: 0 for the image and the features of the first stage, ``n`` for the pooled map of stage ``n``.

    Returns:
        The way down and the way up, each a list of ``(top, left, side)`` in pixels of the image: down from
        the pixel of this map to the bottleneck, up from the bottleneck to the pixel of this map.
    """
    depth = len(path.steps)
    down = [((path.pixel[0] >> n) << n, (path.pixel[1] >> n) << n, 1 << n) for n in range(level, depth + 1)]
    up = []
    for n in range(depth, level - 1, -1):
        y, x = path.bottleneck if n == depth else path.steps[n].returned
        up.append((y << n, x << n, 1 << n))
    return down, up


def _draw_path(axis: Axes, path: PixelPath, level: int, smallest: float) -> None:
    """White squares for the way down, a dashed line with a circle at its end for the way up."""
    down, up = path_cells(path, level)
    for number, (y, x, side) in enumerate(down):
        side_shown = max(side, smallest) if number == 0 else side
        corner = (x + (side - side_shown) / 2, y + (side - side_shown) / 2)
        axis.add_patch(
            Rectangle(
                corner,
                side_shown,
                side_shown,
                fill=False,
                edgecolor="white",
                linewidth=1.6 if number == 0 else 0.8,
                path_effects=_DARK_HALO if number == 0 else None,
            )
        )
    centres = [(x + side / 2, y + side / 2) for y, x, side in up]
    axis.plot(*zip(*centres, strict=True), color=VERMILION, linewidth=1.2, linestyle=(0, (2, 1.5)))
    radius = max(up[-1][2], 1.3 * smallest) / 2
    axis.add_patch(
        Circle(centres[-1], radius, fill=False, edgecolor=VERMILION, linewidth=1.6, path_effects=_LIGHT_HALO)
    )


def _draw_window(axis: Axes, step: PathStep, chosen: bool) -> None:
    """The four values of one window, the maximum in the colour of its index."""
    own = 2 * (step.pixel[0] % 2) + step.pixel[1] % 2
    for offset in range(4):
        y, x = divmod(offset, 2)
        number, won = step.numbers[y, x], offset == step.index
        axis.add_patch(
            Rectangle((x, y), 1, 1, facecolor=OFFSET_COLORS[offset] if won else "white", edgecolor="0.6")
        )
        text = "–" if number != number else f"{number:.3g}"
        axis.text(
            x + 0.5,
            y + 0.5,
            text,
            ha="center",
            va="center",
            fontsize=8,
            weight="bold" if won else "normal",
        )
        if offset == own:
            axis.add_patch(
                Rectangle((x + 0.08, y + 0.08), 0.84, 0.84, fill=False, edgecolor="black", linewidth=1.2)
            )
    axis.set(xlim=(-0.6, 2.6), ylim=(2.05, -0.05), aspect="equal")
    axis.set_axis_off()
    axis.set_title(
        f"stage {step.stage}, channel {step.channel}",
        fontsize=9,
        weight="bold" if chosen else "normal",
    )
    axis.text(
        1,
        2.15,
        f"index {step.index}, {OFFSET_NAMES[step.index]}\nback to ({step.returned[0]}, {step.returned[1]})",
        ha="center",
        va="top",
        fontsize=8,
        color=GREY,
    )


def _window_start(centre: float, side: float, zoom: float) -> float:
    """Start of a window of size ``side / zoom`` centred on ``centre``, clamped to the edges."""
    return min(max(centre + 0.5 - side / zoom / 2, 0.0), side - side / zoom)


def show_unpooling(
    trace: UnpoolingTrace, path: PixelPath, *, zoom: float = 1, title: str = "", width: float = 10.0
) -> Figure:
    """One channel of a stage from the features to the dense feature map, with the path of a pixel.

    White squares are the way down, the innermost is the pixel on that map; the dashed line is the way up,
    the circle the position to which the decoder writes the value. The windows on the way down are shown
    below, with the maximum in the colour of its index and a frame around the value of the pixel.

    Args:
        trace: trace of the network for the image.
        path: ``trace.path(y, x, stage=..., channel=...)``; its stage and channel are shown.
        zoom: magnification around the pixel, at least 1.
        title: title of the figure.
        width: width of the figure in inches.

    Raises:
        ValueError: if the zoom is below 1, or the path belongs to another trace: its stage, channel or
            pixel does not exist.
    """
    if not zoom >= 1:
        raise UserError(f"zoom must be at least 1, but got {zoom}.")
    trace.path(*path.pixel, stage=path.stage, channel=path.channel)  # raises if it does not exist
    stage, channel = trace.stage(path.stage), path.channel
    pictures = stage_pictures(stage, channel)
    before, after = stage.zero_share_before(channel), stage.zero_share_after(channel)
    panels = {
        "image": ("image", trace.image, 0),
        "features": (f"features, channel {channel}", pictures["features"].rgb, stage.number - 1),
        "pooled": ("pooled: the maxima", pictures["pooled"].rgb, stage.number),
        "indices": ("indices: positions of the maxima", pictures["indices"].rgb, stage.number),
        "unpooled": (f"unpooled: {before:.1%} zeros", pictures["unpooled"].rgb, stage.number - 1),
        "dense": (f"after convolution: {after:.1%} zeros", pictures["dense"].rgb, stage.number - 1),
    }
    height = 2 * width / 3 * trace.image.shape[0] / trace.image.shape[1]
    figure = NotebookFigure(width, height + 2.6, photographic=True)
    rows = figure.add_gridspec(2, 1, height_ratios=[height, 1.3])
    maps = rows[0].subgridspec(2, 3)
    for number, (name, (text, picture, level)) in enumerate(panels.items()):
        axis = figure.add_subplot(maps[number // 3, number % 3], label=name)
        _draw_map(axis, picture, path, level, zoom)
        axis.set_title(text, fontsize=10)
    windows = rows[1].subgridspec(1, len(path.steps))
    for number, step in enumerate(path.steps):
        axis = figure.add_subplot(windows[0, number], label=f"window {step.stage}")
        _draw_window(axis, step, step.stage == path.stage)
    patches = [
        Patch(facecolor=color, edgecolor="0.4", label=f"{offset} {name}")
        for offset, (color, name) in enumerate(zip(OFFSET_COLORS, OFFSET_NAMES, strict=True))
    ]
    patches.append(Patch(facecolor=ZERO_COLOR, edgecolor="0.4", label="exactly zero"))
    figure.legend(handles=patches, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    positions = f"pixel {path.pixel} down to {path.bottleneck} and back to {path.returned}"
    figure.suptitle(title or f"stage {path.stage}: {positions}", fontsize=11)
    return figure


def _draw_map(axis: Axes, picture: np.ndarray, path: PixelPath, level: int, zoom: float) -> None:
    """A feature map in pixels of the image, zoomed to the pixel of a path."""
    cell = 1 << level
    across, down = picture.shape[1] * cell, picture.shape[0] * cell
    axis.imshow(picture, extent=(0, across, down, 0), interpolation="nearest")
    _draw_path(axis, path, level, smallest=across / zoom / 36)
    top, left = (_window_start(at, side, zoom) for at, side in zip(path.pixel, (down, across), strict=True))
    axis.set(xlim=(left, left + across / zoom), ylim=(top + down / zoom, top))
    axis.set_axis_off()
