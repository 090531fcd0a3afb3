"""Architecture diagrams, and the time of each stage of a network."""

from __future__ import annotations

import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from segnet_nb._shared.errors import UserError
from segnet_nb.probes.layer_costs import LayerCost, NetworkCosts
from segnet_nb.visualizers.colors import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, YELLOW
from segnet_nb.visualizers.figures import NotebookFigure

_DRAWN = {
    "Conv2D": ("convolution", BLUE),
    "DepthwiseConv2D": ("convolution", BLUE),
    "Conv2DTranspose": ("transposed convolution", SKY),
    "MaxPoolingWithIndices2D": ("max pooling", ORANGE),
    "MaxUnpooling2D": ("unpooling with indices", GREEN),
    "UpSampling2D": ("upsampling", PURPLE),
    "BilinearUpsampling2D": ("upsampling", PURPLE),
    "DepthToSpace2D": ("depth to space", YELLOW),
}
_TIMED = {
    **_DRAWN,
    "BatchNormalization": ("normalisation and ReLU", VERMILION),
    "ReLU": ("normalisation and ReLU", VERMILION),
}
_OTHER = ("other layers", GREY)
_GAP, _HEIGHT = 0.35, 7.0
Point = tuple[float, float]


def show_architecture(costs: NetworkCosts, *, title: str | None = None) -> Figure:
    """A diagram of the feature maps of a network, and of the connections from the encoder to the decoder.

    The height of a box is the square root of the height of the feature map, its width the square root of the
    number of channels; arrows are connections from the encoder to the decoder, with indices at two bits each.

    Args:
        costs: from ``segnet_nb.probes.probe_costs``.
        title: title of the figure; None: the name of the network and its number of parameters.

    Returns:
        The figure.

    Raises:
        ValueError: if the network has no convolution.
    """
    boxes = [layer for layer in costs.layers if layer.kind in _DRAWN]
    if not any(box.kind == "Conv2D" for box in boxes):
        raise UserError(f"{costs.network} has no convolution to draw. Pass a network of segnet_nb.model.")
    figure = NotebookFigure(11, 5)
    figure.suptitle(title or f"{costs.network}: {costs.parameters / 1e6:.2f} million parameters", fontsize=11)
    axes = figure.subplots()
    bottoms, right = _draw_boxes(axes, boxes)
    links = _links(costs)
    for number, (source, target, text) in enumerate(reversed(links)):
        _draw_link(axes, bottoms[source], bottoms[target], -_HEIGHT / 2 - 0.9 - 0.75 * number, text)
    axes.set(xlim=(-0.2, right + 0.8), ylim=(-_HEIGHT / 2 - 1 - 0.75 * len(links), _HEIGHT / 2 + 2.2))
    axes.set_axis_off()
    used = dict.fromkeys(_DRAWN[box.kind] for box in boxes)
    handles = [Patch(facecolor=color, label=name) for name, color in used]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9, frameon=False)
    return figure


def _draw_boxes(axes: Axes, boxes: list[LayerCost]) -> tuple[dict[str, Point], float]:
    """Draw one box per layer; returns the centre of the lower edge of each box, and the right end."""
    bottoms, last, cursor = {}, (None, None), 0.0
    tallest = max(box.shape[0] for box in boxes)
    for box in boxes:
        height, width = _HEIGHT * np.sqrt(box.shape[0] / tallest), np.sqrt(box.shape[2]) / 10 + 0.12
        changed = box.shape[0] != last[0]
        cursor += _GAP if changed else 0.08
        color = _DRAWN[box.kind][1]
        axes.add_patch(Rectangle((cursor, -height / 2), width, height, facecolor=color, edgecolor="none"))
        if changed:
            text = f"{box.shape[0]} x {box.shape[1]}"
            axes.text(cursor, height / 2 + 0.2, text, rotation=45, fontsize=8, ha="left", va="bottom")
        if box.shape[2] != last[1]:
            where = (cursor + width / 2, -height / 2 - 0.15)
            axes.text(*where, str(box.shape[2]), fontsize=8, ha="center", va="top")
        bottoms[box.name] = (cursor + width / 2, -height / 2)
        last = (box.shape[0], box.shape[2])
        cursor += width
    return bottoms, cursor


def _links(costs: NetworkCosts) -> list[tuple[str, str, str]]:
    """Source pooling, target layer of the decoder, and label of each connection; outermost first."""
    names = {layer.name for layer in costs.layers}
    links = []
    for pooling in costs.poolings:
        number = pooling.name.removeprefix("pool")
        added = f"add{number}" in names
        maps = f"feature maps {pooling.map_bytes / 1e6:.2f} MB"
        if f"unpool{number}" in names:
            text = f"indices {pooling.packed_bytes / 1e6:.3f} MB"
            links.append((pooling.name, f"unpool{number}", f"{text}, {maps}" if added else text))
        elif f"reduce{number}" in names:
            links.append((pooling.name, f"enlarge{number}", "feature maps, one per class"))
        elif added or f"concatenate{number}" in names:
            links.append((pooling.name, f"enlarge{number}", maps))
    return links


def _draw_link(axes: Axes, source: Point, target: Point, low: float, text: str) -> None:
    """An arrow from the lower edge of one box to that of another, with a label."""
    (x1, y1), (x2, y2) = source, target
    axes.plot([x1, x1, x2], [y1 - 0.1, low, low], color=GREY, lw=1, solid_joinstyle="miter")
    axes.annotate(
        "", (x2, y2 - 0.1), (x2, low), arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 1, "shrinkB": 0}
    )
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    axes.text((x1 + x2) / 2, low, text, fontsize=8, ha="center", va="center", bbox=box)


def show_layer_times(costs: NetworkCosts, *, title: str | None = None) -> Figure:
    """Time of every stage of a network in milliseconds, by type of layer.

    Args:
        costs: from ``segnet_nb.probes.probe_costs``.
        title: title of the figure; None: the name of the network and the total time.

    Returns:
        The figure.

    Raises:
        ValueError: if the network has no layers.
    """
    if not costs.layers:
        raise UserError("the network has no layers to show. Pass a network of segnet_nb.model.")
    stages: dict[str, dict[tuple[str, str], float]] = {}
    for layer in costs.layers:
        kind = _TIMED.get(layer.kind, _OTHER)
        stage = stages.setdefault(_stage(layer), {})
        stage[kind] = stage.get(kind, 0.0) + 1000 * layer.seconds
    figure = NotebookFigure(9, 1.4 + 0.24 * len(stages))
    figure.suptitle(title or f"{costs.network}: {1000 * costs.seconds:.0f} ms, layer by layer", fontsize=11)
    axes = figure.subplots()
    found = {kind for stage in stages.values() for kind in stage}
    kinds = [kind for kind in dict.fromkeys([*_TIMED.values(), _OTHER]) if kind in found]
    left = np.zeros(len(stages))
    for kind in kinds:
        widths = np.array([stage.get(kind, 0.0) for stage in stages.values()])
        axes.barh(range(len(stages)), widths, left=left, color=kind[1], label=kind[0])
        left += widths
    axes.set_yticks(range(len(stages)), list(stages), fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel("time per image (ms)")
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    figure.legend(loc="outside lower center", ncols=min(len(kinds), 5), fontsize=9, frameon=False)
    return figure


def _stage(layer: LayerCost) -> str:
    """``encoder1_2_conv`` belongs to ``encoder1``."""
    found = re.match(r"(encoder|decoder|pool|unpool|middle)\d*", layer.name)
    return found.group() if found else layer.name
