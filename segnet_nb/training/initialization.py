"""The start of a training run: framework, random seeds, the network and its initial weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb._shared.versions import versions_of
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.freed_memory import keep_freed_memory

if TYPE_CHECKING:
    import keras


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


def build_model(config: TrainConfig, num_classes: int) -> keras.Model:
    """The network of a configuration, with its initial weights.

    Raises:
        FileNotFoundError: if ``config.initial_weights`` is neither a name nor a file.
        ValueError: if the initial weights belong to another network.
    """
    from segnet_nb.networks.model import build_network

    model = build_network(
        config.network, (None, None, 3), num_classes, decoder=config.decoder, dropout=config.dropout
    )
    if config.initial_weights:
        _load_weights(config.initial_weights, model)
    return model


def _load_weights(weights: str, model: keras.Model) -> None:
    """Give a network the weights of a ``.keras`` file or a pretrained set."""
    from segnet_nb.inference import prediction, pretrained

    if weights in pretrained.available():
        source = pretrained.load_pretrained(weights)
    elif Path(weights).is_file():
        source = prediction.load_model(weights)
    else:
        raise MissingFileError(
            f"initial_weights={weights!r} is neither a file nor one of {', '.join(pretrained.available())}."
        )
    theirs, ours = source.get_weights(), model.get_weights()
    if [value.shape for value in theirs] != [value.shape for value in ours]:
        raise UserError(
            f"initial_weights={weights!r} holds a {source.name}, but a {model.name} is to be trained. Name "
            "the network that the weights were trained with."
        )
    model.set_weights(theirs)
