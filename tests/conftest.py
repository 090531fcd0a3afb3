"""Shared fixtures and the few things every test relies on."""

from __future__ import annotations

import os
from typing import Any

import pytest

# Before any framework is imported: quiet logs, and no window system for figures.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Of several processes (`pytest -n 2`) one takes a whole file, and one takes all browser tests.

    So fixtures of a module are made once, and one JupyterLab serves all. Notebooks share nothing and take
    long: they are handed out one by one. All go in the order they were found in, so that what is long does
    not come last and leave the other process idle.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            if file == "tests/notebooks/test_notebooks.py":
                return nodeid
            return "tests/browser" if file.startswith("tests/browser/") else file

    config.option.loadscopereorder = False
    return ByFile(config, log)
