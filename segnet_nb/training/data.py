"""The data of a training run: which images, and the augmented batches of each epoch."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np

from segnet_nb import datasets
from segnet_nb.datasets.augment import Augmentation
from segnet_nb.datasets.base import LabelledImages
from segnet_nb.datasets.class_mix import class_mix
from segnet_nb.datasets.prefetch import in_order, worker_count
from segnet_nb.training.config import TrainConfig


def load_data(config: TrainConfig) -> tuple[LabelledImages, LabelledImages]:
    """Training and validation data of a configuration.

    CamVid's training images keep their full size, so that magnified crops are sharp; others are loaded at
    the size to train at. Whether data is in memory or streamed, its pixels are the same. With
    ``config.hold_out``, groups of the training split take the place of the validation split.

    Raises:
        ValueError: if a group to hold out does not exist, or nothing remains to train on.
    """
    native = None if config.dataset == "camvid" else config.final_size or config.image_size
    size = config.val_size or config.image_size
    reading = _reading(config)
    if config.hold_out:
        whole = datasets.load(config.dataset, "train", image_size=native, **reading)
        train_data, held_out = datasets.hold_out(whole, config.hold_out)
        return _first(train_data, config.train_count), _first(held_out, config.val_count).resized(size)
    train_data = datasets.load(
        config.dataset, "train", image_size=native, count=config.train_count, **reading
    )
    val_data = datasets.load(config.dataset, "val", image_size=size, count=config.val_count, **reading)
    return train_data, val_data


def _reading(config: TrainConfig) -> dict[str, Any]:
    """What the configuration says about reading, as options of ``datasets.load``."""
    asked = {"in_memory": config.in_memory, "cache_dir": config.cache_dir, "workers": config.workers}
    if datasets.is_folder(config.dataset):
        asked |= {"strict": config.strict, "lossy_masks": config.lossy_masks}
    return {name: value for name, value in asked.items() if value is not None}


def _first(data: LabelledImages, count: int | None) -> LabelledImages:
    return data if count is None else data.subset(range(min(count, len(data))))


def steps_per_epoch(config: TrainConfig, count: int) -> int:
    """Training steps in an epoch, for this many training images."""
    return config.passes_per_epoch * max(1, count // config.batch_size)


def make_batches(
    config: TrainConfig, data: LabelledImages, epoch: int
) -> Generator[tuple[np.ndarray, np.ndarray], None, None]:
    """The augmented batches of an epoch, made by ``config.workers`` threads while others are trained on.

    The batches do not depend on the number of threads, nor on whether data is in memory or streamed.
    Randomness is derived from (seed, pass, image), so a resumed run sees the same batches as an unbroken one.

    Args:
        config: the configuration of the training.
        data: the training images.
        epoch: which epoch, from 1.

    Yields:
        Images, float32 RGB in 0..255 of shape ``(batch, height, width, 3)``, and class ids, int32 of shape
        ``(batch, height, width)``.
    """
    augmentation, size = _augmentation(config, epoch)
    passes = range((epoch - 1) * config.passes_per_epoch + 1, epoch * config.passes_per_epoch + 1)
    chunks = [(one, chosen) for one in passes for chosen in _chunks(config, len(data), one)]

    def make(chunk: tuple[int, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        number, chosen = chunk
        views = [
            augmentation.apply(
                *data.pair(int(i)),
                size=size,
                void_id=data.classes.void_id,
                rng=np.random.default_rng((config.seed, number, int(i))),
            )
            for i in chosen
        ]
        images, labels = np.stack([view[0] for view in views]), np.stack([view[1] for view in views])
        if config.class_mix_prob:
            rng = np.random.default_rng((config.seed, number, int(chosen[0]), 1))
            images, labels = class_mix(
                images, labels, prob=config.class_mix_prob, void_id=data.classes.void_id, rng=rng
            )
        return images.astype("float32"), labels.astype("int32")

    yield from in_order(make, chunks, workers=config.workers, ahead=worker_count(config.workers) + 1)


def _chunks(config: TrainConfig, count: int, number: int) -> list[np.ndarray]:
    """Which images make the batches of one pass over them, in random order."""
    order = np.random.default_rng((config.seed, number)).permutation(count)
    size = min(config.batch_size, count)
    # Full batches only: the few images left out differ from pass to pass.
    return [order[i : i + size] for i in range(0, count - size + 1, size)]


def _augmentation(config: TrainConfig, epoch: int) -> tuple[Augmentation, tuple[int, int]]:
    """The data augmentation of an epoch, and the height and width of its crops."""
    size, scale = config.image_size, (config.scale_min, config.scale_max)
    if config.final_size and epoch > config.epochs - config.final_epochs:
        # A larger crop of the scene, in which objects have as many pixels as before.
        ratio = (size[0] * size[1] / (config.final_size[0] * config.final_size[1])) ** 0.5
        size, scale = config.final_size, (scale[0] * ratio, scale[1] * ratio)
    augmentation = Augmentation(
        horizontal_flip=config.horizontal_flip,
        scale=scale,
        color_jitter=config.color_jitter,
        rare_class_crop_prob=config.rare_class_crop_prob,
        photometric=config.photometric,
    )
    return augmentation, size
