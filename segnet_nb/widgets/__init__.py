"""Explorers to see and touch what a SegNet does; they know no framework.

Each is a widget whose state are traits: set one from Python or move a control in the browser. The answer
is a trait too, which the next cell can read. ``figure()`` gives the same picture without a browser.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {
    "PoolingPlayground": "pooling_playground",
    "IndexMicroscope": "index_microscope",
    "IndexAblation": "index_ablation",
    "MaskInspector": "mask_inspector",
    "LossLab": "loss_lab",
    "TrainingMonitor": "training_monitor",
    "UncertaintyLens": "uncertainty_lens",
}

__all__ = [*_NAMES]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(f"segnet_nb.widgets.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'segnet_nb.widgets' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
