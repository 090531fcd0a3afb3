"""Checkpoints of a training run: which files an epoch writes, which are kept, and how a run reads them.

``best.keras``
    the network of the best epoch (its moving average, if there is one);
``last-0007.keras``
    the network after the last completed epoch, with the optimizer's state, to resume from;
``average-0007.npz``
    the moving average after that epoch;
``adjusted.keras``
    ``best.keras`` with other biases, where the classes were adjusted.

Every file is written under a temporary name and renamed, and the record is written last. So a run that is
killed at any moment resumes from the last epoch in its record.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from segnet_nb._shared.files import TEMPORARY, written_whole
from segnet_nb.inference.run_files import BEST, average_name, last_name
from segnet_nb.training.run import EpochReport, Run

if TYPE_CHECKING:
    import keras

    from segnet_nb.training.ema import ExponentialMovingAverage


def save_model(model: keras.Model, path: Path) -> None:
    """Write a network to a ``.keras`` file, whole or not at all."""
    with written_whole(path) as temporary:
        model.save(temporary)


def save_epoch(
    run: Run, report: EpochReport, model: keras.Model, average: ExponentialMovingAverage | None
) -> None:
    """Write the checkpoints of a completed epoch, enter it in the record, and delete older checkpoints.

    Args:
        run: the run; its history and best epoch are brought up to date.
        report: of the epoch.
        model: the network in training.
        average: the moving average of its weights, if there is one: ``best.keras`` is then the average.
    """
    entry = {name: value for name, value in vars(report).items() if name != "epochs"}
    score = run.config.monitor
    # Epochs compete as they were trained; only the winner is adjusted.
    is_best = not run.best_epoch or entry[score] > run.best_as_trained[score]
    if is_best:
        save_model(model if average is None else average.network(), run.directory / BEST)
    if average is not None:
        average.save(run.directory / average_name(report.epoch))
    save_model(model, run.directory / last_name(report.epoch))
    run.history.append(entry)
    if is_best:
        run.best_epoch = report.epoch
    run.save()  # last, so that every file it names is there
    delete_old(run)


def delete_old(run: Run) -> None:
    """Delete checkpoints of other epochs than the last, and files that a killed run left half written."""
    kept = {run.directory / name(len(run.history)) for name in (last_name, average_name)}
    for pattern in ("last-*.keras", "average-*.npz", f"{TEMPORARY}*"):
        for path in run.directory.glob(pattern):
            if path not in kept:
                path.unlink()


def load_last(run: Run) -> keras.Model:
    """The network after the last completed epoch, compiled, with the optimizer's state."""
    from segnet_nb import losses  # noqa: F401  (registers what is saved)
    from segnet_nb.inference.model_files import open_model

    return open_model(run.directory / last_name(len(run.history)), with_optimizer=True)


def load_average(run: Run, average: ExponentialMovingAverage) -> None:
    """Set a moving average to that after the last completed epoch, if there is one."""
    if run.history:
        average.load(run.directory / average_name(len(run.history)))
