"""Datasets: images and labels in memory, read from files or generated; independent of models.

``load`` is the entry point: ``"synthetic"`` needs no download, ``"camvid"`` reads the published files, and
the path of a folder loads your own images and masks.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
