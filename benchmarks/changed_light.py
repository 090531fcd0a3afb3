"""Mean IoU of trained networks on images whose light, colours or sharpness were changed.

    python -m benchmarks.changed_light [--weights realtime-camvid lean-camvid] [--dataset camvid] [--every 4]

A proxy for streets in other light: validation images of one drive, each changed in the same way.
``--weights`` takes names of pretrained weights, .keras files and folders of runs. Prints a table in percent.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image, ImageFilter

from segnet_nb import datasets
from segnet_nb.inference.evaluation import evaluate
from segnet_nb.inference.pretrained import load_trained


def gamma(power):
    """Darker above 1, brighter below."""
    return lambda image: 255 * (image / 255) ** power


def gains(*factors):
    """Another white balance."""
    return lambda image: image * np.array(factors)


def haze(share):
    """Less contrast, as in rain or fog."""
    return lambda image: (1 - share) * image + share * 170


def filtered(how):
    """A change by Pillow."""
    return lambda image: np.asarray(how(Image.fromarray(image.astype(np.uint8))).convert("RGB"), float)


def noise(image):
    """The same noise in every image, with a deviation of 12."""
    return image + np.random.default_rng(0).normal(0, 12, image.shape)


CHANGES = {
    "as taken": lambda image: image,
    "dark: gamma 1.8": gamma(1.8),
    "bright: gamma 0.6": gamma(0.6),
    "warm light: gains 1.15, 1, 0.8": gains(1.15, 1, 0.8),
    "cold light: gains 0.85, 1, 1.2": gains(0.85, 1, 1.2),
    "haze: 40 % grey": haze(0.4),
    "no colour": filtered(lambda picture: picture.convert("L")),
    "blur: sigma 1.5": filtered(lambda picture: picture.filter(ImageFilter.GaussianBlur(1.5))),
    "noise: deviation 12": noise,
}


def changed(data, change):
    """The same data with each image changed."""
    images = [np.clip(np.rint(change(image.astype(float))), 0, 255).astype(np.uint8) for image in data.images]
    return replace(data, images=np.stack(images))


def main() -> None:
    """Score each network on each change and print a row for it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ["realtime-camvid", "lean-camvid", "segnet-basic-camvid"]
    parser.add_argument("--weights", nargs="+", default=names, help="names, .keras files or run folders")
    parser.add_argument("--dataset", default="camvid")
    parser.add_argument("--size", type=int, nargs=2, default=(360, 480), metavar=("H", "W"))
    parser.add_argument("--every", type=int, default=4, help="use every n-th image")
    chosen = parser.parse_args()
    data = datasets.load(chosen.dataset, "val", image_size=tuple(chosen.size), in_memory=True)
    data = data.subset(range(0, len(data), chosen.every))
    models = [load_trained(weights).model for weights in chosen.weights]
    print(f"mIoU in percent, {len(data)} images\n\n| change | {' | '.join(chosen.weights)} |")
    print("|---" * (len(models) + 1) + "|")
    for name, change in CHANGES.items():
        images = changed(data, change)
        scores = [evaluate(model, images, boundary=False).scores.mean_iou for model in models]
        print(f"| {name} | {' | '.join(f'{100 * score:.1f}' for score in scores)} |", flush=True)


if __name__ == "__main__":
    main()
