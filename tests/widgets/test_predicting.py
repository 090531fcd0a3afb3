"""Questions of all explorers: the answers against loops, predictions, series, and what is refused."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import segnet_nb as sn
from segnet_nb.datasets import CAMVID
from segnet_nb.probes import AblationBench
from segnet_nb.widgets import (
    IndexAblation,
    IndexMicroscope,
    LossLab,
    MaskInspector,
    PoolingPlayground,
    TrainingMonitor,
    UncertaintyLens,
)
from segnet_nb.widgets.index_ablation.questions import SAME
from segnet_nb.widgets.shared import assets
from segnet_nb.widgets.shared.predicting import SERIES, Question
from segnet_nb.widgets.training_monitor.questions import will_it_rise
from tests.trace_cases import random_trace
from tests.widgets.test_mask_inspector import drawn_predictions
from tests.widgets.test_uncertainty_lens import COUNTS, sampled

SEEDS = range(12)


@pytest.fixture(scope="module")
def bench():
    data = sn.datasets.load("synthetic", "val", image_size=(45, 60), count=2)
    return AblationBench(
        sn.load_pretrained("small-synthetic"), data.images, data.labels, data.classes, names=data.names
    )


def history(*scores):
    return [
        {"epoch": n, "loss": 1 / n, "global_accuracy": 0.7, "class_average": 0.5, "mean_iou": score}
        for n, score in enumerate(scores, 1)
    ]


def monitor_of(*scores, status="finished"):
    made = TrainingMonitor()
    made.history, made.epoch, made.epochs, made.status = history(*scores), len(scores), 9, status
    return made


def microscope():
    traces = [random_trace(21, 30, stages=3, channels=3, kind="normal", seed=seed) for seed in (0, 1)]
    return IndexMicroscope(traces, names=("a", "b"), image=1, stage=2, channel=3)


MAKERS = {
    "playground": lambda bench: PoolingPlayground(),
    "microscope": lambda bench: microscope(),
    "ablation": IndexAblation,
    "inspector": lambda bench: MaskInspector(drawn_predictions(), image=1),
    "lens": lambda bench: UncertaintyLens(sampled(), image=1, samples=5),
    "lab": lambda bench: LossLab(),
    "monitor": lambda bench: monitor_of(0.2, 0.4, 0.35, 0.5),
}


@pytest.fixture(params=MAKERS)
def explorer(request, bench):
    made = MAKERS[request.param](bench)
    yield made
    made.close()


def wrong_prediction(question):
    """A prediction that is not right, whatever the question."""
    if question.choices:
        return (int(question.answer) + 1) % len(question.choices)
    far = question.answer + question.tolerance + 1
    return far if far <= question.high else question.answer - question.tolerance - 1


class TestEveryExplorer:
    def test_a_prediction_comes_before_the_answer(self, explorer):
        assert explorer.question == {} and explorer.revealed == {}
        told = explorer.ask()
        assert explorer.question["text"] in told
        assert not {"answer", "reason", "after"} & explorer.question.keys()
        question = explorer._present
        revealed = explorer.commit(question.answer)
        assert revealed == explorer.revealed
        assert revealed == {
            "prediction": question.answer,
            "right": True,
            "answer": question.answer_text,
            "reason": question.reason,
        }
        assert question.reason.endswith(".") and explorer.error == ""

    def test_the_answer_is_shown(self, explorer):
        for _ in range(4):
            explorer.ask()
            question = explorer._present
            explorer.commit(question.answer)
            for name, value in question.after.items():
                shown = getattr(explorer, name)
                assert (list(shown) if isinstance(shown, tuple) else shown) == value, name

    def test_a_wrong_prediction_is_wrong(self, explorer):
        for _ in range(4):
            explorer.ask()
            assert explorer.commit(wrong_prediction(explorer._present))["right"] is False

    def test_questions_differ_and_choices_too(self, explorer):
        texts = [explorer.ask() for _ in range(10)]
        assert len(set(texts)) > 1
        for _ in range(6):
            explorer.ask()
            choices = explorer.question["choices"]
            assert len(choices) == len(set(choices)) and len(choices) != 1

    def test_the_question_travels_as_json(self, explorer):
        explorer.ask()
        json.dumps([explorer._present.prepared(), explorer.question], allow_nan=False)

    def test_a_challenge_counts(self, explorer):
        seen = []
        explorer.observe(lambda change: seen.append(change["new"]), names="challenge_score")
        explorer.challenge = True
        right = 0
        for number in range(SERIES):
            assert explorer.challenge and explorer.question
            question = explorer._present
            prediction = wrong_prediction(question) if number == 1 else question.answer
            right += explorer.commit(prediction)["right"]
            assert explorer.challenge_score == (right, number + 1)
            if number + 1 < SERIES:
                explorer.ask()
        assert explorer.challenge_score == (SERIES - 1, SERIES)
        assert not explorer.challenge  # it is over, and the score stays
        assert seen == [(1, 1), (1, 2), (2, 3), (3, 4), (4, 5)]

    def test_outside_a_challenge_nothing_is_counted(self, explorer):
        explorer.ask()
        explorer.commit(explorer._present.answer)
        assert explorer.challenge_score == (0, 0)

    def test_from_the_browser(self, explorer):
        explorer._receive(None, {"kind": "predict", "what": "ask"}, [])
        assert explorer.question["text"] and explorer.error == ""
        explorer._receive(None, {"kind": "predict", "what": "commit", "prediction": "many"}, [])
        assert "prediction must be a number, but got str" in explorer.error and explorer.revealed == {}
        explorer._receive(
            None, {"kind": "predict", "what": "commit", "prediction": explorer._present.answer}, []
        )
        assert explorer.revealed["right"] is True
        explorer._receive(None, {"kind": "predict", "what": "challenge"}, [])
        assert explorer.challenge and explorer.revealed == {}

    def test_predictions_that_are_refused_change_nothing(self, explorer):
        with pytest.raises(RuntimeError, match=r"no question is open\. ask\(\) asks the next one\."):
            explorer.commit(0)
        for _ in range(3):
            explorer.ask()
            for prediction in (-(10**6), 10**6, 0.5 if explorer.question["choices"] else np.inf, np.nan):
                with pytest.raises(ValueError, match="prediction must be"):
                    explorer.commit(prediction)
            for prediction in ("1", None, True):
                with pytest.raises(TypeError, match="prediction must be a number, but got"):
                    explorer.commit(prediction)
            assert explorer.revealed == {}
            explorer.commit(explorer._present.answer)
            with pytest.raises(RuntimeError, match="no question is open"):
                explorer.commit(0)


def test_a_number_may_be_off_by_the_tolerance():
    question = Question("How many?", 40.0, "Because.", tolerance=3, unit="%")
    assert [question.is_right(number) for number in (36.9, 37, 43, 43.1)] == [False, True, True, False]
    assert question.answer_text == "40 %"


def test_the_view_counts_as_many():
    assert f"const SERIES={SERIES};" in assets.script("loss_lab")


class TestPlayground:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_against_loops(self, seed):
        grid = np.random.default_rng(seed).integers(-3, 4, (6, 5)).tolist()
        question = PoolingPlayground(grid).make_question(np.random.default_rng(seed))
        y, x, old, new = map(int, re.findall(r"-?\d+", question.text.replace("(both from 0)", ""))[:4])
        changed = [list(row) for row in grid]
        assert changed[y][x] == old
        changed[y][x] = new
        assert (question.before, question.after) == ({"grid": grid}, {"grid": changed})
        assert new >= max(grid[v][u] for v, u in window(y, x))
        if question.choices:
            places = window(y, x)
            numbers = [changed[v][u] for v, u in places]
            assert question.answer == numbers.index(max(numbers))
            assert ("Two positions" in question.reason) == (numbers.count(max(numbers)) > 1)
        else:
            lost = 0
            for top in range(0, 6, 2):
                for left in range(0, 5, 2):
                    inside = [changed[v][u] for v, u in window(top, left) if u < 5]
                    inside.remove(max(inside))
                    lost += sum(map(abs, inside))
            assert question.answer == lost

    def test_both_kinds_are_asked(self):
        made = PoolingPlayground()
        asked = [made.make_question(np.random.default_rng(seed)) for seed in SEEDS]
        assert {bool(question.choices) for question in asked} == {True, False}


def window(y, x):
    return [(y // 2 * 2 + dy, x // 2 * 2 + dx) for dy in (0, 1) for dx in (0, 1)]


class TestMicroscope:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_against_a_walk(self, seed):
        made = microscope()
        question, trace = made.make_question(np.random.default_rng(seed)), made.traces[1]
        y, x = question.after["pixel"]
        channels = []
        for at in trace.stages:
            n = at.number
            strongest = int(np.argmax(at.pooled[y >> n, x >> n]))
            channels.append(3 if n == 2 else strongest)
        place = y >> 3, x >> 3
        assert f"window {place}" in question.text
        for at, channel in zip(reversed(trace.stages), reversed(channels), strict=True):
            index = int(at.indices[(*place, channel)])
            place = 2 * place[0] + index // 2, 2 * place[1] + index % 2
        assert question.choices[question.answer] == str(place)
        assert question.answer_text == str(tuple(made.trace.path(y, x, stage=2, channel=3).returned))
        assert str((y, x)) in question.choices and 3 <= len(question.choices) <= 4

    def test_the_smallest_trace_has_a_question(self):
        made = IndexMicroscope([random_trace(2, 2, stages=1, channels=1, kind="normal", seed=0)])
        question = made.make_question(np.random.default_rng(0))
        assert len(question.choices) == 4  # all there is


class TestAblation:
    @pytest.mark.parametrize("seed", range(6))
    def test_the_explorer_shows_the_larger_fall(self, bench, seed):
        made = IndexAblation(bench, image=1, share=0.25, seed=3)
        question = made.make_question(np.random.default_rng(seed))
        made._present = question
        made.set_trait("question", question.asked())
        falls = [float(text) for text in re.findall(r"(-?[\d.]+) points", question.reason)]
        assert len(falls) == 2
        if question.answer == 2:
            assert abs(falls[0] - falls[1]) < 100 * SAME + 0.1
        else:
            assert falls[question.answer] == max(falls)
        made.commit(0)
        assert -100 * made.result["mean_iou_change"] == pytest.approx(max(falls), abs=0.051)

    def test_the_words_say_what_is_run(self, bench):
        """Both changes run by their words, one after the other."""
        modes = {
            "all indices 0": "zeros",
            "shuffled indices": "shuffled",
            "25 % random indices": "random",
            "nearest upsampling instead": "nearest",
            "bilinear upsampling instead": "bilinear",
        }
        made, kinds = IndexAblation(bench, share=0.25), set()
        for seed in range(12):
            question = made.make_question(np.random.default_rng(seed))
            falls = []
            for words in question.choices[:2]:
                name, _, stage = words.partition(" at stage ")
                kinds.add(bool(stage))
                stages = [int(stage)] if stage else bench.stages
                run = bench.run(0, dict.fromkeys(stages, modes[name]), share=0.25)
                falls.append(run.reference_mean_iou - run.mean_iou)
            same = abs(falls[0] - falls[1]) < SAME
            assert question.answer == (2 if same else falls.index(max(falls)))
        assert kinds == {True, False}


class TestInspector:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_against_loops(self, seed):
        predictions = drawn_predictions()
        made = MaskInspector(predictions, image=1)
        question = made.make_question(np.random.default_rng(seed))
        if question.choices:
            scores = {name: predictions.mean_ious[predictions.names.index(name)] for name in question.choices}
            assert question.answer_text == min(scores, key=scores.get)
            assert "picture 1" in question.choices
            return
        least = int(re.search(r"at least (\d+) %", question.text)[1])
        assert question.after["threshold"] == least / 100
        known = sure = right = 0
        for truth, prediction, share in zip(
            predictions.labels[1].flat,
            predictions.top_classes[1, ..., 0].flat,
            predictions.top_probabilities[1, ..., 0].flat,
            strict=True,
        ):
            if truth != CAMVID.void_id:
                known += 1
                sure += round(100 * float(share)) >= least
                right += round(100 * float(share)) >= least and truth == prediction
        wanted = right / max(sure, 1) if "is right" in question.text else sure / known
        assert question.answer == round(100 * wanted)

    def test_one_image_has_questions_too(self):
        made = MaskInspector(drawn_predictions(count=1))
        assert all(not made.make_question(np.random.default_rng(seed)).choices for seed in SEEDS)


class TestLens:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_against_sorted_pixels(self, seed):
        data = sampled()
        made = UncertaintyLens(data, image=2, samples=5, kept=0.9, measure="entropy")
        question = made.make_question(np.random.default_rng(seed))
        share, step = int(re.search(r"certain (\d+) %", question.text)[1]) / 100, COUNTS.index(5)
        if question.choices:
            images, measures = range(3), [name.replace(" ", "_") for name in question.choices]
        else:
            images, measures = [2], ["entropy"]
        found = [kept_right(data, made, step, name, images, share) for name in measures]
        if question.choices:
            assert question.answer == found.index(max(found))
            assert question.after == {"kept": share, "measure": measures[question.answer]}
        else:
            assert question.answer == pytest.approx(100 * found[0], abs=0.051)
            assert question.after == {"kept": share} and share != 0.9

    def test_an_image_without_truth_is_asked_about_all(self):
        labels = sampled().labels.copy()
        labels[1] = CAMVID.void_id
        made = UncertaintyLens(sampled(labels=labels), image=1)
        asked = [made.make_question(np.random.default_rng(seed)) for seed in SEEDS]
        numbers = [question for question in asked if not question.choices]
        assert numbers and all("of all images" in question.text for question in numbers)


def kept_right(data, lens, step, name, images, share):
    """Of the pixels with a class, the most certain ones up to a level: the share that is right."""
    pairs = []
    for image in images:
        level = lens._levels[name][step, image]
        for place in np.ndindex(level.shape):
            truth = data.labels[(image, *place)]
            if truth != CAMVID.void_id:
                pairs.append((int(level[place]), bool(truth == data.predictions[(step, image, *place)])))
    limit = sorted(level for level, _ in pairs)[int(np.ceil(share * len(pairs) - 1e-9)) - 1]
    kept = [right for level, right in pairs if level <= limit]
    return sum(kept) / len(kept)


class TestLossLab:
    @pytest.mark.parametrize("seed", SEEDS)
    def test_the_lab_shows_what_grew(self, seed):
        made = LossLab(preset="pole", confidence=0.8)
        made._present = question = made.make_question(np.random.default_rng(seed))
        before = dict(made.losses)
        names = ("cross_entropy", "weighted", "dice")
        made.set_trait("question", question.asked())
        made.commit(0)
        growth = [made.losses[name] / before[name] for name in names]
        assert question.answer == growth.index(max(growth))
        assert max(growth) >= 1.05 * sorted(growth)[-2] and max(growth) > 1
        for name in names:
            assert f"from {before[name]:.3f} to {made.losses[name]:.3f}" in question.reason

    def test_an_empty_object_has_no_question(self):
        made = LossLab(share=0.0)
        with pytest.raises(ValueError, match="no change makes one loss grow clearly more"):
            made.ask()
        assert made.question == {}


class TestMonitor:
    def test_where_it_rose_most_by_hand(self):
        made = monitor_of(0.2, 0.3, 0.55, 0.5)  # +10, +25, -5 points
        while "rise most" not in made.ask():
            pass
        assert made.question["choices"] == ["epoch 2", "epoch 3", "epoch 4"]
        assert made.commit(1)["right"] and made.shown == 3
        assert made.revealed["reason"] == "By 25.0 points in epoch 3, from 30.0 % to 55.0 %."

    def test_how_far_it_rose_by_hand(self):
        made = monitor_of(0.2, 0.3, 0.55, 0.5)
        for _ in range(20):
            if "how many points" in made.ask():
                first, last = map(int, re.findall(r"epoch (\d)", made.question["text"]))
                gain = {1: 20, 2: 30, 3: 55, 4: 50}[last] - {1: 20, 2: 30, 3: 55, 4: 50}[first]
                assert made.commit(gain + 2)["right"] and made.revealed["answer"] == f"{gain} points"
                assert first < last == made.shown

    def test_the_answer_waits_for_the_epoch(self):
        made = monitor_of(0.2, 0.3, status="running")
        made.challenge = True
        assert made.question["text"] == "The validation mean IoU is 30.0 %. Will it be higher after epoch 3?"
        assert made.commit(0) == {
            "prediction": 0,
            "right": None,
            "answer": "",
            "reason": "The answer comes when epoch 3 has ended.",
        }
        assert made.challenge_score == (0, 0)
        made.history = history(0.2, 0.3, 0.4)
        assert (made.revealed["right"], made.challenge_score) == (True, (1, 1))
        assert made.revealed["reason"].startswith("It is 40.0 % now")

    @pytest.mark.parametrize(("score", "answer"), [(0.31, 0), (0.3, 1), (0.2, 1)])
    def test_higher_or_not(self, score, answer):
        assert will_it_rise(history(0.2, 0.3, score), 3).answer == answer

    def test_an_epoch_that_ends_before_the_prediction(self):
        made = monitor_of(0.2, 0.3, status="running")
        made.ask()
        made.history = history(0.2, 0.3, 0.25)
        assert made.revealed == {}
        assert made.commit(1)["right"] is True

    def test_an_epoch_that_never_comes(self):
        made = monitor_of(0.2, 0.3, status="running")
        made.ask()
        made.commit(0)
        made.status = "stopped"
        assert (made.question, made.revealed) == ({}, {})

    def test_nothing_to_ask_about(self):
        made = monitor_of(0.2)
        with pytest.raises(ValueError, match="Ask again when two epochs have ended"):
            made.ask()


class TestWithoutAKernel:
    @pytest.mark.parametrize("name", ["playground", "inspector", "lens", "lab"])
    def test_questions_travel_with_their_answers(self, bench, name):
        made = MAKERS[name](bench)
        assert len(made.questions) == SERIES
        assert len({question["text"] for question in made.questions}) == SERIES
        json.dumps(made.questions, allow_nan=False)
        for question in made.questions:
            for trait, value in {**question["before"], **question["after"]}.items():
                setattr(made, trait, value)  # the view sets them in this order
            assert made.error == ""

    @pytest.mark.parametrize("name", ["microscope", "ablation", "monitor"])
    def test_others_carry_none(self, bench, name):
        assert MAKERS[name](bench).questions == []

    def test_another_network_has_other_questions(self):
        made = UncertaintyLens(sampled(0))
        made.ask()
        before = made.questions
        made.sampled = sampled(5)
        assert (made.question, made.revealed) == ({}, {})
        assert made.questions == UncertaintyLens(sampled(5)).questions != before
