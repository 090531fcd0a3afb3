"""Learning rate schedules that Keras does not have."""

from __future__ import annotations

from typing import Any

from segnet_nb._shared.framework import keras, ops


@keras.saving.register_keras_serializable(package="segnet_nb")
class PolynomialDecayWithWarmup(keras.optimizers.schedules.LearningRateSchedule):
    """The "poly" schedule of many segmentation networks, after a linear warm-up.

    Step ``t`` of the warm-up has the rate ``peak * (t + 1) / (warmup + 1)``; later ones have
    ``peak * (1 - (t - warmup) / (total - warmup)) ** power``. It ends at zero.

    Args:
        peak: the largest learning rate.
        total: number of training steps.
        warmup: number of steps of the warm-up, below ``total``.
        power: exponent of the decay, above 0; 0.9 is usual.

    Example:
        >>> schedule = PolynomialDecayWithWarmup(1.0, total=5, warmup=1, power=1.0)
        >>> [round(float(schedule(step)), 3) for step in range(6)]
        [0.5, 1.0, 0.75, 0.5, 0.25, 0.0]
    """

    def __init__(self, peak: float, total: int, warmup: int = 0, power: float = 0.9) -> None:
        super().__init__()
        self.peak, self.total, self.warmup, self.power = peak, total, warmup, power

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, counted from 0; a float32 scalar tensor."""
        step = ops.cast(step, "float32")
        rising = self.peak * (step + 1) / (self.warmup + 1)
        left = ops.clip(1 - (step - self.warmup) / max(1, self.total - self.warmup), 0, 1)
        return ops.where(step < self.warmup, rising, self.peak * left**self.power)

    def get_config(self) -> dict[str, Any]:
        """The arguments, as Keras saves them."""
        return {"peak": self.peak, "total": self.total, "warmup": self.warmup, "power": self.power}
