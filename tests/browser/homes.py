"""Other homes of notebooks than JupyterLab: their servers, a visit in a browser, how explorers are driven.

They are optional: ``make homes`` installs them into ``.venv/homes``, apart from the package's own packages.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import ROOT, end
from tests.browser.driver import eventually
from tests.browser.explorers import CELLS, START

# Counts the keys that an explorer lets go on to the page; VS Code, among others, listens there.
REACHED = (
    "window.reached = []; window.addEventListener('keydown', event => window.reached.push(event.key), false)"
)
# The colors behind an explorer and in it, and whether it takes the page for dark.
COLORS = """root => {
  const of = (node) => getComputedStyle(node);
  return {dark: root.classList.contains('sn-dark'), ground: of(root).backgroundColor, text: of(root).color};
}"""


@dataclass(frozen=True)
class Drive:
    """How a person uses an explorer: a click, then keys.

    Attributes:
        name: of its variable in ``CELLS``, and in ``told.ANSWERS``.
        clicked: selector of a control.
        at: where it is clicked, as shares of its width and height.
        focused: selector of the control that gets the keys.
        keys: to press.
    """

    name: str
    clicked: str
    at: tuple[float, float]
    focused: str
    keys: tuple[str, ...]


MIDDLE = (0.5, 0.5)
DRIVES = {
    "pooling-playground": Drive(
        "playground", "[data-preset=negative]", MIDDLE, "[data-map=grid] input", ("+",)
    ),
    "index-microscope": Drive(
        "microscope", "[data-trait=channel]", (0.7, 0.5), "[data-trait=channel]", ("ArrowRight",)
    ),
    "index-ablation": Drive("ablation", "[data-preset=zeros]", MIDDLE, "[data-preset=nearest]", ("Enter",)),
    "mask-inspector": Drive(
        "inspector",
        "[data-canvas=picture]",
        (0.4, 0.6),
        "[data-canvas=picture]",
        ("ArrowRight", "PageUp", "Enter"),
    ),
    "uncertainty-lens": Drive("lens", "[data-trait=kept]", (0.3, 0.5), "[data-trait=kept]", ("ArrowRight",)),
    "loss-lab": Drive("lab", "[data-trait=shift]", (0.8, 0.5), "[data-trait=shift]", ("ArrowLeft",)),
    "training-monitor": Drive(
        "monitor", "[data-trait=shown]", (0.1, 0.5), "[data-trait=opacity]", ("ArrowRight",)
    ),
}


def told_cells() -> list[str]:
    """The cells of a notebook with all explorers, each with its answer, and a second view of the loss lab."""
    pairs = [[cell, f"Told({DRIVES[kind].name!r}, {DRIVES[kind].name})"] for kind, cell in CELLS.items()]
    return [START + "from tests.browser.told import Told", *(cell for pair in pairs for cell in pair), "lab"]


def python_of_homes(module: str) -> str:
    """The Python that has Voila and marimo; skips where it does not exist."""
    beside = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    for python in (Path(sys.prefix) / "homes" / beside, Path(sys.executable)):
        look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
        if python.exists() and not subprocess.run([str(python), "-c", look], check=False).returncode:
            return str(python)
    pytest.skip(f"{module} is not installed, and is optional: make homes")


@contextlib.contextmanager
def started(command: Sequence[str], port: int, folder: Path) -> Iterator[str]:
    """A server that answers at a port, with a log in a folder; its address.

    Args:
        command: starts it.
        port: where it listens.
        folder: where it runs.
    """
    # Without JUPYTER_PATH: by it Voila would take templates of nbconvert instead of its own.
    left_out = ("MPLBACKEND", "JUPYTER_PATH")
    environment = {key: value for key, value in os.environ.items() if key not in left_out}
    environment["PYTHONPATH"] = str(ROOT)
    path = folder / "server.log"
    with path.open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
    try:
        for _ in range(1200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=2).close()
                break
            assert server.poll() is None, path.read_text(errors="replace")[-3000:]
            time.sleep(0.25)
        else:
            pytest.fail("the server did not answer: " + path.read_text(errors="replace")[-3000:])
        yield f"http://127.0.0.1:{port}"
    finally:
        end(server)


class Visit:
    """A page of a home, open in a browser that reaches nothing but its server.

    Args:
        browser: Playwright's.
        address: of the page.
        dark: whether the reader's system prefers dark pages.
    """

    def __init__(self, browser: Any, address: str, *, dark: bool = False) -> None:
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 900}, color_scheme="dark" if dark else "light"
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(240_000)
        self.failures: list[str] = []
        self.outside: list[str] = []
        own = urlsplit(address).netloc
        self.page.on("pageerror", lambda error: self.failures.append(str(error)))
        self.page.on("console", self._heard)

        def answer(route: Any) -> None:
            url = urlsplit(route.request.url)
            if url.netloc == own or url.scheme in ("blob", "data"):
                route.continue_()
            else:
                self.outside.append(route.request.url)
                route.fulfill(status=200, body="")

        self.page.route("**/*", answer)
        self.page.goto(address, wait_until="commit")

    def _heard(self, said: Any) -> None:
        if said.type == "error":
            self.failures.append(f"{said.text} ({said.location.get('url', '')})")

    def explorer(self, kind: str) -> Any:
        """The element of an explorer, such as ``mask-inspector``, in view."""
        found = self.page.locator(f".sn-{kind}").first
        found.wait_for()
        found.scroll_into_view_if_needed()
        return found

    def close(self) -> None:
        self.context.close()


def check_driven(opened: Any, kind: str) -> None:
    """Click, then press keys: both change the kernel's answer and what is shown, and no key leaks.

    Args:
        opened: a ``Visit`` or an ``OpenNotebook``.
        kind: of the explorer.
    """
    drive, page, view = DRIVES[kind], opened.page, opened.explorer(kind)
    page.evaluate(REACHED)
    check_changes(opened, kind, lambda: click(view.locator(drive.clicked).first, drive.at))
    view.locator(drive.focused).first.focus()
    check_changes(opened, kind, lambda: [page.keyboard.press(key) for key in drive.keys])
    assert not set(page.evaluate("window.reached")) - {"Shift", "Control"}
    assert view.locator(".sn-error").is_hidden()


def check_changes(opened: Any, kind: str, act: Callable[[], Any]) -> None:
    """What is done changes the answer of the kernel and what the explorer says."""
    view = opened.explorer(kind)
    told = opened.page.locator(f"[data-told={DRIVES[kind].name}]").first
    before, seen = told.text_content(), view.inner_text()
    act()
    eventually(opened.page, lambda: told.text_content() != before, 60)
    eventually(opened.page, lambda: view.inner_text() != seen, 60)


def click(control: Any, at: tuple[float, float]) -> None:
    """Click somewhere in a control."""
    control.scroll_into_view_if_needed()
    box = control.bounding_box()
    control.click(position={"x": at[0] * box["width"], "y": at[1] * box["height"]})


def check_two_views(opened: Any, kind: str, control: str) -> None:
    """A slider of the second view of a widget moves that of the first one."""
    views = opened.page.locator(f".sn-{kind}")
    eventually(opened.page, lambda: views.count() == 2, 60)
    first, second = (views.nth(number).locator(control) for number in range(2))
    second.focus()
    opened.page.keyboard.press("Home")
    eventually(opened.page, lambda: first.input_value() == second.input_value() == first.get_attribute("min"))
