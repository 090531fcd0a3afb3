"""The index ablation: a decoder without the pooling indices it was trained with."""

from segnet_nb.widgets.index_ablation.explorer import IndexAblation

__all__ = ["IndexAblation"]
