"""Networks and decoders of your own, next to those of the catalogue.

A registered network is accepted wherever a network is named: in ``TrainConfig``, by ``train`` and by
``build_network``; a registered decoder by every network whose decoder can be chosen. Register before the name
is used, also in the program that resumes a run. Loading a trained network from its file needs no
registration; layers of your own must be registered with Keras, as always.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypeVar, get_args

from segnet_nb._shared.errors import UserError, UserTypeError
from segnet_nb.networks.catalogue import DECODERS, NETWORKS, DecoderInfo, Entry, Keeps, NetworkInfo

Builder = TypeVar("Builder", bound=Callable[..., Any])

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # part of the folder of a run


def register_network(
    name: str,
    *,
    line: str,
    title: str = "",
    keeps: Keeps = "indices",
    linear_end: bool = False,
    class_bias: bool = True,
    **unknown: Any,
) -> Callable[[Builder], Builder]:
    """Add a network to the catalogue: a decorator for the function that builds it.

    The builder is called with ``(input_size, num_classes, *, output)`` and returns a ``keras.Model`` from RGB
    in 0..255, shape ``(batch, height, width, channels)``, to ``(batch, height, width, num_classes)``:
    probabilities for ``output="softmax"``, logits for ``output="logits"``. ``input_size`` is ``(height,
    width, channels)``; height and width may be None. A builder with a parameter ``dropout`` or ``decoder``
    gets that as well.

    Args:
        name: letters, digits, ``_``, ``.`` and ``-``; the name of no other network. A builder that is defined
            again, as when a notebook cell runs twice, replaces itself.
        line: how it works, in one line.
        title: what tables show; empty: the name.
        keeps: what is kept of the encoder, see ``segnet_nb.networks.catalogue.Entry``.
        linear_end: whether it ends in linear layers, see there.
        class_bias: whether it ends in one bias per class, see there.
        **unknown: anything else is refused.

    Returns:
        The decorator, which returns the builder unchanged.

    Raises:
        ValueError: if the name is taken or impossible, or a flag is unknown or impossible.
        TypeError: if the builder does not accept what it will be called with, or a flag has the wrong type.

    Example:
        >>> import keras
        >>> @register_network("pixelwise", line="one 1 x 1 convolution")
        ... def pixelwise(input_size, num_classes, *, output):
        ...     image = keras.Input(input_size)
        ...     activation = "softmax" if output == "softmax" else None
        ...     return keras.Model(image, keras.layers.Conv2D(num_classes, 1, activation=activation)(image))
        >>> from segnet_nb.networks.build import build_network
        >>> build_network("pixelwise", (None, None, 3), 11).output_shape
        (None, None, None, 11)
        >>> from segnet_nb.networks.catalogue import NETWORKS
        >>> del NETWORKS["pixelwise"]  # only so that this example leaves nothing behind
    """
    flags = {"keeps": keeps, "linear_end": linear_end, "class_bias": class_bias}
    _check_request(name, line, title, flags, unknown)

    def register(builder: Builder) -> Builder:
        accepted = _parameters(builder, "network", name)
        options = {option: 0 for option in ("dropout", "decoder") if option in accepted}
        _check_call(builder, "network", name, (None, None), output="logits", **options)
        info = NetworkInfo(
            name=name,
            title=title or name,
            line=line,
            builder=builder,
            takes_decoder="decoder" in options,
            takes_dropout="dropout" in options,
            **flags,
        )
        _add(NETWORKS, "network", info)
        return builder

    return register


def register_decoder(
    name: str,
    *,
    line: str,
    title: str = "",
    keeps: Keeps = "nothing",
    linear_end: bool = False,
    class_bias: bool = True,
    **unknown: Any,
) -> Callable[[Builder], Builder]:
    """Add a decoder to the catalogue: a decorator for the function that builds it.

    The builder is called with ``(x, context)``: the bottleneck, shape ``(batch, height, width, filters)``,
    and a ``segnet_nb.decoders.DecoderContext``. It returns logits of shape ``(batch, full height, full width,
    num_classes)``. ``context.stages`` are what the encoder keeps, innermost first.

    Args:
        name: as for ``register_network``.
        line: how it works, in one line.
        title: what tables show; empty: the name.
        keeps: what it needs of the encoder, see ``segnet_nb.networks.catalogue.Entry``; the comparison of
            decoders counts its bytes.
        linear_end: whether it ends in linear layers, see there.
        class_bias: whether it ends in one bias per class, see there.
        **unknown: anything else is refused.

    Returns:
        The decorator, which returns the builder unchanged.

    Raises:
        ValueError: if the name is taken or impossible, or a flag is unknown or impossible.
        TypeError: if the builder does not accept what it will be called with, or a flag has the wrong type.

    Example:
        >>> from segnet_nb.networks.layers import MaxUnpooling2D
        >>> @register_decoder("unpooling", line="unpooling only", keeps="indices")
        ... def unpooling(x, context):
        ...     for stage in context.stages:
        ...         x = MaxUnpooling2D()([x, stage.indices, stage.features])
        ...     return context.classify(x)
        >>> from segnet_nb.networks.basic import segnet_basic
        >>> segnet_basic((None, None, 3), 11, decoder="unpooling").name
        'basic_unpooling'
        >>> del DECODERS["unpooling"]  # only so that this example leaves nothing behind
    """
    flags = {"keeps": keeps, "linear_end": linear_end, "class_bias": class_bias}
    _check_request(name, line, title, flags, unknown)

    def register(builder: Builder) -> Builder:
        _parameters(builder, "decoder", name)
        _check_call(builder, "decoder", name, (None, None))
        _add(
            DECODERS,
            "decoder",
            DecoderInfo(name=name, title=title or name, line=line, builder=builder, **flags),
        )
        return builder

    return register


def _check_request(name: str, line: str, title: str, flags: dict[str, Any], unknown: dict[str, Any]) -> None:
    """Raise unless the name, the texts and the flags are possible."""
    if unknown:
        known = ", ".join(("line", "title", *flags))
        raise UserError(f"unknown flags: {', '.join(sorted(unknown))}. Known: {known}.")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UserError(f"name must consist of letters, digits, '_', '.' and '-', but got {name!r}.")
    for label, text in (("line", line), ("title", title)):
        if not isinstance(text, str):
            raise UserTypeError(f"{label} must be text, but got {text!r}.")
    if not line:
        raise UserError("line must say in one line how it works, but is empty.")
    if flags["keeps"] not in get_args(Keeps):
        raise UserError(f"keeps must be one of {', '.join(get_args(Keeps))}, but got {flags['keeps']!r}.")
    for flag in ("linear_end", "class_bias"):
        if not isinstance(flags[flag], bool):
            raise UserTypeError(f"{flag} must be True or False, but got {flags[flag]!r}.")


_CALLS = {
    "network": "(input_size, num_classes, *, output) and optionally dropout and decoder",
    "decoder": "(x, context)",
}


def _parameters(builder: Any, kind: str, name: str) -> set[str]:
    """The names of the builder's parameters."""
    try:
        return set(inspect.signature(builder).parameters)
    except (TypeError, ValueError):
        raise UserTypeError(
            f"the builder of the {kind} {name!r} must be a function of {_CALLS[kind]}, but got {builder!r}."
        ) from None


def _check_call(builder: Any, kind: str, name: str, arguments: tuple[Any, ...], **options: Any) -> None:
    """Raise unless the builder accepts the call."""
    signature = inspect.signature(builder)
    try:
        signature.bind(*arguments, **options)
    except TypeError as error:
        raise UserTypeError(
            f"the builder of the {kind} {name!r} must accept {_CALLS[kind]}, but its signature is "
            f"{signature}: {error}."
        ) from None


def _add(entries: dict[str, Any], kind: str, info: Entry) -> None:
    taken = entries.get(info.name)
    if taken is not None and not _same_definition(taken.builder, info.builder):
        raise UserError(
            f"there is a {kind} {info.name!r} already: {taken.line}. Choose another name; taken are "
            f"{', '.join(entries)}."
        )
    entries[info.name] = info


def _same_definition(one: Any, other: Any) -> bool:
    """Whether two builders are the same function, perhaps defined again in between."""
    places = [
        (getattr(builder, "__module__", None), getattr(builder, "__qualname__", None))
        for builder in (one, other)
    ]
    return one is other or (places[0] == places[1] and None not in places[0])
