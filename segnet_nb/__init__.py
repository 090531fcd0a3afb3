"""SegNet to learn, see and re-run: the encoder-decoder that upsamples with remembered pooling indices.

Names are imported when they are first used, so ``import segnet_nb`` takes milliseconds and loads no
framework. ``__init__.pyi`` lists them.

Example:
    >>> import segnet_nb as sn
    >>> sn.segnet_basic(input_size=(None, None, 3), num_classes=11).output_shape
    (None, None, None, 11)
"""

import lazy_loader
from wrapt import register_post_import_hook

# Whoever imports Keras, before or after this package: ``keras.models.load_model`` knows our layers.
register_post_import_hook("segnet_nb._shared.registration:register", "keras")

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
