"""Latency of what computes in a page without a kernel: microscope, ablation, and a photo of one's own.

    python -m benchmarks.pages [--moves 40]

Opens a report (180 x 240, ``small-synthetic``) and a photo page (360 x 480, ``realtime-synthetic``) from disk
in headless Chromium without a network, as a reader does. Prints the median and the 95th percentile in
milliseconds from an event of a control to the drawn answer over so many moves, each after a pause; the first
answer, which starts the engine; and the longest task of the page's own thread meanwhile, for which the page
could not react. Needs Chromium and the engine (``python tools/build_engine.py``).
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import segnet_nb as sn
from benchmarks.inspectors import MAPS_DRAWN, MOVE, RESULT_DRAWN
from segnet_nb import datasets, probes, reports
from segnet_nb.reports.page_engine import has_engine
from tests.browser.conftest import chromium, launched
from tests.report_helpers import write_notebook

CELLS = (
    """import segnet_nb as sn
from segnet_nb import datasets, probes, widgets
model = sn.load_pretrained("small-synthetic")
data = datasets.load("synthetic", "val", image_size=(180, 240), count=2)
widgets.IndexMicroscope(probes.trace_images(model, data.images))""",
    """ablation = widgets.IndexAblation(
    probes.AblationBench(model, data.images, data.labels, data.classes), modes=["random"] * 4
)
ablation""",
)
CASES = (
    ("index microscope: channel", ".sn-index-microscope", "channel", MAPS_DRAWN, 100),
    ("index ablation: share of random indices", ".sn-index-ablation", "share", RESULT_DRAWN, 300),
)
# Tasks of the page's own thread of more than 50 ms; the engine works in another.
WATCH = """() => {
  window.longTasks = [];
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) window.longTasks.push(entry.duration);
  }).observe({type: 'longtask'});
}"""


def positions(trait: str, moves: int) -> list[int]:
    """Of a slider: channels in turn; shares of indices that did not occur before, as answers are kept."""
    return [(5 * n + 3) % 16 for n in range(moves)] if trait == "channel" else [2 + n for n in range(moves)]


def opened(browser: Any, path: Path) -> Any:
    """A page from disk, off line."""
    page = browser.new_context(offline=True, viewport={"width": 1280, "height": 1000}).new_page()
    page.set_default_timeout(60_000)
    page.goto(path.as_uri())
    page.wait_for_timeout(1000)
    page.evaluate(WATCH)
    return page


def longest_task(page: Any) -> float:
    """Milliseconds of the longest task since the last call; 0: none was longer than 50."""
    page.wait_for_timeout(100)
    return page.evaluate("() => Math.max(0, ...window.longTasks.splice(0))")


def row(name: str, times: list[float], aim: int, first: float, longest: float) -> tuple[str, ...]:
    """A row of the table, which is printed as well."""
    task = f"{longest:.0f}" if longest else "below 50"
    numbers = (f"{np.median(times):.0f}", f"{np.percentile(times, 95):.0f}", f"{aim}", f"{first:.0f}", task)
    print(" | ".join((name, *numbers)), flush=True)
    return (name, *numbers)


def explorers(browser: Any, folder: Path, moves: int) -> list[tuple[str, ...]]:
    """Microscope and ablation in a report."""
    notebook = write_notebook(folder, *CELLS)
    html = reports.run(notebook, output_dir=folder / "out", progress=False).html
    rows = []
    page = opened(browser, html)
    for name, root, trait, changed, aim in CASES:
        page.locator(root).first.scroll_into_view_if_needed()
        start, rest = positions(trait, moves + 5)[:5], positions(trait, moves + 5)[5:]
        (first, *_), _ = page.evaluate(MOVE, [root, trait, start, changed])
        longest_task(page)
        times, _ = page.evaluate(MOVE, [root, trait, rest, changed])
        rows.append(row(name, times, aim, first, longest_task(page)))
    return rows


def photo(browser: Any, folder: Path, moves: int) -> tuple[str, ...]:
    """A photo of 360 x 480 in the photo page: the page's own milliseconds, from decoding to the mask."""
    network = probes.page_network(sn.load_pretrained("realtime-synthetic"))
    page = opened(browser, reports.write_photo_page(folder / "photo.html", network, datasets.CAMVID))
    files = []
    for image in datasets.load("synthetic", "val", image_size=(360, 480), count=2).images:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "png")
        files.append({"name": "street.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    times = []
    for number in range(moves + 3):
        page.evaluate("() => { document.querySelector('.sn-rate').textContent = ''; }")
        page.locator("input[type=file]").set_input_files(files[number % 2])
        page.wait_for_function("() => document.querySelector('.sn-rate').textContent.endsWith('ms')")
        times.append(float(page.locator(".sn-rate").inner_text().split()[-2]))
        if number == 2:
            longest_task(page)
        time.sleep(0.06)
    return row("photo page: realtime network, 360 x 480", times[3:], 250, times[0], longest_task(page))


def main() -> None:
    """Run the benchmark and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=40)
    options = parser.parse_args()
    if chromium() is None:
        raise SystemExit("no Chromium: `make browser` installs it on Debian as root.")
    if not has_engine():
        raise SystemExit("no engine for networks in pages: `python tools/build_engine.py` makes it.")
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        rows = explorers(browser, Path(folder), options.moves)
        rows.append(photo(browser, Path(folder), options.moves))
    print("\n| control | median ms | 95th percentile ms | aim ms | first answer ms | longest task ms |")
    print("|---|---|---|---|---|---|")
    for each in rows:
        print(f"| {' | '.join(each)} |")


if __name__ == "__main__":
    main()
