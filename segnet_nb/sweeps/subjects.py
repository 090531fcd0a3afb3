"""What a sweep runs: a notebook or a training. Each checks the parameters of a run and has a digest."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import segnet_nb
from segnet_nb._shared.errors import UserError
from segnet_nb._shared.typed_values import coerce
from segnet_nb._shared.versions import __version__
from segnet_nb.reports.notebook_files import read_notebook
from segnet_nb.reports.notebook_parameters import check_parameters, read_parameters
from segnet_nb.training.config import TrainConfig

# The rooms whose code decides the numbers of a training.
ROOMS = ("_shared", "networks", "losses", "metrics", "datasets", "inference", "training")


@dataclass(frozen=True)
class NotebookSubject:
    """A notebook that is run with many parameters.

    Attributes:
        path: of the ``.ipynb`` file.
        content: the notebook as JSON without its outputs, which is what workers get.
        digest: of its cells and the version of this package.
    """

    path: Path
    content: str = field(repr=False)
    digest: str
    kind = "notebook"

    @property
    def source(self) -> str:
        """Its file name."""
        return self.path.name

    def check(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a run with the types that the notebook declares.

        Raises:
            ValueError: if one is unknown or does not fit; the message is one sentence.
        """
        try:
            return check_parameters(self.path, values)
        except UserError as error:
            # The list of all parameters would fill the screen for each run.
            raise UserError(str(error).split("\nIts parameters are:")[0]) from None

    def identity(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What decides the result of a run: its key is made of it."""
        return {"notebook": self.digest, "parameters": dict(values)}

    def names(self) -> tuple[str, ...]:
        """The names of all parameters."""
        return tuple(read_parameters(self.path) or ())


@dataclass(frozen=True)
class TrainingSubject:
    """A training that is run with many configurations.

    Attributes:
        base: the configuration that parameters change.
        digest: of the code of the training and the version of this package.
    """

    base: TrainConfig
    digest: str
    kind = "training"
    source = ""

    def check(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a run as the fields of its ``TrainConfig`` have them.

        Raises:
            ValueError: if a field is unknown or a value does not fit.
        """
        hints = typing.get_type_hints(TrainConfig)
        if unknown := sorted(set(values) - set(self.names())):
            raise UserError(
                f"a training has no field {', '.join(map(repr, unknown))}. See `segnet-nb train --help`."
            )
        typed = {}
        for name, value in values.items():
            try:
                typed[name] = coerce(value, hints[name])
            except UserError as error:
                raise UserError(f"{name}: {error}. Change it in the sweep.") from None
        config = dataclasses.replace(self.base, **typed).to_dict()
        return {name: config[name] for name in typed}

    def config(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The whole configuration of a run, as JSON holds it."""
        return TrainConfig.from_dict(self.base.to_dict() | dict(values)).to_dict()

    def identity(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What decides the result of a run: its key is made of it."""
        return {"training": self.digest, "config": self.config(values)}

    def names(self) -> tuple[str, ...]:
        """The names of all fields."""
        return tuple(each.name for each in dataclasses.fields(TrainConfig) if each.init)


Subject = NotebookSubject | TrainingSubject


def notebook_subject(path: str | Path) -> NotebookSubject:
    """A notebook as what a sweep runs.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a notebook, or declares no parameters.
    """
    path = Path(path)
    if read_parameters(path) is None:
        raise UserError(f"{path} has no cell tagged 'parameters', so a sweep cannot vary it. Tag the cell.")
    nb = read_notebook(path)
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    cells = [[cell.cell_type, cell.source, cell.metadata.get("tags", [])] for cell in nb.cells]
    return NotebookSubject(path, json.dumps(nb), _digest(json.dumps(cells)))


def training_subject(base: TrainConfig) -> TrainingSubject:
    """A training as what a sweep runs."""
    folder = Path(segnet_nb.__file__).parent
    files = sorted(path for room in ROOMS for path in (folder / room).rglob("*.py"))
    return TrainingSubject(base, _digest("\n".join(path.read_text(encoding="utf-8") for path in files)))


def _digest(text: str) -> str:
    return hashlib.sha256(f"{__version__}\n{text}".encode()).hexdigest()
