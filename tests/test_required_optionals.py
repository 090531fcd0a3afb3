"""SEGNET_NB_REQUIRE_ALL=1 turns a skip for a missing optional package into a failure, and no other skip."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SKIPS = """
import importlib.util
import pytest

def test_imports_a_peer():
    pytest.importorskip("no_such_package", reason="PyTorch is an optional independent reference")

def test_imports_without_a_reason():
    pytest.importorskip("no_such_package")

@pytest.mark.skipif(importlib.util.find_spec("no_such_package") is None,
                    reason="jax is not installed, and is optional")
def test_needs_a_backend():
    pass

def test_needs_a_browser():
    pytest.skip("no Chromium: `make browser` installs it")

def test_needs_camvid():
    pytest.skip("CamVid is not here: set SEGNET_NB_CAMVID or run `segnet-nb data camvid`")

def test_needs_another_platform():
    pytest.skip("POSIX signals")

@pytest.mark.xfail(reason="is an optional case, and known to fail")
def test_expected_to_fail():
    assert False
"""
MODULE = 'import pytest\npytest.importorskip("no_such_package", reason="PyTorch is an optional reference")\n'


def outcomes(folder: Path, require: str) -> dict[str, int]:
    """Run the tests of a folder with the hooks of tests/conftest.py; outcome -> number."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    environment = {**os.environ, "SEGNET_NB_REQUIRE_ALL": require, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "."]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    words = done.stdout.strip().splitlines()[-1].replace(",", "").split()
    return {
        kind: int(words[at - 1])
        for at, kind in enumerate(words)
        if kind.rstrip("s") in ("failed", "skipped", "passed", "xfailed", "error")
    }


@pytest.mark.parametrize(
    ("require", "expected"),
    [
        ("1", {"failed": 3, "error": 1, "skipped": 2, "xfailed": 1}),
        ("0", {"skipped": 6, "xfailed": 1}),
        ("", {"skipped": 6, "xfailed": 1}),
    ],
)
def test_a_missing_optional_fails_only_where_all_is_required(tmp_path, require, expected):
    (tmp_path / "test_skips.py").write_text(SKIPS)
    assert outcomes(tmp_path, require) == expected


@pytest.mark.parametrize(("require", "expected"), [("1", {"error": 1}), ("", {"skipped": 1})])
def test_a_module_that_skips_as_a_whole(tmp_path, require, expected):
    (tmp_path / "test_module.py").write_text(MODULE)
    assert outcomes(tmp_path, require) == expected
