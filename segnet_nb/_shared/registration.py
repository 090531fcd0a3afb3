"""Every class of this package that a saved network may hold, known to Keras by name.

Keras finds the classes in a ``.keras`` file by their registered names. They are listed here as data, so that
``keras.models.load_model`` finds them although their modules, and with them the framework, are only imported
when a file needs them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

PACKAGE = "segnet_nb"

CLASSES = {
    "MaxPoolingWithIndices2D": "networks.layers",
    "MaxUnpooling2D": "networks.layers",
    "CropLike": "networks.layers",
    "DepthToSpace2D": "networks.subpixel",
    "LocalResponseNormalization": "networks.normalization",
    "BilinearUpsampling2D": "networks.upsampling",
    "BilinearKernel": "networks.upsampling",
    "CategoricalCrossEntropy": "losses.classes",
    "DiceLoss": "losses.classes",
    "CrossEntropyDice": "losses.classes",
    "HardPixelCrossEntropy": "losses.ranked_classes",
    "LovaszSoftmax": "losses.ranked_classes",
    "PolynomialDecayWithWarmup": "training.schedules",
    "MeanIoU": "metrics.streaming",
    "ClassAverage": "metrics.streaming",
    "GlobalAccuracy": "metrics.streaming",
}


class _Deferred:
    """Stands for a class in Keras's registry until its module is imported and registers the class itself.

    Attributes, ``from_config`` among them, and calls are those of the class. ``inspect.isclass`` is true, by
    which Keras decides whether a name stands for something to instantiate.
    """

    def __init__(self, name: str) -> None:
        self.__name__ = name

    @property
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]  # never assigned
        return type

    def _resolved(self) -> Any:
        return getattr(import_module(f"{PACKAGE}.{CLASSES[self.__name__]}"), self.__name__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._resolved(), name)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._resolved()(*arguments, **options)

    def __repr__(self) -> str:
        return f"<class '{PACKAGE}.{CLASSES[self.__name__]}.{self.__name__}', not imported yet>"


def register(keras: Any = None) -> None:
    """Make the names known to Keras; repeated calls change nothing.

    Args:
        keras: the imported package, as a post-import hook passes it; None: import it.
    """
    keras = keras or import_module("keras")
    registry = keras.saving.get_custom_objects()
    for name in CLASSES:
        registry.setdefault(f"{PACKAGE}>{name}", _Deferred(name))


def known_to_keras() -> frozenset[str]:
    """Names of the classes that imported code has registered with Keras; empty before Keras is imported."""
    keras = sys.modules.get("keras")
    return frozenset(keras.saving.get_custom_objects()) if keras else frozenset()
