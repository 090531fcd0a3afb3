"""Pretrained weights that come with the package, each with a card that documents their origin.

A set is two files: ``NAME.safetensors`` with the weights in float16 and ``NAME.json``, the card: data,
configuration, command, seed, versions, validation scores, licence and the SHA-256 of the weights.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.classes import CAMVID, ClassList, numbered_classes
from segnet_nb.datasets.names import NAMES
from segnet_nb.inference import weight_files
from segnet_nb.inference.run_files import ADJUSTED, BEST, RECORD, best_file, read_record

if TYPE_CHECKING:
    import keras

ENVIRONMENT_VARIABLE = "SEGNET_NB_WEIGHTS"
"""Environment variable with another folder of weights, such as one that a whole class shares."""

# A clone keeps them beside the package, an installed wheel inside it.
_PLACES = (Path(__file__).parents[2] / "data" / "weights", Path(__file__).parents[1] / "weights")
_USUAL_NETWORKS = {"synthetic": "small"}


def directory() -> Path:
    """The folder of the pretrained weights: ``SEGNET_NB_WEIGHTS``, else that of the package."""
    given = os.environ.get(ENVIRONMENT_VARIABLE)
    if given:
        return Path(given).expanduser()
    return next((place for place in _PLACES if any(place.glob("*.json"))), _PLACES[0])


def available() -> tuple[str, ...]:
    """The names that ``load_pretrained`` accepts.

    Example:
        >>> "small-synthetic" in available()
        True
    """
    return tuple(sorted(path.stem for path in directory().glob("*.json")))


def card(name: str) -> dict[str, Any]:
    """The card of pretrained weights: configuration, scores, licence, versions.

    Raises:
        ValueError: if there are no such weights; the message lists those that exist.

    Example:
        >>> card("small-synthetic")["config"]["dataset"]
        'synthetic'
    """
    if name not in available():
        listed = ", ".join(available()) or f"none: {directory()} has none"
        raise UserError(f"no weights are called {name!r}. There are: {listed}.")
    return json.loads((directory() / f"{name}.json").read_text())


def best_for(dataset: str, *, dropout: bool = False, network: str = "") -> str:
    """The pretrained weights that suit a dataset best.

    Those trained on it with the highest validation mean IoU; if there are none, those trained on synthetic
    scenes, which have the classes of CamVid.

    Args:
        dataset: ``"synthetic"`` or ``"camvid"``.
        dropout: whether the network must have dropout, for Monte Carlo dropout, or must have none.
        network: weights of this network, such as ``"realtime"``, whatever they were trained on, if there are
            any. Empty: of ``"small"`` for synthetic scenes, which the lessons describe, else of any network.

    Returns:
        A name for ``load_pretrained``.

    Raises:
        ValueError: if there are none with, or without, dropout.

    Example:
        >>> best_for("synthetic", dropout=True)
        'small-synthetic-bayesian'
        >>> best_for("synthetic", network="realtime")
        'realtime-synthetic'
    """
    cards = [card(name) for name in available()]
    fitting = [about for about in cards if bool(about["config"].get("dropout", 0.0)) == dropout]
    network = network or _USUAL_NETWORKS.get(dataset, "")
    preferred = [about for about in fitting if about["config"].get("network") == network]
    for wanted in (dataset, "synthetic", *(("camvid",) if preferred else ())):
        found = [about for about in preferred or fitting if about["config"]["dataset"] == wanted]
        if found:
            return max(found, key=lambda about: about["validation"]["mean_iou"])["name"]
    kind = "with" if dropout else "without"
    raise UserError(
        f"no weights for {dataset!r} {kind} dropout come with the package. There are: "
        f"{', '.join(available())}."
    )


def load_pretrained(name: str = "small-synthetic", *, output: str = "softmax") -> keras.Model:
    """A pretrained network for images of any size.

    Args:
        name: one of ``available()``.
        output: ``"softmax"`` for probabilities or ``"logits"``.

    Returns:
        A ``keras.Model`` from RGB in 0..255, ``(batch, height, width, 3)``, to ``(batch, height, width,
        num_classes)``.

    Raises:
        ValueError: if there are no such weights, or their file does not match the SHA-256 of the card.

    Example:
        >>> load_pretrained("small-synthetic").output_shape
        (None, None, None, 11)
    """
    about = card(name)
    path = directory() / f"{name}.safetensors"
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != about["sha256"]:
        raise UserError(
            f"{path.name} is damaged: its SHA-256 is {found}, its card says {about['sha256']}. Restore it "
            "with `git checkout data/weights` or install the package again."
        )
    from segnet_nb.networks.model import build_network

    config = about["config"]
    model = build_network(
        config["network"],
        (None, None, 3),
        about["num_classes"],
        output=output,
        decoder=config.get("decoder", "segnet"),
        dropout=config.get("dropout", 0.0),
    )
    weight_files.unpack(model, path, content)
    return model


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network with its classes.

    Attributes:
        name: of the pretrained weights, or of the file or run folder.
        model: ends in softmax or in logits.
        classes: names and colours, one per output channel of the network.
        classes_known: whether the names are from a card or a record, not assumed.
    """

    name: str
    model: keras.Model
    classes: ClassList
    classes_known: bool = True


def load_trained(weights: str | Path, *, allow_layers: Collection[str] = ()) -> TrainedNetwork:
    """Load a trained network by the name of pretrained weights, from a file or from a run.

    Args:
        weights: one of ``available()``, the path of a ``.keras`` file, or the folder of a training run, whose
            best weights are loaded.
        allow_layers: names of further layers of Keras that a file may hold, see ``load_model``.

    Returns:
        The network with its classes: from its card or the record of its run; without one, those of CamVid for
        11 classes and numbers otherwise.

    Raises:
        ValueError: if there are no such weights, or the file holds no segmentation network.
        FileNotFoundError: if the file does not exist.

    Example:
        >>> load_trained("small-synthetic").classes.names[3]
        'Road'
    """
    from segnet_nb.inference.prediction import load_model

    path = Path(weights)
    if str(weights) in available():
        about = card(str(weights))
        classes = _classes(about, about["num_classes"])
        return TrainedNetwork(str(weights), load_pretrained(str(weights)), classes, _has_classes(about))
    if path.is_dir():
        path = best_file(path, read_record(path / RECORD))
    if path.suffix != ".keras" and not path.exists():
        raise UserError(
            f"no weights are called {str(weights)!r}. There are: {', '.join(available())}. Or pass the path "
            "of a .keras file, or the folder of a training run."
        )
    model = load_model(path, allow_layers=allow_layers)
    about = read_record(path.with_name(RECORD))
    name = path.parent.name if path.name in (BEST, ADJUSTED) else path.stem
    count = int(model.output_shape[-1])
    return TrainedNetwork(name, model, _classes(about, count), _has_classes(about, count))


def _has_classes(about: dict[str, Any], count: int | None = None) -> bool:
    names = (about.get("classes") or {}).get("names", ())
    if not names and about.get("config", {}).get("dataset") in NAMES:
        return True  # whose classes are those of CamVid
    return len(names) == (count or about.get("num_classes"))


def _classes(about: dict[str, Any], count: int) -> ClassList:
    if about.get("classes") and len(about["classes"]["names"]) == count:
        return ClassList.from_dict(about["classes"])
    return CAMVID if count == CAMVID.num_classes else numbered_classes(count)
