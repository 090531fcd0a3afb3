"""Datasets: images and labels in memory, from files or drawn; no knowledge of models.

``load`` is the one way in; ``synthetic`` needs no download, ``camvid`` reads the real files, and the path of
a folder reads images and masks of your own.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
