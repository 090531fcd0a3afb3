"""A real JupyterLab and a headless Chromium, started once; tests skip where there is no browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TOKEN = "for-tests-only"
# One server has both, JupyterLab and Jupyter Notebook.
APPLICATIONS = ("LabApp", "JupyterNotebookApp")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A camera that shows a moving picture and asks nobody.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


class Lab(str):
    """The address of a running JupyterLab, and the folder it serves."""

    folder: Path


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def launched() -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=list(CHROMIUM_FLAGS))
        yield opened
        opened.close()


def end(server: subprocess.Popen[bytes]) -> None:
    """Stop a server, by force if it does not stop in 20 seconds."""
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextmanager
def serving(folder: Path) -> Iterator[Lab]:
    """A JupyterLab over a folder."""
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # Cells out of sight are drawn too, so that a test can look at them.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    quiet = folder / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    # It would ask whether to fetch news, in a box over the page.
    (quiet / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    port = free_port()
    command = [
        *(sys.executable, "-m", "jupyter", "lab", "--no-browser", "--ip=127.0.0.1", "--allow-root"),
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"),
        *(f"--{app}.expose_app_in_browser=True" for app in APPLICATIONS),
        *(f"--{app}.user_settings_dir={folder / 'settings'}" for app in APPLICATIONS),
        *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
        f"--ServerApp.root_dir={folder}",
    ]
    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    address = Lab(f"http://127.0.0.1:{port}")
    address.folder = folder
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api?token={TOKEN}", timeout=2).close()
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                assert server.poll() is None, (folder / "lab.log").read_text()[-2000:]
                time.sleep(0.25)
        else:
            pytest.fail("JupyterLab did not answer: " + (folder / "lab.log").read_text()[-2000:])
        yield address
    finally:
        end(server)


@pytest.fixture(scope="package")  # not session: Playwright keeps an event loop running
def browser():
    if chromium() is None:
        pytest.skip("no Chromium: `make browser` installs it on Debian as root; otherwise install it by hand")
    with launched() as opened:
        yield opened


@pytest.fixture(scope="package")  # not session: Playwright keeps an event loop running
def lab(browser, tmp_path_factory) -> Iterator[Lab]:
    """The address of a JupyterLab over copies of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    with serving(folder) as served:
        yield served
