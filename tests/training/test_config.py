"""A training configuration says at once what cannot be, and survives being written down."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from segnet_nb.training.config import TrainConfig


def test_defaults_are_possible_and_described():
    config = TrainConfig()
    assert (config.dataset, config.network, config.image_size) == ("synthetic", "small", (180, 240))
    for field in dataclasses.fields(TrainConfig):
        assert field.metadata["help"], field.name


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "dataset",
            "cityscapes",
            "dataset must be one of synthetic, camvid, or the path of a folder, but got 'cityscapes'",
        ),
        (
            "network",
            "unet",
            "network must be one of overview, basic, .*, small, modern, lean, realtime, but got 'unet'",
        ),
        (
            "loss",
            "mse",
            "loss must be one of cross_entropy, dice, .*, cross_entropy_lovasz, but got 'mse'",
        ),
        ("class_weights", "inverse", "class_weights must be one of none, median_frequency, sqrt_median"),
        ("optimizer", "rmsprop", "optimizer must be one of adamw, adam, sgd, but got 'rmsprop'"),
        ("schedule", "steps", "schedule must be one of constant, cosine, poly, but got 'steps'"),
        ("monitor", "loss", "monitor must be one of mean_iou, global_accuracy, but got 'loss'"),
        ("epochs", 0, r"epochs must be in 1\.\.100000, but got 0"),
        ("batch_size", 0, r"batch_size must be in 1\.\.4096, but got 0"),
        ("learning_rate", 0, "learning_rate must be in"),
        ("learning_rate", 11.0, "learning_rate must be in"),
        ("learning_rate", float("nan"), "learning_rate must be in .*but got nan"),
        ("warmup_epochs", -0.5, "warmup_epochs must be in"),
        ("weight_decay", 1.5, "weight_decay must be in"),
        ("momentum", 1.0, "momentum must be in"),
        ("scale_min", 0.05, "scale_min must be in"),
        ("scale_max", 11, "scale_max must be in"),
        ("scale_min", 3.0, r"scale_min=3\.0 is above scale_max=2\.0\. Swap them"),
        ("color_jitter", 1, r"color_jitter must be in 0\.\.0\.99, but got 1"),
        ("seed", -1, "seed must be in"),
        ("train_count", 0, "train_count must be in"),
        ("val_count", -3, "val_count must be in"),
        ("strict", "yes", "strict must be True or False"),
        ("lossy_masks", "guess", "lossy_masks must be one of refuse, nearest"),
        ("hold_out", "0006R0", r"hold_out must be a tuple of names, but got '0006R0'"),
        ("hold_out", ("a", "a"), "hold_out must be names, each once"),
        ("hold_out", (1,), "hold_out must be names, each once"),
        ("image_size", (15, 32), r"two integers of at least 16, but got \(15, 32\)"),
        ("image_size", (32.5, 32), "two integers of at least 16"),
        ("image_size", (True, 32), "two integers of at least 16"),
        ("val_size", (8, 32), r"val_size must be two integers of at least 16, but got \(8, 32\)"),
        ("final_size", (32, 32), r"final_epochs and final_size belong together, but got 0 and \(32, 32\)"),
        ("final_epochs", 3, "final_epochs and final_size belong together, but got 3 and None"),
        ("passes_per_epoch", 0, "passes_per_epoch must be in 1"),
        ("decoder", "unet", "decoder must be one of bilinear, segnet, encoder_addition, single_channel"),
        (
            "decoder",
            "fcn",
            "decoder='fcn' is for the networks basic and basic16, but got network='small'",
        ),
        ("dropout", 1.0, "dropout must be in 0"),
        ("rare_class_crop_prob", 1.1, "rare_class_crop_prob must be in 0..1, but got 1.1"),
        ("ema_momentum", 1.0, "ema_momentum must be in 0"),
        (
            "sampled_statistics",
            True,
            "sampled_statistics is for the networks basic and basic16 .* network='small'",
        ),
    ],
)
def test_value_that_is_not_possible(field, value, message):
    with pytest.raises(ValueError, match=message):
        TrainConfig(**{field: value})


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("epochs", 2.5, "epochs must be an integer, but got 2.5"),
        ("epochs", "5", "epochs must be an integer, but got '5'"),
        ("epochs", None, "epochs must be an integer, but got None"),
        ("epochs", True, "epochs must be an integer, but got True"),
        ("learning_rate", "fast", "learning_rate must be a number, but got 'fast'"),
        ("color_jitter", False, "color_jitter must be a number, but got False"),
        ("horizontal_flip", "no", "horizontal_flip must be True or False, but got 'no'"),
        ("sampled_statistics", 1, "sampled_statistics must be True or False, but got 1"),
        ("deterministic", 1, "deterministic must be True or False, but got 1"),
        ("image_size", 64, r"image_size must be \(height, width\) in pixels, but got 64"),
        ("image_size", (64, 64, 3), r"image_size must be \(height, width\) in pixels"),
        ("image_size", "64", r"image_size must be \(height, width\) in pixels"),
        ("image_size", None, r"image_size must be \(height, width\) in pixels"),
        ("final_size", 64, r"final_size must be \(height, width\) in pixels"),
        ("initial_weights", None, "initial_weights must be a name or a path, but got None"),
    ],
)
def test_value_of_another_type(field, value, message):
    with pytest.raises(TypeError, match=message):
        TrainConfig(**{field: value})


def test_the_overview_network_has_no_dropout():
    with pytest.raises(ValueError, match="the overview network has no dropout"):
        TrainConfig(network="overview", dropout=0.5)


def test_no_more_final_epochs_than_epochs():
    with pytest.raises(ValueError, match="final_epochs=5 is above epochs=4"):
        TrainConfig(epochs=4, final_epochs=5, final_size=(32, 32))


def test_every_loss_may_be_asked_for_with_every_weighting():
    for loss in ("cross_entropy", "dice", "cross_entropy_dice"):
        for weights in ("none", "median_frequency", "sqrt_median_frequency", "published"):
            assert TrainConfig(loss=loss, class_weights=weights).class_weights == weights


def test_counts_may_be_left_open_and_limits_are_allowed():
    config = TrainConfig(
        train_count=None,
        val_count=1,
        warmup_epochs=0,
        weight_decay=0,
        color_jitter=0,
        scale_min=2,
        scale_max=2,
    )
    assert (config.train_count, config.val_count) == (None, 1)


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainConfig().epochs = 3


# One value beside the default for every field.
CHANGED = {
    "dataset": "camvid",
    "network": "basic",
    "decoder": "nearest",
    "dropout": 0.5,
    "loss": "cross_entropy",
    "class_weights": "median_frequency",
    "initial_weights": "small-synthetic",
    "map_classes": True,
    "teacher": "lean-camvid",
    "teacher_share": 0.7,
    "epochs": 3,
    "passes_per_epoch": 2,
    "image_size": (45, 33),
    "final_epochs": 1,
    "final_size": (64, 80),
    "val_size": (50, 60),
    "batch_size": 2,
    "optimizer": "sgd",
    "learning_rate": 0.1,
    "schedule": "constant",
    "warmup_epochs": 0.0,
    "weight_decay": 5e-4,
    "momentum": 0.5,
    "horizontal_flip": False,
    "scale_min": 0.5,
    "scale_max": 1.5,
    "color_jitter": 0.0,
    "rare_class_crop_prob": 0.5,
    "photometric": 0.6,
    "class_mix_prob": 0.25,
    "ema_momentum": 0.99,
    "sampled_statistics": True,
    "seed": 7,
    "deterministic": True,
    "logit_adjustment": True,
    "monitor": "global_accuracy",
    "train_count": 8,
    "val_count": 4,
    "strict": True,
    "lossy_masks": "nearest",
    "hold_out": ("0006R0",),
    "in_memory": False,
    "cache_dir": "cache",
    "workers": 3,
}


def test_survives_json():
    config = TrainConfig(**CHANGED)
    assert set(CHANGED) == {field.name for field in dataclasses.fields(TrainConfig)}
    assert all(getattr(config, name) != getattr(TrainConfig(), name) for name in CHANGED)
    again = TrainConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config
    assert (again.image_size, again.final_size, again.val_size) == ((45, 33), (64, 80), (50, 60))


def test_a_list_is_a_size_too():
    assert TrainConfig(image_size=[32, 48]) == TrainConfig(image_size=(32, 48))
    assert hash(TrainConfig(image_size=[32, 48])) == hash(TrainConfig(image_size=(32, 48)))


def test_missing_fields_take_their_defaults_and_unknown_ones_are_named():
    assert TrainConfig.from_dict({"epochs": 3}) == TrainConfig(epochs=3)
    known = "Known: batch_size, cache_dir, class_mix_prob, class_weights"
    with pytest.raises(ValueError, match=rf"unknown fields: lr, steps\. {known}"):
        TrainConfig.from_dict({"lr": 0.1, "steps": 3, "epochs": 2})


def test_numbers_of_numpy_are_numbers():
    size = tuple(np.array([16, 32]))
    config = TrainConfig(epochs=np.int64(3), learning_rate=np.float32(0.5), image_size=size)
    assert config == TrainConfig(epochs=3, learning_rate=0.5, image_size=(16, 32))
    assert json.loads(json.dumps(config.to_dict()))["image_size"] == [16, 32]
