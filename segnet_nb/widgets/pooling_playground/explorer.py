"""A small map of numbers, its max pooling, and four ways to upsample the maxima, side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import traitlets
from matplotlib.figure import Figure

from segnet_nb.visualizers.upsampling import show_upsampling
from segnet_nb.widgets.pooling_playground import questions
from segnet_nb.widgets.pooling_playground.numbers import WAYS, answer, number, preset
from segnet_nb.widgets.shared.assets import script, style
from segnet_nb.widgets.shared.explorer import guarded
from segnet_nb.widgets.shared.predicting import AskingExplorer, Question

SIDES = range(4, 9)
"""How many rows and columns a map may have."""

LARGEST = 99
"""Values lie in -99..99."""

LARGEST_WEIGHT = 10
"""Weights of the kernel lie in -10..10."""


def _rows(value: Any) -> list[list[Any]] | None:
    """Nested sequences or an array as lists; None if it is neither."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, list | tuple) or not all(isinstance(row, list | tuple) for row in value):
        return None
    return [list(row) for row in value]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def checked_grid(value: Any) -> list[list[int]]:
    """A map as lists of whole numbers.

    Args:
        value: rows of whole numbers, as lists, tuples or an array.

    Raises:
        traitlets.TraitError: if it has not 4 to 8 rows of the same 4 to 8 columns, or a value is no whole
            number in -99..99.
    """
    rows = _rows(value)
    widths = {len(row) for row in rows} if rows is not None else set()
    if rows is None or len(rows) not in SIDES or len(widths) != 1 or not widths <= {*SIDES}:
        got = type(value).__name__
        if rows is not None:
            got = f"{len(rows)} rows of {', '.join(map(str, sorted(widths)))} columns"
        raise traitlets.TraitError(
            f"grid must have 4 to 8 rows, all of the same 4 to 8 columns, but got {got}. Pass a list of "
            "rows such as [[1, 3, 2, 2], [0, 2, 2, 2], [4, 1, 0, 0], [2, 3, 5, 0]]."
        )
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if not _is_number(cell) or cell != int(cell) or abs(cell) > LARGEST:
                raise traitlets.TraitError(
                    f"values of grid must be integers from -99 to 99, but row {y}, column {x} (from 0) is "
                    f"{cell!r}. Round or scale your map first."
                )
    return [[int(cell) for cell in row] for row in rows]


def checked_kernel(value: Any) -> list[list[float]]:
    """A kernel as two lists of two floats.

    Raises:
        traitlets.TraitError: if it is not 2 x 2 numbers in -10..10.
    """
    rows = _rows(value)
    if (
        rows is None
        or [len(row) for row in rows] != [2, 2]
        or not all(_is_number(cell) and abs(cell) <= LARGEST_WEIGHT for row in rows for cell in row)
    ):
        raise traitlets.TraitError(
            f"kernel must be 2 x 2 numbers from -10 to 10, but got {value!r}. Pass, for example, "
            "[[1, 0.5], [0.5, 0.25]]."
        )
    return [[float(cell) for cell in row] for row in rows]


class PoolingPlayground(AskingExplorer):
    """A small map to edit; its maxima, their indices, and four ways to upsample them.

    Click a cell and type, move with the arrow keys, change a value with + and -. All is computed in the
    browser too, so the playground lives on in an HTML file without a kernel.

    Attributes:
        grid: the map, a list of 4 to 8 rows of 4 to 8 whole numbers in -99..99. Assign a new list to
            change it; a change inside the list is not seen.
        kernel: weights of the transposed convolution, 2 x 2 numbers in -10..10. In a network they are
            learnt.
        seed: of the preset "random", at least 0.
        result: the answer, see ``segnet_nb.widgets.pooling_playground.numbers.answer``: ``pooled``,
            ``indices``, ``unpooled``, ``nearest``, ``bilinear``, ``transposed``, ``errors``, ``kept``,
            ``ties`` and ``words``.

    Raises:
        traitlets.TraitError: if a value is impossible.

    Example:
        >>> playground = PoolingPlayground()
        >>> playground
        PoolingPlayground(map of 4 x 4)
        >>> playground.result["pooled"], playground.result["indices"]
        ([[3, 2], [-1, 5]], [[1, 0], [1, 2]])
        >>> playground.fill("zeros")
        >>> playground.result["ties"]
        4
    """

    _esm = script("pooling_playground")
    _css = style("pooling_playground")
    standalone = traitlets.Bool(True).tag(sync=True)
    grid = traitlets.Any().tag(sync=True)
    kernel = traitlets.Any().tag(sync=True)
    seed = traitlets.Int(0).tag(sync=True)
    result = traitlets.Dict(read_only=True)

    def __init__(self, grid: Sequence[Sequence[int]] | np.ndarray | None = None, **state: Any) -> None:
        if grid is not None:
            state["grid"] = checked_grid(grid)
        if "kernel" in state:
            state["kernel"] = checked_kernel(state["kernel"])
        super().__init__(**state)
        self._compute()
        self.prepare_questions()

    @traitlets.default("grid")
    def _first_grid(self) -> list[list[int]]:
        return preset("example", 4, 4)

    @traitlets.default("kernel")
    def _first_kernel(self) -> list[list[float]]:
        return [[1.0, 0.5], [0.5, 0.25]]

    @traitlets.validate("grid")
    def _valid_grid(self, proposal: Any) -> list[list[int]]:
        return checked_grid(proposal["value"])

    @traitlets.validate("kernel")
    def _valid_kernel(self, proposal: Any) -> list[list[float]]:
        return checked_kernel(proposal["value"])

    @traitlets.validate("seed")
    def _valid_seed(self, proposal: Any) -> int:
        if not 0 <= proposal["value"] < 2**31:
            raise traitlets.TraitError(
                f"seed must be an integer from 0 to 2147483647, but got {proposal['value']}. Pass, for "
                "example, 0."
            )
        return proposal["value"]

    @traitlets.observe("grid", "kernel")
    @guarded
    def _compute(self, change: Any = None) -> None:
        self.set_trait("result", answer(self.grid, self.kernel))

    def fill(self, name: str) -> None:
        """Fill the map, at its present size, with a preset.

        Args:
            name: "example", "ties", "negative", "random" (by ``seed``) or "zeros".

        Raises:
            ValueError: if there is no such preset.
        """
        self.grid = preset(name, len(self.grid), len(self.grid[0]), self.seed)

    def make_question(self, random: np.random.Generator) -> Question:
        """What one changed value does to its window, or to the error of unpooling."""
        return questions.after_a_change(self.grid, self.kernel, random, LARGEST)

    def figure(self) -> Figure:
        """The six maps as a figure."""
        result = self.result
        notes = {
            way: f"error {number(result['errors'][way])}, exact {result['kept'][way]} of {self._cells}"
            for way in WAYS
        }
        ways = {name: (np.array(result[way]), notes[way]) for way, name in WAYS.items()}
        return show_upsampling(np.array(self.grid), np.array(result["pooled"]), result["indices"], ways)

    @property
    def _cells(self) -> int:
        return len(self.grid) * len(self.grid[0])

    def __repr__(self) -> str:
        return f"PoolingPlayground(map of {len(self.grid)} x {len(self.grid[0])})"
