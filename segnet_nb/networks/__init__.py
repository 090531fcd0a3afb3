"""Networks: pooling with indices and unpooling, the blocks, the decoders, and the models built of them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
