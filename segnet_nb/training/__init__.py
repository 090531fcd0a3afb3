"""Training: from a configuration to a run on disk.

``config`` describes a run, ``recipes`` has ready ones. ``loop`` trains: ``data`` makes the batches,
``optimization`` loss and optimizer, ``ema`` averages weights, ``logit_adjustment`` is the last step.
``run`` is the record on disk, ``checkpoints`` the weights.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
