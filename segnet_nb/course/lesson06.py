"""The exercises of 06_inspect_unpooling: a smooth map, a pixel that wins twice, cheaper indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from segnet_nb.course.answers import kind_of, to_numbers
from segnet_nb.course.verdicts import Exercise, Unreadable, Verdict, missing, right, wrong

EXAMPLE = ((1, 3, 2, 2), (0, 2, 2, 2), (-4, -1, 0, 0), (-2, -3, 5, 0))  # what a playground begins with
MOST_LOST = 0.02  # of the mean IoU


def _windows(grid: np.ndarray) -> list[np.ndarray]:
    """The values of each window; smaller ones at an odd edge."""
    return [
        grid[y : y + 2, x : x + 2].ravel()
        for y in range(0, grid.shape[0], 2)
        for x in range(0, grid.shape[1], 2)
    ]


def kept(grid: np.ndarray) -> tuple[int, int]:
    """How many values repeating the maxima restores, and how many unpooling does."""
    nearest = unpooled = 0
    for window in _windows(grid):
        nearest += int((window == window.max()).sum())
        others = np.delete(window, window.argmax())
        unpooled += 1 + int((others == 0).sum())  # a zero is put where a zero was
    return nearest, unpooled


def judge_smooth(playground: Any) -> Verdict:
    """Judge a map that nearest restores and unpooling does not.

    Args:
        playground: a ``PoolingPlayground``, or its map.
    """
    grid = to_numbers(getattr(playground, "grid", playground))
    if grid.ndim != 2:
        raise Unreadable(f"a playground or a map with rows is needed, and this is {kind_of(playground)}")
    if np.array_equal(grid, EXAMPLE):
        return missing("there is no answer to check yet, the map is the one that the playground begins with")
    nearest, unpooled = kept(grid)
    windows, seen = len(_windows(grid)), grid.tolist()
    if nearest < grid.size:
        return wrong(f"nearest restores {nearest} of {grid.size} values", seen)
    if unpooled > windows:
        return wrong(
            f"nearest restores every value, but unpooling {unpooled}; it should be {windows}, one in each "
            "window; a zero is restored too, since unpooling puts zeros",
            seen,
        )
    return right()


def _place(answer: Any) -> tuple[int, int]:
    place = to_numbers(getattr(answer, "pixel", answer)).ravel()
    if place.size != 2 or not np.array_equal(place, np.round(place)):
        raise Unreadable("a pixel is two whole numbers, y and x")
    return int(place[0]), int(place[1])


def judge_pixel(twice: Any, microscope: Any) -> Verdict:
    """Judge a pixel that should be the maximum of its windows at stages 1 and 2.

    Args:
        twice: ``(y, x)``, or a microscope, whose pixel is taken.
        microscope: its image, stage and channel are those of the path.
    """
    y, x = _place(twice)
    height, width = microscope.trace.image.shape[:2]
    if not (0 <= y < height and 0 <= x < width):
        more = "; y comes first" if 0 <= x < height and 0 <= y < width else ""
        return wrong(f"there is no pixel ({y}, {x}) in an image of {height} x {width}{more}", (y, x))
    path = microscope.trace.path(y, x, stage=microscope.stage, channel=microscope.channel)
    won = []
    for step in path.steps[:2]:
        values = np.where(np.isnan(step.numbers), -np.inf, step.numbers)
        row, column = np.unravel_index(values.argmax(), values.shape)  # of equal values the first one
        won.append((step.pixel[0] % 2, step.pixel[1] % 2) == (row, column))
    where = f"({y}, {x})"
    if all(won):
        return right()
    if won[0]:
        return wrong(f"{where} is the maximum at stage 1, but its window is not at stage 2", (y, x))
    if won[1]:
        return wrong(
            f"the window of {where} is the maximum at stage 2, but {where} is not at stage 1", (y, x)
        )
    return wrong(f"{where} is the maximum at neither stage", (y, x))


def judge_cheaper(ablation: Any) -> Verdict:
    """Judge an ablation that needs half of the bytes and changes the mean IoU of its image little."""
    found = getattr(ablation, "ablation", None)
    if found is None:
        raise Unreadable(f"the explorer above is needed, and this is {kind_of(ablation)}")
    if set(ablation.modes) == {"random"}:
        return missing("there is no answer to check yet, the indices of all stages are random")
    kept_bytes = sum(
        size
        for stage, size in enumerate(found.stage_bytes, start=1)
        if found.interventions[stage] not in ("zeros", "nearest", "bilinear")
    )
    share, change = kept_bytes / sum(found.stage_bytes), found.mean_iou - found.reference_mean_iou
    numbers, seen = (
        f"{share:.0%} of the bytes, a mean IoU that changes by {change:+.3f}",
        list(ablation.modes),
    )
    if share <= 0.5 and change > -MOST_LOST:
        return right(numbers)
    if share > 0.5 and change > -MOST_LOST:
        return wrong(f"{numbers}; that is more than half of the bytes", seen)
    if share > 0.5:
        return wrong(f"{numbers}; that is more than half of the bytes, and the mean IoU falls too far", seen)
    return wrong(f"{numbers}; it falls by {MOST_LOST} or more", seen)


EXERCISES = {
    "06.1": Exercise(
        judge_smooth,
        (
            "Nearest gives all positions of a window the same value. What must a window be like for that?",
            "Four equal values in each window, and none of them may be zero.",
        ),
    ),
    "06.2": Exercise(
        judge_pixel,
        (
            "Both steps[0].won and steps[1].won of the path must be true.",
            "About one pixel in sixteen does it. Two loops over y and x that stop at the first one find it.",
        ),
    ),
    "06.3": Exercise(
        judge_cheaper,
        (
            "Which stage needs the most bytes, and how much does a wrong index there move a value?",
            '"zeros", "nearest" and "bilinear" need no bytes. Try each at one stage, "true" at the others.',
        ),
    ),
}
