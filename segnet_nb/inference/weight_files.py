"""Weights of a network in the safetensors format: names and numbers, and nothing that could be run.

Format: github.com/huggingface/safetensors. The names are the paths of Keras, such as ``classifier/kernel``;
the architecture comes from the catalogue of networks, not from the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segnet_nb._shared.errors import UserError

if TYPE_CHECKING:
    import keras


def packed(model: keras.Model) -> bytes:
    """The weights of a network in float16, as the content of a ``.safetensors`` file.

    The same weights give the same bytes.

    Example:
        >>> from segnet_nb.networks import build_network
        >>> model = build_network("small", (None, None, 3), 11)
        >>> len(packed(model)) > 2 * model.count_params()
        True
    """
    from safetensors.numpy import save

    return save({weight.path: np.asarray(weight.numpy(), "float16") for weight in model.weights})


def unpack(model: keras.Model, path: Path, content: bytes) -> None:
    """Fill a network with the weights of a ``.safetensors`` file.

    Args:
        model: as the catalogue builds it; its weights are replaced.
        path: of the file, for messages.
        content: of the file.

    Raises:
        ValueError: if the file is damaged, or holds weights of other names or shapes, or values that are not
            finite.

    Example:
        >>> from segnet_nb.networks import build_network
        >>> model = build_network("small", (None, None, 3), 11)
        >>> unpack(model, Path("small.safetensors"), packed(model))
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    # Imported here, since it loads Keras: listing the weights needs none.
    from segnet_nb.inference.model_files import check_finite

    try:
        stored = load(content)
    except SafetensorError as error:
        raise UserError(f"{path} is not a whole file of weights: {error}. Copy it again.") from error
    expected = {weight.path: tuple(weight.shape) for weight in model.weights}
    found = {name: value.shape for name, value in stored.items()}
    if found != expected:
        name = next(name for name in [*expected, *found] if found.get(name) != expected.get(name))
        raise UserError(
            f"{path} holds the weights of another network than {model.name}: {name!r} has the shape "
            f"{found.get(name, 'of no weight')}, not {expected.get(name, 'of any weight')}. "
            "Restore the file and its card together."
        )
    for weight in model.weights:
        weight.assign(stored[weight.path].astype("float32"))
    check_finite(model, path)
