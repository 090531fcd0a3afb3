"""NumPy in, matplotlib ``Figure`` out. Nothing here knows a framework or a widget.

Figures are made without pyplot's state, so they can be made from any thread; a notebook shows the figure
that a cell ends with.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
