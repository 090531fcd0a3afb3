"""A gallery of many runs: bytes a run, seconds to write it, and how long the page takes in headless Chromium.

    python -m benchmarks.gallery [--runs 500] [--images 4] [--size 360x480] [--opened 5]

The runs are made up by ``tests/sweeps/generated.py``: predictions with many small errors, 40 epochs. Prints a
table in Markdown: medians over so many openings, each in a browser context of its own. "First paint" is
Chromium's first contentful paint, which comes with the table of all runs; "all read" is the end of loading,
with every mask. Needs Chromium.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from segnet_nb.datasets import CAMVID
from segnet_nb.sweeps.gallery import write_gallery
from tests.browser.conftest import chromium, launched
from tests.sweeps.generated import write_sweep

# With so many single wrong pixels a mask of 360 x 480 deflates to 9 KB, as those of small-synthetic do.
SPECKLE = 0.014

READY = """() => new Promise((done) => {
  const paint = () => performance.getEntriesByName('first-contentful-paint')[0];
  const look = () => (document.readyState === 'complete' && paint()
    ? done([paint().startTime, performance.timing.loadEventEnd - performance.timing.navigationStart,
      document.querySelectorAll('.gl-grid tbody tr').length])
    : setTimeout(look, 20));
  look();
})"""
# Milliseconds from an event to the frame after what it has changed.
AFTER = """async () => {
  const frame = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
  await frame();
  const start = performance.now(), is = SETTLED;
  (ACT)();
  while (!is()) {
    if (performance.now() - start > 20000) throw new Error('nothing has changed');
    await frame();
  }
  await frame();
  return performance.now() - start;
}"""
ACTIONS = {
    "sort by another score": (
        "() => document.querySelector(\"[data-column='s:global_accuracy'] button\").click()",
        "() => document.querySelector(\"[data-column='s:global_accuracy'][aria-sort=descending]\")",
    ),
    "scores of all classes": (
        "() => { const s = document.querySelector('[data-trait=classes]'); s.selectedIndex = 1;"
        " s.dispatchEvent(new Event('change')); }",
        "() => document.querySelectorAll('.gl-grid thead th').length > 15",
    ),
    "all learning curves": (
        "() => { location.hash = '#view=curves&lines=all'; }",
        "() => document.querySelectorAll('[data-line]').length > 60",
    ),
    "24 thumbnails": (
        "() => { location.hash = '#view=images'; }",
        "() => document.querySelectorAll('.gl-card [data-drawn]').length > 8",
    ),
    "compare two runs": (
        "() => { location.hash = '#view=compare&mode=difference'; }",
        "() => document.querySelectorAll('.gl-right td').length > 10",
    ),
}


def axes_for(runs: int) -> dict[str, list[Any]]:
    """Axes whose product is at least so many runs."""
    axes: dict[str, list[Any]] = {
        "learning_rate": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2],
        "decoder": ["indices", "bilinear", "transposed", "additive"],
        "batch_size": [2, 4, 8, 16, 32],
    }
    return {**axes, "seed": list(range(-(-runs // 100)))}


def opened(browser: Any, index: Path) -> tuple[list[float], dict[str, float]]:
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(index.as_uri(), wait_until="commit")
    paint, read, rows = page.evaluate(READY)
    assert rows >= 100
    times = {
        # Put together here, as the page's policy forbids eval.
        name: page.evaluate(AFTER.replace("SETTLED", settled).replace("ACT", act))
        for name, (act, settled) in ACTIONS.items()
    }
    context.close()
    return [paint, read], times


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--size", default="360x480")
    parser.add_argument("--opened", type=int, default=5)
    options = parser.parse_args()
    if chromium() is None:
        raise SystemExit("no Chromium: `make browser` installs it on Debian as root.")
    height, width = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        out = Path(folder)
        colors = [list(color) for color in CAMVID.colors[:-1]]
        records = write_sweep(
            *(out,), axes=axes_for(options.runs), images=options.images, size=(height, width), epochs=40,
            names=CAMVID.names, colors=colors, failed=7, speckle=SPECKLE,
        )  # fmt: skip
        start = time.perf_counter()
        index = write_gallery(out)
        seconds = time.perf_counter() - start
        files = [index, *out.glob("images/*"), *out.glob("runs/*/masks/*")]
        page = index.stat().st_size / 1e6
        each = sum(path.stat().st_size for path in files) / len(records) / 1000
        found = [opened(browser, index) for _ in range(options.opened)]
    print(f"{len(records)} runs, {options.images} images of {height} x {width}, {CAMVID.num_classes} classes")
    print(f"page {page:.1f} MB; with images and masks {each:.1f} KB a run; written in {seconds:.1f} s\n")
    print("| step | median ms |\n|---|---|")
    for position, name in enumerate(("first paint, with the table of all runs", "all read")):
        print(f"| {name} | {np.median([times[position] for times, _ in found]):.0f} |")
    for name in ACTIONS:
        print(f"| {name} | {np.median([times[name] for _, times in found]):.0f} |")


if __name__ == "__main__":
    main()
