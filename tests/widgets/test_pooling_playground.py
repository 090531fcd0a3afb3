"""The pooling playground without a browser: its numbers against loops, the layers, Keras and PyTorch."""

from __future__ import annotations

import copy
import math
from fractions import Fraction

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings, strategies as st
from keras import ops

from segnet_nb import layers
from segnet_nb.visualizers.upsampling import number, show_upsampling
from segnet_nb.widgets import PoolingPlayground
from segnet_nb.widgets.pooling_playground import numbers

few = settings(max_examples=25, deadline=None)
WAYS = ("unpooled", "nearest", "bilinear", "transposed")
KERNEL = [[1.0, 0.5], [0.5, 0.25]]


@st.composite
def grids(draw):
    """Small maps of all sizes; few different values, so that ties are many."""
    rows, columns = draw(st.integers(4, 8)), draw(st.integers(4, 8))
    high = draw(st.sampled_from([1, 9, 99]))
    value = st.integers(-high, high)
    return draw(st.lists(st.lists(value, min_size=columns, max_size=columns), min_size=rows, max_size=rows))


def by_loops(grid, kernel):
    """Everything again, cell by cell, in exact fractions."""
    rows, columns = len(grid), len(grid[0])
    high, wide = math.ceil(rows / 2), math.ceil(columns / 2)
    pooled, indices, ties = [[0] * wide for _ in range(high)], [[0] * wide for _ in range(high)], 0
    maps = {way: [[Fraction(0)] * columns for _ in range(rows)] for way in WAYS}
    for wy in range(high):
        for wx in range(wide):
            window = [
                (grid[2 * wy + dy][2 * wx + dx], 2 * dy + dx)
                for dy in (0, 1)
                for dx in (0, 1)
                if 2 * wy + dy < rows and 2 * wx + dx < columns
            ]
            largest = max(value for value, _ in window)
            winners = [offset for value, offset in window if value == largest]
            pooled[wy][wx], indices[wy][wx] = largest, winners[0]
            ties += len(winners) > 1
    for y in range(rows):
        for x in range(columns):
            value, offset = pooled[y // 2][x // 2], 2 * (y % 2) + x % 2
            maps["nearest"][y][x] = Fraction(value)
            maps["transposed"][y][x] = value * Fraction(kernel[y % 2][x % 2])
            if indices[y // 2][x // 2] == offset:
                maps["unpooled"][y][x] = Fraction(value)
            # The centre of pixel y lies at (y + 1/2) / 2 - 1/2 among the centres of the windows.
            at_y, at_x = Fraction(2 * y - 1, 4), Fraction(2 * x - 1, 4)
            for wy in range(-1, high + 1):
                for wx in range(-1, wide + 1):
                    weight = max(0, 1 - abs(at_y - wy)) * max(0, 1 - abs(at_x - wx))
                    clamped = pooled[min(max(wy, 0), high - 1)][min(max(wx, 0), wide - 1)]
                    maps["bilinear"][y][x] += weight * clamped
    flat = [value for row in grid for value in row]
    errors, kept = {}, {}
    for way, one in maps.items():
        pairs = list(zip((v for row in one for v in row), flat, strict=True))
        errors[way] = float(sum(abs(a - b) for a, b in pairs))
        kept[way] = sum(a == b for a, b in pairs)
    maps = {way: [[float(v) for v in row] for row in one] for way, one in maps.items()}
    return {"pooled": pooled, "indices": indices, **maps, "errors": errors, "kept": kept, "ties": ties}


def test_the_example_by_hand():
    result = PoolingPlayground().result
    # 1 3 | 2 2    maxima 3 (upper right: 1), 2 (four times, first: 0), -1 (upper right: 1), 5 (lower left: 2)
    # 0 2 | 2 2
    # -4 -1 | 0 0
    # -2 -3 | 5 0
    assert result["pooled"] == [[3, 2], [-1, 5]]
    assert result["indices"] == [[1, 0], [1, 2]]
    assert result["unpooled"] == [[0, 3, 2, 0], [0, 0, 0, 0], [0, -1, 0, 0], [0, 0, 5, 0]]
    # What is lost: 1 + 0 + 2, 2 + 2 + 2, 4 + 2 + 3, 0. What is right: 4 maxima, and the zeros 1 + 0 + 0 + 3.
    assert result["errors"]["unpooled"] == 3 + 6 + 9
    assert result["kept"]["unpooled"] == 4 + 1 + 3
    assert result["nearest"] == [[3, 3, 2, 2], [3, 3, 2, 2], [-1, -1, 5, 5], [-1, -1, 5, 5]]
    # (2 + 0 + 3 + 1) + 0 + (3 + 0 + 1 + 2) + (5 + 5 + 0 + 5)
    assert result["errors"]["nearest"] == 6 + 0 + 6 + 15
    # The second pixel lies 3/4 in the first window and 1/4 in the second: 3/4 * 3 + 1/4 * 2.
    assert result["bilinear"][0] == [3, 2.75, 2.25, 2]
    assert result["transposed"][2:] == [[-1, -0.5, 5, 2.5], [-0.5, -0.25, 2.5, 1.25]]
    assert result["ties"] == 1
    assert result["words"] == (
        "1 window has a tie; the first maximum in reading order wins. Smallest error: unpooling (18). "
        "Most values exactly right: unpooling (8 of 16)."
    )


@few
@given(grids(), st.lists(st.integers(-40, 40), min_size=4, max_size=4))
def test_everything_matches_loops(grid, weights):
    kernel = [[weights[0] / 4, weights[1] / 4], [weights[2] / 4, weights[3] / 4]]
    result = numbers.answer(grid, kernel)
    words = result.pop("words")
    assert result == by_loops(grid, kernel)
    assert words == by_loops_in_words(grid, result)


def by_loops_in_words(grid, result):
    """The sentence put together in another way."""
    flat = [value for row in grid for value in row]
    names = dict(zip(WAYS, ("unpooling", "nearest", "bilinear", "transposed convolution"), strict=True))
    text = ""
    if not any(flat):
        text += "All values are zero: every way up gives the map back. "
    elif max(flat) < 0:
        text += "All values are negative: the zeros that unpooling leaves are larger than any of them. "
    text += ["No window has a tie. ", "1 window has a tie", f"{result['ties']} windows have ties"][
        min(result["ties"], 2)
    ]
    text += "; the first maximum in reading order wins. " if result["ties"] else ""
    partial = sum(
        2 * y + 1 >= len(grid) or 2 * x + 1 >= len(grid[0])
        for y, row in enumerate(result["pooled"])
        for x, _ in enumerate(row)
    )
    text += f"{partial} windows at an odd edge hold fewer than four values. " if partial else ""
    if any(flat):
        errors, kept = result["errors"], result["kept"]
        least = [names[way] for way in WAYS if errors[way] == min(errors.values())]
        most = [names[way] for way in WAYS if kept[way] == max(kept.values())]
        text += f"Smallest error: {' and '.join(least)} ({number(min(errors.values()))}). "
        text += f"Most values exactly right: {' and '.join(most)} ({max(kept.values())} of {len(flat)}). "
    return text.strip()


@few
@given(grids())
def test_the_numbers_are_those_of_the_layers_and_of_keras(grid):
    result = numbers.answer(grid, KERNEL)
    batch = np.array(grid, "float32")[None, :, :, None]
    height, width = batch.shape[1:3]
    values, indices = layers.max_pool_with_indices(batch)
    assert np.array(values)[0, :, :, 0].tolist() == result["pooled"]
    assert np.array(indices)[0, :, :, 0].tolist() == result["indices"]
    unpooled = layers.max_unpool(values, indices, (height, width))
    assert np.array(unpooled)[0, :, :, 0].tolist() == result["unpooled"]
    doubled = (2 * values.shape[1], 2 * values.shape[2])
    for way in ("nearest", "bilinear"):
        # An odd map is cut off from the doubled one, so that windows keep their places.
        resized = ops.convert_to_numpy(ops.image.resize(values, doubled, interpolation=way))
        np.testing.assert_allclose(resized[0, :height, :width, 0], result[way], atol=1e-5)
    kernel = np.array(KERNEL, "float32")[:, :, None, None]
    grown = ops.convert_to_numpy(ops.conv_transpose(values, kernel, strides=2, padding="valid"))
    np.testing.assert_allclose(grown[0, :height, :width, 0], result["transposed"], atol=1e-5)


@few
@given(grids())
def test_the_numbers_are_those_of_pytorch(grid):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    result = numbers.answer(grid, KERNEL)
    batch = torch.tensor(grid, dtype=torch.float32)[None, None]
    values, flat = functional.max_pool2d(batch, 2, ceil_mode=True, return_indices=True)
    assert values[0, 0].tolist() == result["pooled"]
    columns = len(grid[0])
    ours = [
        [(2 * y + offset // 2) * columns + 2 * x + offset % 2 for x, offset in enumerate(row)]
        for y, row in enumerate(result["indices"])
    ]
    assert flat[0, 0].tolist() == ours
    unpooled = functional.max_unpool2d(values, flat, 2, output_size=batch.shape[-2:])
    assert unpooled[0, 0].tolist() == result["unpooled"]


@few
@given(grids())
def test_what_holds_for_any_map(grid):
    result = numbers.answer(grid, KERNEL)
    places = np.argwhere(np.array(result["unpooled"]) != 0)
    # One maximum in a window at most, and a window's error is the same wherever a tie puts its maximum.
    assert len({(y // 2, x // 2) for y, x in places}) == len(places)
    assert result["errors"]["unpooled"] == np.abs(grid).sum() - np.abs(result["pooled"]).sum()
    assert numbers.answer(grid, [[1, 1], [1, 1]])["transposed"] == result["nearest"]


def test_presets():
    for rows in range(4, 9):
        for columns in range(4, 9):
            maps = {name: np.array(numbers.preset(name, rows, columns, 5)) for name in numbers.PRESETS}
            assert {one.shape for one in maps.values()} == {(rows, columns)}
            assert maps["negative"].max() < 0
            assert not maps["zeros"].any()
            assert -9 <= maps["random"].min() <= maps["random"].max() <= 9
            full = numbers.ties(maps["ties"][: rows // 2 * 2, : columns // 2 * 2])
            assert full == (rows // 2) * (columns // 2)
    assert numbers.preset("random", 4, 4, 1) != numbers.preset("random", 4, 4, 2)
    drawn = [v for seed in range(60) for row in numbers.preset("random", 8, 8, seed) for v in row]
    counts = np.bincount(np.array(drawn) + 9, minlength=19)
    assert len(counts) == 19
    assert abs(counts / counts.mean() - 1).max() < 0.25
    with pytest.raises(ValueError, match="no preset is called 'spiral'"):
        numbers.preset("spiral", 4, 4)


def test_numbers_are_rounded_half_away_from_zero_and_short():
    shown = {0.125: "0.13", -0.125: "-0.13", 9.996: "10", 12.25: "12.3", -0.001: "0", 3: "3", -99.0: "-99"}
    assert {value: number(value) for value in shown} == shown
    assert [number(value, short=True) for value in (0.25, 12.5, -0.04)] == ["0.3", "13", "0"]


def test_python_drives_the_state():
    playground = PoolingPlayground(np.full((5, 8), 7))
    assert playground.grid == [[7] * 8] * 5
    assert repr(playground) == "PoolingPlayground(map of 5 x 8)"
    assert playground.result["ties"] == 12  # those of the last row hold two values each
    playground.fill("ties")
    assert playground.grid == numbers.preset("ties", 5, 8)
    playground.seed = 4
    playground.fill("random")
    assert playground.grid == numbers.preset("random", 5, 8, 4)
    before = playground.result["transposed"]
    playground.kernel = [[2, 1], [1, 0.5]]
    assert playground.result["transposed"] == (2 * np.array(before)).tolist()
    state = playground.get_state()
    restored = PoolingPlayground(**{name: state[name] for name in ("grid", "kernel", "seed")})
    assert restored.result == playground.result
    assert state["standalone"] is True
    assert "result" not in state  # the view computes it itself
    with pytest.raises(traitlets.TraitError):
        playground.result = {}


BAD_GRIDS = {
    "a word": ("map", "but got str"),
    "three rows": ([[1] * 4] * 3, "got 3 rows of 4 columns"),
    "nine columns": ([[1] * 9] * 4, "got 4 rows of 9 columns"),
    "ragged": ([[1] * 4, [1] * 5, [1] * 4, [1] * 4], "got 4 rows of 4, 5 columns"),
    "flat": ([1, 2, 3, 4], "but got list"),
    "a half": ([[1, 2, 3, 0.5]] + [[1] * 4] * 3, "row 0, column 3 .* is 0.5"),
    "too large": ([[1] * 4] * 3 + [[1, 100, 1, 1]], "row 3, column 1 .* is 100"),
    "a truth value": ([[True] * 4] * 4, "is True"),
    "text": ([["1"] * 4] * 4, "is '1'"),
    "not a number": ([[math.nan] * 4] * 4, "is nan"),
}


@pytest.mark.parametrize("name", BAD_GRIDS)
def test_an_impossible_map_is_refused(name):
    value, message = BAD_GRIDS[name]
    playground = PoolingPlayground()
    before = copy.deepcopy((playground.grid, playground.result))
    with pytest.raises(traitlets.TraitError, match=message):
        playground.grid = value
    with pytest.raises(traitlets.TraitError, match=message):
        PoolingPlayground(value)
    assert (playground.grid, playground.result) == before


@pytest.mark.parametrize(
    "value", [[[1, 2]], [[1, 2], [3]], [[1, 2], [3, 11]], [[1, 2], [3, math.inf]], 1, "ab"]
)
def test_an_impossible_kernel_is_refused(value):
    playground = PoolingPlayground()
    with pytest.raises(traitlets.TraitError, match="kernel must be 2 x 2 numbers"):
        playground.kernel = value
    with pytest.raises(traitlets.TraitError, match="kernel must be 2 x 2 numbers"):
        PoolingPlayground(kernel=value)
    assert playground.kernel == KERNEL
    with pytest.raises(traitlets.TraitError, match="seed must be an integer"):
        playground.seed = -1


def test_what_the_view_sends_is_checked_too():
    playground = PoolingPlayground()
    playground.set_state({"grid": [[1, 2], [3, 4]]})
    assert "got 2 rows of 2 columns" in playground.error
    assert playground.grid == numbers.preset("example", 4, 4)
    playground.set_state({"grid": numbers.preset("zeros", 6, 5)})
    assert playground.error == ""
    assert playground.result["ties"] == 9


def test_an_error_while_computing_is_shown(monkeypatch):
    playground = PoolingPlayground()
    with monkeypatch.context() as patch:
        patch.setattr("segnet_nb.widgets.pooling_playground.explorer.answer", lambda *_: 1 / 0)
        playground.fill("zeros")
        assert "division by zero" in playground.error
    playground.fill("ties")
    assert playground.error == ""


def test_two_playgrounds_are_independent_and_close():
    one, other = PoolingPlayground(), PoolingPlayground()
    one.fill("zeros")
    one.kernel = [[0, 0], [0, 0]]
    assert other.grid == numbers.preset("example", 4, 4)
    assert other.kernel == KERNEL
    one.close()
    before = one.result
    one.grid = numbers.preset("ties", 4, 4)
    assert one.result == before  # nothing listens any more
    other.fill("negative")
    assert other.result["words"].startswith("All values are negative")


def test_the_figure_shows_every_number():
    playground = PoolingPlayground(numbers.preset("random", 5, 6, 2))
    figure = playground.figure()
    axes = {axis.get_title().split("\n")[0]: axis for axis in figure.axes}
    titles = [
        "feature map",
        "maxima and their 2-bit indices",
        "unpooling",
        "nearest",
        "bilinear",
        "transposed convolution",
    ]
    assert list(axes) == titles
    result = playground.result
    for title, way in zip(titles[2:], WAYS, strict=True):
        texts = [text.get_text() for text in axes[title].texts]
        assert texts == [number(value) for row in result[way] for value in row]
        assert (
            f"error {number(result['errors'][way])}, exact {result['kept'][way]} of 30"
            in axes[title].get_title()
        )
    assert [text.get_text() for text in axes["feature map"].texts] == [
        str(v) for row in playground.grid for v in row
    ]
    marks = [text.get_text() for text in axes[titles[1]].texts]
    pairs = zip(np.ravel(result["pooled"]), np.ravel(result["indices"]), strict=True)
    assert marks == [f"{value}\n{index} = {index // 2}{index % 2}" for value, index in pairs]
    data, _ = playground._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert len(data["image/png"]) < 60_000
    with pytest.raises(ValueError, match="and other shapes for nearest"):
        show_upsampling(
            np.zeros((4, 4)), np.zeros((2, 2)), np.zeros((2, 2), int), {"nearest": (np.zeros((2, 2)), "")}
        )
