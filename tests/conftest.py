"""Shared fixtures and the few things every test relies on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Before any framework is imported: quiet logs, and no window system for figures.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")

BROWSER = Path(__file__).parent / "browser"


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several processes (`-n 2 --dist loadgroup`) one takes a whole file, and one all browser tests."""
    for item in items:
        group = BROWSER if BROWSER in item.path.parents else item.path
        item.add_marker(pytest.mark.xdist_group(group.name))
