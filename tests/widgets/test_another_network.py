"""Another network in the same explorer: what fits is kept, the rest is as in a new one."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import comm
import numpy as np
import pytest
import traitlets

import segnet_nb as sn
from segnet_nb.datasets.classes import ClassList
from segnet_nb.probes import AblationBench, Predictions
from segnet_nb.widgets import IndexAblation, IndexMicroscope, MaskInspector, UncertaintyLens
from tests.trace_cases import random_trace
from tests.widgets.test_mask_inspector import drawn_predictions
from tests.widgets.test_uncertainty_lens import sampled

OTHER_CLASSES = ClassList(tuple("abcdefghijkl"), tuple((20 * i, i, i) for i in range(13)))


def traces(*sizes, stages=3, channels=3, seed=0):
    return [
        random_trace(*size, stages=stages, channels=channels, kind="normal", seed=seed + number)
        for number, size in enumerate(sizes)
    ]


@pytest.fixture(scope="module")
def benches():
    data = sn.datasets.load("synthetic", "val", image_size=(45, 60), count=3)
    model = sn.load_pretrained("small-synthetic")

    def of(count, network=model):
        part = data.images[:count], data.labels[:count]
        return AblationBench(network, *part, data.classes, names=data.names[:count])

    shallow = sn.segnet_basic((None, None, 3), 11, filters=4, kernel_size=3)
    return SimpleNamespace(three=of(3), two=of(2), one=of(1), other=of(3, shallow))


# What is assigned, explorers with settings that fit it, and an attribute.
def microscope(what=None):
    what = what or traces((24, 32), (24, 32))
    return IndexMicroscope(what, names=("a", "b"), image=1, stage=2, pixel=(9, 9))


def inspector(what=None):
    what = what or drawn_predictions(0)
    return MaskInspector(what, image=2, opacity=0.3, pixel=[4, 5], cell=["Road", "Tree"])


def lens(what=None):
    return UncertaintyLens(what or sampled(0), image=2, samples=5, kept=0.5)


CASES = {
    "microscope": (microscope, "traces", lambda: traces((24, 32), (24, 32), seed=9)),
    "inspector": (inspector, "predictions", lambda: drawn_predictions(9)),
    "lens": (lens, "sampled", lambda: sampled(9)),
}
PRIVATE = {"_model_id", "_edition", "comm"}


def state_of(explorer):
    """All that travels, except which widget and which view it is."""
    found = {**explorer.get_state(), "answer": getattr(explorer, "answer", None)}
    return {name: value for name, value in found.items() if name not in PRIVATE and "layout" not in name}


@pytest.mark.parametrize("name", CASES)
class TestEveryExplorer:
    def test_it_shows_what_a_new_one_would(self, name):
        make, attribute, other = CASES[name]
        explorer = make()
        before = state_of(explorer)
        setattr(explorer, attribute, other())
        assert state_of(explorer) == state_of(make(other())) != before
        assert explorer.error == ""

    def test_the_view_is_built_anew_once(self, name):
        make, attribute, other = CASES[name]
        explorer, seen = make(), []
        explorer.observe(lambda change: seen.append(change["new"]), names="_edition")
        setattr(explorer, attribute, other())
        assert seen == [1]
        assert getattr(explorer, attribute) is not None

    def test_it_arrives_in_one_message(self, name, monkeypatch):
        # Once ipykernel is imported, a widget without a kernel sends nothing.
        monkeypatch.setattr(comm, "create_comm", comm.DummyComm)
        make, attribute, other = CASES[name]
        explorer, sent = make(), []
        explorer.comm.send = lambda data=None, **_: sent.append(data)
        setattr(explorer, attribute, other())
        updates = [message for message in sent if message["method"] == "update"]
        assert len(updates) == 1 and "_edition" in updates[0]["state"]

    def test_what_is_none_changes_nothing(self, name):
        make, attribute, _ = CASES[name]
        explorer = make()
        before, held = state_of(explorer), getattr(explorer, attribute)
        with pytest.raises(TypeError, match=r"but got ndarray|but got float"):
            setattr(explorer, attribute, [0.5] if name == "microscope" else np.zeros(3))
        assert state_of(explorer) == before
        assert getattr(explorer, attribute) is held
        explorer.image = 0  # still works
        assert explorer.error == ""

    def test_a_closed_one_takes_no_other(self, name):
        make, attribute, other = CASES[name]
        explorer = make()
        explorer.close()
        with pytest.raises(RuntimeError, match=r"this explorer is closed\. Make a new one\."):
            setattr(explorer, attribute, other())


class TestMicroscope:
    def test_fewer_images_stages_channels_and_pixels(self):
        explorer = IndexMicroscope(
            traces((24, 32), (24, 32)), names=("a", "b"), image=1, stage=3, channel=5, pixel=(20, 30)
        )
        explorer.traces = traces((10, 12), stages=2, channels=1)
        # The same place: 20 * 10 / 24 = 8.3 and 30 * 12 / 32 = 11.25, rounded down.
        assert (explorer.image, explorer.stage, explorer.pixel) == (0, 2, (8, 11))
        assert explorer.channel == 2  # stage 2 has 1 + 2 channels
        assert explorer.frame["names"] == ["image 0"]
        assert explorer.path == explorer.traces[0].path(8, 11, stage=2, channel=2).as_dict()

    def test_names_stay_where_there_are_as_many(self):
        explorer = microscope()
        explorer.traces = traces((10, 12), (10, 12))
        assert explorer.frame["names"] == ["a", "b"]

    def test_maps_without_finite_numbers_change_nothing(self):
        explorer, broken = microscope(), traces((24, 32), (24, 32), seed=3)
        stages = (replace(stage, features=stage.features * np.nan) for stage in broken[1].stages)
        broken[1] = replace(broken[1], stages=tuple(stages))
        before, held = state_of(explorer), explorer.traces
        with pytest.raises(ValueError, match="finite"):
            explorer.traces = broken
        assert (state_of(explorer) == before, explorer.traces is held) == (True, True)

    def test_mixed_networks_are_refused_with_a_remedy(self):
        explorer = microscope()
        explorer.traces = [*traces((24, 32), channels=2), *traces((24, 32), channels=5)]
        assert explorer.image == 1
        with pytest.raises(traitlets.TraitError, match=r"Assign all traces of the other network"):
            explorer.image = 0


class TestInspector:
    def test_other_classes_and_a_smaller_image(self):
        explorer = MaskInspector(
            drawn_predictions(0), image=3, colors="safe", hidden=["Sky"], cell=["Road", "Tree"], pixel=[8, 13]
        )
        small = drawn_predictions(4, count=2, height=6, width=8)
        explorer.predictions = Predictions(
            small.images, small.labels, OTHER_CLASSES, small.names, small.top_classes, small.top_probabilities
        )
        assert (explorer.image, explorer.colors, explorer.hidden) == (0, "published", [])
        assert (explorer.cell, explorer.pixel, explorer.answer) == ([], [], {})
        assert (explorer.size, explorer.class_names) == ([6, 8], list("abcdefghijkl"))
        assert explorer.picture().shape == (6, 8, 3)
        with pytest.raises(traitlets.TraitError, match="there is no image 2"):
            explorer.image = 2

    def test_the_answer_is_of_the_new_network(self):
        explorer, other = inspector(), drawn_predictions(9)
        explorer.predictions = other
        names = [*other.classes.names, "void"]
        assert explorer.answer["classes"] == [names[c] for c in other.top_classes[2, 4, 5]]
        assert explorer.order == np.argsort(-other.matrices[:, 3, 5], kind="stable").tolist()


class TestLens:
    def test_other_counts(self):
        explorer = lens()
        # Of the same kind, sampled 2, 4 and 8 times: 5 is not among them.
        explorer.sampled = sampled(9, counts=(2, 4, 8))
        assert (explorer.samples, explorer.image, explorer.kept) == (8, 2, 0.5)

    def test_fewer_images(self):
        explorer, whole = lens(), sampled(9)
        measures = {name: maps[:, :2] for name, maps in whole.measures.items()}
        explorer.sampled = sampled(
            9, images=whole.images[:2], labels=whole.labels[:2], names=whole.names[:2], measures=measures,
            predictions=whole.predictions[:, :2], confidence=whole.confidence[:, :2],
        )  # fmt: skip
        assert (explorer.image, explorer.names) == (0, ["a", "b"])
        right = whole.predictions[1, 0] == whole.labels[0]
        assert explorer.answer["accuracy"] == pytest.approx(right[whole.labels[0] != 11].mean())


class TestAblation:
    @pytest.fixture
    def explorer(self, benches):
        made = IndexAblation(benches.three, image=2, other=2, modes=["zeros"] * 3 + ["other"])
        yield made
        made.close()

    def test_it_is_run_with_the_settings_that_fit(self, explorer, benches):
        explorer.bench = benches.other
        found = benches.other.run(2, {1: "zeros", 2: "zeros", 3: "zeros", 4: "other"}, other=2)
        np.testing.assert_array_equal(explorer.ablation.prediction, found.prediction)
        assert explorer.result["mean_iou"] == found.mean_iou
        assert explorer._setup["bytes"] == list(found.stage_bytes)
        assert (explorer._edition, explorer.error, explorer.busy) == (1, "", False)

    def test_settings_that_do_not_fit(self, explorer, benches):
        explorer.bench = benches.two
        assert (explorer.image, explorer.other, explorer.modes[3]) == (0, None, "other")
        explorer.bench = benches.one
        assert explorer.modes == ["true"] * 4
        assert "other" not in [mode for mode, _ in explorer._setup["modes"]]
        assert explorer.result["changed"] == 0

    def test_what_is_none_changes_nothing(self, explorer, benches):
        before, held = state_of(explorer), explorer.bench
        with pytest.raises(TypeError, match=r"expected an ablation bench, but got str\. Pass"):
            explorer.bench = "zeros"
        broken = SimpleNamespace(
            **{name: getattr(benches.three, name) for name in ("stages", "images", "labels", "classes")},
            run=fails,
        )
        with pytest.raises(ArithmeticError):
            explorer.bench = broken
        assert (state_of(explorer) == before, explorer.bench is held) == (True, True)

    def test_a_closed_one_takes_no_other(self, explorer, benches):
        explorer.close()
        with pytest.raises(RuntimeError, match="closed"):
            explorer.bench = benches.other


def fails(*_, **__):
    raise ArithmeticError
