"""Work on pieces of a dataset: cut in any way, in any order, with failures, it equals that of one machine."""

from __future__ import annotations

import itertools
import json
import os
import signal
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PIL import Image

import segnet_nb as sn
from segnet_nb import TaskFailedError, UserError, cli, datasets, pretrained, sweeps
from segnet_nb.datasets import CAMVID, camvid
from segnet_nb.inference import image_listing
from segnet_nb.inference.counts import Counts, Scoring
from segnet_nb.inference.evaluation import evaluation_of
from segnet_nb.metrics.selective import EXACT_PIXELS, SelectiveAccuracy
from segnet_nb.sweeps import evaluating, execute, piece_worker, pieces, predicting
from segnet_nb.sweeps.limits import Limits

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
BY = r"(\d)$"


@cache
def network(name="small-synthetic"):
    return pretrained.load_pretrained(name)


@cache
def scenes(count=7):
    return datasets.load("synthetic", "val", image_size=(48, 64), count=count)


def told(evaluation):
    """All that an evaluation says, without times."""

    def without_times(content):
        groups = {name: without_times(each) for name, each in content.get("groups", {}).items()}
        return {**content, "groups": groups, "seconds_per_image": None}

    return without_times(evaluation.to_dict())


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestCut:
    @given(sizes=st.lists(st.integers(0, 50), max_size=40), images=st.integers(1, 9), most=st.integers(1, 60))
    def test_every_item_is_once_in_a_piece_that_is_not_too_large(self, sizes, images, most):
        found = list(pieces.cut(sizes, images, lambda _: 1, lambda size: size, most))
        assert [size for piece in found for size in piece] == sizes
        assert all(0 < len(piece) <= images for piece in found)
        assert all(sum(piece) <= most or len(piece) == 1 for piece in found)
        # And none could have taken the first item of the next one.
        for piece, following in itertools.pairwise(found):
            assert len(piece) == images or sum(piece) + following[0] > most

    def test_each_thread_gets_some_pieces(self):
        # 100 images / (4 x 2 threads) = 12, above 8; 20 / 8 = 2; 5 / 8 = 0, so the least; 30 / 8 = 3.
        found = [pieces.images_per_piece(images, 2) for images in (100, 20, 5)]
        assert found == [8, 2, 1]
        assert [pieces.images_per_piece(30, 2, batch) for batch in (2, 4)] == [2, 4]


@cache
def counted_batches(samples):
    """Each batch of two images counted by itself, and what is said of all."""
    model = network("small-synthetic-bayesian" if samples else "small-synthetic")
    scoring = Scoring(CAMVID, samples=samples, by=BY)
    counted = []
    for batch in evaluating._batches(scenes(), 2, evaluating.groups_of(scenes(), BY)):
        counted.append(Counts(scoring))
        counted[-1].add(model, batch.images, batch.labels, batch.start, batch.groups)
    return scoring, counted, told(sn.evaluate(model, scenes(), samples=samples, by=BY))


class TestCountsOfPieces:
    @settings(max_examples=25)
    @given(data=st.data(), samples=st.sampled_from([0, 2]))
    def test_in_any_cut_and_order_they_add_up(self, data, samples):
        scoring, counted, expected = counted_batches(samples)
        ends = data.draw(st.sets(st.integers(1, len(counted) - 1)))
        bounds = [0, *sorted(ends), len(counted)]
        parts = []
        for number, (start, stop) in enumerate(itertools.pairwise(bounds)):
            part = Counts(scoring)
            for each in counted[start:stop]:
                part.merge(each)
            parts.append((number, part))
        done = []
        found = evaluating.merged(scoring, iter(data.draw(st.permutations(parts))), done.append)
        assert told(evaluation_of(found)) == expected
        assert done == sorted(done) and done[-1] == len(scenes())

    def test_boundary_scores_are_averaged_over_images_and_not_over_pieces(self):
        # Pieces of one image with 1 and of two with 0: the mean is 1 / 3, that of the pieces would be 1 / 2.
        scoring = Scoring(CAMVID)
        parts = [Counts(scoring), Counts(scoring)]
        for number, score in enumerate((1.0, 0.0, 0.0)):
            parts[number > 0]._tally("").boundary_scores[number] = score
        assert evaluation_of(evaluating.merged(scoring, iter(enumerate(parts)))).boundary_f1 == 1 / 3

    @pytest.mark.parametrize("share", [0.4, 1.2], ids=["kept", "counted"])
    def test_pixels_by_uncertainty(self, share):
        rng = np.random.default_rng(0)
        sizes = [int(EXACT_PIXELS * share), 1000, 50_000]
        drawn = [(rng.random(size, np.float32), rng.random(size) < 0.7) for size in sizes]
        whole, merged = SelectiveAccuracy(), SelectiveAccuracy()
        for uncertainty, correct in drawn:
            whole.add(uncertainty, correct)
            part = SelectiveAccuracy()
            part.add(uncertainty, correct)
            merged.merge(part)
        coverages = (0.1, 0.5, 0.8, 1.0)
        np.testing.assert_array_equal(merged.accuracies(coverages), whole.accuracies(coverages))

    def test_a_piece_that_failed(self):
        with pytest.raises(TaskFailedError, match=r"piece 3 .* failed 3 times .* OSError: full\."):
            evaluating.merged(Scoring(CAMVID), iter([(2, OSError("full."))]))
        with pytest.raises(UserError, match="no dropout"):
            evaluating.merged(Scoring(CAMVID), iter([(0, UserError("no dropout"))]))


class TestOnAWorker:
    def test_a_worker_with_other_packages_is_refused(self):
        setup = piece_worker.Setup.of(network(), Scoring(CAMVID))
        setup.versions["numpy"] = "1.0"
        found = piece_worker.score(setup, [])
        assert isinstance(found, UserError) and "but the command 1.0. Install the same" in str(found)

    def test_an_image_is_named_as_the_user_named_it(self, tmp_path, monkeypatch):
        from segnet_nb.inference.prediction_files import work_for

        monkeypatch.chdir(tmp_path)
        options = {"image_size": None, "flip": False, "scales": (1.0,), "tile": None}
        nothing = {"polygons": None, "max_megapixels": None, "values": None, "strict": False}
        work = work_for(network(), CAMVID, "out", options=options, **nothing)
        source = image_listing.Source(tmp_path / "in" / "a.png", "a.png", "a")
        sent = piece_worker.SentImage(source, "in/a.png", {"bytes": 1}, b"no picture")
        (found,) = piece_worker.segment(piece_worker.Setup.of(network(), work.segmenter), [sent])
        assert str(found) == (
            "in/a.png cannot be read as an image: cannot identify image file 'a.png'. Save it again."
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--processes", "2"), "Pass --scheduler local too"),
        (("--scheduler", "local", "--processes", "0"), "processes must be at least 1, got 0"),
        (("--scheduler", "tcp://127.0.0.1:9", "--processes", "2"), "Omit --processes"),
    ],
    ids=["alone", "none", "elsewhere"],
)
def test_options_that_cannot_work(options, message, tmp_path, capsys):
    common = ("evaluate", "--weights", "small-synthetic", "--dataset", "synthetic", "--count", "1")
    size = ("--image-size", "48x64", "--output-dir", str(tmp_path))
    assert cli.main([*common, *size, *options]) == 2
    assert message in capsys.readouterr().err


def check_both_functions(address, tmp_path):
    """One pass over both, with groups, a broken image, other order, relative paths and a second call."""
    seen = []
    options = {"scheduler": address, "by": BY, "progress": lambda *now: seen.append(now)}
    found = sweeps.evaluate(network(), scenes(), **options)
    assert told(found) == told(sn.evaluate(network(), scenes(), by=BY))
    assert seen[-1] == (7, 7)

    place = tmp_path / "in" / "trip"
    place.mkdir(parents=True)
    for name, image in zip("dacbefg", scenes().images, strict=True):
        Image.fromarray(image).save(place / f"{name}.png")
    (place / "broken.png").write_text("no picture")
    for folder, function, more in (
        ("one", sn.predict_files, {}),
        ("two", sweeps.predict_files, {"scheduler": address}),
    ):
        (tmp_path / folder).mkdir()
        function(network(), ["in"], f"{folder}/out", CAMVID, polygons="labelme", **more)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert len(files(tmp_path / "two")) == 7 * 3 + 1
    again = sweeps.predict_files(network(), ["in"], "two/out", CAMVID, polygons="labelme", scheduler=address)
    assert (again["skipped"], len(again["images"]), len(again["failed"])) == (7, 7, 1)


def test_on_two_workers_in_this_process(tmp_path, monkeypatch):
    from distributed import LocalCluster

    monkeypatch.chdir(tmp_path)
    local: Any = LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0")
    with local as cluster:
        check_both_functions(cluster.scheduler_address, tmp_path)


def test_a_scheduler_without_workers(monkeypatch):
    from distributed import LocalCluster

    monkeypatch.setattr(pieces, "WORKERS_SECONDS", 1)
    monkeypatch.setattr(pieces, "_COUNT_SECONDS", 0.2)
    local: Any = LocalCluster(n_workers=0, processes=False, dashboard_address=":0")
    with local as cluster, pytest.raises(TaskFailedError, match=r"has had no worker for 1 s\. Start some"):
        sweeps.evaluate(network(), scenes(), scheduler=cluster.scheduler_address)


# What follows starts processes, which import TensorFlow.


@pytest.fixture(scope="module")
def cluster():
    """Two workers of this machine, at an address."""
    with execute.connected(Limits(), 2, None, 2) as client:
        yield client


@pytest.fixture(scope="module")
def address(cluster):
    return cluster.scheduler_info()["address"]


@pytest.mark.slow
class TestOnTwoWorkers:
    def test_all_is_equal(self, address, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        check_both_functions(address, tmp_path)

    def test_a_killed_worker_is_replaced(self, cluster, address, tmp_path):
        data = datasets.load("synthetic", "val", image_size=(180, 240), count=24)
        killed = []

        def kill(done, _total):
            if done >= 2 and not killed:
                killed.append(next(iter(cluster.run(os.getpid).values())))
                os.kill(killed[0], signal.SIGKILL)

        found = sweeps.evaluate(network(), data, scheduler=address, progress=kill)
        assert killed and killed[0] not in cluster.run(os.getpid).values()
        assert told(found) == told(sn.evaluate(network(), data))

    def test_options_reach_the_workers(self, address):
        options = {"flip": True, "scales": (1.0, 1.5), "absent": "ignore", "boundary": False}
        found = sweeps.evaluate(network(), scenes(), scheduler=address, **options)
        assert told(found) == told(sn.evaluate(network(), scenes(), **options))
        bayesian = network("small-synthetic-bayesian")
        found = sweeps.evaluate(bayesian, scenes(), scheduler=address, samples=3)
        assert told(found) == told(sn.evaluate(bayesian, scenes(), samples=3))
        with pytest.raises(UserError, match="dropout"):
            sweeps.evaluate(network(), scenes(), scheduler=address, samples=3)

    def test_commands(self, address, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        common = ["--dataset", "synthetic", "--image-size", "48x64", "--count", "5"]
        common += ["--weights", "small-synthetic"]
        for folder, more in (("one", []), ("two", ["--scheduler", address])):
            assert cli.main(["evaluate", *common, "--output-dir", folder, *more]) == 0
        name = "evaluation-small-synthetic-synthetic-val.json"
        one, two = (json.loads((tmp_path / each / name).read_text()) for each in ("one", "two"))
        assert one | {"seconds_per_image": 0} == two | {"seconds_per_image": 0}
        Image.fromarray(scenes().images[0]).save("a.png")
        for folder, more in (("one", []), ("two", ["--scheduler", address])):
            options = ["--weights", "small-synthetic", "--output-dir", folder, *more]
            assert cli.main(["predict", "a.png", *options]) == 0
        assert (tmp_path / "one/predictions.json").read_bytes() == (
            tmp_path / "two/predictions.json"
        ).read_bytes()

    def test_a_mapped_network(self, address):
        from segnet_nb.datasets.classes import ClassList
        from segnet_nb.inference.class_mapping import map_by_name, mapped

        two = ClassList(("Road", "Sky"), ((1, 1, 1), (2, 2, 2), (0, 0, 0)))
        model = mapped(network(), map_by_name(CAMVID, two))
        labels = np.where(scenes().labels == 3, 0, np.where(scenes().labels == 0, 1, 2)).astype(np.uint8)
        data = datasets.Dataset(np.asarray(scenes().images[:]), labels, two, scenes().names)
        assert told(sweeps.evaluate(model, data, scheduler=address)) == told(sn.evaluate(model, data))

    def test_a_piece_that_always_fails_is_told_and_the_others_are_done(self, address, tmp_path, monkeypatch):
        for name in "ab":
            Image.fromarray(scenes().images[0]).save(tmp_path / f"{name}.png")
        monkeypatch.setattr(predicting, "segment", fails_on_a)
        found = sweeps.predict_files(network(), [tmp_path], tmp_path / "out", CAMVID, scheduler=address)
        assert [each["mask"] for each in found["images"]] == ["b-mask.png"]
        (failed,) = found["failed"]
        assert failed["error"].startswith(f"{tmp_path / 'a.png'}: it failed 3 times on the workers")

    def test_an_interrupt_leaves_what_is_done(self, cluster, address, tmp_path):
        for number in range(12):
            Image.fromarray(scenes().images[number % 7]).save(tmp_path / f"{number:02}.png")
        call = lambda **more: sweeps.predict_files(  # noqa: E731
            network(), [tmp_path], tmp_path / "out", CAMVID, scheduler=address, **more
        )

        def stop(done, _total):
            if done == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            call(progress=stop)
        assert call()["skipped"] == 3

    @pytest.mark.camvid
    def test_real_scenes(self, address):
        if not camvid.is_available("val"):
            pytest.skip("CamVid is not on this machine")
        data = datasets.load("camvid", "val", count=6, in_memory=False)
        model = network("lean-camvid")
        found = sweeps.evaluate(model, data, scheduler=address, by="drive")
        assert told(found) == told(sn.evaluate(model, data, by="drive"))


def fails_on_a(setup, images):
    if images[0].source.stem == "a":
        raise OSError("disk full")
    return piece_worker.segment(setup, images)
