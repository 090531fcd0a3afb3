"""The references of the checks against the package itself, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

import segnet_nb as sn
from segnet_nb import layers, losses
from segnet_nb.course import lesson01, lesson02, lesson04, lesson05
from segnet_nb.networks import pack_indices
from segnet_nb.widgets import LossLab
from tests.course.lessons import exercises, namespace


def right(judge, answer, *context):
    return judge(answer, *context).state == "right"


def test_the_maps_of_01_are_those_of_the_lesson():
    variables = namespace("01")
    exec(exercises("01")["01.1"].unsolved, variables)
    assert np.array_equal(variables["exercise"], lesson01.EXERCISE)
    from tests.course.lessons import code_of

    rows = ", ".join(str(list(row)) for row in lesson01.GRID)
    assert f"grid = np.array([{rows}])" in code_of("01")


def test_01_by_the_layers():
    pool = layers.MaxPoolingWithIndices2D()
    maps = [np.array(rows, "float32")[None, :, :, None] for rows in (lesson01.EXERCISE, lesson01.GRID)]
    indices = [np.array(pool(each)[1]) for each in maps]
    assert right(lesson01.EXERCISES["01.1"].judge, indices[0])
    flat = np.array(layers.flat_indices(indices[1], height=4, width=4))
    assert right(lesson01.EXERCISES["01.2"].judge, flat)
    select = np.zeros((4, 16), int)
    select[range(4), flat.ravel()] = 1
    assert right(lesson01.EXERCISES["01.3"].judge, np.count_nonzero(select.T @ select))


@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_the_receptive_field_by_the_layers(kernel):
    network = sn.segnet_basic((None, None, 3), 11, filters=2, kernel_size=kernel)
    image = np.zeros((32, 32, 3), "float32")
    poolings = sn.probes.probe_costs(network, image, repeats=1).poolings
    assert [each.pooled_receptive_field for each in poolings] == [
        lesson02.receptive_field(kernel, stages) for stages in (1, 2, 3, 4)
    ]


def test_02_by_packing():
    assert right(lesson02.EXERCISES["02.2"].judge, pack_indices(np.zeros((180, 240, 64), "uint8")).nbytes)


def test_03_by_the_losses():
    from segnet_nb.course.lesson03 import EXERCISES

    images = np.array([[0] * 10, [0] * 10, [0] * 5 + [1] * 5])
    assert right(EXERCISES["03.1"].judge, losses.class_frequencies(images[:, None], 2, None))


@given(st.integers(0, 2**32 - 1))
def test_dice_by_the_losses(seed):
    p, y = list(lesson04._images(np.random.default_rng(seed)))[3]
    both = float(losses.dice_loss(y[None].astype(int), np.stack([1 - p, p], -1)[None]))
    assert np.isclose((lesson04._dice(p, y) + lesson04._dice(1 - p, 1 - y)) / 2, both, atol=1e-5)


def test_the_cases_of_dice_have_an_object_and_odd_shapes():
    cases = list(lesson04._images(np.random.default_rng(20)))
    assert all(
        (y.sum() >= 1 and p.shape == y.shape and 0 < p.min() < p.max() < 1) or p.size == 1 for p, y in cases
    )
    assert {p.dtype.name for p, _ in cases} == {"float32", "float64"}
    assert len({y.sum() for _, y in cases}) > 3


@pytest.mark.parametrize(
    "settings", [{}, {"missed": 0.5}, {"share": 0.02, "missed": 0.9}, {"shift": 3, "blur": 2.0}]
)
def test_the_scores_of_a_lab_are_those_it_shows(settings):
    lab = LossLab(preset="blobs", **settings)
    verdict = lesson04.judge_lab(lab)
    if verdict.state != "missing":
        assert f"{lab.scores['global_accuracy']:.1%}" in verdict.why
        assert f"{lab.scores['object_iou']:.1%}" in verdict.why
    else:
        assert lab.scores["object_iou"] == 1


@pytest.mark.parametrize(
    ("scores", "patience", "epoch"),
    [
        ((0.2, 0.3, 0.29, 0.3, 0.4), 2, 4),
        ((0.2, 0.3, 0.29, 0.31), 2, None),
        ((0.5, 0.4, 0.3, 0.2), 2, 3),
        ((0.4,), 1, None),
        ((0.3, 0.3), 1, 2),
        ((0.5, 0.4, 0.6, 0.5, 0.7, 0.6), 2, None),  # a counter that is never reset stops after 4
        ((0.5, 0.4, 0.6, 0.5, 0.5), 2, 5),
    ],
)
def test_early_stopping_by_hand(scores, patience, epoch):
    assert lesson05._stops_after(scores, patience) == epoch
    assert lesson05._counting(scores, patience) == epoch


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(1, 4))
def test_early_stopping_in_two_ways(scores, patience):
    assert lesson05._stops_after(scores, patience) == lesson05._counting(scores, patience)
