"""A newcomer's first minute: JupyterLab opens the first notebook, runs it, and its pictures are there."""

from __future__ import annotations

import pytest

from tests.browser.conftest import TOKEN

pytestmark = [pytest.mark.browser, pytest.mark.notebook]

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
    pictures: [...panel.node.querySelectorAll('.jp-OutputArea img')].map(
      img => [img.complete, img.naturalWidth, img.getBoundingClientRect().width]),
  };
}"""


@pytest.mark.parametrize("name", ["00_start_here.ipynb"])
def test_the_first_notebook_runs_in_jupyterlab_and_shows_its_pictures(lab, browser, name):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(240_000)
    failures = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.goto(f"{lab}/lab/workspaces/auto-test/tree/notebooks/{name}?token={TOKEN}&reset")
    assert page.evaluate(READY, name), "the notebook's kernel did not get ready"
    seen = page.evaluate(RUN, name)
    page.wait_for_timeout(1000)  # pictures decode after the outputs are attached
    assert seen["errors"] == []
    assert seen["ran"] == seen["cells"]
    assert len(seen["pictures"]) >= 4
    for _, pixels, shown in page.evaluate(
        "() => [...document.querySelectorAll('.jp-OutputArea img')].map("
        "img => [img.complete, img.naturalWidth, img.getBoundingClientRect().width])"
    ):
        assert pixels > 400 and 300 < shown <= 1280
    assert failures == []
    page.close()
