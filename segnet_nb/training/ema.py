"""An exponential moving average of a network's weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segnet_nb._shared.files import written_whole

if TYPE_CHECKING:
    import keras


class ExponentialMovingAverage:
    """The exponential moving average (EMA) of a network's weights over the training steps.

    It usually scores better than the weights of the last step, which fluctuate (Polyak averaging with
    exponential weights, as in Tarvainen and Valpola, arXiv 1703.01780). The moving statistics of batch
    normalization are averaged too, since they belong to the weights.

    Args:
        model: the network in training.
        momentum: share of the average that is kept at each step, in 0..1. It is lower in the first steps,
            ``steps / (steps + 9)``, so that the initial weights are soon forgotten.

    Attributes:
        steps: how often ``update`` was called.
        values: the average of each weight, in the order of ``model.get_weights()``.

    Example:
        >>> from segnet_nb.networks.model import segnet_basic
        >>> model = segnet_basic((None, None, 3), 3, filters=4, kernel_size=3)
        >>> average = ExponentialMovingAverage(model, momentum=0.9)
        >>> average.update()
        >>> average.steps
        1
    """

    def __init__(self, model: keras.Model, momentum: float) -> None:
        from segnet_nb._shared.framework import keras

        self._source, self._momentum = model, momentum
        self._network = keras.models.clone_model(model)
        self.steps = 0
        self.values = [np.array(value) for value in model.get_weights()]

    def update(self) -> None:
        """Take the current weights of the network into the average."""
        from segnet_nb._shared.framework import ops

        self.steps += 1
        share = 1 - min(self._momentum, self.steps / (self.steps + 9))
        for value, variable in zip(self.values, self._source.weights, strict=True):
            value += share * (ops.convert_to_numpy(variable) - value)

    def network(self) -> keras.Model:
        """A network with the averaged weights; the same object each time."""
        self._network.set_weights(self.values)
        return self._network

    def save(self, path: Path) -> None:
        """Write the steps and the average to an ``.npz`` file, whole or not at all."""
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.savez(file, np.asarray(self.steps), *self.values)

    def load(self, path: Path) -> None:
        """Continue from what ``save`` wrote."""
        with np.load(path) as stored:
            steps, *self.values = (stored[name] for name in stored.files)
        self.steps = int(steps)
