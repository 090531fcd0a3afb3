"""Metrics: confusion matrix and its scores, boundary F1, calibration, streaming metrics for Keras."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
