"""Versions of this package and of what it runs on."""

from __future__ import annotations

from importlib import metadata

__version__ = metadata.version("segnet-nb")
