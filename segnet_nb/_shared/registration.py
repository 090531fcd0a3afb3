"""Every class of this package that a saved network may hold, known to Keras by name.

Keras finds the classes in a ``.keras`` file by their registered names. They are listed here as data, so that
``keras.models.load_model`` finds them although the modules that define them, and with them the framework, are
only imported when a file needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

PACKAGE = "segnet_nb"

CLASSES = {
    "MaxPoolingWithIndices2D": "networks.layers",
    "MaxUnpooling2D": "networks.layers",
    "CropLike": "networks.layers",
    "LocalResponseNormalization": "networks.normalization",
    "BilinearEnlarging2D": "networks.decoders",
    "BilinearKernel": "networks.decoders",
    "CategoricalCrossEntropy": "losses.classes",
    "DiceLoss": "losses.classes",
    "CrossEntropyDice": "losses.classes",
    "MeanIoU": "metrics.streaming",
    "ClassAverage": "metrics.streaming",
    "GlobalAccuracy": "metrics.streaming",
}


class _Deferred:
    """Stands for a class in Keras's registry until the import of its module registers the class itself."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def from_config(self, config: dict[str, Any]) -> Any:
        """An instance of the class that this stands for."""
        module = import_module(f"{PACKAGE}.{CLASSES[self.__name__]}")
        return getattr(module, self.__name__).from_config(config)


def register(keras: Any = None) -> None:
    """Make the names known to Keras; harmless to repeat.

    Args:
        keras: the imported package, as a post-import hook passes it; None: import it.
    """
    keras = keras or import_module("keras")
    registry = keras.saving.get_custom_objects()
    for name in CLASSES:
        registry.setdefault(f"{PACKAGE}>{name}", _Deferred(name))
