"""The exercises of 05_training: steps of a run, early stopping, overfitting on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from segnet_nb.course.answers import kind_of
from segnet_nb.course.functions import function
from segnet_nb.course.values import number
from segnet_nb.course.verdicts import Exercise, Unreadable, Verdict, right, wrong

LEAST_GAP = 0.15  # between the mean IoU on the few images and on the validation images


def _full_batches(run: Any, train_data: Any) -> int:
    """Steps of one epoch; data smaller than a batch is one step."""
    return max(1, len(train_data) // run.config.batch_size)


def _steps(run: Any, train_data: Any) -> int:
    return len(run.history) * run.config.passes_per_epoch * _full_batches(run, train_data)


def _curves(rng: np.random.Generator) -> Iterator[tuple[list[float], int]]:
    """Validation scores in steps of 0.05, so that ties are frequent, and a patience."""
    for curve in ((0.2, 0.3, 0.29, 0.3, 0.4), (0.2, 0.3, 0.29, 0.31), (0.5, 0.4, 0.3, 0.2)):
        yield list(curve), 2
    yield [0.4], 1
    yield [0.3, 0.3], 1
    for length in (3, 4, 5, 6, 7, 9, 12, 15):
        for patience in (1, 2, 3):
            rising = np.linspace(0.1, 0.5, length) + rng.normal(0, 0.12, length)
            yield (
                [round(float(np.clip(round(each / 0.05) * 0.05, 0.05, 0.95)), 2) for each in rising],
                patience,
            )


def _stops_after(scores: Sequence[float], patience: int) -> int | None:
    """Compares the epoch with the first one that reached the best score so far."""
    for epoch in range(1, len(scores) + 1):
        so_far = list(scores[:epoch])
        if epoch - (so_far.index(max(so_far)) + 1) >= patience:
            return epoch
    return None


def _counting(
    scores: Sequence[float], patience: int, *, reset: bool = True, ties: bool = False, before: bool = False
) -> int | None:
    """Early stopping with a counter, in its wrong varieties."""
    best, since = float("-inf"), 0
    for epoch, score in enumerate(scores, start=1):
        rose = score >= best if ties else score > best
        since = (0 if reset else since) if rose else since + 1
        best = score if before else max(best, score)
        if since >= patience and not rose:
            return epoch
    return None


def _shifted(by: int, more: int = 0) -> Any:
    def mistake(scores: Sequence[float], patience: int) -> int | None:
        epoch = _stops_after(scores, patience + more)
        return None if epoch is None else epoch + by

    return mistake


def judge_overfitting(by_heart: Any, few: Any, val_data: Any) -> Verdict:
    """Judge a run that should know the few images by heart.

    Args:
        by_heart: a ``Run``, or its network.
        few: the images that it was trained on.
        val_data: the validation images.
    """
    from segnet_nb.inference.evaluation import evaluate

    model = getattr(by_heart, "model", by_heart)
    if not hasattr(model, "predict_on_batch"):
        raise Unreadable(f"a run that train returns is needed, and this is {kind_of(by_heart)}")
    if len(few) > 4:
        return wrong(f"few has {len(few)} images, and it should have 4", len(few))
    known, new = (evaluate(model, part, boundary=False).scores.mean_iou for part in (few, val_data))
    numbers = f"mean IoU {known:.2f} on the few, {new:.2f} on the validation images"
    if known - new >= LEAST_GAP:
        return right(numbers)
    if known < new:
        return wrong(f"{numbers}; it does not know the few images better than the others", numbers)
    return wrong(f"{numbers}; the difference should be {LEAST_GAP} or more", numbers)


EXERCISES = {
    "05.1": Exercise(
        number(
            _steps,
            whole=True,
            mistakes={
                "these are the steps of one epoch": _full_batches,
                "that is how many images the network saw; a step takes a whole batch": lambda run, data: (
                    len(run.history) * len(data)
                ),
                "that counts a batch that is not full; it is dropped": lambda run, data: (
                    len(run.history) * -(-len(data) // run.config.batch_size)
                ),
                "that is the number of epochs": lambda run, data: len(run.history),
                "the run was stopped early; only the epochs that it ran count": lambda run, data: (
                    run.config.epochs * _full_batches(run, data)
                ),
                "that is the number of training images": lambda run, data: len(data),
            },
        ),
        (
            "One step for each full batch, in every epoch.",
            "Divide the number of training images by the batch size, round down, and multiply by the epochs.",
        ),
    ),
    "05.2": Exercise(
        function(
            _stops_after,
            arguments=("scores", "patience"),
            cases=_curves,
            kinds="iuf",
            kind_words="epochs",
            mistakes={
                "the counter is never reset; only epochs in a row count": lambda s, p: _counting(
                    s, p, reset=False
                ),
                "to come level with the best is taken for a rise": lambda s, p: _counting(s, p, ties=True),
                "each score is compared with the one before it, not with the best so far": lambda s, p: (
                    _counting(s, p, before=True)
                ),
                "epochs are counted from 0; the first one is 1": _shifted(-1),
                "it stops one epoch too late": _shifted(0, more=1),
                "that is the epoch with the best score, not the one after which the run stops": lambda s, p: (
                    None if _stops_after(s, p) is None else list(s).index(max(s[: _stops_after(s, p)])) + 1
                ),
                "where the run is never stopped, None is asked for": lambda s, p: (
                    _stops_after(s, p) or len(s)
                ),
                "where the run is never stopped, None is asked for, not 0": lambda s, p: (
                    _stops_after(s, p) or 0
                ),
            },
        ),
        (
            "Go through the epochs and keep the best score so far, and how long ago it was reached.",
            "A score above the best becomes the best and sets the count to 0; any other adds 1 to it.",
        ),
    ),
    "05.3": Exercise(
        judge_overfitting,
        (
            "A hundred steps are needed, and without augmentation the images are always the same.",
            "replace(config, epochs=3, passes_per_epoch=50, horizontal_flip=False, color_jitter=0.0, seed=1)",
        ),
    ),
}
