"""The ablation explorer without a browser: every control against the bench, every picture decoded."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np
import pytest
import traitlets
from PIL import Image

import segnet_nb as sn
from segnet_nb.datasets import CAMVID
from segnet_nb.probes import INTERVENTIONS, AblationBench
from segnet_nb.visualizers.ablation import changed_pixels, marked_changes, show_ablation
from segnet_nb.widgets.index_ablation.explorer import MODES, IndexAblation, numbers, palette_png


@pytest.fixture(scope="module")
def bench():
    data = sn.datasets.load("synthetic", "val", image_size=(45, 60), count=3)
    return AblationBench(
        sn.load_pretrained("small-synthetic"), data.images, data.labels, data.classes, names=data.names
    )


@pytest.fixture
def explorer(bench):
    made = IndexAblation(bench)
    yield made
    made.close()


def decoded(png):
    """RGB of a picture that was sent."""
    return np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGB"))


def assert_shows(explorer, bench, image, modes, **options):
    """The explorer's answer and pictures are those of the bench, called directly."""
    found = bench.run(image, dict(enumerate(modes, start=1)), **options)
    np.testing.assert_array_equal(explorer.ablation.prediction, found.prediction)
    palette = np.array(CAMVID.colors)
    labels = bench.labels[image]
    np.testing.assert_array_equal(decoded(explorer._pictures["prediction"]), palette[found.prediction])
    for name, ids in (("reference", found.reference), ("truth", labels)):
        np.testing.assert_array_equal(decoded(explorer._scene[name]), palette[ids])
    photo = decoded(explorer._scene["image"]).astype(int)
    assert np.abs(photo - bench.images[image]).mean() < 6  # a JPEG of this image and no other
    assert explorer.result["mean_iou"] == found.mean_iou
    assert explorer.result["mean_iou_change"] == found.mean_iou - found.reference_mean_iou
    assert explorer.result["boundary_f1"] == found.boundary_f1
    assert explorer.result["boundary_f1_change"] == found.boundary_f1 - found.reference_boundary_f1
    assert explorer.result["bytes_indices"] == found.bytes_indices
    assert explorer.result["interventions"] == dict(enumerate(modes, start=1))
    kinds = [
        (now == truth, before == truth)
        for truth, before, now in zip(
            labels.ravel(), found.reference.ravel(), found.prediction.ravel(), strict=True
        )
        if truth != 11 and before != now
    ]
    assert explorer.result["now_right"] == pytest.approx(kinds.count((True, False)) / labels.size)
    assert explorer.result["now_wrong"] == pytest.approx(kinds.count((False, True)) / labels.size)
    assert (explorer.error, explorer.busy) == ("", False)


def test_it_starts_with_true_indices(explorer, bench):
    assert explorer.modes == ["true"] * 4
    assert_shows(explorer, bench, 0, ["true"] * 4)
    assert explorer.result["changed"] == 0
    assert repr(explorer) == "IndexAblation(3 images of 45 x 60, 4 stages)"
    setup = explorer._setup
    assert setup["sizes"] == [[45, 60], [23, 30], [12, 15], [6, 8]]
    # Channels 16, 32, 64, 96; windows 23 x 30, 12 x 15, 6 x 8, 3 x 4; four indices a byte.
    assert setup["bytes"] == [23 * 30 * 4, 12 * 15 * 8, 6 * 8 * 16, 3 * 4 * 24]
    assert setup["names"] == list(bench.names)
    assert setup["classes"] == [*CAMVID.names, "void"]
    assert [key for key, _ in setup["modes"]] == list(INTERVENTIONS) == list(MODES)


def test_every_control_reaches_the_bench(explorer, bench):
    modes = ["random", "shuffled", "other", "bilinear"]
    explorer.modes = modes
    assert_shows(explorer, bench, 0, modes)
    explorer.image = 2
    assert_shows(explorer, bench, 2, modes)
    explorer.share = 0.9
    assert_shows(explorer, bench, 2, modes, share=0.9)
    explorer.seed = 5
    assert_shows(explorer, bench, 2, modes, share=0.9, seed=5)
    explorer.other = 1
    assert_shows(explorer, bench, 2, modes, share=0.9, seed=5, other=1)
    explorer.preset("zeros")
    assert explorer.modes == ["zeros"] * 4
    assert_shows(explorer, bench, 2, ["zeros"] * 4)
    assert explorer.result["bytes_indices"] == 0


@pytest.mark.parametrize("mode", INTERVENTIONS)
def test_every_intervention_at_every_stage(explorer, bench, mode):
    for stage in range(4):
        modes = ["true"] * 4
        modes[stage] = mode
        explorer.modes = modes
        assert_shows(explorer, bench, 0, modes)


def test_state_at_the_start(bench):
    explorer = IndexAblation(bench, image=1, modes=("true", "zeros", "true", "nearest"), view="wrong")
    assert_shows(explorer, bench, 1, ["true", "zeros", "true", "nearest"])
    two = IndexAblation(bench)
    two.image = 2
    assert (explorer.image, two.image) == (1, 2)
    assert explorer.modes != two.modes


def test_state_that_travels_is_small_and_plain(explorer):
    explorer.modes = ["shuffled"] * 4
    state = explorer.get_state()
    plain = {key: value for key, value in state.items() if key not in ("_scene", "_pictures", "layout")}
    plain = {key: value for key, value in plain.items() if not key.startswith(("_esm", "_css"))}
    json.dumps(plain)
    for pictures in (state["_scene"], state["_pictures"]):
        assert all(isinstance(content, bytes) and len(content) < 20_000 for content in pictures.values())
    assert len(state["_esm"]) < 40_000
    assert len(state["_css"]) < 40_000


# --- requests of the view ----------------------------------------------------------------------------


def test_a_request_runs_once_and_is_answered(bench, monkeypatch):
    explorer = IndexAblation(bench)
    runs = []
    run = bench.run
    monkeypatch.setattr(bench, "run", lambda *a, **k: runs.append(a) or run(*a, **k))
    # All that the view changed comes in one message.
    explorer.set_state({"modes": ["zeros"] * 4, "share": 0.25, "seed": 3, "image": 1, "_asked": 1})
    assert len(runs) == 1
    assert explorer._answered == 1
    assert_shows(explorer, bench, 1, ["zeros"] * 4, share=0.25, seed=3)
    runs.clear()
    explorer.set_state({"modes": ["zeros"] * 4, "_asked": 2})  # nothing new, and still an answer
    assert (runs, explorer._answered) == ([], 2)


def test_what_the_view_may_not_ask_is_shown_and_taken_back(explorer):
    explorer.set_state({"image": 7, "_asked": 1})
    assert explorer.error == "image must be in 0..2, the images of the bench, but got 7."
    assert explorer.image == 0
    explorer.set_state({"image": 1, "_asked": 2})
    assert (explorer.error, explorer.image, explorer._answered) == ("", 1, 2)


def test_a_failing_run_is_shown_answered_and_cleared(bench, monkeypatch):
    explorer = IndexAblation(bench)
    with monkeypatch.context() as patch:
        patch.setattr(bench, "run", lambda *a, **k: 1 / 0)
        explorer.set_state({"seed": 1, "_asked": 1})
        assert "division by zero" in explorer.error
        assert (explorer.busy, explorer._answered) == (False, 1)
    explorer.set_state({"_asked": 2})  # the same request again
    assert explorer.error == ""
    assert explorer.result["seed"] == 1


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("image", -1, r"image must be in 0\.\.2"),
        ("other", 3, r"other must be in 0\.\.2"),
        ("modes", ["true"] * 3, "modes must be 4 names"),
        ("modes", ["true"] * 3 + ["none"], "each of true, zeros, shuffled"),
        ("share", 1.5, r"share must be in 0\.\.1"),
        ("share", float("nan"), r"share must be in 0\.\.1"),
        ("seed", -1, "seed must be in 0"),
        ("view", "some", "view must be one of all, wrong, right"),
    ],
)
def test_invalid_values(explorer, trait, value, message):
    before = getattr(explorer, trait)
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(explorer, trait, value)
    assert getattr(explorer, trait) == before


def test_the_answer_cannot_be_written(explorer):
    with pytest.raises(traitlets.TraitError):
        explorer.result = {}


def test_a_bench_of_one_image_offers_no_other(bench):
    lonely = AblationBench(
        sn.load_pretrained("small-synthetic"), bench.images[:1], bench.labels[:1], bench.classes
    )
    explorer = IndexAblation(lonely)
    assert "other" not in [key for key, _ in explorer._setup["modes"]]
    with pytest.raises(traitlets.TraitError, match="holds only one"):
        explorer.preset("other")


def test_close_lets_go(bench):
    explorer = IndexAblation(bench)
    explorer.close()
    assert explorer.ablation is None
    assert (explorer._scene, explorer._pictures) == ({}, {})
    assert repr(explorer) == "IndexAblation(closed)"
    explorer.seed = 3  # nobody listens any more, and nothing fails
    with pytest.raises(RuntimeError, match="nothing to draw"):
        explorer.figure()


# --- pictures ----------------------------------------------------------------------------------------


def marked_by_hand(image, labels, before, now, shown):
    """The changes, pixel by pixel, as RGB; None where the image shows through."""
    rows = []
    for y in range(labels.shape[0]):
        row = []
        for x in range(labels.shape[1]):
            truth, old, new = int(labels[y, x]), int(before[y, x]), int(now[y, x])
            wrong = old != new and truth != 11 and old == truth
            right = old != new and truth != 11 and new == truth
            if old == new or (shown == "wrong" and not wrong) or (shown == "right" and not right):
                row.append(None)
            elif wrong and (x + y) % 4 == 3:
                row.append((0, 0, 0))
            elif right and x % 3 == 1 and y % 3 == 1:
                row.append((255, 255, 255))
            else:
                row.append(CAMVID.colors[new])
        rows.append(row)
    return rows


@pytest.mark.parametrize("view", ["all", "wrong", "right"])
def test_the_map_of_changes(explorer, bench, view):
    explorer.modes = ["nearest", "zeros", "true", "shuffled"]
    explorer.view = view
    found = explorer.ablation
    picture = decoded(explorer._pictures["changes"])
    by_hand = marked_by_hand(bench.images[0], bench.labels[0], found.reference, found.prediction, view)
    seen = set()
    for y, row in enumerate(by_hand):
        for x, color in enumerate(row):
            if color is not None:
                assert tuple(picture[y, x]) == color
                seen.add(color)
                continue
            # Pale grey, the brighter the brighter the image: 165 + 75 * luma, to the step of a palette.
            r, g, b = (int(value) for value in bench.images[0][y, x])
            grey = 165 + 75 * (0.299 * r + 0.587 * g + 0.114 * b) / 255
            assert np.ptp(picture[y, x]) == 0
            assert abs(int(picture[y, x, 0]) - grey) <= 1
    assert len(seen) > 1
    assert ((0, 0, 0) in seen) == (view != "right")


def test_kinds_of_change():
    labels, before, now = (
        np.array([[0, 0, 0, 0, 11]]),
        np.array([[0, 0, 1, 1, 0]]),
        np.array([[0, 1, 0, 2, 1]]),
    )
    assert changed_pixels(labels, before, now, 11).tolist() == [[0, 2, 3, 1, 1]]
    with pytest.raises(ValueError, match="the same shape"):
        changed_pixels(labels, before[:, 1:], now, 11)
    with pytest.raises(ValueError, match="'all', 'wrong' or 'right'"):
        marked_changes(np.zeros((1, 5, 3), np.uint8), labels, before, now, CAMVID, shown="some")


def test_numbers_are_json(bench):
    found = bench.run(0, {1: "zeros"})
    plain = json.loads(json.dumps(numbers(found, bench.labels[0], 11)))
    assert plain["interventions"] == {"1": "zeros", "2": "true", "3": "true", "4": "true"}


def test_palette_png_is_exact():
    ids = np.arange(256, dtype=np.uint8).reshape(16, 16)
    palette = np.random.default_rng(0).integers(0, 256, (256, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decoded(palette_png(ids, palette)), palette[ids])
    few = palette_png(np.array([[0, 1]], np.uint8).repeat(2, 0)[:, ::-1], palette[:2])
    np.testing.assert_array_equal(decoded(few), palette[[[1, 0], [1, 0]]])


def test_figure_and_bundle(explorer, bench):
    explorer.modes = ["bilinear", "true", "true", "true"]
    figure = explorer.figure()
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[:4] == ["image", "ground truth", "prediction, true indices", "prediction, replaced indices"]
    assert titles[4] == f"changed (striped: now wrong): {100 * explorer.result['changed']:.1f} %"
    assert figure.get_suptitle() == "stage 1 bilinear"
    shown = [axis.images[0].get_array() for axis in figure.axes[:5]]
    np.testing.assert_array_equal(shown[0], bench.images[0])
    np.testing.assert_array_equal(shown[3], decoded(explorer._pictures["prediction"]))
    np.testing.assert_array_equal(shown[4], decoded(explorer._pictures["changes"]))
    bars = [patch.get_width() for patch in figure.axes[5].patches]
    kept = explorer.result["bytes_indices"] / explorer.result["bytes_indices_true"]
    np.testing.assert_allclose(bars, [explorer.result["mean_iou"], explorer.result["boundary_f1"], kept])
    data, _ = explorer._repr_mimebundle_()
    assert data["image/jpeg"][:2] == b"\xff\xd8"
    explorer.view = "wrong"
    wrong = explorer.result["now_wrong"]
    assert explorer.figure().axes[4].get_title() == f"now wrong: {100 * wrong:.1f} %"
    true = show_ablation(bench.run(0, {}), bench.images[0], bench.labels[0], bench.classes)
    assert true.get_suptitle() == "true indices at every stage"


def test_it_loads_no_framework():
    code = (
        "import sys, segnet_nb.widgets.index_ablation, segnet_nb.visualizers.ablation\n"
        "print([name for name in ('keras', 'tensorflow', 'torch', 'jax') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
