"""Settings and hooks for all tests."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Tests never measure time: a busy machine must not make one fail.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Before any framework is imported: quiet logs, and no window system for figures.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")
if "PYTEST_XDIST_WORKER" in os.environ:
    # The processes share the cores already: more threads in each only wait for one another.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With several processes (`pytest -n 2`), a whole file runs in one of them, and so do all browser tests.

    Module fixtures are made once, and one JupyterLab serves all browser tests. Notebooks share nothing and
    take long, so they are distributed one by one. The order of collection is kept: a long file at the end
    would leave the other process idle.
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


# Reasons of a skip because something optional is not installed. CamVid is not among them: its licence keeps
# it out of public runs.
MISSING_OPTIONAL = re.compile(
    r"is an optional|is not installed, and is optional|could not import|no Chromium", re.IGNORECASE
)
REQUIRE_ALL = "SEGNET_NB_REQUIRE_ALL"


def fail_if_required(report: Any) -> Any:
    """Turn a skip for a missing optional into a failure where ``SEGNET_NB_REQUIRE_ALL=1``, as every night."""
    if os.environ.get(REQUIRE_ALL) == "1" and report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2]
        if MISSING_OPTIONAL.search(reason):
            report.outcome = "failed"
            report.longrepr = f"{REQUIRE_ALL}=1 does not allow this skip: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    """Judge the skips of tests."""
    return fail_if_required((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    """Judge the skips of whole modules."""
    return fail_if_required((yield))
