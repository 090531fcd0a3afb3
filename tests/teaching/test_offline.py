"""A folder for a class without a network: what is in it, its check, and that it is enough."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from segnet_nb import UserError
from segnet_nb._shared.errors import MissingFileError
from segnet_nb.inference import pretrained
from segnet_nb.teaching import offline, pack_course, verify_course
from segnet_nb.teaching.folders import RECORD
from tests.teaching.small_course import NAME, ROOT, names

WEIGHTS = {f"weights/{path.name}" for path in (ROOT / "data" / "weights").iterdir()}
ALWAYS = {"README.md", "SHA256SUMS", "synthetic-scenes.sha256", RECORD}

# Connections to other machines fail, as without a network. Kernels of notebooks talk on this machine.
NO_NETWORK = """
import ipaddress, socket
def only_here(connect):
    def checked(self, address):
        is_file = self.family == getattr(socket, "AF_UNIX", None)
        if not is_file and not ipaddress.ip_address(address[0]).is_loopback:
            raise OSError(f"no network: {address}")
        return connect(self, address)
    return checked
socket.socket.connect = only_here(socket.socket.connect)
socket.socket.connect_ex = only_here(socket.socket.connect_ex)
def resolve(host, *others, **more):
    raise OSError(f"no network: {host}")
socket.getaddrinfo = resolve
"""


@pytest.fixture
def packed(course, tmp_path):
    return pack_course(tmp_path / "class", notebooks=course)


def camvid_like(folder):
    """Two pictures in CamVid's layout, with files beside them that are not CamVid's."""
    for split in ("train", "val"):
        (folder / split).mkdir(parents=True)
        (folder / f"{split}annot").mkdir()
        Image.fromarray(np.full((360, 480, 3), 90, np.uint8)).save(folder / split / "0001TP_1.png")
        Image.fromarray(np.full((360, 480), 3, np.uint8)).save(folder / f"{split}annot" / "0001TP_1.png")
        (folder / f"{split}.txt").write_text(
            f"/SegNet/CamVid/{split}/0001TP_1.png /SegNet/CamVid/{split}annot/0001TP_1.png\n"
        )
    (folder / "archive.tar.gz").write_text("x")
    return folder


def test_files(packed):
    lessons = {"notebooks/00_start.ipynb", f"notebooks/{NAME}.ipynb"}
    assert names(packed) == lessons | WEIGHTS | ALWAYS
    assert verify_course(packed) == []


def test_sums_are_those_of_the_files(packed):
    """As ``sha256sum -c`` reads them: digest, two spaces, name; every file but the sums and the record."""
    lines = (packed / "SHA256SUMS").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    assert set(sums) == names(packed) - {"SHA256SUMS", RECORD}
    assert all(hashlib.sha256((packed / name).read_bytes()).hexdigest() == sums[name] for name in sums)


def test_a_copy_is_checked(packed, tmp_path):
    copy = shutil.copytree(packed, tmp_path / "copy")
    (copy / "mine.txt").write_text("added files are not looked at")
    assert verify_course(copy) == []
    (copy / "weights" / "small-synthetic.safetensors").write_bytes(b"cut")
    (copy / "README.md").unlink()
    assert verify_course(copy) == ["README.md is missing", "weights/small-synthetic.safetensors differs"]


def test_other_scenes_are_found(packed, monkeypatch):
    monkeypatch.setattr(offline, "_scenes", lambda: "0" * 64)
    (found,) = verify_course(packed)
    assert found.startswith("the synthetic scenes differ: they are made by another version")


@pytest.mark.parametrize("line", ["abc", "0" * 64 + "  ../clone/notebooks/00_start.ipynb", "a b"])
def test_a_damaged_line_is_named(packed, line):
    (packed / "SHA256SUMS").write_text(line + "\n")
    with pytest.raises(UserError, match=r"has a line that is no sum, .*: copy the folder again"):
        verify_course(packed)


def test_data_come_along(course, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGNET_NB_CAMVID", str(camvid_like(tmp_path / "elsewhere")))
    mine = tmp_path / "mine"
    (mine / "images").mkdir(parents=True)
    (mine / "images" / "a.png").write_bytes(b"a")
    (mine / ".DS_Store").write_text("hidden")
    packed = pack_course(tmp_path / "class", ["04"], data=["camvid", mine], notebooks=course)
    camvid = {f"data/camvid/{split}{end}" for split in ("train", "val")
              for end in (".txt", "/0001TP_1.png", "annot/0001TP_1.png")}  # fmt: skip
    assert {name for name in names(packed) if name.startswith("data/")} == camvid | {"data/mine/images/a.png"}
    text = (packed / "README.md").read_text()
    assert "non-commercial" in text and "`../data/mine`" in text and "SEGNET_NB_CAMVID" in text
    assert "CAMVID" not in (pack_course(tmp_path / "b", ["04"], notebooks=course) / "README.md").read_text()


def test_what_cannot_be_packed_is_named(course, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGNET_NB_CAMVID", str(tmp_path / "none"))
    with pytest.raises(MissingFileError, match="CamVid is not here: get it with `segnet-nb data camvid`"):
        pack_course(tmp_path / "class", data=["camvid"], notebooks=course)
    for folder in ("a/mine", "b/mine"):
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(UserError, match="two folders of data are called 'mine': rename one of them"):
        pack_course(tmp_path / "class", data=[tmp_path / "a/mine", tmp_path / "b/mine"], notebooks=course)
    with pytest.raises(UserError, match=r"is inside .*, which is to be copied"):
        pack_course(tmp_path / "a" / "class", data=[tmp_path / "a"], notebooks=course)
    monkeypatch.setenv("SEGNET_NB_WEIGHTS", str(tmp_path / "a"))
    with pytest.raises(
        MissingFileError, match="has no weights: install the package again, or unset SEGNET_NB_W"
    ):
        pack_course(tmp_path / "class", notebooks=course)
    assert not (tmp_path / "class").exists() and not (tmp_path / "a" / "class").exists()


CODE = """
import segnet_nb as sn
assert "SEGNET_NB_CAMVID" in __import__("os").environ
print(sn.pretrained.directory())
street = sn.datasets.load("camvid", "val")
model = sn.load_pretrained("small-synthetic")
print(street.images.shape, sn.predict(model, street.images[:, :48, :64]).shape)
print(sn.predict(model, sn.datasets.load("synthetic", "val", image_size=(48, 64), count=1).images).shape)
try:
    __import__("urllib.request").request.urlopen("http://example.org", timeout=5)
except OSError as error:
    print("no network" in str(error))
"""


@pytest.fixture
def offline_machine(course, tmp_path, monkeypatch):
    """A copy of a packed folder, and the environment of a process that can use nothing else."""
    monkeypatch.setenv("SEGNET_NB_CAMVID", str(camvid_like(tmp_path / "elsewhere")))
    packed = pack_course(tmp_path / "class", data=["camvid"], notebooks=course)
    folder = shutil.copytree(packed, tmp_path / "student")
    (tmp_path / "site").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(NO_NETWORK)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SEGNET_NB")}
    environment |= {name: str(tmp_path / "home") for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME")}
    environment["SEGNET_NB_WEIGHTS"] = str(folder / "weights")
    environment["SEGNET_NB_CAMVID"] = str(folder / "data" / "camvid")
    environment |= {"PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(ROOT)])}
    return folder, environment


def run(command, folder, environment):
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_weights_and_data_are_read_without_a_network(offline_machine):
    """In a process with an empty home, whose connections to other machines fail."""
    folder, environment = offline_machine
    said = run([sys.executable, "-c", CODE], folder / "notebooks", environment).splitlines()
    assert said == [str(folder / "weights"), "(1, 360, 480, 3) (1, 48, 64)", "(1, 48, 64)", "True"]


@pytest.mark.slow
def test_a_lesson_runs_without_a_network(offline_machine, tmp_path):
    folder, environment = offline_machine
    packed = pack_course(tmp_path / "real", ["00"])
    for path in (packed / "notebooks").iterdir():
        shutil.copyfile(path, folder / "notebooks" / path.name)
    command = [sys.executable, "-m", "segnet_nb.cli", "report", "notebooks/00_start_here.ipynb"]
    assert "00_start_here" in run(command, folder, environment)


class TestSharedWeights:
    def test_the_folder_of_the_environment_is_used(self, packed, monkeypatch):
        monkeypatch.setenv("SEGNET_NB_WEIGHTS", str(packed / "weights"))
        (packed / "weights" / "small-synthetic.json").unlink()
        assert pretrained.directory() == packed / "weights"
        assert "small-synthetic" not in pretrained.available()
        assert {f"weights/{name}.json" for name in pretrained.available()} == {
            name for name in WEIGHTS if name.endswith(".json")
        } - {"weights/small-synthetic.json"}

    def test_an_empty_one_is_named(self, tmp_path, monkeypatch):
        monkeypatch.setenv("SEGNET_NB_WEIGHTS", str(tmp_path))
        with pytest.raises(UserError, match=f"There are: none: {tmp_path} has none"):
            pretrained.card("small-synthetic")
