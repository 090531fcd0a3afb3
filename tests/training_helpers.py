"""A network and data so small that an epoch takes a blink, for tests of what training does around them."""

from __future__ import annotations

import numpy as np

from segnet_nb import model
from segnet_nb.datasets import CAMVID
from segnet_nb.datasets.base import Dataset
from segnet_nb.training import StopTraining
from segnet_nb.training.config import TrainConfig


def tiny_network(
    name="small",
    input_size=(None, None, 3),
    num_classes=11,
    *,
    output="logits",
    decoder="segnet",
    dropout=0.0,
):
    """One stage of four channels: a convolution, pooling, unpooling, a convolution, a classifier."""
    return model.segnet_modern(
        input_size,
        num_classes,
        output=output,
        filters=(4,),
        depths=(0,),
        dilations=(),
        dropout=dropout,
        name=f"tiny_{name}",
    )


def tiny_data(count=7, size=(16, 24), seed=0, ids=(0, 3, 8)):
    """Images whose colour is the label's, with a little noise; one column of void."""
    random = np.random.default_rng(seed)
    cells = random.choice(ids, (count, size[0] // 4, size[1] // 4))
    labels = cells.repeat(4, 1).repeat(4, 2).astype(np.uint8)
    noise = random.integers(0, 20, (*labels.shape, 3)).astype(np.uint8)
    images = np.minimum(CAMVID.palette[labels], 235) + noise
    labels[:, :, 0] = CAMVID.void_id
    names = tuple(f"{seed}-{i}" for i in range(count))
    return Dataset(images=images, labels=labels, classes=CAMVID, names=names, source="made for a test")


def tiny_pair():
    """Seven images are three steps of two, and one that is left out."""
    return tiny_data(7, seed=1), tiny_data(3, seed=2)


def tiny_config(**changes):
    options = {"image_size": (16, 24), "batch_size": 2, "epochs": 3, "warmup_epochs": 0.5} | changes
    return TrainConfig(**options)


def stop_after(steps):
    """An ``on_step`` that ends the run before its next step once so many are done."""
    done = 0

    def on_step(run, step, in_epoch, loss):
        nonlocal done
        done += step > 0
        if done == steps and step < in_epoch:
            raise StopTraining

    return on_step
