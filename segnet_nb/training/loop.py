"""The training loop: ``train``, and what happens in an epoch."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import LabelledImages
from segnet_nb.inference.run_files import BEST
from segnet_nb.training import (
    checkpoints,
    distillation,
    failures,
    initialization,
    logit_adjustment,
    optimization,
    run_data,
    run_lock,
    validation,
)
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.data import load_data, make_batches, steps_per_epoch
from segnet_nb.training.ema import ExponentialMovingAverage
from segnet_nb.training.freed_memory import release_compiled_steps
from segnet_nb.training.run import EpochReport, Run, open_run
from segnet_nb.training.speed import choice, patches, remembered
from segnet_nb.training.speed.timing import StepTimer

if TYPE_CHECKING:
    import keras

    from segnet_nb.inference.pretrained import TrainedNetwork

__all__ = ["StopTraining", "train"]

OnEpoch = Callable[[EpochReport, "keras.Model"], None]
OnStep = Callable[[Run, int, int, float], None]


class StopTraining(Exception):
    """Raised by ``on_step`` or ``on_epoch`` to end a run cleanly after the current step.

    Example:
        >>> import tempfile
        >>> def first_step_only(run, step, steps, loss):
        ...     if step == 1:
        ...         raise StopTraining
        >>> config = TrainConfig(image_size=(16, 24), train_count=2, val_count=1, batch_size=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     print(train(config, directory=folder, progress=False, on_step=first_step_only))
        Run interrupted, no completed epoch
    """


def train(
    config: TrainConfig,
    *,
    directory: str | Path | None = None,
    resume: bool = False,
    progress: bool = True,
    on_epoch: OnEpoch | None = None,
    on_step: OnStep | None = None,
    data: tuple[LabelledImages, LabelledImages] | None = None,
) -> Run:
    """Train a network and keep the weights with the best validation score.

    Ctrl-C, or a callback that raises ``StopTraining``, ends the run cleanly after the current step: the best
    weights so far are kept, and ``resume=True`` continues from the last completed epoch with the same order
    of images and the same augmentation as an unbroken run.

    Args:
        config: the configuration of the run.
        directory: folder of the run, created if needed; None: ``runs/<dataset>-<network>-seed<seed>``.
        resume: continue the run in the folder; a folder without a run starts one. ``config.epochs``
            may be raised, ``config.logit_adjustment``, ``in_memory``, ``cache_dir`` and ``workers`` changed;
            any other difference is an error.
        progress: print a line per epoch.
        on_epoch: called after each epoch with its report and the network that was validated.
        on_step: called with the run, the steps done and the steps of this epoch, and the mean loss of those
            done: before the first step (0 done, loss 0) and after each. ``run.history`` holds the completed
            epochs.
        data: training and validation data to use instead of loading ``config.dataset``.

    Returns:
        The ``Run``; its ``model`` has the best weights, its ``history`` one entry per completed epoch.

    Raises:
        ValueError: if the folder holds another run, ``resume`` meets another configuration, other classes or
            other images, or there are no images.
        FileNotFoundError: if the dataset is missing, or the checkpoint that ``resume`` continues from.
        FloatingPointError: if the loss is no longer a number (``DivergedError``).
        RuntimeError: if another process trains in the folder.
        MemoryError: if a step needs more memory than there is (``OutOfMemoryError``).

    Example:
        >>> import tempfile
        >>> config = TrainConfig(epochs=1, image_size=(16, 24), train_count=2, val_count=1, batch_size=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = train(config, directory=folder, progress=False)
        >>> run.status, len(run.history)
        ('finished', 1)
    """
    directory = Path(directory or f"runs/{Path(config.dataset).name}-{config.network}-seed{config.seed}")
    with run_lock.held(directory):
        run = open_run(config, directory, resume)
        try:
            return _train_in(run, progress, on_epoch, on_step, data)
        finally:
            release_compiled_steps()


def _train_in(
    run: Run,
    progress: bool,
    on_epoch: OnEpoch | None,
    on_step: OnStep | None,
    data: tuple[LabelledImages, LabelledImages] | None,
) -> Run:
    """Train a run in the folder that is locked for it."""
    config = run.config
    if (said := checkpoints.recover(run)) and progress:
        print(said, flush=True)
    # Mistakes are told before data is read, which can take minutes; without initial weights, missing data is
    # told before the framework is loaded.
    source = None if run.history else initialization.initial_network(config)
    taught_by = distillation.teacher_network(config) if len(run.history) < config.epochs else None
    train_data, val_data = data or load_data(config)
    if not len(train_data) or not len(val_data):
        raise UserError(
            f"got {len(train_data)} training and {len(val_data)} validation images. Pass at least one image "
            "to train on and one to validate with."
        )
    run_data.check_unchanged(run, train_data, val_data)
    initialization.prepare_framework(config)
    teacher = distillation.Teacher(taught_by, config.teacher_share, train_data.classes) if taught_by else None
    run.versions, run.classes = initialization.framework_versions(), train_data.classes
    run.images = run_data.names_of(train_data, val_data)
    model = _network(run, train_data, source, progress)
    average = ExponentialMovingAverage(model, config.ema_momentum) if config.ema_momentum else None
    if average is not None:
        checkpoints.load_average(run, average)
    run.status = "running"
    run.save()
    data = (train_data, val_data)
    _train_to_the_end(_Training(run, model, average, teacher, data, progress, on_epoch, on_step))
    return run


@dataclass(frozen=True)
class _Training:
    """What an epoch needs; see ``train``."""

    run: Run
    model: keras.Model
    average: ExponentialMovingAverage | None
    teacher: distillation.Teacher | None
    data: tuple[LabelledImages, LabelledImages]
    progress: bool
    on_epoch: OnEpoch | None
    on_step: OnStep | None

    def validated(self) -> keras.Model:
        """The network to validate and to keep: the moving average, if there is one."""
        return self.model if self.average is None else self.average.network()


def _network(run: Run, data: LabelledImages, source: TrainedNetwork | None, progress: bool) -> keras.Model:
    """The compiled network: of the last completed epoch, or with its initial weights."""
    steps = steps_per_epoch(run.config, len(data))
    if run.history:
        model = checkpoints.load_last(run)
        optimization.compile_again(model, run.config, data, steps, progress=progress)
    else:
        model = initialization.build_model(run.config, data.classes, source)
        optimization.compile_model(model, run.config, data, steps, progress=progress)
    return model


def _train_to_the_end(training: _Training) -> None:
    """Train the epochs that are left, adjust the classes if requested, and save how the run ended."""
    run = training.run
    try:
        with (
            failures.memory_explained(run),
            patches.applied(training.model, run.config, _speed_ups(training)),
        ):
            while len(run.history) < run.config.epochs:
                _train_epoch(training)
            if run.config.logit_adjustment and not run.is_adjusted:
                logit_adjustment.adjust_run(run, *training.data, progress=training.progress)
        run.status = "finished"
    except (KeyboardInterrupt, StopTraining):
        run.status = "interrupted"
        checkpoints.delete_old(run)
        if not run.best_epoch:
            checkpoints.replace_model(run, BEST, training.model)
            checkpoints.commit(run)
        if training.progress:
            print(f"Stopped. {run}. Continue with resume=True (--resume).", flush=True)
    except Exception:  # a diverged loss, too little memory, a file that can no longer be read
        run.status = "interrupted"
        checkpoints.delete_old(run)
        run.save()
        raise
    run.save()


def _speed_ups(training: _Training) -> tuple[str, ...]:
    """What makes the steps fast: as in the epochs before, or chosen now and recorded."""
    run, data = training.run, training.data[0]
    if run.history and run.speed_ups:
        return choice.Choice.from_dict(run.speed_ups).used
    steps = steps_per_epoch(run.config, len(data)) * run.config.epochs
    timer = StepTimer(training.model, run.config, data.classes.num_classes)
    key = remembered.key(training.model, run.config)
    chosen = choice.choose(training.model, run.config, steps, timer, key)
    run.speed_ups = chosen.to_dict()  # saved with the first epoch
    if training.progress and chosen.seconds:
        print(chosen.line(), flush=True)
    return chosen.used


def _train_epoch(training: _Training) -> None:
    """Train and validate one epoch and write its checkpoints."""
    started = time.perf_counter()
    run, epoch = training.run, len(training.run.history) + 1
    if epoch == run.config.epochs - run.config.final_epochs + 1:
        # Another size of images: traced anew, because steps of unknown size are slower.
        patches.forget_compiled(training.model)
    loss = _train_steps(training, epoch)
    failures.check_weights(run, training.model)
    model = training.validated()
    report = EpochReport(
        epoch=epoch,
        epochs=run.config.epochs,
        loss=loss,
        **validation.validate(model, training.data[1]),
        learning_rate=float(training.model.optimizer.learning_rate),
        seconds=time.perf_counter() - started,
    )
    checkpoints.save_epoch(run, report, training.model, training.average)
    if training.progress:
        left = np.mean(run.curve("seconds")) * (run.config.epochs - epoch)
        print(report.line(run.best_as_trained["mean_iou"], float(left)), flush=True)
    if training.on_epoch is not None:
        training.on_epoch(report, model)


def _train_steps(training: _Training, epoch: int) -> float:
    """Train on every batch of an epoch; the mean loss."""
    run, data = training.run, training.data[0]
    steps, total = steps_per_epoch(run.config, len(data)), 0.0
    if training.on_step is not None:
        training.on_step(run, 0, steps, 0.0)
    with closing(make_batches(run.config, data, epoch)) as batches:
        for step, (images, labels) in enumerate(batches, start=1):
            targets = labels if training.teacher is None else training.teacher.targets(images, labels)
            loss = float(training.model.train_on_batch(images, targets))
            if not np.isfinite(loss):
                raise failures.diverged(run, loss, step)
            if training.average is not None:
                training.average.update()
            total += loss
            if training.progress:
                _show_step(epoch, run.config.epochs, step, steps, total / step)
            if training.on_step is not None:
                training.on_step(run, step, steps, total / step)
    return total / steps


def _show_step(epoch: int, epochs: int, step: int, steps: int, loss: float) -> None:
    """On a terminal, the steps of an epoch on a line that the epoch's own line overwrites."""
    if sys.stdout.isatty():
        end = "" if step < steps else "\r\033[K"
        print(f"\r\033[Kepoch {epoch}/{epochs}  step {step}/{steps}  loss {loss:.3f}", end=end, flush=True)
