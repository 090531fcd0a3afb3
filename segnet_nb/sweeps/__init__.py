"""Sweeps: one notebook or one training with many parameters, and a gallery of the runs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
