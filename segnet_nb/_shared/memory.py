"""Errors of all backends that say that memory ran out."""

from __future__ import annotations

# TensorFlow's and PyTorch's errors, by name, so that neither has to be imported; XLA's by its message.
_NAMES = {"ResourceExhaustedError", "OutOfMemoryError"}
_MESSAGE = "RESOURCE_EXHAUSTED"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on any backend.

    Example:
        >>> is_out_of_memory(MemoryError()), is_out_of_memory(ValueError("too large"))
        (True, False)
        >>> is_out_of_memory(RuntimeError("RESOURCE_EXHAUSTED: Out of memory"))  # as JAX says it
        True
    """
    names = {cls.__name__ for cls in type(error).__mro__}
    return isinstance(error, MemoryError) or bool(names & _NAMES) or _MESSAGE in str(error)
