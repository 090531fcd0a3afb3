"""Kept scores are read as they are, and a file that is not what it should be is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from segnet_nb.networks.catalogue import DECODERS
from segnet_nb.training.decoder_scores import SCORES, kept_scores

ROOT = Path(__file__).parents[2]
ROW = {
    "decoder": "segnet",
    "seed": 0,
    "mean_iou": 0.3,
    "global_accuracy": 0.6,
    "class_average": 0.5,
    "boundary_f1": 0.2,
}


def written(folder: Path, rows: object) -> Path:
    path = folder / "scores.json"
    path.write_text(rows if isinstance(rows, str) else json.dumps(rows))
    return path


def test_rows_are_grouped_by_decoder_and_ordered_by_seed(tmp_path):
    rows = [{**ROW, "seed": 2, "mean_iou": 0.4}, {**ROW, "decoder": "nearest"}, ROW]
    first, second = kept_scores(written(tmp_path, rows))
    assert (first.decoder, first.seeds, first.mean_iou) == ("segnet", (0, 2), (0.3, 0.4))
    assert (first.title, first.keeps) == ("SegNet-Basic", "indices")
    assert (second.decoder, second.seeds, second.boundary_f1) == ("nearest", (0,), (0.2,))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        pytest.param("[{", "is not JSON", id="cut off"),
        pytest.param([], "at least one", id="empty"),
        pytest.param({"decoder": "segnet"}, "must hold a list", id="no list"),
        pytest.param([{"decoder": "segnet"}], "needs boundary_f1, class_average", id="scores missing"),
        pytest.param([{**ROW, "decoder": "none"}], "none", id="unknown decoder"),
        pytest.param([{**ROW, "seed": -1}], "seed must be an integer", id="negative seed"),
        pytest.param([{**ROW, "seed": True}], "seed must be an integer", id="boolean seed"),
        pytest.param([{**ROW, "mean_iou": 31.6}], "not percent", id="percent"),
        pytest.param([{**ROW, "mean_iou": None}], "not percent", id="no number"),
        pytest.param([ROW, ROW], "seed 0 of segnet twice", id="twice"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused(rows, told, tmp_path):
    with pytest.raises(ValueError, match=told):
        kept_scores(written(tmp_path, rows))


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        kept_scores(tmp_path / "none.json")


def test_the_scores_of_the_project_are_those_of_the_results_page():
    """The nine decoders, means of the seeds and the range of mIoU, in percent with one digit."""
    page = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    kept = kept_scores()
    assert len(kept) == 9 and all(each.title == DECODERS[each.decoder].title for each in kept)
    for each in kept:
        first, *others = (f"{np.mean(getattr(each, score)) * 100:.1f}" for score in SCORES)
        low, high = (100 * end(each.mean_iou) for end in (min, max))
        between = f"{low:.1f} to {high:.1f}" if len(each.seeds) > 1 else "one seed"
        row = re.escape(f"| {' | '.join([each.title, first, between, *others])} |")
        assert re.search(f"^{row}", page, re.M), each.title
