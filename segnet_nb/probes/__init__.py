"""The interface between the framework and NumPy: takes a network and images, returns frozen dataclasses."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
