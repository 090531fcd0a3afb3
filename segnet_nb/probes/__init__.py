"""The one border between framework and NumPy: a network and images in, frozen NumPy dataclasses out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
