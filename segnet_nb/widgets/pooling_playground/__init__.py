"""The pooling playground: a small map, its maxima and indices, and four ways to upsample them."""

from segnet_nb.widgets.pooling_playground.explorer import PoolingPlayground

__all__ = ["PoolingPlayground"]
