"""Means and spread over seeds, and effects of parameters, against NumPy and against arithmetic by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from segnet_nb.sweeps.gallery.reading import read_sweep
from segnet_nb.sweeps.gallery.statistics import effects, groups, spread
from tests.sweeps.generated import AXES, NAMES, write_sweep


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("statistics")
    records = write_sweep(folder, failed=4)
    return read_sweep(folder), records


def scored(records, score="mean_iou", **parameters):
    """The scores of finished runs with these parameters."""
    return [
        record["scores"][score]
        for record in records.values()
        if record["state"] == "finished" and parameters.items() <= record["parameters"].items()
    ]


def test_by_hand():
    # (0.5 + 0.7 + 0.9) / 3 = 0.7; deviations -0.2, 0, 0.2: sqrt(0.08 / 2) = 0.2
    found = spread([0.5, None, 0.7, 0.9])
    assert (found.count, found.low, found.high) == (3, 0.5, 0.9)
    assert found.mean == pytest.approx(0.7)
    assert found.deviation == pytest.approx(0.2)


def test_of_one_and_of_none():
    assert spread([0.25]).deviation is None
    assert spread([None, None]) is None
    assert spread([]) is None


def test_groups_are_the_settings_without_the_seed(swept):
    sweep, records = swept
    found = groups(sweep)
    assert len(found) == len(AXES["learning_rate"]) * len(AXES["decoder"])
    assert sorted(number for group in found for number in group.runs) == list(range(len(records)))
    for group in found:
        rate, decoder = AXES["learning_rate"][group.places[0]], AXES["decoder"][group.places[1]]
        for position, score in enumerate(sweep.score_names):
            scores = scored(records, score, learning_rate=rate, decoder=decoder)
            one = group.scores[position]
            if not scores:
                assert one is None
                continue
            assert (one.count, one.low, one.high) == (len(scores), min(scores), max(scores))
            assert one.mean == pytest.approx(np.mean(scores))
            if len(scores) > 1:
                assert one.deviation == pytest.approx(np.std(scores, ddof=1))
        assert group.finished == len(scored(records, learning_rate=rate, decoder=decoder))
    # Four runs have failed: three of the last setting, and one of the setting before.
    assert [group.finished for group in found] == [3, 3, 3, 3, 2, 0]


def test_groups_have_the_scores_of_classes(swept):
    sweep, records = swept
    group = groups(sweep)[0]
    for position, name in enumerate(NAMES):
        scores = [records[sweep.runs[number].key]["class_scores"]["iou"][name] for number in group.runs]
        known = [score for score in scores if score is not None]
        assert group.class_scores[position].mean == pytest.approx(np.mean(known))


def test_effects_are_ranges_of_means(swept):
    sweep, records = swept
    expected = {}
    for name, values in AXES.items():
        means = [np.mean(scored(records, **{name: value})) for value in values]
        expected[name] = np.ptp(means)
    found = effects(sweep, "mean_iou")
    assert [sweep.parameters[effect.parameter].name for effect in found] == sorted(
        expected, key=expected.get, reverse=True
    )
    for effect in found:
        name = sweep.parameters[effect.parameter].name
        assert effect.range == pytest.approx(expected[name])
        for value, one in zip(AXES[name], effect.values, strict=True):
            assert one.count == len(scored(records, **{name: value}))


def test_by_hand_with_a_parameter_that_does_nothing(tmp_path):
    """Scores 0.2 and 0.6 by the rate, the same for both decoders: ranges 0.4 and 0."""
    axes = {"decoder": ["a", "b"], "rate": [1, 2]}
    records = write_sweep(tmp_path, axes=axes, images=0, failed=0)
    for key, record in records.items():
        record["scores"] = {"mean_iou": 0.2 if record["parameters"]["rate"] == 1 else 0.6}
        (tmp_path / "runs" / key / "run.json").write_text(json.dumps(record))
    sweep = read_sweep(tmp_path)
    rate, decoder = effects(sweep, "mean_iou")
    assert sweep.parameters[rate.parameter].name == "rate"
    assert rate.range == pytest.approx(0.4)
    assert decoder.range == pytest.approx(0)
    # Without a parameter for seeds, every run is a group of its own.
    assert sweep.seed is None
    assert [group.finished for group in groups(sweep)] == [1, 1, 1, 1]


def test_nothing_has_finished(tmp_path):
    write_sweep(tmp_path, failed=18, images=0)
    sweep = read_sweep(tmp_path)
    assert sweep.score_names == ()
    assert all(effect.range is None for effect in effects(sweep, "mean_iou"))
    assert {group.finished for group in groups(sweep)} == {0}
