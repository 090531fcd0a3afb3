"""The start of a training run: framework, random seeds, the network and its initial weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb._shared.versions import versions_of
from segnet_nb.datasets.classes import ClassList
from segnet_nb.training import class_channels
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.freed_memory import keep_freed_memory

if TYPE_CHECKING:
    import keras

    from segnet_nb.inference.pretrained import TrainedNetwork


def prepare_framework(config: TrainConfig) -> None:
    """Seed every random generator, and make the operations deterministic if the configuration asks for it.

    The first call of a training that loads the framework, so that its memory is kept from the start.
    """
    keep_freed_memory()
    from segnet_nb._shared.framework import keras

    keras.utils.set_random_seed(config.seed)
    if config.deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def framework_versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide a training's numbers, and the backend's name."""
    from segnet_nb._shared.framework import keras

    backend = keras.backend.backend()
    found = versions_of("segnet-nb", "keras", "numpy", backend)
    return {"python": found.pop("python"), "backend": backend, **found}


def build_model(config: TrainConfig, classes: ClassList, source: TrainedNetwork | None = None) -> keras.Model:
    """The network of a configuration, with its initial weights.

    Args:
        config: the configuration.
        classes: the classes to train.
        source: what ``initial_network`` has loaded; None: it is loaded here.

    Raises:
        FileNotFoundError: if ``config.initial_weights`` is neither a name nor a file.
        ValueError: if the initial weights belong to another network, or to other classes and
            ``config.map_classes`` is off.
    """
    model = _built(config, classes.num_classes)
    if source := source or initial_network(config):
        _take_over(config, source, model, classes)
    return model


def _built(config: TrainConfig, num_classes: int) -> keras.Model:
    from segnet_nb.networks.model import build_network

    return build_network(
        config.network, (None, None, 3), num_classes, decoder=config.decoder, dropout=config.dropout
    )


def initial_network(config: TrainConfig) -> TrainedNetwork | None:
    """Load the initial weights of a configuration; None if it has none.

    Raises:
        FileNotFoundError: if ``config.initial_weights`` is neither a name nor a file.
        ValueError: if the file holds no network, or another one than is to be trained.
    """
    from segnet_nb.inference import pretrained

    weights = config.initial_weights
    if not weights:
        return None
    if weights not in pretrained.available() and not Path(weights).is_file():
        raise MissingFileError(
            f"initial_weights={weights!r} is neither a file nor one of {', '.join(pretrained.available())}."
        )
    keep_freed_memory()
    source = pretrained.load_trained(weights)
    same_kind = _built(config, int(source.model.output_shape[-1]))
    if _shapes(source.model) != _shapes(same_kind):
        raise _other_network(source, same_kind)
    return source


def _take_over(config: TrainConfig, source: TrainedNetwork, model: keras.Model, classes: ClassList) -> None:
    """Give a network the weights of another one of its kind, whose classes may be others."""
    from segnet_nb.inference import class_mapping

    same = class_mapping.same_classes(source.classes, classes, known=source.classes_known)
    if not same and not config.map_classes:
        raise _other_classes(source, classes)
    theirs = source.model.get_weights()
    if not same:
        other = _shapes(_built(config, classes.num_classes + 1))
        ids = class_mapping.map_by_name(source.classes, classes).ids
        theirs = class_channels.moved(theirs, model.get_weights(), other, ids, classes.num_classes)
    if theirs is None:
        raise _other_network(source, model)
    model.set_weights(theirs)


def _shapes(model: keras.Model) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in model.weights]


def _other_network(source: TrainedNetwork, model: keras.Model) -> UserError:
    return UserError(
        f"initial_weights={source.name!r} holds a {source.model.name}, but a {model.name} is to be trained. "
        "Name the network that the weights were trained with."
    )


def _other_classes(source: TrainedNetwork, classes: ClassList) -> UserError:
    own = ", ".join(source.classes.names) if source.classes_known else "names not known"
    return UserError(
        f"initial_weights={source.name!r} has {source.classes.num_classes} classes ({own}), but the data has "
        f"{classes.num_classes} ({', '.join(classes.names)}). Pass map_classes=True (--map-classes): the "
        "classifier is then taken over by the names of the classes, and new where a name is new."
    )
