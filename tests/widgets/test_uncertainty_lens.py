"""The uncertainty lens driven by its traits; its pictures and curves against loops."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
import traitlets
from PIL import Image

from segnet_nb.datasets import CAMVID
from segnet_nb.probes.uncertainty import MEASURES, SampledPredictions
from segnet_nb.widgets import UncertaintyLens
from segnet_nb.widgets.uncertainty_lens import numbers

COUNTS = (2, 5, 9)
SHAPE = (3, 6, 10)  # images, height, width


def sampled(seed=0, void=True, **changes):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 11, SHAPE).astype(np.uint8)
    predictions = np.where(random.random((3, *SHAPE)) < 0.7, labels, (labels + 1) % 11).astype(np.uint8)
    if void:
        labels[:, 0] = CAMVID.void_id
    parts = {
        "images": random.integers(0, 256, (*SHAPE, 3)).astype(np.uint8),
        "labels": labels,
        "classes": CAMVID,
        "names": ("a", "b", "c"),
        "counts": COUNTS,
        "predictions": predictions,
        "confidence": random.uniform(0.1, 1, (3, *SHAPE)).astype(np.float32),
        "measures": {name: random.gamma(1, 0.02, (3, *SHAPE)).astype(np.float32) for name in MEASURES},
    }
    return SampledPredictions(**parts | changes)


@pytest.fixture
def data():
    return sampled()


@pytest.fixture
def lens(data):
    made = UncertaintyLens(data)
    yield made
    made.close()


def level_of(data, lens, name, step, image):
    """256 steps by hand: the brightest is what one value in 200 of the last samples exceeds."""
    top = np.quantile(data.measures[name][-1], 0.995)
    assert lens.tops[name] == pytest.approx(top)
    return np.array(
        [[min(255, round(float(v) / top * 255)) for v in row] for row in data.measures[name][step, image]]
    )


def expected(data, lens):
    """All pictures and numbers of the present state, pixel by pixel."""
    step, i = COUNTS.index(lens.samples), lens.image
    level = level_of(data, lens, lens.measure, step, i)
    truth, predicted = data.labels[i], data.predictions[step, i]
    known = sorted(int(level[place]) for place in np.ndindex(truth.shape) if truth[place] != 11)
    # The smallest level with at least this share of the known pixels at or below it.
    limit = known[int(np.ceil(lens.kept * len(known) - 1e-9)) - 1]
    pictures = {name: np.zeros((*truth.shape, 3), int) for name in ("prediction", "errors", "uncertainty")}
    for y, x in np.ndindex(truth.shape):
        out = level[y, x] > limit
        hatch = (236,) * 3 if (y + x) // 3 % 2 == 0 else (176,) * 3
        pictures["prediction"][y, x] = hatch if out else CAMVID.colors[predicted[y, x]]
        if truth[y, x] == 11:
            color = (60, 60, 60)
        elif truth[y, x] == predicted[y, x]:
            color = (152, 190, 219) if out else (226, 226, 226)
        else:
            color = (0, 87, 148) if out else (213, 94, 0)
        pictures["errors"][y, x] = color
        pictures["uncertainty"][y, x] = numbers.color_map()[level[y, x]]
    return pictures, limit


def check(data, lens):
    pictures, limit = expected(data, lens)
    found = lens.composed()
    np.testing.assert_array_equal(found.pop("photo"), data.images[lens.image])
    assert {*found} == {*pictures}
    for name, picture in pictures.items():
        np.testing.assert_array_equal(found[name], picture, err_msg=name)
    assert lens.answer["limit"] == pytest.approx(limit / 255 * lens.tops[lens.measure])


def kept_accuracy(level, truth, predicted, share):
    """The most certain pixels one by one; within a level each counts with the level's average."""
    known = truth != 11
    groups = {}
    for v, r in zip(level[known], (truth == predicted)[known], strict=True):
        groups.setdefault(int(v), []).append(bool(r))
    wanted = left = share * known.sum()
    right = 0.0
    for v in sorted(groups):
        take = min(left, len(groups[v]))
        right += take * np.mean(groups[v])
        left -= take
    return right / wanted


def test_every_control_changes_pictures_and_answer_as_the_loops_say(data, lens):
    assert lens.samples == 9 and lens.measure == "variance" and lens.kept == 0.8
    check(data, lens)
    for changes in (
        {"image": 1},
        {"samples": 2},
        {"measure": "entropy"},
        {"kept": 0.25},
        {"measure": "mutual_information", "samples": 5, "image": 2},
        {"kept": 1.0},
    ):
        for name, value in changes.items():
            setattr(lens, name, value)
        check(data, lens)


def test_answers_are_accuracies_of_kept_pixels(data, lens):
    lens.kept, lens.samples, lens.measure, lens.image = 0.35, 5, "entropy", 1
    levels = np.stack([level_of(data, lens, "entropy", 1, i) for i in range(3)])
    own = kept_accuracy(levels[1], data.labels[1], data.predictions[1, 1], 0.35)
    together = kept_accuracy(levels, data.labels, data.predictions[1], 0.35)
    known = data.labels != 11
    right = data.labels == data.predictions[1]
    assert lens.answer["kept_accuracy"] == pytest.approx(own)
    assert lens.answer["all_kept_accuracy"] == pytest.approx(together)
    assert lens.answer["accuracy"] == pytest.approx(right[1][known[1]].mean())
    assert lens.answer["all_accuracy"] == pytest.approx(right[known].mean())


def test_calibration_is_that_of_the_confidence(data, lens):
    found = lens.curves["2"]["calibration"]
    sure, right = data.confidence[0], data.labels == data.predictions[0]
    inside = (data.labels != 11) & (sure >= 0.7) & (sure < 0.8)
    assert found["all"]["accuracy"][7] == pytest.approx(right[inside].mean())
    assert found["all"]["confidence"][7] == pytest.approx(sure[inside].mean(), rel=1e-5)
    assert found["all"]["accuracy"][0] is None  # nothing is below 0.1
    assert len(found["images"]) == 3
    lens.samples = 2
    assert lens.answer["calibration_error"] == found["all"]["error"]


def test_what_the_browser_gets_is_what_python_has(data, lens):
    def planes(content):
        return np.asarray(Image.open(io.BytesIO(content)))

    for i in range(3):
        np.testing.assert_array_equal(planes(lens.pictures[str(i)]["photo"]), data.images[i])
        np.testing.assert_array_equal(planes(lens.pictures[str(i)]["truth"]), data.labels[i])
        for step, count in enumerate(COUNTS):
            parts = lens.pictures[f"{i}/{count}"]
            np.testing.assert_array_equal(planes(parts["predicted"]), data.predictions[step, i])
            for channel, name in enumerate(MEASURES):
                level = level_of(data, lens, name, step, i)
                np.testing.assert_array_equal(planes(parts["levels"])[..., channel], level)
    json.dumps(
        [lens.curves, lens.tops, lens.counts, lens.palette, lens.color_map, lens.answer], allow_nan=False
    )
    assert lens.standalone and len(lens.color_map) == 256


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("image", 3, "there is no image 3: choose from 0 to 2"),
        ("image", -1, "there is no image -1"),
        ("samples", 3, "there are results after 2, 5, 9 samples, not after 3"),
        ("kept", 0.0, "kept must be a share from 0.05 to 1, but got 0.0"),
        ("kept", 1.2, "kept must be a share from 0.05 to 1"),
        ("measure", "doubt", "any of"),
    ],
)
def test_impossible_values_are_refused_and_nothing_changes(lens, name, value, message):
    before = lens.answer
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(lens, name, value)
    assert lens.answer == before
    lens.set_state({name: value})  # as a browser would
    assert message in lens.error or name == "measure"
    assert lens.answer == before


def test_kept_goes_in_steps_of_five_percent(lens):
    lens.kept = 0.42
    assert lens.kept == 0.4


def test_first_values_and_unknown_settings(data):
    lens = UncertaintyLens(data, image=2, samples=2, measure="entropy", kept=0.5)
    assert (lens.image, lens.samples, lens.measure, lens.kept) == (2, 2, "entropy", 0.5)
    check(data, lens)
    with pytest.raises(TypeError, match="UncertaintyLens has no setting 'speed'"):
        UncertaintyLens(data, speed=1)
    with pytest.raises(traitlets.TraitError, match="not after 7"):
        UncertaintyLens(data, samples=7)


def test_something_else_than_sampled_predictions():
    with pytest.raises(TypeError, match="expected sampled predictions, but got list"):
        UncertaintyLens([1, 2])


def test_figure_and_bundle(lens):
    lens.image = 2
    figure = lens.figure()
    assert figure._suptitle.get_text() == "c, 9 samples, 80 % kept"
    titles = {axes.get_title() for axes in figure.axes}
    assert {"image", "errors", "variance"} <= titles
    lines = {line.get_label() for axes in figure.axes for line in axes.get_lines()}
    assert {"all images", "this image", "perfectly calibrated"} <= lines
    data, _ = lens._repr_mimebundle_()
    assert data["image/jpeg"][:2] == b"\xff\xd8"


def test_an_image_that_is_void_all_over():
    data = sampled()
    labels = data.labels.copy()
    labels[1] = 11
    lens = UncertaintyLens(sampled(labels=labels), image=1)
    assert lens.answer["accuracy"] is None and lens.answer["all_accuracy"] is not None
    assert (lens.composed()["errors"] == 60).all()
    assert lens.figure() is not None


def test_the_same_everywhere_is_no_uncertainty():
    flat = {name: np.zeros((3, *SHAPE), np.float32) for name in MEASURES}
    lens = UncertaintyLens(sampled(measures=flat))
    assert lens.tops == dict.fromkeys(MEASURES, 1.0)
    assert lens.answer["kept_accuracy"] == pytest.approx(lens.answer["accuracy"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"counts": (2, 5)}, r"predictions must have shape \(2, 3, 6, 10\), but got \(3, 3, 6, 10\)"),
        ({"names": ("a",)}, "and 1 names"),
        ({"measures": {}}, "measures must be variance, entropy, mutual_information"),
    ],
)
def test_sampled_predictions_that_do_not_fit(changes, message):
    with pytest.raises(ValueError, match=message):
        sampled(**changes)
