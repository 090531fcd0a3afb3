"""Many uses in one process: memory stays flat and nothing is left. ``SEGNET_NB_SOAK`` makes it longer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

TIMES = float(os.environ.get("SEGNET_NB_SOAK", "1"))


def ended(module: str, folder: Path, **counts: float) -> str:
    """What a command of this folder prints; it must find nothing."""
    options = [f"--{name}={round(count)}" for name, count in counts.items()]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", f"tests.attacks.{module}", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    return done.stdout


@pytest.mark.timeout(600 * max(1, TIMES))
def test_a_soak(tmp_path):
    said = ended("soak", tmp_path, widgets=70 * TIMES, reports=10 * TIMES, trainings=9 * TIMES)
    assert said.count("nothing left") == 3


@pytest.mark.timeout(900 * max(1, TIMES))
def test_kills(tmp_path):
    said = ended("kills", tmp_path, trainings=12 * TIMES, reports=2 * TIMES, sweeps=1 * TIMES)
    assert said.rstrip().endswith("0 differences or leftovers")
