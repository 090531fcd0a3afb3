"""Errors that users can fix: each says what was given, what was expected and what to do.

They are also the built-in errors that Python programmers expect, so ``except ValueError`` catches them. The
command line prints them in one line and exits with status 2, or with 1 for a ``TaskFailedError``. Any other
exception is a bug of this package and keeps its traceback.
"""

from __future__ import annotations


class UserError(ValueError):
    """A value, file or request that cannot work, with what to do about it.

    Example:
        >>> issubclass(UserError, ValueError)
        True
    """


class UserTypeError(UserError, TypeError):
    """A value of the wrong type."""


class UserIndexError(UserError, IndexError):
    """A number outside the range of what is numbered."""


class UserRuntimeError(UserError, RuntimeError):
    """A call that cannot work in the present state: with this backend, or after a widget was closed."""


class MissingFileError(UserError, FileNotFoundError):
    """A file or folder that is needed but does not exist."""

    # OSError formats its arguments differently.
    __str__ = ValueError.__str__

    def __reduce__(self) -> tuple[type, tuple]:
        # Dask's way of sending exceptions would make it of a ValueError, which an OSError does not allow.
        return type(self), self.args


class MissingPackageError(UserError, ModuleNotFoundError):
    """An optional package that is needed but not installed."""

    __str__ = ValueError.__str__


class OutOfMemoryError(UserError, MemoryError):
    """More memory was needed than is available."""


class TaskFailedError(RuntimeError):
    """A valid request that failed while it ran: a notebook, a download. Base of the errors for those."""


class DivergedError(UserError, TaskFailedError, FloatingPointError):
    """A training whose loss or weights are no longer finite."""


# Tracebacks name them as users import them.
for _error in (
    *(UserError, UserTypeError, UserIndexError, UserRuntimeError, MissingFileError, MissingPackageError),
    *(DivergedError, OutOfMemoryError, TaskFailedError),
):
    _error.__module__ = "segnet_nb"
