"""Matplotlib figures of NumPy arrays, independent of frameworks and widgets.

Figures are created without the global state of pyplot, so that they can be created in any thread; a notebook
displays the figure if it is the last expression of a cell.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
