"""A notebook in a real JupyterLab, driven as a person would, and its canvases read back as arrays."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import nbformat
import numpy as np

from tests.browser.conftest import TOKEN

# Through the application itself: waiting for elements of the page alone is a race.
READY = """async (name) => {
  const app = window.jupyterapp;
  await app.restored;
  for (let i = 0; i < 600; i++) {
    const panel = [...app.shell.widgets('main')].find(w => w.context && w.context.path.endsWith(name));
    if (panel) {
      await panel.context.ready;
      await panel.sessionContext.ready;
      await panel.revealed;
      const kernel = panel.sessionContext.session && panel.sessionContext.session.kernel;
      if (kernel && kernel.status === 'idle' && kernel.connectionStatus === 'connected') return true;
    }
    await new Promise(done => setTimeout(done, 200));
  }
  return false;
}"""
RUN = """async (name) => {
  const app = window.jupyterapp;
  const panel = [...app.shell.widgets('main')].find(w => w.context && w.context.path.endsWith(name));
  await app.commands.execute('notebook:clear-all-cell-outputs');
  await app.commands.execute('notebook:run-all-cells');
  const cells = panel.content.widgets.filter(w => w.model.type === 'code');
  const outputs = cells.flatMap(c => c.model.outputs.toJSON());
  return {
    cells: cells.length,
    ran: cells.filter(c => c.model.executionCount !== null).length,
    errors: outputs.filter(o => o.output_type === 'error').map(o => o.ename + ': ' + o.evalue),
  };
}"""
# Runs code in the notebook's kernel and gives back what it printed.
ASK = """async ([name, code]) => {
  const panel = [...window.jupyterapp.shell.widgets('main')].find(
    w => w.context && w.context.path.endsWith(name));
  const future = panel.sessionContext.session.kernel.requestExecute({code, store_history: false});
  let printed = '';
  future.onIOPub = message => {
    if (message.header.msg_type === 'stream') printed += message.content.text;
    if (message.header.msg_type === 'error') printed += message.content.ename + ': ' + message.content.evalue;
  };
  await future.done;
  return printed;
}"""
# The theme is there when its sheet is: its name alone comes earlier.
DARK = """() => document.body.dataset.jpThemeLight === 'false'
  && getComputedStyle(document.body).getPropertyValue('--jp-ui-font-color1').includes('255')"""
# The raw bytes of a canvas, as base64 in pieces that String.fromCharCode can take.
PIXELS = """canvas => {
  const context = canvas.getContext('2d');
  const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let text = '';
  for (let i = 0; i < data.length; i += 32768)
    text += String.fromCharCode.apply(null, data.subarray(i, i + 32768));
  return [canvas.height, canvas.width, btoa(text)];
}"""


def write_notebook(path: Any, *cells: str) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, path)


class OpenNotebook:
    """One notebook, open in a tab of its own.

    Args:
        browser: Playwright's.
        lab: address of a JupyterLab, see the ``lab`` fixture.
        name: path of the notebook below the server's folder, such as ``notebooks/05_training.ipynb``.
        width: of the window in pixels.
        dark: whether to use JupyterLab's dark theme.
        application: ``"lab"``, or ``"notebook"`` for Jupyter Notebook.
    """

    def __init__(
        self,
        browser: Any,
        lab: str,
        name: str,
        *,
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        application: str = "lab",
    ) -> None:
        self.name = name.rsplit("/", 1)[-1]
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(240_000)
        self.failures: list[str] = []
        # Jupyter Notebook has errors of its own while it starts.
        ours = application == "lab"
        self.page.on("pageerror", lambda error: ours and self.failures.append(str(error)))
        self.page.on("console", self._heard)
        workspace = self.name.removesuffix(".ipynb")
        place = {"lab": f"lab/workspaces/{workspace}/tree/{name}", "notebook": f"notebooks/{name}"}
        self.page.goto(f"{lab}/{place[application]}?token={TOKEN}&reset")
        self.page.wait_for_function("window.jupyterapp !== undefined")
        assert self.page.evaluate(READY, self.name), "the notebook's kernel did not get ready"
        if dark:
            self.darken()

    def darken(self) -> None:
        """Change to JupyterLab's dark theme."""
        self.page.evaluate(
            "window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
        )
        self.page.wait_for_function(DARK)

    def _heard(self, message: Any) -> None:
        # Only what our own code may have caused: JupyterLab logs notes of its own as errors too.
        if message.type == "error" and any(word in message.text for word in ("sn-", "segnet", "anywidget")):
            self.failures.append(message.text)

    def run_all(self) -> None:
        """Run every cell; fail where one fails."""
        seen = self.page.evaluate(RUN, self.name)
        assert seen["errors"] == []
        assert seen["ran"] == seen["cells"]

    def ask(self, code: str) -> str:
        """Run code in the kernel and return what it printed."""
        return self.page.evaluate(ASK, [self.name, code])

    def start(self, code: str) -> None:
        """Run code in the kernel without waiting for its end."""
        self.page.evaluate("([ask, given]) => { eval(ask)(given); }", [f"({ASK})", [self.name, code]])

    def explorer(self, kind: str, number: int = 0) -> Any:
        """The element of an explorer, such as ``mask-inspector``."""
        from playwright.sync_api import Error

        found = self.page.locator(f".sn-{kind}").nth(number)
        found.wait_for()
        try:
            found.scroll_into_view_if_needed()
        except Error as error:
            # JupyterLab drew the cell anew while the page scrolled: the element is another one now.
            if "not attached" not in str(error):
                raise
            found.scroll_into_view_if_needed()
        return found

    def close(self) -> None:
        """Close the tab and stop the kernel."""
        self.page.evaluate(
            """async name => {
              const panel = [...window.jupyterapp.shell.widgets('main')].find(
                w => w.context && w.context.path.endsWith(name));
              await panel.sessionContext.shutdown();
            }""",
            self.name,
        )
        self.page.close()


def eventually(page: Any, holds: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for what the kernel or the browser does in a moment, however slow the machine is.

    Args:
        page: Playwright's.
        holds: asked again and again until what it returns is true, or it only asserts and does not fail.
        seconds: after which its last complaint is the failure.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = holds()
            if answer is None or answer:
                return
            complaint = AssertionError(f"it did not come true within {seconds} seconds")
        except AssertionError as error:
            complaint = error
        if time.monotonic() > deadline:
            raise complaint
        page.wait_for_timeout(50)


def pixels(canvas: Any) -> np.ndarray:
    """A canvas read back: uint8 RGBA, shape ``(height, width, 4)``."""
    height, width, text = canvas.evaluate(PIXELS)
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def slide(control: Any, value: float) -> None:
    """Move a slider to a value as dragging it does."""
    control.evaluate(
        """(input, value) => {
          input.value = value;
          input.dispatchEvent(new Event('input', {bubbles: true}));
        }""",
        value,
    )
