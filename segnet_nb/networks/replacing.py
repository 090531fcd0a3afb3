"""Other functions in place of pooling and unpooling while a network runs, for export and for its check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Replacements = Mapping[str, Callable[..., Any]]

_current: ContextVar[Replacements | None] = ContextVar("replacements", default=None)


@contextmanager
def replaced(**functions: Callable[..., Any]) -> Iterator[None]:
    """Let the layers call these functions in the block, in this thread, when they do not train.

    Of blocks in blocks the outer one counts.

    Args:
        **functions: by the names of those of ``segnet_nb.networks.layers`` and ``subpixel``:
            ``max_pool_with_indices``, ``max_unpool``, ``depth_to_space``; with the same arguments and
            results.

    Example:
        >>> import numpy as np
        >>> from segnet_nb.networks.layers import MaxPoolingWithIndices2D
        >>> with replaced(max_pool_with_indices=lambda x: (x + 1, x)):
        ...     values, _ = MaxPoolingWithIndices2D()(np.zeros((1, 2, 2, 1), "float32"))
        >>> float(values[0, 0, 0, 0])
        1.0
    """
    token = _current.set({**functions, **(_current.get() or {})})
    try:
        yield
    finally:
        _current.reset(token)


def replacement(function: Callable[..., Any]) -> Callable[..., Any]:
    """What stands in for a function now; the function itself if nothing does.

    Example:
        >>> replacement(len) is len
        True
    """
    return (_current.get() or {}).get(function.__name__, function)
