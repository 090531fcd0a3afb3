"""SegNet to learn, see and re-run: the encoder-decoder that upsamples with remembered pooling indices.

Names are imported when they are first used, so ``import segnet_nb`` takes milliseconds and loads no
framework.

Example:
    >>> import segnet_nb as sn
    >>> sn.segnet_basic(input_size=(None, None, 3), num_classes=11).output_shape
    (None, None, None, 11)
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# These load Keras; the others are NumPy alone until they are asked for a network.
_FRAMEWORK = frozenset(
    {
        *("layers", "losses", "model", "normalization", "prediction", "pretrained", "probes", "keras"),
        *("decoders", "exporting", "folding", "prediction_files", "uncertainty"),
    }
)
_MODULES = (
    "calibration",
    "clips",
    "comparison",
    "config",
    "datasets",
    "decoders",
    "evaluation",
    "exporting",
    "folding",
    "layers",
    "logit_adjustment",
    "losses",
    "metrics",
    "model",
    "normalization",
    "prediction",
    "prediction_files",
    "pretrained",
    "probes",
    "recipes",
    "reports",
    "training",
    "uncertainty",
    "visualizers",
    "widgets",
)
_NAMES = {
    "segnet_model": "model",
    "segnet_basic": "model",
    "segnet_vgg16": "model",
    "segnet_modern": "model",
    "load_model": "prediction",
    "load_pretrained": "pretrained",
    "predict": "prediction",
    "predict_files": "prediction_files",
    "predict_probabilities": "prediction",
    "predict_with_uncertainty": "uncertainty",
    "evaluate": "evaluation",
    "adjust_logits": "logit_adjustment",
    "export": "exporting",
    "folded": "folding",
    "TrainConfig": "config",
    "train": "training",
}

__all__ = ["__version__", *_MODULES, *_NAMES]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("segnet-nb")
    module = _NAMES.get(name, name)
    if module in _FRAMEWORK:
        import_module("segnet_nb._framework").load()
    if name == "keras":  # Keras itself, imported without TensorFlow's start-up notes
        return import_module("keras")
    if name in _MODULES:
        return import_module(f"segnet_nb.{name}")
    if name in _NAMES:
        return getattr(import_module(f"segnet_nb.{module}"), name)
    raise AttributeError(f"module 'segnet_nb' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
