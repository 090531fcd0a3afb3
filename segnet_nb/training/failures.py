"""Trainings that cannot continue, explained: a loss that is no longer a number, too little memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from segnet_nb._shared.errors import DivergedError, OutOfMemoryError
from segnet_nb._shared.memory import is_out_of_memory
from segnet_nb.inference.run_files import BEST
from segnet_nb.training.run import Run

if TYPE_CHECKING:
    import keras


def diverged(run: Run, loss: float, step: int) -> DivergedError:
    """The error for a loss that is infinite or not a number, with what to do.

    Args:
        run: the run.
        loss: the loss of the step.
        step: number of the step in its epoch, from 1.
    """
    return _diverged(run, f"the loss became {loss} in epoch {len(run.history) + 1}, step {step}.")


def check_weights(run: Run, model: keras.Model) -> None:
    """Raise if a weight is infinite or not a number after an epoch, before it replaces a checkpoint.

    Raises:
        DivergedError: with what to do.
    """
    if not all(np.isfinite(weight).all() for weight in model.get_weights()):
        raise _diverged(run, f"weights became infinite or NaN in epoch {len(run.history) + 1}.")


def _diverged(run: Run, what: str) -> DivergedError:
    return DivergedError(
        f"{what} Lower learning_rate (now {run.config.learning_rate:g}) and train again in another "
        f"directory. {_kept(run)}"
    )


@contextmanager
def memory_explained(run: Run) -> Iterator[None]:
    """Turn errors for too little memory into ``OutOfMemoryError``, with what to do.

    Raises:
        OutOfMemoryError: in place of ``MemoryError`` and of the errors of TensorFlow, JAX and PyTorch.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, OutOfMemoryError) or not is_out_of_memory(error):
            raise
        height, width = run.config.final_size or run.config.image_size
        raise OutOfMemoryError(
            f"not enough memory for a training step of {run.config.batch_size} images of {height} x {width} "
            "pixels. Lower batch_size or image_size and train again in another directory. "
            f"{_kept(run)}"
        ) from error


def _kept(run: Run) -> str:
    if not run.history:
        return "No epoch was completed."
    return (
        f"The checkpoint of epoch {len(run.history)} is kept in {run.directory}: resume=True (--resume) "
        f"continues from it with the same configuration, initial_weights={str(run.directory / BEST)!r} "
        "starts a new run from the best weights."
    )
