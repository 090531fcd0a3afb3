"""``make lab`` really started: it serves the whole repository, and its kernels find ``segnet-nb``."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="ends a process group, which Windows does not have"),
    pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed"),
    pytest.mark.skipif(
        not (ROOT / ".venv" / ".ready").exists(), reason="the checkout is not set up: make setup"
    ),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server():
    """The address, the token and the output so far of a running ``make lab``."""
    port = free_port()
    flags = f"--no-browser --ip=127.0.0.1 --port={port} --ServerApp.port_retries=0"
    process = subprocess.Popen(
        ["make", "lab", f"LAB_FLAGS={flags}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    printed = []
    try:
        for line in process.stdout:
            printed.append(line)
            if "copy and paste" in line:
                break
        printed += [process.stdout.readline() for _ in range(2)]
        text = "".join(printed)
        token = re.search(r"token=(\w+)", text)
        assert token, text
        yield f"http://127.0.0.1:{port}", token[1], text
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
        process.stdout.close()


def ask(server, path, data=None):
    address, token, _ = server
    request = urllib.request.Request(f"{address}/{path}", data, {"Authorization": f"token {token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def test_prints_an_address_that_opens_the_first_lesson(server):
    _, token, printed = server
    assert "If no browser opens" in printed
    assert re.search(rf"http://\S+/lab/tree/notebooks/00_start_here.ipynb\?token={token}", printed)


def test_links_out_of_the_notebooks_folder_lead_somewhere(server):
    """Lesson 09 links to ../docs/decoder-comparison-camvid.html."""
    page = ask(server, "files/docs/decoder-comparison-camvid.html")
    assert page == (ROOT / "docs" / "decoder-comparison-camvid.html").read_bytes()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads the environment of a process from /proc")
def test_kernels_find_the_commands(server):
    kernel = json.loads(ask(server, "api/kernels", b"{}"))
    connection = kernel["id"]
    deadline = time.monotonic() + 60
    paths = []
    while not paths and time.monotonic() < deadline:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if connection in (folder / "cmdline").read_text():
                    paths = (folder / "environ").read_bytes().decode().split("\0")
            except OSError:
                continue
    path = next(each for each in paths if each.startswith("PATH=")).removeprefix("PATH=")
    assert shutil.which("segnet-nb", path=path) == str(ROOT / ".venv" / "bin" / "segnet-nb")
