"""A training run: its folder and its record, ``record.json``, with configuration, versions and history."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb._shared.files import write_whole
from segnet_nb.datasets.classes import ClassList
from segnet_nb.inference.run_files import ADJUSTED, BEST, RECORD, current_file, is_adjusted, read_record
from segnet_nb.training import record_checks
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.speed.choice import Choice

if TYPE_CHECKING:
    import keras

__all__ = ["EpochReport", "Run", "load_run", "open_run"]


@dataclass(frozen=True)
class EpochReport:
    """Loss and validation scores of a completed epoch.

    Attributes:
        epoch: number of the epoch, from 1.
        epochs: total number of epochs.
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
        """The epoch as one line of text.

        Args:
            best: the best validation mIoU so far, 0..1.
            left: estimated seconds until the end.

        Example:
            >>> EpochReport(2, 9, 1.25, 0.7, 0.5, 0.4, 1e-3, seconds=6.0).line(best=0.45, left=150.0)
            'epoch   2/9  loss 1.250  val mIoU 0.400 (best 0.450)  accuracy 0.700  6 s, 2 min left'
        """
        return (
            f"epoch {self.epoch:>3}/{self.epochs}  loss {self.loss:.3f}  "
            f"val mIoU {self.mean_iou:.3f} (best {best:.3f})  accuracy {self.global_accuracy:.3f}  "
            f"{_duration(self.seconds)}, {_duration(left)} left"
        )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


@dataclass
class Run:
    """A training run, as ``train`` returns it and ``load_run`` reads it.

    Attributes:
        config: the requested configuration.
        directory: the folder of the run.
        history: one dict per completed epoch with the fields of ``EpochReport``.
        best_epoch: the epoch whose weights are kept in ``best.keras``; 0 before the first completed epoch.
        status: ``"finished"``, ``"interrupted"`` or ``"running"``.
        versions: of Python and the packages that decide the numbers.
        classes: names and colours of the classes; None in a record that has none.
        images: names of the training and of the validation images; empty in a record that has none.
        adjustment: with ``config.logit_adjustment``, once finished: the epoch that was adjusted, the offsets
            of the classes, and the validation scores with them.
        speed_ups: what made the steps fast, and the measured seconds of a step, see ``speed.Choice``; empty
            before the first step.
        files: SHA-256 of each file of the run, by name.
    """

    config: TrainConfig
    directory: Path
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    status: str = "running"
    versions: dict[str, str] = field(default_factory=dict)
    classes: ClassList | None = None
    images: dict[str, list[str]] = field(default_factory=dict)
    adjustment: dict[str, Any] = field(default_factory=dict)
    speed_ups: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    # The network that was read last, and the file that it is from.
    _loaded: tuple[Any, keras.Model] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def is_adjusted(self) -> bool:
        """Whether the classes of the best epoch were adjusted."""
        return is_adjusted(self._record())

    @property
    def best(self) -> dict[str, float]:
        """The history of the best epoch, with its scores once adjusted; empty before the first epoch."""
        return self.best_as_trained | (self.adjustment["scores"] if self.is_adjusted else {})

    @property
    def best_as_trained(self) -> dict[str, float]:
        """The history of the best epoch; empty before the first completed epoch."""
        return self.history[self.best_epoch - 1] if self.best_epoch else {}

    @property
    def best_path(self) -> Path:
        """The file of the best weights: the adjusted ones if there are any."""
        return self.directory / (ADJUSTED if self.is_adjusted else BEST)

    @property
    def model(self) -> keras.Model:
        """The network with the best weights.

        It is read from the run's folder, again whenever the file has been replaced; until then it is the
        same object.

        Raises:
            FileNotFoundError: if no weights have been written yet.
            ValueError: if the file is damaged, or of another run.
        """
        from segnet_nb.inference.prediction import load_model

        identity = _identity(self.best_path)
        if self._loaded is None or self._loaded[0] != identity:
            # Another process may train in the folder: the digests are those of its record.
            files = read_record(self.directory / RECORD).get("files", self.files)
            self._loaded = identity, load_model(current_file(self.directory, files, self.best_path.name))
        return self._loaded[1]

    def curve(self, name: str) -> list[float]:
        """One value per epoch, for example ``curve("loss")``."""
        return [entry[name] for entry in self.history]

    def __str__(self) -> str:
        if not self.best_epoch:
            return f"Run {self.status}, no completed epoch"
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
            "speed_ups": self.speed_ups,
            "files": self.files,
            "versions": self.versions,
            "classes": self.classes and self.classes.to_dict(),
            "images": self.images,
            "machine": {"system": platform.system(), "processors": os.cpu_count()},
        }

    def save(self) -> None:
        """Write ``record.json``, whole or not at all."""
        content = json.dumps(self._record(), indent=1, allow_nan=False) + "\n"
        write_whole(self.directory / RECORD, content, durable=True)


def _identity(path: Path) -> tuple[Any, ...]:
    """What changes when a file is replaced by another one."""
    if not path.is_file():
        return (path,)
    found = path.stat()
    return path, found.st_ino, found.st_mtime_ns, found.st_size


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
    if fault := record_checks.fault(record):
        raise UserError(f"{path} is damaged: {fault}. Restore it, or train again in another directory.")
    try:
        return Run(
            config=TrainConfig.from_dict(record["config"]),
            directory=directory,
            history=record["history"],
            best_epoch=record["best_epoch"],
            status=record["status"],
            versions=record["versions"],
            classes=ClassList.from_dict(record["classes"]) if record.get("classes") else None,
            images=record.get("images", {}),
            adjustment=record.get("adjustment", {}),
            speed_ups=_checked_choice(record.get("speed_ups", {})),
            files=record.get("files", {}),
        )
    except UserError as error:
        raise UserError(
            f"{path} is damaged: {str(error).split('. ')[0]}. Restore it, or train anew."
        ) from error
    except (AttributeError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is not a training record ({error}). Delete the folder and train again."
        ) from error


def _checked_choice(speed_ups: dict[str, Any]) -> dict[str, Any]:
    return Choice.from_dict(speed_ups).to_dict() if speed_ups else {}


def open_run(config: TrainConfig, directory: Path, resume: bool) -> Run:
    """The run to start, or to continue, in a folder.

    Raises:
        ValueError: if the folder holds a run and ``resume`` is off, or the run has another configuration.
    """
    if not (directory / RECORD).exists():
        return Run(config, directory)
    if not resume:
        raise UserError(
            f"{directory} already holds a training run. Pass resume=True (--resume) to continue it, or "
            "another directory."
        )
    run = load_run(directory)
    _check_unchanged(run, config)
    run.config = config
    return run


def _check_unchanged(run: Run, config: TrainConfig) -> None:
    before, now = run.config.to_dict(), config.to_dict()
    # None of these changes an epoch that was trained.
    free = ("epochs", "logit_adjustment", "in_memory", "cache_dir", "workers")
    changed = sorted(name for name in now if now[name] != before[name] and name not in free)
    if changed:
        listed = "; ".join(f"{name} was {before[name]!r}, now {now[name]!r}" for name in changed)
        raise UserError(
            f"the run in {run.directory} has another configuration: {listed}. Resume with the same "
            "configuration (only epochs, logit_adjustment and how data is read may change) or choose another "
            "directory."
        )
