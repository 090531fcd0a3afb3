"""Versions of this package and of what it runs on."""

from __future__ import annotations

import platform
from importlib import metadata

__version__ = metadata.version("segnet-nb")


def versions_of(*packages: str) -> dict[str, str]:
    """Python's version and those of installed packages, in the order given; missing ones are left out.

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
