"""Checkpoints of a training run: which files an epoch writes, which are kept, and how a run reads them.

``best.keras``
    the network of the best epoch (its moving average, if there is one);
``last-0007.keras``
    the network after the last completed epoch, with the optimizer's state, to resume from;
``average-0007.npz``
    the moving average after that epoch;
``adjusted.keras``
    ``best.keras`` with other biases, where the classes were adjusted.

The two of the epoch before are kept, in case those of the last one get damaged. Every file is written under a
temporary name and renamed. The record has the SHA-256 of each and is written last, but before a new best
network takes its name. So a run that is killed at any moment resumes from the last epoch in its record, and
no file of another run or epoch is taken for one of this run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.files import TEMPORARY, digest_of, written_whole
from segnet_nb.inference import run_files
from segnet_nb.inference.run_files import ADJUSTED, BEST, average_name, last_name
from segnet_nb.training import keras_files
from segnet_nb.training.run import EpochReport, Run

if TYPE_CHECKING:
    import keras

    from segnet_nb.training.ema import ExponentialMovingAverage


_NEW = "new-"  # a prefix: what is to replace a file once the record has its digest


def save_model(model: keras.Model, path: Path) -> str:
    """Write a network to a ``.keras`` file, whole or not at all; returns its SHA-256."""
    with written_whole(path, durable=True) as temporary:
        keras_files.write(model, temporary)
        return digest_of(temporary)


def replace_model(run: Run, name: str, model: keras.Model) -> None:
    """Write the network that is to replace a file of a run with the next ``commit``."""
    run.files[name] = save_model(model, run.directory / f"{_NEW}{name}")


def commit(run: Run) -> None:
    """Save the record, then give new files the names that it has for them."""
    run.save()
    for path in run.directory.glob(f"{_NEW}*"):
        path.replace(path.with_name(path.name.removeprefix(_NEW)))


def complete(run: Run) -> None:
    """After a kill between the two steps of ``commit``: its second one, where the record has been saved."""
    for path in run.directory.glob(f"{_NEW}*"):
        name = path.name.removeprefix(_NEW)
        if run.files.get(name) == digest_of(path):
            path.replace(path.with_name(name))
        else:
            path.unlink()


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
        replace_model(run, BEST, model if average is None else average.network())
    if average is not None:
        name = average_name(report.epoch)
        average.save(run.directory / name)
        run.files[name] = digest_of(run.directory / name)
    name = last_name(report.epoch)
    run.files[name] = save_model(model, run.directory / name)
    run.history.append(entry)
    if is_best:
        run.best_epoch = report.epoch
    kept = _kept(run)
    run.files = {name: digest for name, digest in run.files.items() if name in kept}
    commit(run)
    delete_old(run)


def _kept(run: Run) -> set[str]:
    """Names of the files that a run needs: of its last two epochs, its best and its adjusted network."""
    epochs = range(max(1, len(run.history) - 1), len(run.history) + 1)
    return {BEST, ADJUSTED} | {name(epoch) for epoch in epochs for name in (last_name, average_name)}


def delete_old(run: Run) -> None:
    """Delete checkpoints of other epochs than the last, and files that a killed run left half written."""
    kept = _kept(run)
    for pattern in ("last-*.keras", "average-*.npz", f"{TEMPORARY}*", f"{_NEW}*"):
        for path in run.directory.glob(pattern):
            if path.name not in kept:
                path.unlink()


def recover(run: Run) -> str:
    """Check the files of a run that is to go on; where its last epoch is damaged, go back to the one before.

    Returns:
        What was damaged and what happens now; empty if all is well.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: if one is damaged, or of another run, and there is no way back.
    """
    complete(run)
    if not run.history:
        return ""
    epoch = len(run.history)
    fault = _fault_of_epoch(run, epoch)
    if fault is None:
        if BEST in run.files:
            run_files.check_file(run.directory, run.files, BEST)
        delete_old(run)  # a kill may have come before, and all epochs may be done
        return ""
    if (
        epoch == 1
        or (run.directory / last_name(epoch)).is_dir()
        or last_name(epoch - 1) not in run.files
        or _fault_of_epoch(run, epoch - 1)
    ):
        raise fault
    run.history.pop()
    if run.best_epoch == epoch:
        # Its network stays in place until this epoch has been trained again, with the same result.
        scores = run.curve(run.config.monitor)
        run.best_epoch = 1 + scores.index(max(scores))
    return f"{fault} Going back to epoch {epoch - 1}, which is whole."


def _fault_of_epoch(run: Run, epoch: int) -> UserError | None:
    for name in (last_name(epoch), *([average_name(epoch)] if run.config.ema_momentum else [])):
        try:
            run_files.check_file(run.directory, run.files, name)
        except UserError as error:
            return error
    return None


def load_last(run: Run) -> keras.Model:
    """The network after the last completed epoch, compiled, with the optimizer's state."""
    from segnet_nb import losses  # noqa: F401  (registers what is saved)
    from segnet_nb.inference.model_files import open_model

    return open_model(run.directory / last_name(len(run.history)), with_optimizer=True)


def load_average(run: Run, average: ExponentialMovingAverage) -> None:
    """Set a moving average to that after the last completed epoch, if there is one."""
    if run.history:
        average.load(run.directory / average_name(len(run.history)))
