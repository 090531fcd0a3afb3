"""Large photographs with trained weights: memory, and tiled masks against those of the whole image."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from benchmarks.large_image import agreement, peak_of_predict, photograph
from segnet_nb.inference import pretrained
from segnet_nb.inference.label_maps import predict_labels
from segnet_nb.inference.tiles import spans, tile_side

WEIGHTS = "realtime-synthetic"
SMALL = "small-synthetic"


def test_a_photograph_has_the_size_and_the_structure_that_are_asked_for():
    image = photograph(500, 700, enlarged=1)
    assert image.shape == (500, 700, 3) and image.dtype == np.uint8
    # Every part is a scene: none is of one colour.
    assert min(part.std() for rows in np.array_split(image, 4) for part in np.array_split(rows, 4, 1)) > 5
    assert (
        len({part.tobytes() for part in (image[:240, :320], image[:240, 320:640], image[240:480, 220:540])})
        == 3
    )


def test_small_tiles_give_the_mask_of_the_whole_image():
    image = photograph(320, 672, enlarged=2)
    model = pretrained.load_pretrained(SMALL)
    assert len(spans(672, tile_side(320, 672, 128))) == 3
    assert len(np.unique(predict_labels(model, image, tile=0).ids)) > 5
    assert agreement(model, image, (128,))[128] >= 0.995


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("weights", [WEIGHTS, SMALL])
@pytest.mark.parametrize("enlarged", [1, 2, 4])
def test_tiles_of_any_size_give_the_mask_of_the_whole_image(weights, enlarged):
    image = photograph(960, 1600, enlarged=enlarged)
    found = agreement(pretrained.load_pretrained(weights), image, (64, 128, 256, 512, 1024))
    assert all(share >= 0.995 for share in found.values()), found
    assert found[1024] >= found[64]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_24_megapixels_take_less_than_3_gigabytes(tmp_path):
    assert 300 < peak_of_predict(tmp_path, photograph(4000, 6000), WEIGHTS) < 3 * 1024
    assert (tmp_path / "masks" / "photograph-mask.png").exists()
