"""Explorers to see and touch what a SegNet does; they know no framework.

Each is a widget whose state are traits: set one from Python or move a control in the browser. The answer
is a trait too, which the next cell can read. ``figure()`` gives the same picture without a browser.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
