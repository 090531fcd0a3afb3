"""The exercises of the lessons: checks that say why an answer is not right, and limits of parameters.

Each lesson's exercises are in a module of their own, ``lesson04.py``: an independent reference, known
mistakes and two hints. See CONTRIBUTING.md for how to add one.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
