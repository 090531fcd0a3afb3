"""Loss, optimizer and learning rate schedule of a training run, each from the configuration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb._shared.progress import counted
from segnet_nb.datasets.base import Dataset, LabelledImages
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.speed import patches

if TYPE_CHECKING:
    import keras


def make_loss(config: TrainConfig, data: LabelledImages, *, progress: bool = False) -> keras.losses.Loss:
    """The loss, with class weights from the training labels where the configuration asks for them.

    Args:
        config: the configuration.
        data: the training data; its labels are read once if they decide the weights.
        progress: print that, if it takes long because the data is streamed.
    """
    from segnet_nb import losses

    weights = None
    if config.class_weights.endswith("median_frequency"):
        weights = losses.median_frequency_weights(
            _label_maps(data, progress), data.classes.num_classes, data.classes.void_id
        )
        if config.class_weights.startswith("sqrt"):
            weights = np.sqrt(weights)  # half way, in the logarithm, to no weights at all
    elif config.class_weights == "inverse_log":
        weights = losses.inverse_log_weights(
            _label_maps(data, progress), data.classes.num_classes, data.classes.void_id
        )
    elif config.class_weights == "published":
        weights = losses.PUBLISHED_CLASS_WEIGHTS
    common = {"from_logits": True, "void_id": data.classes.void_id}
    if config.loss == "dice":
        return losses.DiceLoss(**common, absent="ignore")
    if config.loss == "cross_entropy":
        return losses.CategoricalCrossEntropy(**common, class_weights=weights)
    if config.loss == "hard_pixel_cross_entropy":
        return losses.HardPixelCrossEntropy(**common, class_weights=weights)
    if config.loss == "cross_entropy_lovasz":
        return losses.LovaszSoftmax(1.0, **common, class_weights=weights)
    return losses.CrossEntropyDice(**common, class_weights=weights, dice_weight=0.5, absent="ignore")


def _label_maps(data: LabelledImages, progress: bool) -> Iterable[np.ndarray]:
    if progress and not isinstance(data, Dataset):
        return counted(data.labels, len(data), "counting classes")
    return data.labels


def make_schedule(config: TrainConfig, steps_per_epoch: int) -> Any:
    """The learning rate: a number, or Keras's decay over the whole run after a linear warm-up."""
    from segnet_nb._shared.framework import keras

    total = config.epochs * steps_per_epoch
    warmup = min(round(config.warmup_epochs * steps_per_epoch), total // 2)
    if config.schedule == "constant":
        return config.learning_rate
    if config.schedule == "poly":
        from segnet_nb.training.schedules import PolynomialDecayWithWarmup

        return PolynomialDecayWithWarmup(config.learning_rate, total, warmup)
    return keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 100 if warmup else config.learning_rate,
        total - warmup,
        alpha=0.01,
        warmup_target=config.learning_rate if warmup else None,
        warmup_steps=warmup,
    )


def make_optimizer(config: TrainConfig, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """The optimizer with its learning rate schedule; AdamW decays kernels only."""
    from segnet_nb._shared.framework import keras

    rate = make_schedule(config, steps_per_epoch)
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=config.momentum, weight_decay=config.weight_decay or None)
    if config.optimizer == "adam":
        return keras.optimizers.Adam(rate)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def compile_model(
    model: keras.Model, config: TrainConfig, data: LabelledImages, steps: int, *, progress: bool = False
) -> None:
    """Compile a network with its loss and optimizer.

    Args:
        model: the network to train.
        config: the configuration of its training.
        data: the training data, for class weights.
        steps: training steps in an epoch.
        progress: print that labels are counted, if that takes long.
    """
    model.compile(
        optimizer=make_optimizer(config, steps),
        loss=make_loss(config, data, progress=progress),
        # On TensorFlow's CPU, oneDNN's convolutions beat XLA's, and pooling compiles itself. Keras takes
        # booleans too, whatever its annotation says.
        jit_compile=False if patches.on_tensorflow_cpu() else "auto",  # pyright: ignore[reportArgumentType]
    )
    # Otherwise the first step creates its variables, and TensorFlow traces it twice.
    model.optimizer.build(model.trainable_variables)


def compile_again(
    model: keras.Model, config: TrainConfig, data: LabelledImages, steps: int, *, progress: bool = False
) -> None:
    """Compile a network that was loaded from a checkpoint, and keep its optimizer's state.

    Another number of epochs means another schedule, and a checkpoint does not say which weights are
    excluded from weight decay.
    """
    from segnet_nb._shared.framework import ops

    state = [ops.convert_to_numpy(variable) for variable in model.optimizer.variables]
    compile_model(model, config, data, steps, progress=progress)
    for variable, value in zip(model.optimizer.variables, state, strict=True):
        variable.assign(value)
