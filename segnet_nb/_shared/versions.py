"""Versions of this package and of those that it uses."""

from __future__ import annotations

import platform
from importlib import metadata

__version__ = metadata.version("segnet-nb")


def versions_of(*packages: str) -> dict[str, str]:
    """Versions of Python and of packages, in the given order, without those that are not installed.

    Example:
        >>> sorted(versions_of("numpy", "no-such-package"))
        ['numpy', 'python']
    """
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
