"""Training configurations: the paper's, and the best ones here, each with one that fine-tunes its result.

PAPER = arXiv 1511.00561, sections 3.1 and 4.1; FILES = the authors' Caffe files,
github.com/alexgkendall/SegNet-Tutorial.
"""

from __future__ import annotations

from dataclasses import replace

from segnet_nb._shared.errors import UserError
from segnet_nb.training.config import TrainConfig

RECIPES: dict[str, TrainConfig] = {
    # SGD 0.1 with momentum 0.9, 12 images per step, median frequency balancing, no data augmentation, the
    # epoch with the best validation global accuracy (PAPER); weight decay 5e-4, 40,000 images, 109 passes
    # (FILES).
    "paper": TrainConfig(
        dataset="camvid",
        network="basic",
        loss="cross_entropy",
        class_weights="median_frequency",
        epochs=109,
        image_size=(360, 480),
        batch_size=12,
        optimizer="sgd",
        learning_rate=0.1,
        schedule="constant",
        warmup_epochs=0.0,
        momentum=0.9,
        weight_decay=5e-4,
        horizontal_flip=False,
        scale_min=1.0,
        scale_max=1.0,
        color_jitter=0.0,
        monitor="global_accuracy",
    ),
    # Crops from the whole image to a sixth of it, at 0.45 to 1.2 times its size, half of them containing a
    # class drawn uniformly; exponential moving average of the weights; finally, logit adjustment corrects the
    # class frequencies that this sampling has changed.
    "modern": TrainConfig(
        dataset="camvid",
        network="lean",
        loss="cross_entropy_dice",
        class_weights="sqrt_median_frequency",
        epochs=40,
        passes_per_epoch=3,
        image_size=(180, 240),
        val_size=(360, 480),
        batch_size=4,
        optimizer="adamw",
        learning_rate=2e-3,
        weight_decay=0.05,
        scale_min=0.9,
        scale_max=2.4,
        color_jitter=0.4,
        rare_class_crop_prob=0.5,
        ema_momentum=0.998,
        logit_adjustment=True,
    ),
}
# Fine-tuning after it, with a learning rate that rises and falls again. No class weights, since they make a
# network predict too many pixels of rare classes. Crops at 0.6 to 1.4 times the image's size.
RECIPES["refine"] = replace(
    RECIPES["modern"],
    class_weights="none",
    initial_weights="lean-camvid",
    epochs=10,
    learning_rate=1e-3,
    warmup_epochs=0.5,
    weight_decay=0.03,
    scale_min=1.2,
    scale_max=2.8,
    color_jitter=0.3,
)
# Fine-tuning for light, weather and cameras that the network has not seen.
RECIPES["lean-refine"] = replace(
    RECIPES["refine"],
    epochs=7,
    passes_per_epoch=5,
    learning_rate=1.5e-3,
    warmup_epochs=0.1,
    rare_class_crop_prob=0.4,
    photometric=0.6,
    class_mix_prob=0.15,
    seed=2,
)
# The real-time network: larger crops and more passes for the same time, photometric augmentation and ClassMix
# for streets that it has not seen; the last epochs on crops of the size that is predicted.
RECIPES["realtime"] = replace(
    RECIPES["modern"],
    network="realtime",
    epochs=40,
    passes_per_epoch=6,
    image_size=(240, 320),
    final_epochs=4,
    final_size=(360, 480),
    batch_size=8,
    learning_rate=3e-3,
    warmup_epochs=0.3,
    photometric=0.6,
    class_mix_prob=0.25,
    rare_class_crop_prob=0.4,
    logit_adjustment=False,
)
# Fine-tuning after it, for the same reason as "refine": no class weights.
RECIPES["realtime-refine"] = replace(
    RECIPES["realtime"],
    class_weights="none",
    initial_weights="realtime-camvid",
    epochs=20,
    passes_per_epoch=10,
    final_epochs=0,
    final_size=None,
    learning_rate=2e-3,
    warmup_epochs=0.5,
    weight_decay=0.03,
    color_jitter=0.3,
    photometric=0.4,
    class_mix_prob=0.15,
    logit_adjustment=True,
    seed=2,
)


def recipe(name: str) -> TrainConfig:
    """The configuration of a recipe; change fields with ``dataclasses.replace``.

    Raises:
        ValueError: if there is none of this name; the message lists the names.

    Example:
        >>> recipe("paper").optimizer
        'sgd'
    """
    if name not in RECIPES:
        raise UserError(f"no recipe is called {name!r}. Choose from: {', '.join(RECIPES)}.")
    return RECIPES[name]
