"""Training: a configuration in, a run out, with everything on disk that is needed to go on.

A run is a folder: ``record.json`` (configuration, versions, history), ``best.keras`` and ``last-*.keras``
(with the optimizer's state), ``average-*.npz`` where weights are averaged, and ``adjusted.keras`` where
classes are adjusted: ``best.keras`` with other biases. Every file is written under a temporary name and
renamed, and the record is written last, so a run that is killed at any moment resumes from its last whole
epoch.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb import metrics
from segnet_nb._shared.errors import DivergedError, MissingFileError, UserError
from segnet_nb.datasets.base import Dataset
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.run_files import ADJUSTED, BEST, RECORD, is_adjusted, read_record
from segnet_nb.training import setup
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.freed_memory import keep_freed_memory

if TYPE_CHECKING:
    import keras

__all__ = ["EpochReport", "Run", "TrainConfig", "load_run", "train"]

SCORES = ("global_accuracy", "class_average", "mean_iou")


@dataclass(frozen=True)
class EpochReport:
    """What is known after an epoch.

    Attributes:
        epoch: which epoch has ended, from 1.
        epochs: how many there will be.
        loss: mean training loss of the epoch.
        global_accuracy: of the validation images, 0..1.
        class_average: of the validation images, 0..1.
        mean_iou: of the validation images, 0..1.
        learning_rate: at the end of the epoch.
        seconds: wall time of the epoch, validation included.
    """

    epoch: int
    epochs: int
    loss: float
    global_accuracy: float
    class_average: float
    mean_iou: float
    learning_rate: float
    seconds: float

    def line(self, best: float, left: float) -> str:
        """One line a person can read.

        Args:
            best: the best validation mIoU so far, 0..1.
            left: seconds until the end, estimated.

        Example:
            >>> EpochReport(2, 9, 1.25, 0.7, 0.5, 0.4, 1e-3, seconds=6.0).line(best=0.45, left=150.0)
            'epoch   2/9  loss 1.250  val mIoU 0.400 (best 0.450)  accuracy 0.700  6 s, 2 min left'
        """
        return (
            f"epoch {self.epoch:>3}/{self.epochs}  loss {self.loss:.3f}  "
            f"val mIoU {self.mean_iou:.3f} (best {best:.3f})  accuracy {self.global_accuracy:.3f}  "
            f"{_duration(self.seconds)}, {_duration(left)} left"
        )


@dataclass
class Run:
    """What ``train`` returns and ``load_run`` reads back.

    Attributes:
        config: what was asked for.
        directory: the folder of the run.
        history: one dict per whole epoch with the fields of ``EpochReport``.
        best_epoch: the epoch whose weights are kept in ``best.keras``, or 0 if none was whole.
        status: ``"finished"``, ``"interrupted"`` or ``"running"``.
        versions: of Python and the packages that matter.
        classes: names and colours of what the network tells apart; None in a record that has none.
        adjustment: with ``config.logit_adjustment``, once finished: the epoch that was adjusted, the offsets
            of the classes, and the validation scores with them.
    """

    config: TrainConfig
    directory: Path
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    status: str = "running"
    versions: dict[str, str] = field(default_factory=dict)
    classes: ClassList | None = None
    adjustment: dict[str, Any] = field(default_factory=dict)

    @property
    def is_adjusted(self) -> bool:
        """Whether the best epoch was adjusted."""
        return is_adjusted(self._record())

    @property
    def best(self) -> dict[str, float]:
        """The history of the best epoch, with its scores once adjusted; empty if no epoch was whole."""
        return self.best_as_trained | (self.adjustment["scores"] if self.is_adjusted else {})

    @property
    def best_as_trained(self) -> dict[str, float]:
        """The history of the best epoch; empty if no epoch was whole."""
        return self.history[self.best_epoch - 1] if self.best_epoch else {}

    @property
    def best_path(self) -> Path:
        """The file of the best weights, the adjusted ones where there are."""
        return self.directory / (ADJUSTED if self.is_adjusted else BEST)

    @cached_property
    def model(self) -> keras.Model:
        """The network with the best weights, read from the folder at first use."""
        from segnet_nb.inference.prediction import load_model

        return load_model(self.best_path)

    def curve(self, name: str) -> list[float]:
        """One value per epoch, for example ``curve("loss")``."""
        return [entry[name] for entry in self.history]

    def __str__(self) -> str:
        if not self.best_epoch:
            return f"Run {self.status}, no whole epoch"
        return (
            f"Run {self.status} after {len(self.history)} of {self.config.epochs} epochs; best epoch "
            f"{self.best_epoch}: validation mIoU {self.best['mean_iou']:.3f}, global accuracy "
            f"{self.best['global_accuracy']:.3f}, class average {self.best['class_average']:.3f}"
        )

    __repr__ = __str__

    def _record(self) -> dict[str, Any]:
        return {
            "config": self.config.to_dict(),
            "status": self.status,
            "best_epoch": self.best_epoch,
            "history": self.history,
            "adjustment": self.adjustment,
            "versions": self.versions,
            "classes": self.classes and self.classes.to_dict(),
            "machine": {"system": platform.system(), "processors": os.cpu_count()},
        }

    def save(self) -> None:
        """Write ``record.json``, whole or not at all."""
        temporary = self.directory / f"{RECORD}.part"
        temporary.write_text(json.dumps(self._record(), indent=1) + "\n")
        temporary.replace(self.directory / RECORD)


def load_run(directory: str | Path) -> Run:
    """Read a run from its folder.

    Raises:
        FileNotFoundError: if there is no record.
        ValueError: if the record cannot be read.
    """
    directory = Path(directory)
    path = directory / RECORD
    if not path.is_file():
        raise MissingFileError(
            f"no training run in {directory}: {RECORD} is missing. Start one with train(config, "
            "directory=...)."
        )
    record = read_record(path)
    try:
        return Run(
            config=TrainConfig.from_dict(record["config"]),
            directory=directory,
            history=record["history"],
            best_epoch=record["best_epoch"],
            status=record["status"],
            versions=record["versions"],
            classes=ClassList.from_dict(record["classes"]) if record.get("classes") else None,
            adjustment=record.get("adjustment", {}),
        )
    except (KeyError, TypeError) as error:
        raise UserError(
            f"{path} is not a training record ({error}). Delete the folder and train again."
        ) from error


def _versions() -> dict[str, str]:
    from segnet_nb._shared.framework import keras

    backend = keras.backend.backend()
    packages = ("segnet-nb", "keras", "numpy", backend)
    found = {name: metadata.version(name) for name in packages}
    return {"python": platform.python_version(), "backend": backend, **found}


def _validate(model: keras.Model, data: Dataset) -> metrics.Scores:
    from segnet_nb.inference.prediction import predict

    predictions = predict(model, data.images)
    matrix = metrics.confusion_matrix(
        data.labels, predictions, data.classes.num_classes, data.classes.void_id
    )
    return metrics.scores(matrix)


def _scores(result: metrics.Scores) -> dict[str, float]:
    return {name: float(getattr(result, name)) for name in SCORES}


def _save_model(model: keras.Model, path: Path) -> None:
    # Keras insists on the ending, so the temporary mark goes before it.
    temporary = path.with_name(f"part-{path.name}")
    model.save(temporary)
    temporary.replace(path)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _show_step(epoch: int, epochs: int, step: int, steps: int, loss: float) -> None:
    """On a terminal, the steps of an epoch on a line that the epoch's own line overwrites."""
    if sys.stdout.isatty():
        end = "" if step < steps else "\r\033[K"
        print(f"\r\033[Kepoch {epoch}/{epochs}  step {step}/{steps}  loss {loss:.3f}", end=end, flush=True)


def train(
    config: TrainConfig,
    *,
    directory: str | Path | None = None,
    resume: bool = False,
    progress: bool = True,
    on_epoch: Callable[[EpochReport, keras.Model], None] | None = None,
    on_step: Callable[[Run, int, int, float], None] | None = None,
    stop: threading.Event | None = None,
    data: tuple[Dataset, Dataset] | None = None,
) -> Run:
    """Train a network and keep the weights that validate best.

    Ctrl-C ends the run cleanly: the best weights so far are kept, and ``resume=True`` goes on from the
    last whole epoch with the same order and augmentation as an unbroken run.

    Args:
        config: what to train on what, and how.
        directory: folder of the run, made if need be; None: ``runs/<dataset>-<network>-seed<seed>``.
        resume: go on with the run in the folder; a folder without a run starts one. ``config.epochs``
            may be raised and ``config.logit_adjustment`` changed; any other difference is an error.
        progress: print a line per epoch.
        on_epoch: called after each epoch with its report and the network.
        on_step: called with the run, the steps done and to do in this epoch, and the mean loss of those done:
            before the first step (0 done, loss 0) and after each. ``run.history`` holds the whole epochs.
        stop: when set, from another thread or a button, the run ends after the current step.
        data: training and validation data to use instead of loading ``config.dataset``.

    Returns:
        The ``Run``; its ``model`` has the best weights, its ``history`` one entry per whole epoch.

    Raises:
        ValueError: if the folder holds another run, ``resume`` meets another configuration, or there are no
            images.
        FileNotFoundError: if the dataset is not there, or the weights that ``resume`` goes on from.
        FloatingPointError: if the loss is no longer a number.

    Example:
        >>> import tempfile
        >>> config = TrainConfig(epochs=1, image_size=(16, 24), train_count=2, val_count=1, batch_size=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run = train(config, directory=folder, progress=False)
        >>> run.status, len(run.history)
        ('finished', 1)
    """
    directory = Path(directory or f"runs/{Path(config.dataset).name}-{config.network}-seed{config.seed}")
    run = _open_run(config, directory, resume)
    # Data before the framework: what is missing is said at once.
    train_data, val_data = data or setup.load_data(config)
    if not len(train_data) or not len(val_data):
        raise UserError(
            f"{len(train_data)} training and {len(val_data)} validation images came. Pass at "
            "least one image to train on and one to validate with."
        )
    from segnet_nb._shared.framework import keras
    from segnet_nb.networks.model import build_network

    keep_freed_memory()
    keras.utils.set_random_seed(config.seed)
    if config.deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    run.versions, run.classes = _versions(), train_data.classes
    directory.mkdir(parents=True, exist_ok=True)
    steps = setup.steps_per_epoch(config, len(train_data))
    model = _load_last(run)
    if model is None:
        model = build_network(
            config.network,
            (None, None, 3),
            train_data.classes.num_classes,
            decoder=config.decoder,
            dropout=config.dropout,
        )
        _start_from(config.initial_weights, model)
        setup.compile_model(model, config, train_data, steps)
    else:
        # Compiled anew: another number of epochs means another schedule, and a file does not say which
        # weights are left out of the decay.
        state = [keras.ops.convert_to_numpy(variable) for variable in model.optimizer.variables]
        setup.compile_model(model, config, train_data, steps)
        model.optimizer.build(model.trainable_variables)
        for variable, value in zip(model.optimizer.variables, state, strict=True):
            variable.assign(value)
    average = setup.RunningAverage(model, config.ema_momentum) if config.ema_momentum else None
    if average is not None and run.history:
        average.load(directory / _average_name(len(run.history)))
    run.status = "running"
    run.save()
    try:
        while len(run.history) < config.epochs:
            whole = _train_epoch(
                run, model, average, train_data, val_data, steps, progress, on_epoch, on_step, stop
            )
            if not whole:
                run.status = "interrupted"
                break
        else:
            if config.logit_adjustment and not run.is_adjusted:
                _adjust(run, train_data, val_data, progress)
            run.status = "finished"
    except KeyboardInterrupt:
        run.status = "interrupted"
    if run.status == "interrupted":
        _tidy(run)
        if not run.best_epoch:
            _save_model(model, directory / BEST)
        if progress:
            print(f"Stopped. {run}. Go on with resume=True (--resume).", flush=True)
    run.save()
    return run


def _train_epoch(
    run: Run,
    model: keras.Model,
    average: setup.RunningAverage | None,
    train_data: Dataset,
    val_data: Dataset,
    steps: int,
    progress: bool,
    on_epoch: Callable[[EpochReport, keras.Model], None] | None,
    on_step: Callable[[Run, int, int, float], None] | None,
    stop: threading.Event | None,
) -> bool:
    """Train and validate one epoch and write it down; False if it was stopped midway."""
    started = time.perf_counter()
    config, epoch = run.config, len(run.history) + 1
    total = 0.0
    if on_step is not None:
        on_step(run, 0, steps, 0.0)
    for step, (images, labels) in enumerate(setup.make_batches(config, train_data, epoch), start=1):
        if stop is not None and stop.is_set():
            return False
        loss = float(model.train_on_batch(images, labels))
        if not np.isfinite(loss):
            raise DivergedError(
                f"the loss became {loss} in epoch {epoch}, step {step}. Lower learning_rate (now "
                f"{config.learning_rate:g}); the weights of the epochs before are kept in the run's folder."
            )
        if average is not None:
            average.update()
        total += loss
        if progress:
            _show_step(epoch, config.epochs, step, steps, total / step)
        if on_step is not None:
            on_step(run, step, steps, total / step)
    judged = model if average is None else average.network()
    result = _validate(judged, val_data)
    report = EpochReport(
        epoch=epoch,
        epochs=config.epochs,
        loss=total / steps,
        **_scores(result),
        learning_rate=float(model.optimizer.learning_rate),
        seconds=time.perf_counter() - started,
    )
    _write_down(run, model, average, report)
    if progress:
        left = np.mean(run.curve("seconds")) * (config.epochs - epoch)
        print(report.line(run.best_as_trained["mean_iou"], float(left)), flush=True)
    if on_epoch is not None:
        on_epoch(report, judged)
    return True


def _adjust(run: Run, train_data: Dataset, val_data: Dataset, progress: bool) -> None:
    """Shift the classes of the best network, validate it and write both down."""
    from segnet_nb.inference.prediction import load_model
    from segnet_nb.training.logit_adjustment import adjust_logits

    model = load_model(run.directory / BEST)
    found = adjust_logits(model, train_data, image_size=val_data.image_size)
    result = _validate(model, val_data)
    _save_model(model, run.directory / ADJUSTED)
    run.adjustment = {
        "epoch": run.best_epoch,
        "offsets": list(found.offsets),
        "scores": _scores(result),
    }
    if progress:
        print(
            f"classes adjusted  mIoU of training photographs {found.before:.3f} to {found.after:.3f}  "
            f"val mIoU {run.best_as_trained['mean_iou']:.3f} to {result.mean_iou:.3f}  "
            f"accuracy {result.global_accuracy:.3f}",
            flush=True,
        )


def _start_from(weights: str, model: keras.Model) -> None:
    """Give the network the weights that a configuration names, if it names any."""
    if not weights:
        return
    from segnet_nb.inference import prediction, pretrained

    if weights in pretrained.available():
        source = pretrained.load_pretrained(weights)
    elif Path(weights).is_file():
        source = prediction.load_model(weights)
    else:
        raise MissingFileError(
            f"start_from={weights!r} is neither a file nor one of {', '.join(pretrained.available())}."
        )
    theirs, ours = source.get_weights(), model.get_weights()
    if [value.shape for value in theirs] != [value.shape for value in ours]:
        raise UserError(
            f"start_from={weights!r} holds a {source.name}, but a {model.name} is to be trained. Name the "
            "network that the weights were trained with."
        )
    model.set_weights(theirs)


def _write_down(
    run: Run, model: keras.Model, average: setup.RunningAverage | None, report: EpochReport
) -> None:
    """Weights first, the record last: what the record names is there."""
    entry = {name: value for name, value in vars(report).items() if name != "epochs"}
    score = run.config.monitor
    # Epochs compete as they were trained; only the winner is adjusted.
    is_best = not run.best_epoch or entry[score] > run.best_as_trained[score]
    if is_best:
        _save_model(model if average is None else average.network(), run.directory / BEST)
    if average is not None:
        average.save(run.directory / _average_name(report.epoch))
    _save_model(model, run.directory / _last_name(report.epoch))
    run.history.append(entry)
    if is_best:
        run.best_epoch = report.epoch
    run.save()
    _tidy(run)


def _tidy(run: Run) -> None:
    """Delete weights of earlier epochs, and what was half written when a run was stopped."""
    kept = {run.directory / name(len(run.history)) for name in (_last_name, _average_name)}
    for pattern in ("last-*.keras", "average-*.npz", "part-*"):
        for path in run.directory.glob(pattern):
            if path not in kept:
                path.unlink()


def _last_name(epoch: int) -> str:
    return f"last-{epoch:04d}.keras"


def _average_name(epoch: int) -> str:
    return f"average-{epoch:04d}.npz"


def _open_run(config: TrainConfig, directory: Path, resume: bool) -> Run:
    """The run to start or to go on with."""
    if not (directory / RECORD).exists():
        return Run(config, directory)
    if not resume:
        raise UserError(
            f"{directory} already holds a training run. Pass resume=True (--resume) to go on with it, or "
            "another directory."
        )
    run = load_run(directory)
    before, now = run.config.to_dict(), config.to_dict()
    free = ("epochs", "logit_adjustment")  # neither changes an epoch that was trained
    changed = sorted(name for name in now if now[name] != before[name] and name not in free)
    if changed:
        listed = "; ".join(f"{name} was {before[name]!r}, now {now[name]!r}" for name in changed)
        raise UserError(
            f"the run in {directory} was started otherwise: {listed}. Resume with the same configuration "
            "(epochs and logit_adjustment may change) or choose another directory."
        )
    run.config = config
    last = directory / _last_name(len(run.history))
    if run.history and not last.is_file():
        raise MissingFileError(
            f"{last} is missing, so the run cannot go on after epoch {len(run.history)}. Train "
            "again in another directory."
        )
    return run


def _load_last(run: Run) -> keras.Model | None:
    if not run.history:
        return None
    from segnet_nb import losses  # noqa: F401  (registers what is saved)
    from segnet_nb._shared.framework import keras

    return keras.models.load_model(run.directory / _last_name(len(run.history)))
