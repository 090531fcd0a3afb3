"""The mask inspector: where a network is right and wrong, pixel by pixel."""

from segnet_nb.widgets.mask_inspector.explorer import MaskInspector

__all__ = ["MaskInspector"]
