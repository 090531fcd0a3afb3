"""A network by the name that a training configuration gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb._shared.framework import keras
from segnet_nb.networks.catalogue import check_combination, network_info


def build_network(
    name: str,
    input_size: Sequence[int | None],
    num_classes: int,
    *,
    output: str = "logits",
    decoder: str = "segnet",
    dropout: float = 0.0,
) -> keras.Model:
    """Build a network of the catalogue.

    Args:
        name: a name of ``segnet_nb.networks.catalogue.NETWORKS``, which describes each, or of
            ``register_network``.
        input_size: ``(height, width, channels)``; height and width at least 16 or None.
        num_classes: number of classes, at least 2.
        output: ``"softmax"`` for probabilities or ``"logits"``.
        decoder: for networks whose decoder can be chosen, a name of ``segnet_nb.decoders.DECODERS``.
        dropout: rate of Bayesian SegNet's dropout, 0 for none.

    Returns:
        A ``keras.Model`` from RGB in 0..255, ``(batch, height, width, channels)``, to ``(batch, height,
        width, num_classes)``.

    Raises:
        ValueError: if the name is unknown, the network has no choice of decoder or no dropout, anything else
            is impossible, or the builder of a registered network returns something else.

    Example:
        >>> build_network("small", (None, None, 3), 11).name
        'segnet_small'
    """
    check_combination(name, decoder, dropout)
    info = network_info(name)
    options: dict[str, Any] = {"decoder": decoder} if info.takes_decoder else {}
    if info.takes_dropout:
        options["dropout"] = dropout
    model = info.build(input_size, num_classes, output=output, **options)
    _check_model(name, model, num_classes)
    return model


def _check_model(name: str, model: Any, num_classes: int) -> None:
    """Raise unless the model takes one image and gives one score per class and pixel."""
    if not isinstance(model, keras.Model) or len(model.inputs or ()) != 1 or len(model.outputs) != 1:
        raise UserTypeError(
            f"the builder of {name!r} must return a keras.Model with one input and one output, but returned "
            f"{type(model).__name__}. Build it with keras.Model(inputs, outputs)."
        )
    expected = (*model.input_shape[:3], num_classes)
    if tuple(model.output_shape) != expected:
        raise UserError(
            f"the network {name!r} must map images of shape {model.input_shape} to {expected}, but its "
            f"output shape is {model.output_shape}. End it in num_classes channels at the input size."
        )
