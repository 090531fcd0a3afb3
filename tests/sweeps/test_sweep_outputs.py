"""Archives of runs at an address of fsspec: whole, found again after a kill, and refused if damaged."""

from __future__ import annotations

import uuid

import pytest

from segnet_nb import TaskFailedError, UserError
from segnet_nb.sweeps import outputs, sweep, sweeping
from segnet_nb.sweeps.plan import read_plan
from segnet_nb.sweeps.store import Store
from tests.report_helpers import write_notebook
from tests.sweeps.test_sweep_runs import archive_of


@pytest.fixture(params=["memory", "file"])
def address(request, tmp_path):
    if request.param == "memory":
        return outputs.check(f"memory://{uuid.uuid4().hex}/runs/")
    return outputs.check((tmp_path / "there").as_uri())


class TestAddress:
    def test_what_is_written_is_read(self, address):
        archive, digest = archive_of("0a", page=b"hello")
        assert outputs.stored(address) == {}
        outputs.put(address, "0a", archive, digest)
        assert outputs.stored(address) == {"0a": (digest,)}
        assert outputs.get(address, "0a", digest) == archive

    def test_what_is_not_there_is_told_in_a_sentence(self, address):
        with pytest.raises(TaskFailedError, match="must reach the same place"):
            outputs.get(address, "0a", "ff")

    @pytest.mark.parametrize("value", [3, "folder", "nothing-such://x"])
    def test_what_is_no_address_is_refused(self, value):
        with pytest.raises(UserError, match=r"^outputs: "):
            read_plan({"training": True, "seeds": 1, "outputs": value})


def test_a_second_start_takes_what_a_killed_command_left_there(address, tmp_path):
    plan = read_plan({"training": True, "seeds": 4, "outputs": address})
    store = Store(tmp_path / "out")
    store.prepare({})
    done, failed, damaged, missing = plan.runs
    outputs.put(address, done.key, *archive_of(done.key, page=b"hello"))
    outputs.put(address, failed.key, *archive_of(failed.key, {"state": "failed"}))
    archive, digest = archive_of(damaged.key, page=b"hello")
    outputs.put(address, damaged.key, archive[:-9], digest)
    assert sweeping._fetch(address, list(plan.runs), store) == [failed, damaged, missing]
    assert (store.runs / done.key / "page").read_bytes() == b"hello"


@pytest.mark.slow
@pytest.mark.notebook
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_workers_write_to_a_folder_address(tmp_path):
    notebook = write_notebook(tmp_path, "print(seed)", parameters="seed: int = 0")
    content = {"notebook": notebook, "seeds": 2, "outputs": (tmp_path / "there").as_uri()}
    done = sweep(content, tmp_path / "out", workers=2, progress=False)
    assert done.is_complete
    assert len(list((tmp_path / "there").glob("*.zip"))) == 2
    # Another folder gets all of it from there, without a worker.
    again = sweep(content, tmp_path / "other", scheduler="tcp://127.0.0.1:9", progress=False)
    assert again.is_complete
