"""Replace methods of a network's layers while it trains, and restore them afterwards.

Each module of this package lists ``replacements(model)``: which attribute of which object gets which value.
``applied`` puts chosen ones on a network for the length of a ``with`` block.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from segnet_nb.training.config import TrainConfig

if TYPE_CHECKING:
    import keras

Replacement = tuple[Any, str, Any]
"""An object, the name of one of its attributes, and the value to set."""

SPEED_UPS = ("convolution_gradients", "fourier_convolutions", "fused_normalization")
"""Names of the modules of this package that change the speed of a step, and its numbers by rounding alone."""

DEFAULT_SPEED_UPS = ("fourier_convolutions", "fused_normalization")
"""Those that take fewer operations or passes over memory, so that no measurement is needed."""

_MISSING = object()
_COMPILED = ("train_function", "test_function", "predict_function")


@contextmanager
def replaced(replacements: Iterable[Replacement]) -> Iterator[None]:
    """Set attributes of instances for the length of a ``with`` block, whatever ends it.

    Example:
        >>> from types import SimpleNamespace
        >>> layer = SimpleNamespace(rate=0.5)
        >>> with replaced([(layer, "rate", 0.1), (layer, "extra", 1)]):
        ...     layer
        namespace(rate=0.1, extra=1)
        >>> layer
        namespace(rate=0.5)
    """
    with ExitStack() as restored:
        for owner, name, value in replacements:
            # Before it is set, so that an interrupt in between leaves nothing behind.
            restored.callback(_restore, owner, name, vars(owner).get(name, _MISSING))
            setattr(owner, name, value)
        yield


def _restore(owner: Any, name: str, original: Any) -> None:
    if vars(owner).get(name, _MISSING) is original:
        return
    if original is _MISSING:
        delattr(owner, name)
    else:
        setattr(owner, name, original)


@contextmanager
def applied(
    model: keras.Model, config: TrainConfig, used: Iterable[str] = DEFAULT_SPEED_UPS
) -> Iterator[None]:
    """Speed up the training steps of a network for the length of a ``with`` block.

    On TensorFlow's CPU, convolutions and batch normalizations are computed in the ways that ``used`` names;
    with ``config.sampled_statistics`` the last linear layers are trained as one. At the end of the block,
    also after an exception, every layer is plain Keras again, and what Keras has compiled in between is
    dropped.

    Args:
        model: the network to train.
        config: the configuration of its training.
        used: names of ``SPEED_UPS``; ``choice.choose`` selects them by measurement.

    Example:
        >>> from segnet_nb.networks.model import build_network
        >>> model = build_network("basic16", (None, None, 3), 11)
        >>> with applied(model, TrainConfig(network="basic16", sampled_statistics=True)):
        ...     "call" in vars(model)
        True
        >>> "call" in vars(model)
        False
    """
    forget_compiled(model)
    try:
        with replaced(_replacements(model, config, used)):
            yield
    finally:
        forget_compiled(model)


def applicable(model: keras.Model) -> tuple[str, ...]:
    """The speed-ups that would change something in this network on this machine, names of ``SPEED_UPS``.

    Example:
        >>> from segnet_nb.networks.model import build_network
        >>> applicable(build_network("small", (None, None, 3), 11))
        ('convolution_gradients', 'fused_normalization')
    """
    return tuple(name for name in SPEED_UPS if on_tensorflow_cpu() and _of(name, model))


def _replacements(model: keras.Model, config: TrainConfig, used: Iterable[str]) -> list[Replacement]:
    # In the order of SPEED_UPS: of two that change a layer the later one counts.
    wanted = set(used)
    found = [each for name in applicable(model) if name in wanted for each in _of(name, model)]
    if config.sampled_statistics:
        found += _of("linear_end", model)
    return found


def _of(name: str, model: keras.Model) -> list[Replacement]:
    return importlib.import_module(f"segnet_nb.training.speed.{name}").replacements(model)


def forget_compiled(model: keras.Model) -> None:
    """Make Keras trace the network again: a compiled function keeps methods and sizes of its first call."""
    for name in _COMPILED:
        setattr(model, name, None)


def on_tensorflow_cpu() -> bool:
    """Whether the backend is TensorFlow and it sees no GPU."""
    from segnet_nb._shared.framework import keras

    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")
