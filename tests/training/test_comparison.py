"""The comparison of decoders: storage by hand, a small one run and resumed, its table."""

from __future__ import annotations

import numpy as np
import pytest

from segnet_nb import comparison
from segnet_nb.networks import basic
from segnet_nb.networks.decoders import DECODERS
from segnet_nb.training.comparison import (
    compare_decoders,
    comparison_table,
    decoder_storage,
    published_table,
    seconds_per_image,
)
from tests.training_helpers import tiny_config, tiny_data, tiny_network, tiny_pair


def test_storage_of_the_papers_example():
    # PAPER section 3: 64 maps of 180 x 240, 11 MB as floats, 0.17 MB as indices.
    assert decoder_storage("fcn_no_reduction", (180, 240), stages=1) == 64 * 180 * 240 * 4
    assert decoder_storage("segnet", (180, 240), stages=1) == 64 * 90 * 120 // 4


def test_storage_through_odd_sides_by_hand():
    # 360 x 480 -> 180 x 240 -> 90 x 120 -> 45 x 60 -> 23 x 30.
    windows = 180 * 240 + 90 * 120 + 45 * 60 + 23 * 30
    pixels = 360 * 480 + 180 * 240 + 90 * 120 + 45 * 60
    sizes = {name: decoder_storage(name, (360, 480)) for name in DECODERS}
    assert sizes["segnet"] == sizes["single_channel"] == windows * 64 // 4
    assert sizes["fcn_no_reduction"] == sizes["concatenation"] == pixels * 64 * 4
    assert sizes["encoder_addition"] == pixels * 64 * 4 + windows * 64 // 4
    assert sizes["fcn"] == pixels * 11 * 4
    nothing = {"bilinear", "fcn_no_addition", "fcn_no_addition_no_reduction", "transposed", "nearest"}
    assert {name for name, size in sizes.items() if size == 0} == nothing
    # 3 x 5 has 2 x 3 windows; three maps of them are 18 indices, which fill five bytes.
    assert decoder_storage("segnet", (3, 5), filters=3, stages=1) == 5


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    with pytest.MonkeyPatch.context() as patch:
        built = basic.segnet_basic

        def narrow(*arguments, **options):
            return built(*arguments, **options | {"filters": 4, "kernel_size": 3})

        patch.setattr(basic, "segnet_basic", narrow)
        # 16 x 24 pools four times to 1 x 2.
        config = tiny_config(epochs=1, network="basic")
        options = {"data": tiny_pair(), "progress": False}
        results = compare_decoders(["segnet"], config, folder, seeds=(0, 1), **options)
        results += compare_decoders(["nearest"], config, folder, **options)
    yield folder, config, results


def test_every_decoder_is_trained_with_every_seed_and_scored(compared):
    folder, _, results = compared
    expected = [("segnet", 0), ("segnet", 1), ("nearest", 0)]
    assert [(each.decoder, each.seed) for each in results] == expected
    assert sorted(path.name for path in folder.iterdir()) == ["nearest-seed0", "segnet-seed0", "segnet-seed1"]
    for each in results:
        assert len(each.curve) == 1 and each.curve[0] == pytest.approx(
            each.evaluation.scores.mean_iou, abs=1e-4
        )
        assert each.evaluation.images == 3 and each.evaluation.boundary_f1 is not None
        assert each.seconds_per_image > 0 and each.minutes > 0
        assert each.storage_bytes == decoder_storage(each.decoder, (16, 24), filters=4)
    # Kernels 3 * 9 * 4 + 7 * 9 * 4 * 4, classifier 4 * 11 + 11, scale and shift of 8 normalisations of 4.
    assert {each.parameters for each in results} == {108 + 1008 + 55 + 64}


def test_run_again_it_is_not_trained_again(compared, monkeypatch):
    folder, config, results = compared
    again = compare_decoders(["segnet"], config, folder, seeds=(0,), data=tiny_pair(), progress=False)
    np.testing.assert_array_equal(again[0].evaluation.matrix, results[0].evaluation.matrix)
    assert again[0].minutes == results[0].minutes


def test_the_table_has_our_scores_alone(compared):
    _, _, results = compared
    lines = comparison_table(results).splitlines()
    assert len(lines) == 4
    cells = [cell.strip() for cell in lines[2].strip("|").split("|")]
    mean = np.mean([each.evaluation.scores.global_accuracy for each in results[:2]])
    assert cells[0] == "SegNet-Basic" and cells[1].startswith(f"{100 * mean:.1f} / ")
    assert cells[3] == "1.425 M"
    other = [cell.strip() for cell in lines[3].strip("|").split("|")]
    assert (other[0], other[3], other[4]) == ("nearest neighbour", "–", "nothing")
    # Published scores are of the test split: they must not stand beside scores on validation.
    assert "47.7" not in lines[2] and "validation" in lines[0]


def test_published_scores_have_a_table_of_their_own():
    lines = published_table(["segnet", "nearest", "fcn", "segnet"]).splitlines()
    assert "test, published" in lines[0]
    assert lines[2:] == [
        "| SegNet-Basic | 82.7 / 62.0 / 47.7 / 35.8 |",
        "| FCN-Basic | 81.7 / 62.4 / 47.3 / 38.1 |",
    ]


def test_time_of_an_image_is_the_median(monkeypatch):
    clock = iter([0, 1, 10, 12, 20, 29])
    monkeypatch.setattr(comparison.time, "perf_counter", lambda: next(clock))
    assert seconds_per_image(tiny_network(), tiny_data(1).images[0], repeats=3) == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda folder: compare_decoders([], tiny_config(), folder), "nothing to compare"),
        (
            lambda folder: compare_decoders(["segnet", "unet"], tiny_config(), folder),
            "decoder must be one of",
        ),
        (lambda folder: comparison_table([]), "results is empty"),
        (lambda folder: decoder_storage("unet", (32, 32)), "no decoder is called 'unet'"),
    ],
)
def test_impossible_requests_leave_nothing_behind(call, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        call(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_network_without_a_choice_of_decoder_is_refused():
    with pytest.raises(
        ValueError, match=r"network='small' has no choice of decoder\. Choose from: basic, basic16"
    ):
        compare_decoders(["segnet"], tiny_config(network="small"), "unused", data=tiny_pair(), progress=False)


def test_a_slim_network_hands_over_less(tmp_path):
    config = tiny_config(network="basic16", epochs=1)
    found = compare_decoders(["segnet"], config, tmp_path, data=tiny_pair(), progress=False)[0]
    assert found.storage_bytes == decoder_storage("segnet", (16, 24), filters=16)
    assert 4 * found.storage_bytes == decoder_storage("segnet", (16, 24))
