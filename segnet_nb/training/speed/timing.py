"""Times training steps of a network with several sets of speed-ups, and leaves the network as it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb.training.config import TrainConfig
from segnet_nb.training.speed import patches
from segnet_nb.training.speed.choice import SpeedUps

if TYPE_CHECKING:
    import keras

_ROUNDS = 3


class StepTimer:
    """Seconds of a training step on random images with each of several sets of speed-ups.

    Steps alternate, so that other load on the machine affects all sets, and the fastest of each set counts. A
    set that fails, for want of memory or of an operation, takes infinitely long.

    Args:
        model: the compiled network; weights, optimizer, metrics and random states are restored.
        config: the configuration of its training.
        num_classes: number of classes of the labels.
        clock: seconds; replaced in tests.
    """

    def __init__(
        self,
        model: keras.Model,
        config: TrainConfig,
        num_classes: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._model, self._config, self._num_classes, self._clock = model, config, num_classes, clock
        self._compiled: dict[SpeedUps, Any] = {}

    @cached_property
    def _batch(self) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng(0)
        size = (self._config.batch_size, *self._config.image_size)
        images = random.uniform(0, 255, (*size, 3)).astype("float32")
        return images, random.integers(0, self._num_classes, size).astype("int32")

    def __call__(self, sets: Sequence[SpeedUps]) -> list[float]:
        """Seconds of the fastest step of each set."""
        with _restored(self._model):
            for used in sets:
                if used not in self._compiled:
                    self._compiled[used] = self._traced(used)
            times = [[self._seconds(self._compiled[used]) for used in sets] for _ in range(_ROUNDS)]
        return [min(column) for column in zip(*times, strict=True)]

    def _traced(self, used: SpeedUps) -> Any:
        """The compiled step with these speed-ups; None if it fails."""
        import tensorflow as tf

        with patches.applied(self._model, self._config, used):
            try:
                self._step()
            except (tf.errors.OpError, ValueError):
                if not used:
                    raise  # not a matter of speed-ups
                return None
            return self._model.train_function

    def _seconds(self, compiled: Any) -> float:
        if compiled is None:
            return float("inf")
        self._model.train_function = compiled
        started = self._clock()
        self._step()
        return self._clock() - started

    def _step(self) -> None:
        self._model.train_on_batch(*self._batch)


@contextmanager
def _restored(model: Any) -> Iterator[None]:
    """Give a network back the state that it had, whatever ends the block."""
    from segnet_nb._shared.framework import ops

    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    state = [np.array(ops.convert_to_numpy(variable)) for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
        patches.forget_compiled(model)
