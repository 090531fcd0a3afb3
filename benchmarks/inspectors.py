"""Latency of the inspectors from a slider event to changed pixels, in JupyterLab in headless Chromium.

    python -m benchmarks.inspectors [--moves 120] [--dataset synthetic]

Mask inspector and index microscope at 360 x 480 with 11 classes, index ablation at 180 x 240. Prints the
median and the 95th percentile in milliseconds over so many moves, each after a pause, and a table in
Markdown. A canvas counts as changed when it can be read back; the screen shows it with the next frame. Needs
Chromium.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from tests.browser.conftest import chromium, launched, serving
from tests.browser.driver import OpenNotebook, write_notebook

CELLS = (
    """
import segnet_nb as sn
from segnet_nb import datasets, probes, widgets
model = sn.load_pretrained("small-synthetic")
large = datasets.load("{dataset}", "val", image_size=(360, 480), count=2)
small = datasets.load("{dataset}", "val", image_size=(180, 240), count=2)
""",
    "inspector = widgets.MaskInspector(probes.probe_predictions(model, large))\ninspector",
    "microscope = widgets.IndexMicroscope(probes.trace_images(model, large.images))\nmicroscope",
    "bench = probes.AblationBench(model, small.images, small.labels, small.classes)\n"
    "ablation = widgets.IndexAblation(bench)\nablation.modes = ['random'] * 4\nablation",
)

# Moves a control repeatedly and measures the milliseconds until the pixels have changed.
MOVE = """async ([root, trait, values, changed]) => {
  const view = document.querySelector(root), slider = view.querySelector(`input[data-trait=${trait}]`);
  const map = view.querySelector('[data-map=features]'), step = {bubbles: true, shiftKey: true};
  const done = eval(changed)(view), times = [], signs = [];
  const pause = ms => new Promise(go => setTimeout(go, ms));
  // Often, but leaving the page time to work; waiting for frames would add up to one to every figure.
  const idle = () => pause(4);
  for (const value of values) {
    const is = done(value);
    const start = performance.now();
    if (slider) {
      slider.value = value;
      slider.dispatchEvent(new Event('input', {bubbles: true}));
    } else map.dispatchEvent(new KeyboardEvent('keydown', {...step, key: value}));
    let sign = null;
    while (!is()) {
      if (performance.now() - start > 20000) throw new Error(`no answer to ${trait} = ${value}`);
      const busy = view.querySelector('.sn-busy');
      if (sign === null && busy && busy.getClientRects().length) sign = performance.now() - start;
      await idle();
    }
    times.push(performance.now() - start);
    signs.push(sign);
    await pause(60);
  }
  return [times, signs];
}"""
# Reading the canvas back waits until it has been drawn.
PIXELS_DIFFER = """view => {
  const canvas = view.querySelector('canvas[data-canvas=%s]');
  const read = () => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const sum = data => {
    let s = 0;
    for (let i = 0; i < data.length; i += 4) s = (s * 31 + data[i]) | 0;
    return s;
  };
  return () => { const before = sum(read()); return () => sum(read()) !== before; };
}"""
MAPS_DRAWN = """view => value => () => {
  const maps = [...view.querySelectorAll('canvas')].filter(canvas => canvas.dataset.state);
  return maps.length >= 5 && maps.every(canvas => canvas.dataset.state.split('/')[1] === `${value}`);
}"""
PATH_DRAWN = """view => value => {
  const status = view.querySelector('[data-status]'), before = status.textContent;
  return () => status.textContent !== before;
}"""
RESULT_DRAWN = """view => () => {
  let asked = false;
  return () => {
    const busy = view.querySelector('.sn-results').getAttribute('aria-busy') === 'true';
    asked ||= busy;
    return asked && !busy;
  };
}"""


def values(kind: str, moves: int) -> list[int] | list[str]:
    rng = np.random.default_rng(0)
    if kind == "pixel":  # a walk of eight pixels a step, to and fro
        return ["ArrowRight" if move // 10 % 2 == 0 else "ArrowLeft" for move in range(moves)]
    if kind == "channel":  # of 16, never the same twice in a row
        return [int(v) for v in np.cumsum(rng.integers(1, 16, moves)) % 16]
    # Between 40 and 95 %: in this range each move changes some pixel of every image.
    return [int(v) for v in np.cumsum(rng.integers(5, 40, moves)) % 56 + 40]


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=120)
    parser.add_argument("--dataset", default="synthetic", choices=("synthetic", "camvid"))
    options = parser.parse_args()
    if chromium() is None:
        raise SystemExit("no Chromium: `make browser` installs it on Debian as root.")
    cases = (
        ("mask inspector: opacity", ".sn-mask-inspector", "opacity", PIXELS_DIFFER % "picture", 16, 33),
        ("mask inspector: certainty", ".sn-mask-inspector", "threshold", PIXELS_DIFFER % "picture", 16, 33),
        ("index microscope: channel", ".sn-index-microscope", "channel", MAPS_DRAWN, 20, 33),
        ("index microscope: pixel", ".sn-index-microscope", "pixel", PATH_DRAWN, 20, 33),
        ("index ablation: share of random indices", ".sn-index-ablation", "share", RESULT_DRAWN, 1000, None),
    )
    rows = []
    with tempfile.TemporaryDirectory() as folder, launched() as browser, serving(Path(folder)) as lab:
        cells = [cell.format(dataset=options.dataset) for cell in CELLS]
        write_notebook(Path(folder) / "inspectors.ipynb", *cells)
        notebook = OpenNotebook(browser, lab, "inspectors.ipynb", height=1400)
        notebook.run_all()
        notebook.page.wait_for_timeout(2000)
        for name, root, trait, changed, median, tail in cases:
            notebook.explorer(root.removeprefix(".sn-"))
            arguments = [root, trait, values(trait, 5), changed]
            notebook.page.evaluate(MOVE, arguments)  # warm
            times, signs = notebook.page.evaluate(MOVE, [root, trait, values(trait, options.moves), changed])
            signs = [sign for sign in signs if sign is not None]
            shown = f"{np.median(signs):.0f}" if len(signs) > len(times) / 2 else "-"
            wanted = f"{median} / {tail}" if tail else f"{median}"
            row = (name, f"{np.median(times):.1f}", f"{np.percentile(times, 95):.1f}", wanted, shown)
            print(" | ".join(row), flush=True)
            rows.append(row)
        assert notebook.failures == []
        notebook.close()
    print(
        "\n| control | median ms | 95th percentile ms | aim ms | busy sign after ms |\n|---|---|---|---|---|"
    )
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
