"""Errors that a person can fix: each says what came, what was expected and what to do.

They are also the built-in errors that Python programmers expect, so ``except ValueError`` catches them. The
command line prints them in one line and exits with status 2; any other exception is a bug of this package
and keeps its traceback.
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


class MissingFileError(UserError, FileNotFoundError):
    """A file or folder that is needed and not there."""

    # OSError prints its arguments in a way of its own.
    __str__ = ValueError.__str__


class MissingPackageError(UserError, ModuleNotFoundError):
    """An optional package that is needed and not installed."""

    __str__ = ValueError.__str__


class DivergedError(UserError, FloatingPointError):
    """A training whose loss is no longer a number."""


class OutOfMemoryError(UserError, MemoryError):
    """More memory was needed than there is."""


# Tracebacks name them as people import them.
for _error in (UserError, UserTypeError, MissingFileError, MissingPackageError, DivergedError, OutOfMemoryError):
    _error.__module__ = "segnet_nb"
