"""The references of the checks of lessons 06 to 11 against the package itself, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import ndimage

from segnet_nb import comparison, metrics
from segnet_nb.course import lesson06, lesson07, lesson08, lesson09, lesson11
from segnet_nb.course.rankings import largest
from segnet_nb.widgets import PoolingPlayground
from tests.course.lessons import namespace


def test_06_begins_with_the_map_of_a_playground():
    assert np.array_equal(PoolingPlayground().grid, lesson06.EXAMPLE)


@settings(max_examples=60)
@given(st.integers(4, 8), st.integers(4, 8), st.integers(0, 2**32 - 1))
def test_what_is_kept_is_what_the_playground_shows(height, width, seed):
    grid = np.random.default_rng(seed).integers(-2, 3, (height, width))
    shown = PoolingPlayground(grid).result["kept"]
    assert lesson06.kept(grid) == (shown["nearest"], shown["unpooled"])


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_any_pixel_that_wins_twice_is_right_and_no_other(stage):
    variables = namespace("06")
    microscope = variables["microscope"]
    microscope.stage, microscope.channel = stage, 2
    found = 0
    for y in range(variables["rows"]):
        for x in range(variables["columns"]):
            steps = microscope.trace.path(y, x, stage=stage, channel=2).steps
            twice = steps[0].won and steps[1].won
            assert (lesson06.judge_pixel((y, x), microscope).state == "right") == twice
            found += twice
    assert 0 < found < 32 * 48 / 4


def test_the_bytes_of_an_ablation_are_those_it_shows():
    ablation = namespace("06")["ablation"]
    for modes in (["zeros", "true", "true", "random"], ["true", "nearest", "other", "bilinear"]):
        ablation.modes = modes
        share = ablation.result["bytes_indices"] / ablation.result["bytes_indices_true"]
        change = ablation.result["mean_iou_change"]
        assert f"{share:.0%} of the bytes, a mean IoU that changes by {change:+.3f}" in (
            lesson06.judge_cheaper(ablation).why
        )


def test_near_an_outline_by_hand():
    labels = np.zeros((9, 9), int)
    labels[4, 4] = 1
    y, x = np.mgrid[-4:5, -4:5]
    distances = [np.hypot(y - b, x - a) for b, a in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))]
    assert np.array_equal(lesson07.near_outlines(labels), np.min(distances, axis=0) <= 2)


@given(st.integers(0, 2**32 - 1))
def test_near_an_outline_by_distances(seed):
    labels = np.random.default_rng(seed).integers(0, 2, (9, 11)).repeat(3, 0).repeat(3, 1)
    outline = np.zeros(labels.shape, bool)
    outline[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    outline[:, :-1] |= labels[:, 1:] != labels[:, :-1]
    outline[1:] |= labels[1:] != labels[:-1]
    outline[:-1] |= labels[1:] != labels[:-1]
    near = ndimage.distance_transform_edt(~outline) <= 2
    assert np.array_equal(lesson07.near_outlines(labels), near)


def test_the_shares_of_right_pixels_by_counting():
    variables = namespace("07")
    shares = lesson07.right_shares(variables["predictions"])
    for percent in range(0, 101, 7):
        sure = variables["known"] & (variables["confidence"] >= percent / 100)
        expected = (sure & ~variables["wrong"]).sum() / sure.sum() if sure.any() else 1
        assert shares[percent] == pytest.approx(expected)


def test_mean_variances_by_counting():
    variables = namespace("08")
    data, found = variables["data"], variables["found"]
    for number, (name, mean) in enumerate(lesson08.mean_variances(found, data).items()):
        inside = data.labels == number
        assert name == data.classes.names[number]
        assert np.isnan(mean) if not inside.any() else mean == pytest.approx(found.variance[inside].mean())


def test_09_by_the_storage_of_decoders():
    sizes = lesson09.storage()
    assert sizes == {name: comparison.decoder_storage(name, (360, 480)) for name in sizes}
    indices = comparison.decoder_storage("segnet", (90, 120), filters=128, stages=1)
    assert lesson09.EXERCISES["09.1"].judge(indices).state == "right"


@given(st.integers(1, 999))
def test_nothing_found_by_the_metrics(background):
    ids = (np.arange(1000) >= background).astype(np.uint8)[None]
    found = metrics.scores(metrics.confusion_matrix(ids, np.zeros_like(ids), 2, 2))
    assert np.allclose(lesson11._nothing_found(background / 1000), [found.global_accuracy, found.mean_iou])


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_components_by_labelling(seed, share):
    mask = np.random.default_rng(seed).random((7, 9)) < share
    assert lesson11.components(mask) == ndimage.label(mask)[1]
    assert lesson11.components(mask, corners=True) == ndimage.label(mask, np.ones((3, 3)))[1]


def test_of_equally_large_ones_any_is_right_and_what_has_no_number_is_told():
    judge = largest(
        lambda: {"a": 3.0, "b": 3.0, "c": 1.0, "d": np.nan},
        told=lambda size: f"it has {size:g}",
        noun="letter",
        titles=lambda: {"a": "the first"},
        absent="nobody counted it",
    )
    assert [judge(each).state for each in ("a", "B", ["b"], "The first")] == ["right"] * 4
    assert judge("c").why == "it has 1"
    assert judge("d").why == "d: nobody counted it"
    assert judge("e").why == "there is no letter 'e'"
    assert judge("").state == "missing"
