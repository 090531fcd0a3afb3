"""The one border between framework and NumPy: a network and images in, frozen NumPy dataclasses out."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {
    "UnpoolingTrace": "traces",
    "StageTrace": "traces",
    "PixelPath": "traces",
    "PathStep": "traces",
    "TraceList": "traces",
    "trace_unpooling": "traces",
    "trace_images": "traces",
    "AblationBench": "ablation",
    "AblationResult": "ablation",
    "INTERVENTIONS": "ablation",
    "Predictions": "predictions",
    "probe_predictions": "predictions",
    "LayerCost": "costs",
    "NetworkCosts": "costs",
    "PoolingMemory": "costs",
    "probe_costs": "costs",
    "SampledPredictions": "uncertainty",
    "probe_uncertainty": "uncertainty",
}

__all__ = [*_NAMES]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(f"segnet_nb.probes.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'segnet_nb.probes' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
