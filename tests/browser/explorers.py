"""All seven explorers in one small notebook, for tests of what they have in common."""

from __future__ import annotations

START = """
import segnet_nb as sn
from segnet_nb import datasets, probes, widgets
model = sn.load_pretrained("small-synthetic")
data = datasets.load("synthetic", "val", image_size=(96, 128), count=3)
"""
CELLS = {
    "pooling-playground": "playground = widgets.PoolingPlayground()\nplayground",
    "index-microscope": (
        "microscope = widgets.IndexMicroscope(probes.trace_images(model, data.images), names=data.names)\n"
        "microscope"
    ),
    "index-ablation": (
        "bench = probes.AblationBench(model, data.images, data.labels, data.classes, names=data.names)\n"
        "ablation = widgets.IndexAblation(bench)\nablation"
    ),
    "mask-inspector": "inspector = widgets.MaskInspector(probes.probe_predictions(model, data))\ninspector",
    "uncertainty-lens": (
        "unsure = sn.load_pretrained('small-synthetic-bayesian')\n"
        "lens = widgets.UncertaintyLens(probes.probe_uncertainty(unsure, data, counts=(2, 4)))\nlens"
    ),
    "loss-lab": "lab = widgets.LossLab()\nlab",
    "training-monitor": (
        "monitor = widgets.TrainingMonitor(data.images[0], data.labels[0], data.classes)\n"
        "scores = dict(global_accuracy=0.7, class_average=0.5, mean_iou=0.4)\n"
        "monitor.history = [dict(epoch=n, loss=1 / n, **scores) for n in range(1, 6)]\n"
        "monitor.epoch, monitor.epochs, monitor.step, monitor.steps = 5, 8, 2, 9\n"
        "monitor.best_epoch, monitor.status = 4, 'running'\nmonitor"
    ),
}
