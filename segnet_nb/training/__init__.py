"""Training: the configuration, the loop, the run on disk, and what makes a step fast."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
