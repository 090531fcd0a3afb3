"""The gallery: the runs of a sweep as one page that needs no network and no kernel, and as CSV and JSON."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
