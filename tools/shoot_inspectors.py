"""Take screenshots of the inspectors in JupyterLab for the README.

    python -m tools.shoot_inspectors [--folder docs] [--width 1280] [--dark]

All scenes are synthetic; the weights are included in the package. Needs Chromium.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser.conftest import chromium, launched, serving
from tests.browser.driver import OpenNotebook, write_notebook

ROOT = Path(__file__).parents[1]

START = """
import tempfile
import segnet_nb as sn
from segnet_nb import datasets, probes, widgets
model = sn.load_pretrained("small-synthetic")
data = datasets.load("synthetic", "val", image_size=(180, 240), count=8)
"""
SHOWN = {
    "pooling-playground": "one = widgets.PoolingPlayground()\none",
    "index-microscope": (
        "two = widgets.IndexMicroscope(probes.trace_images(model, data.images), stage=2, pixel=(84, 150))\n"
        "two.loudest()\ntwo"
    ),
    "index-ablation": (
        "bench = probes.AblationBench(model, data.images, data.labels, data.classes, names=data.names)\n"
        "three = widgets.IndexAblation(bench)\nthree.preset('random')\nthree.share = 1.0\nthree"
    ),
    "mask-inspector": (
        "four = widgets.MaskInspector(probes.probe_predictions(model, data), image=2)\n"
        "four.overlay, four.pixel, four.threshold = 'compare', [120, 170], 0.5\nfour"
    ),
    "uncertainty-lens": (
        "unsure = sn.load_pretrained('small-synthetic-bayesian')\n"
        "some = datasets.load('synthetic', 'val', image_size=(180, 240), count=4)\n"
        "lens = widgets.UncertaintyLens(probes.probe_uncertainty(unsure, some), image=2)\nlens"
    ),
    "loss-lab": "five = widgets.LossLab()\nfive",
    "training-monitor": (
        "config = sn.TrainConfig(network='small', epochs=8, image_size=(96, 128), train_count=160,"
        " val_count=16, learning_rate=4e-3, scale_min=1.0, scale_max=1.0)\n"
        "pair = [datasets.load('synthetic', split, image_size=(96, 128), count=count)"
        " for split, count in (('train', 160), ('val', 16))]\n"
        "six = widgets.TrainingMonitor(image=pair[1].images[0], labels=pair[1].labels[0],"
        " classes=pair[1].classes)\nsix"
    ),
}
TRAIN = (
    "run = await six.watch(sn.train, config, predict=sn.predict, data=tuple(pair),"
    " directory=tempfile.mkdtemp())"
)


def main() -> None:
    """Open a notebook with all inspectors and save a screenshot of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "docs")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--only", nargs="*", choices=sorted(SHOWN), default=sorted(SHOWN))
    options = parser.parse_args()
    if chromium() is None:
        raise SystemExit("no Chromium: `make browser` installs it on Debian as root.")
    cells = [START, *(SHOWN[kind] for kind in options.only)]
    if "training-monitor" in options.only:
        cells.append(TRAIN)
    with tempfile.TemporaryDirectory() as folder, launched() as browser, serving(Path(folder)) as lab:
        write_notebook(Path(folder) / "pictures.ipynb", *cells)
        notebook = OpenNotebook(
            browser, lab, "pictures.ipynb", width=options.width, height=1400, dark=options.dark
        )
        notebook.page.evaluate("window.jupyterapp.shell.collapseLeft()")
        notebook.run_all()
        options.folder.mkdir(parents=True, exist_ok=True)
        for kind in options.only:
            view = notebook.explorer(kind)
            notebook.page.wait_for_timeout(1200)
            pixels = Image.open(io.BytesIO(view.screenshot())).convert("RGB")
            target = options.folder / f"{kind}.jpg"
            pixels.save(target, quality=86, subsampling=0, optimize=True)
            print(f"{target.name}: {pixels.size}, {target.stat().st_size / 1000:.0f} kB")
        assert notebook.failures == [], notebook.failures
        notebook.close()


if __name__ == "__main__":
    main()
