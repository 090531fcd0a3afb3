"""Interactive widgets that show how a SegNet works; they use no framework.

The state of each is its traits: set one from Python or move a control in the browser. The answer is a trait
too, which the next cell can read. ``figure()`` returns the same picture without a browser.

Each has a folder: ``explorer.py`` holds the class, ``view.js`` and ``view.css`` what the browser draws, and
``picture.py`` or ``numbers.py`` the computation. ``shared`` holds what they have in common.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
