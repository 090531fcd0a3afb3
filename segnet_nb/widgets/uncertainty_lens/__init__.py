"""The uncertainty lens: Monte Carlo dropout, uncertain pixels and calibration."""

from segnet_nb.widgets.uncertainty_lens.explorer import UncertaintyLens

__all__ = ["UncertaintyLens"]
