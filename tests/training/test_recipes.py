"""Recipes: the paper's figures, and the command that trains by one and changes what it is told to."""

from __future__ import annotations

import pytest

from segnet_nb import cli, pretrained, training
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.recipes import RECIPES, recipe


def test_the_papers_recipe_is_the_papers():
    config = recipe("paper")
    assert (config.dataset, config.network, config.decoder) == ("camvid", "basic", "segnet")
    assert (config.optimizer, config.learning_rate, config.momentum) == ("sgd", 0.1, 0.9)
    assert (config.schedule, config.warmup_epochs, config.weight_decay) == ("constant", 0, 5e-4)
    assert (config.batch_size, config.image_size) == (12, (360, 480))
    assert (config.loss, config.class_weights) == ("cross_entropy", "median_frequency")
    assert (
        config.horizontal_flip,
        config.color_jitter,
        config.rare_class_crop_prob,
        config.ema_momentum,
    ) == (False, 0, 0, 0)
    assert config.scale_min == config.scale_max == 1
    assert config.monitor == "global_accuracy"
    # FILES: 10,000 steps of 4 images, of 367.
    assert config.epochs == round(10_000 * 4 / 367)


def test_every_recipe_survives_being_written_down():
    for config in RECIPES.values():
        assert TrainConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize("name", ["refine", "lean-refine"])
def test_refining_goes_on_with_what_modern_trains(name):
    modern, refine = recipe("modern"), recipe(name)
    shared = ("dataset", "network", "decoder", "loss", "val_size", "optimizer", "monitor")
    assert [getattr(refine, name) for name in shared] == [getattr(modern, name) for name in shared]
    assert (
        not modern.initial_weights
        and pretrained.card(refine.initial_weights)["config"]["network"] == refine.network
    )


def test_an_unknown_recipe():
    with pytest.raises(
        ValueError, match=r"no recipe is called 'best'. Choose from: paper, modern, refine, lean-refine, "
    ):
        recipe("best")


@pytest.fixture
def asked(monkeypatch):
    """What training would be asked for."""
    found = []

    def train(config, **options):
        found.append((config, options))
        return training.Run(config, options["directory"])

    monkeypatch.setattr(training, "train", train)
    return found


def test_the_command_trains_by_a_recipe(asked, capsys):
    assert cli.main(["train", "--recipe", "paper"]) == 0
    assert cli.main(["train", "--recipe", "modern", "--epochs", "3", "--val-size", "180x240"]) == 0
    (first, _), (second, _) = asked
    assert first == recipe("paper")
    changed = {
        name: value for name, value in second.to_dict().items() if value != recipe("modern").to_dict()[name]
    }
    assert changed == {"epochs": 3, "val_size": [180, 240]}
    capsys.readouterr()


def test_without_a_recipe_nothing_changes(asked, capsys):
    assert cli.main(["train", "--epochs", "2"]) == 0
    assert asked[0][0] == TrainConfig(epochs=2)
    capsys.readouterr()


def test_resuming_takes_the_run_s_own_configuration(asked, tmp_path, capsys):
    run = training.Run(TrainConfig(epochs=5, network="modern"), tmp_path)
    run.save()
    assert cli.main(["train", "--resume", "--run-dir", str(tmp_path), "--epochs", "7"]) == 0
    assert asked[0][0] == TrainConfig(epochs=7, network="modern")
    capsys.readouterr()


def test_the_command_names_the_recipes(capsys):
    assert cli.main(["train", "--recipe", "best"]) == 2
    assert "no recipe is called 'best'" in capsys.readouterr().err
