"""Labels of a network in each runtime: Keras, ONNX Runtime, LiteRT and OpenVINO, in float32 and int8.

    python -m benchmarks.runtimes [--weights realtime-camvid] [--size 360 480] [--rounds 60] [--threads 2]
        [--camvid]

One image at a time, labels out, all runtimes in turns in one process. Prints median and 95th percentile in
milliseconds. With ``--camvid`` training images of CamVid calibrate int8, and the mean IoU of each file on the
validation split is printed; otherwise synthetic scenes do. Needs the extra ``export``; OpenVINO is left out
where it is not installed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

import segnet_nb as sn
from segnet_nb.inference.runtimes import open_exported
from segnet_nb.metrics.confusion import confusion_matrix, scores
from segnet_nb.networks.forms import in_form


def runners(model, calibration, size, threads, place):
    """By name: functions from a batch of images to labels, and sizes of files in bytes."""
    of_keras = in_form(sn.folded(model), "labels")
    found = {"Keras, float32": (lambda images: of_keras.predict_on_batch(images.astype("float32")), 0)}
    titles = {"onnx": "ONNX Runtime", "tflite": "LiteRT"}
    for kind, title in titles.items():
        for precision, images in (("float32", None), ("int8", calibration)):
            path = place / f"{precision}.{kind}"
            written = sn.export(model, path, image_size=size, output="labels", calibration=images)
            print(written)
            found[f"{title}, {precision}"] = open_exported(path, threads=threads), written.size_bytes
            if kind == "onnx" and find_spec("openvino"):
                run = open_exported(path, "openvino", threads=threads)
                found[f"OpenVINO, {precision}"] = run, written.size_bytes
    return found


def milliseconds(found, images, rounds):
    """By name: the times of single images, all runtimes in turns."""
    times = {name: [] for name in found}
    for number in range(-3, rounds):  # the first are warm-ups
        image = images[number % len(images)][None].astype("float32")
        for name, (run, _) in found.items():
            began = time.perf_counter()
            run(image)
            if number >= 0:
                times[name].append(1000 * (time.perf_counter() - began))
    return times


def mean_iou(found, data):
    """By name: the mean IoU on a dataset, in percent."""
    classes = len(data.classes.names)
    totals = dict.fromkeys(found, 0)
    for image, labels in data.pairs():
        for name, (run, _) in found.items():
            totals[name] = totals[name] + confusion_matrix(labels, run(image[None])[0], classes)
    return {name: 100 * scores(total).mean_iou for name, total in totals.items()}


def main() -> None:
    """Export, time in turns, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="realtime-camvid")
    parser.add_argument("--size", type=int, nargs=2, default=(360, 480), metavar=("H", "W"))
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--camvid", action="store_true", help="calibrate and score on CamVid")
    chosen = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(chosen.threads)  # before anything else runs
    model, size = sn.pretrained.load_trained(chosen.weights).model, tuple(chosen.size)
    name = "camvid" if chosen.camvid else "synthetic"
    calibration = sn.datasets.load(name, "train", image_size=size, in_memory=False)
    data = sn.datasets.load(name, "val", image_size=size, count=None if chosen.camvid else 8)
    with tempfile.TemporaryDirectory() as place:
        found = runners(model, calibration, size, chosen.threads, Path(place))
        images = [data.pair(number)[0] for number in range(8)]
        times = milliseconds(found, images, chosen.rounds)
        quality = mean_iou(found, data) if chosen.camvid else {}
    print(
        f"{chosen.weights} at {size[0]} x {size[1]}, one image, labels out, {chosen.threads} threads, "
        f"{chosen.rounds} rounds in turns"
    )
    for each, values in times.items():
        file_size = f"{found[each][1] / 1e6:5.2f} MB" if found[each][1] else " " * 8
        score = f"  mIoU {quality[each]:.2f}" if quality else ""
        print(
            f"{each:22} median {np.median(values):6.1f} ms, 95th percentile "
            f"{np.percentile(values, 95):6.1f} ms  {file_size}{score}"
        )


if __name__ == "__main__":
    main()
