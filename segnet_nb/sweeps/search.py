"""The section ``search`` of a sweep: what Optuna chooses the parameters of the runs from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb.sweeps.sampling import Range

EPOCH_SCORES = ("mean_iou", "global_accuracy", "class_average")


@dataclass(frozen=True)
class Search:
    """A search for the parameters with the best score.

    Attributes:
        runs: how many in all.
        seed: of the search.
        ranges: by parameter.
        prune: whether trainings that are worse than the median at the same epoch are ended.
    """

    runs: int
    seed: int
    ranges: Mapping[str, Range]
    prune: bool

    def corners(self) -> Iterator[dict[str, Any]]:
        """Values to check before the first run: the ends of each range, and each choice.

        Example:
            >>> ranges = {"a": Range("int", (1, 9)), "b": Range("choice", ("x", "y"))}
            >>> list(Search(5, 0, ranges, False).corners())
            [{'a': 1, 'b': 'x'}, {'a': 9, 'b': 'x'}, {'a': 1, 'b': 'y'}, {'a': 9, 'b': 'y'}]
        """
        first = {name: each.values[0] for name, each in self.ranges.items()}
        yield first
        for name, each in self.ranges.items():
            yield from (first | {name: value} for value in each.values[1:])
        yield {name: each.values[-1] for name, each in self.ranges.items()}


def check_prune(prune: Any, is_notebook: bool, maximize: str) -> bool:
    """Whether to prune; None: trainings are pruned, notebooks are not.

    Raises:
        ValueError: if it is not true or false, or the score is not known after each epoch.
    """
    if prune is None:
        prune = not is_notebook and maximize in EPOCH_SCORES
    if not isinstance(prune, bool):
        raise UserError(f"search: prune: expected true or false, got {prune!r}. Change it.")
    if prune and is_notebook:
        raise UserError(
            "search: prune: only trainings tell their score after each epoch. Write prune: false."
        )
    if prune and maximize not in EPOCH_SCORES:
        raise UserError(
            f"search: prune: each epoch tells {', '.join(EPOCH_SCORES)}, but not {maximize}. "
            "Change maximize, or write prune: false."
        )
    return prune
