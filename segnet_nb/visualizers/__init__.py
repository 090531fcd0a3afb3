"""NumPy in, matplotlib ``Figure`` out. Nothing here knows a framework or a widget.

Figures are made without pyplot's state, so they can be made from any thread; a notebook shows the figure
that a cell ends with.
"""

from __future__ import annotations

from segnet_nb.visualizers.colors import colorize, overlay, safe_colors
from segnet_nb.visualizers.curves import show_curves, show_history
from segnet_nb.visualizers.masks import show_class_iou, show_dataset, show_predictions
from segnet_nb.visualizers.pooling import show_indices, show_pooling

__all__ = [
    "colorize",
    "overlay",
    "safe_colors",
    "show_class_iou",
    "show_curves",
    "show_dataset",
    "show_history",
    "show_indices",
    "show_pooling",
    "show_predictions",
]
