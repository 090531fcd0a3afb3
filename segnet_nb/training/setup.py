"""What a training run is made of: data, loss, optimizer and batches, each from the configuration."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb import datasets
from segnet_nb.datasets.augment import Augmentation
from segnet_nb.datasets.base import Dataset
from segnet_nb.training.config import TrainConfig

if TYPE_CHECKING:
    import keras


def load_data(config: TrainConfig) -> tuple[Dataset, Dataset]:
    """Training images of CamVid as large as they come, so that magnified views are sharp; others at size."""
    native = None if config.dataset == "camvid" else config.final_size or config.image_size
    train_data = datasets.load(config.dataset, "train", image_size=native, count=config.train_count)
    size = config.val_size or config.image_size
    val_data = datasets.load(config.dataset, "val", image_size=size, count=config.val_count)
    return train_data, val_data


def make_loss(config: TrainConfig, data: Dataset) -> keras.losses.Loss:
    """The loss, with class weights from the training labels where they are asked for."""
    from segnet_nb import losses

    weights = None
    if config.class_weights.endswith("median_frequency"):
        weights = losses.median_frequency_weights(data.labels, data.classes.num_classes, data.classes.void_id)
        if config.class_weights.startswith("sqrt"):
            weights = np.sqrt(weights)  # half way, in the logarithm, to no weights at all
    elif config.class_weights == "published":
        weights = losses.PUBLISHED_CLASS_WEIGHTS
    common = {"from_logits": True, "void_id": data.classes.void_id}
    if config.loss == "dice":
        return losses.DiceLoss(**common, absent="ignore")
    if config.loss == "cross_entropy":
        return losses.CategoricalCrossEntropy(**common, class_weights=weights)
    return losses.CrossEntropyDice(**common, class_weights=weights, dice_weight=0.5, absent="ignore")


def make_optimizer(config: TrainConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """The optimizer with its schedule over the whole run."""
    from segnet_nb._shared.framework import keras

    total = config.epochs * steps_per_epoch
    warmup = min(round(config.warmup_epochs * steps_per_epoch), total // 2)
    rate: Any = config.learning_rate
    if config.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(
            config.learning_rate / 100 if warmup else config.learning_rate,
            total - warmup,
            alpha=0.01,
            warmup_target=config.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=config.momentum, weight_decay=config.weight_decay or None)
    if config.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def compile_model(model: keras.Model, config: TrainConfig, data: Dataset, steps: int) -> None:
    """Give the network its loss and optimizer."""
    from segnet_nb._shared.framework import keras

    # On TensorFlow's CPU the convolutions of oneDNN beat XLA's, and pooling compiles itself.
    on_cpu = keras.backend.backend() == "tensorflow" and not has_gpu()
    if on_cpu:
        from segnet_nb.training.speed import convolution_gradients, fused_normalization

        convolution_gradients.speed_up(model)
        fused_normalization.speed_up(model)
    if config.sampled_statistics:
        from segnet_nb.training.speed import linear_end

        linear_end.speed_up(model)
    model.compile(
        optimizer=make_optimizer(config, steps),
        loss=make_loss(config, data),
        jit_compile=False if on_cpu else "auto",
    )
    # Else the first step makes its variables, and TensorFlow traces it twice.
    model.optimizer.build(model.trainable_variables)


def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def steps_per_epoch(config: TrainConfig, count: int) -> int:
    """Steps between two validations on so many images."""
    return config.passes_per_epoch * max(1, count // config.batch_size)


def _chunks(config: TrainConfig, count: int, turn: int) -> list[np.ndarray]:
    """Which images make the batches of one pass over them."""
    order = np.random.default_rng((config.seed, turn)).permutation(count)
    size = min(config.batch_size, count)
    # Full batches only: the few images left out are others in every pass.
    return [order[i : i + size] for i in range(0, count - size + 1, size)]


def _augmentation(config: TrainConfig, epoch: int) -> tuple[Augmentation, tuple[int, int]]:
    """How images are changed in an epoch, and the size of the views."""
    size, scale = config.image_size, (config.scale_min, config.scale_max)
    if config.final_size and epoch > config.epochs - config.final_epochs:
        # A larger view of the scene, in which things are as many pixels large as before.
        shrunk = (size[0] * size[1] / (config.final_size[0] * config.final_size[1])) ** 0.5
        size, scale = config.final_size, (scale[0] * shrunk, scale[1] * shrunk)
    changes = Augmentation(
        horizontal_flip=config.horizontal_flip,
        scale=scale,
        color_jitter=config.color_jitter,
        rare_class_crop_prob=config.rare_class_crop_prob,
    )
    return changes, size


def make_batches(config: TrainConfig, data: Dataset, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The batches of an epoch, each made while the one before is trained on.

    Chance is a function of (seed, pass, image), so a resumed run sees what it would have seen.
    """
    augmentation, size = _augmentation(config, epoch)
    turns = range((epoch - 1) * config.passes_per_epoch + 1, epoch * config.passes_per_epoch + 1)
    chunks = [(turn, chosen) for turn in turns for chosen in _chunks(config, len(data), turn)]

    def make(turn: int, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        views = [
            augmentation.apply(
                data.images[i],
                data.labels[i],
                size=size,
                void_id=data.classes.void_id,
                rng=np.random.default_rng((config.seed, turn, int(i))),
            )
            for i in chosen
        ]
        images = np.stack([view[0] for view in views]).astype("float32")
        return images, np.stack([view[1] for view in views]).astype("int32")

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(make, *chunks[0])
        for following in [*chunks[1:], None]:
            batch = ahead.result()
            if following is not None:
                ahead = pool.submit(make, *following)
            yield batch


class RunningAverage:
    """The average of a network's weights over the steps, later ones counting more.

    It scores better than the last step alone, which jumps about (Polyak averaging with exponential
    weights, as in Tarvainen and Valpola, arXiv 1703.01780). The statistics of batch normalisation are
    averaged with the rest, or they would belong to other weights.

    Args:
        model: the network in training.
        momentum: share of the average that stays in each step; the first steps stay less, so that the
            initial weights are soon forgotten.
    """

    def __init__(self, model: keras.Model, momentum: float) -> None:
        from segnet_nb._shared.framework import keras

        self._source, self._momentum = model, momentum
        self.model = keras.models.clone_model(model)
        self.steps = 0
        self.values = [np.array(value) for value in model.get_weights()]

    def update(self) -> None:
        """Take in the weights as they are now."""
        from segnet_nb._shared.framework import ops

        self.steps += 1
        share = 1 - min(self._momentum, self.steps / (self.steps + 9))
        for value, variable in zip(self.values, self._source.weights, strict=True):
            value += share * (ops.convert_to_numpy(variable) - value)

    def network(self) -> keras.Model:
        """A network with the average; the same object each time."""
        self.model.set_weights(self.values)
        return self.model

    def save(self, path: Path) -> None:
        """Write the average, whole or not at all."""
        temporary = path.with_name(f"part-{path.name}")
        with temporary.open("wb") as file:
            np.savez(file, self.steps, *self.values)
        temporary.replace(path)

    def load(self, path: Path) -> None:
        """Go on from what ``save`` wrote."""
        with np.load(path) as stored:
            steps, *self.values = (stored[name] for name in stored.files)
        self.steps = int(steps)
