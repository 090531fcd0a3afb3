"""Training from streamed data: the batches, numbers and weights of training in memory, bit for bit."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from segnet_nb import datasets
from segnet_nb.datasets import StreamedDataset
from segnet_nb.datasets.augment import Augmentation
from segnet_nb.inference.evaluation import evaluate
from segnet_nb.training import load_run, train, validation
from segnet_nb.training.data import load_data, make_batches
from segnet_nb.training.optimization import make_loss
from tests.large_folders import write_pairs
from tests.training_helpers import stop_after, tiny_config, tiny_network


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_pairs(tmp_path_factory.mktemp("pairs"), 9, (48, 64), cells=(6, 8))


@pytest.fixture
def config(root):
    return tiny_config(dataset=str(root), rare_class_crop_prob=0.5, passes_per_epoch=2, deterministic=True)


def loaded(config, **options):
    return load_data(replace(config, **options))


def test_the_batches_are_those_of_one_loop_in_memory(config):
    """The oracle: a loop over the arrays, as before there were threads."""
    held, _ = loaded(config, in_memory=True)
    streamed, _ = loaded(config, in_memory=False)
    assert isinstance(streamed, StreamedDataset) and len(held) == 7
    augmentation = Augmentation(rare_class_crop_prob=0.5)
    for epoch in (1, 2):
        expected = []
        for number in (2 * epoch - 1, 2 * epoch):  # two passes an epoch
            order = np.random.default_rng((0, number)).permutation(7)
            for chosen in (order[:2], order[2:4], order[4:6]):
                views = [
                    augmentation.apply(
                        held.images[i],
                        held.labels[i],
                        size=(16, 24),
                        void_id=held.classes.void_id,
                        rng=np.random.default_rng((0, number, int(i))),
                    )
                    for i in chosen
                ]
                expected.append([np.stack(parts) for parts in zip(*views, strict=True)])
        for workers in (None, 1, 3):
            for data in (held, streamed):
                batches = list(make_batches(replace(config, workers=workers), data, epoch))
                assert len(batches) == len(expected) == 6
                for found, wanted in zip(batches, expected, strict=True):
                    assert [part.dtype for part in found] == [np.float32, np.int32]
                    np.testing.assert_array_equal(found[0], wanted[0])
                    np.testing.assert_array_equal(found[1], wanted[1])


def test_from_the_cache_too(config, tmp_path):
    config = replace(config, class_mix_prob=1.0, photometric=0.5)
    held, _ = loaded(config, in_memory=True)
    cached, _ = loaded(config, in_memory=False, cache_dir=str(tmp_path / "cache"))
    for epoch in (1, 2):  # written, then read
        for one, other in zip(
            make_batches(config, cached, epoch), make_batches(config, held, epoch), strict=True
        ):
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_array_equal(one[1], other[1])
    assert len(list((tmp_path / "cache").rglob("*.npz"))) == 7


def test_held_out_drives(config, root):
    for name in ("train", "val"):
        assert not (root / f"{name}.txt").exists()
    options = {"hold_out": ("000000", "000003"), "final_size": (32, 48), "final_epochs": 1, "val_count": 1}
    parts = [loaded(config, in_memory=kind, **options) for kind in (True, False)]
    for held, streamed in zip(*parts, strict=True):
        assert (held.names, held.source) == (streamed.names, streamed.source)
        np.testing.assert_array_equal(held.images, streamed.images[:])
        np.testing.assert_array_equal(held.labels, streamed.labels[:])


def without_seconds(run):
    return [{name: value for name, value in entry.items() if name != "seconds"} for entry in run.history]


def assert_same_run(one, other):
    assert without_seconds(one) == without_seconds(other) and len(one.history) == 3
    for a, b in zip(one.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.usefixtures("repeatable")
def test_a_run_is_the_one_in_memory_also_stopped_and_resumed(config, tmp_path):
    config = replace(config, logit_adjustment=True)
    held = train(replace(config, in_memory=True), directory=tmp_path / "held", progress=False)
    streamed = replace(config, in_memory=False, workers=2)
    whole = train(streamed, directory=tmp_path / "streamed", progress=False)
    assert_same_run(whole, held)
    assert whole.adjustment == held.adjustment

    # Stopped in the second epoch; continued in memory by one thread with a cache: none of it matters.
    stopped = train(streamed, directory=tmp_path / "stopped", progress=False, on_step=stop_after(8))
    assert (stopped.status, len(stopped.history)) == ("interrupted", 1)
    other = replace(config, in_memory=True, workers=1, cache_dir=str(tmp_path / "cache"))
    assert_same_run(train(other, directory=tmp_path / "stopped", resume=True, progress=False), held)
    assert load_run(tmp_path / "stopped").config.in_memory is True
    with pytest.raises(ValueError, match="seed was 0, now 1"):
        train(replace(other, seed=1), directory=tmp_path / "stopped", resume=True, progress=False)


@pytest.mark.usefixtures("repeatable")
def test_records_from_before_streaming_resume(config, tmp_path):
    run = train(config, directory=tmp_path, progress=False, on_step=stop_after(8))
    record = json.loads((tmp_path / "record.json").read_text())
    for name in ("in_memory", "cache_dir", "workers"):
        del record["config"][name]
    (tmp_path / "record.json").write_text(json.dumps(record))
    assert len(train(run.config, directory=tmp_path, resume=True, progress=False).history) == 3


def test_scores_are_those_in_memory(config):
    parts = [loaded(config, in_memory=kind, val_count=2)[1] for kind in (True, False)]
    network = tiny_network(num_classes=5)
    assert validation.validate(network, parts[0]) == validation.validate(network, parts[1])
    held, streamed = (evaluate(network, data, batch_size=2) for data in parts)
    np.testing.assert_array_equal(held.matrix, streamed.matrix)
    assert (held.boundary_f1, held.images) == (streamed.boundary_f1, 2) and held.matrix.sum() > 0


def test_images_of_different_sizes_are_evaluated_at_their_own(config, root):
    whole = datasets.load(str(root), in_memory=False)
    sizes = {name: (32 + 8 * (number % 2), 48) for number, name in enumerate(whole.names)}
    pairs = [whole.subset([number]).resized(sizes[name]).pair(0) for number, name in enumerate(whole.names)]
    mixed = StreamedDataset(pairs.__getitem__, range(len(pairs)), whole.classes, whole.names)
    network = tiny_network(num_classes=5)
    found = evaluate(network, mixed)
    alone = [evaluate(network, mixed.subset([number])) for number in range(len(mixed))]
    np.testing.assert_array_equal(found.matrix, sum(each.matrix for each in alone))
    assert found.boundary_f1 == pytest.approx(np.mean([each.boundary_f1 for each in alone]))
    # Training resizes and crops, so it takes them as they are.
    batches = list(make_batches(tiny_config(), mixed, 1))
    assert {images.shape for images, _ in batches} == {(2, 16, 24, 3)}


def test_counting_classes_is_told_for_streamed_data_alone(config, capsys):
    weights = {}
    for kind in (True, False):
        data, _ = loaded(config, in_memory=kind)
        weights[kind] = make_loss(config, data, progress=True).get_config()["class_weights"]
        said = capsys.readouterr().out
        assert said == ("" if kind else "counting classes: 7 images\n")
    assert list(weights[True]) == list(weights[False])
    make_loss(config, data)
    assert capsys.readouterr().out == ""
