"""The chaos test: processes of a sweep are killed at random moments, and nothing is lost or done twice."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.sweeps.chaos import Chaos, end_all, start, without_times, write_sweep

pytestmark = [
    pytest.mark.slow,
    pytest.mark.notebook,
    pytest.mark.skipif(sys.platform == "win32", reason="kills by signals"),
]
RUNS, KILLS = 40, 20


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    write_sweep(folder, RUNS)
    command = start(["segnet_nb.cli", "sweep", "s.yml", "--workers", "2"], folder, "command.log")
    try:
        assert command.wait(500) == 0, (folder / "command.log").read_text()[-2000:]
    except subprocess.TimeoutExpired:
        pytest.fail((folder / "command.log").read_text()[-2000:])
    finally:
        end_all([command])
    return without_times(folder)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("over_tcp", [False, True], ids=["local", "tcp"])
def test_twenty_kills_lose_nothing_and_repeat_nothing(tmp_path, undisturbed, over_tcp):
    write_sweep(tmp_path, RUNS)
    chaos = Chaos(tmp_path, KILLS, seed=21, over_tcp=over_tcp)
    chaos.run()
    print(f"\n{chaos.summary()}")
    assert not chaos.problems
    assert sum(chaos.killed.values()) == KILLS
    found = without_times(tmp_path)
    assert len(found) == RUNS == len({record["parameters"]["seed"] for record in found.values()})
    assert [record["scores"]["mean_iou"] for record in found.values()] == [
        record["parameters"]["seed"] / 100 for record in found.values()
    ]
    assert found == undisturbed
    assert json.loads((tmp_path / "reports" / "s" / "sweep.json").read_text())["runs"]
