"""The question of the ablation explorer: which change of the indices costs more?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb.widgets.shared.predicting import Question

if TYPE_CHECKING:
    from segnet_nb.probes import AblationBench

_WORDS = {
    "zeros": "all indices 0",
    "shuffled": "shuffled indices",
    "random": "{share:.0f} % random indices",
    "nearest": "nearest upsampling instead",
    "bilinear": "bilinear upsampling instead",
}
SAME = 0.01
"""Two falls of the mean IoU that differ by less count as the same."""


def which_costs_more(
    bench: AblationBench, random: np.random.Generator, *, state: Mapping[str, Any]
) -> Question:
    """Ask which of two changes of the indices lowers the mean IoU of an image more.

    Args:
        bench: runs both.
        random: draws the two: the same at the first and at the last stage, or two at all stages.
        state: ``image``, ``share`` and ``seed``, as shown.

    Returns:
        The question; its third choice is that both cost about the same.
    """
    count = len(bench.stages)
    if count > 1 and random.integers(3) == 0:
        mode = str(random.choice(("zeros", "shuffled")))
        places = 0, count - 1
        changes = [["true" if at != place else mode for at in range(count)] for place in places]
        named = [f"{_WORDS[mode]} at stage {place + 1}" for place in places]
        why = f"A wrong index moves a value by 1 pixel at stage 1 and by {2 ** (count - 1)} at stage {count}"
    else:
        modes = [str(mode) for mode in random.choice([*_WORDS], 2, replace=False)]
        changes = [[mode] * count for mode in modes]
        named = [_WORDS[mode].format(share=100 * state["share"]) for mode in modes]
        why = "The decoder was trained with values at their true positions and zeros between"
    falls, before = [], 0.0
    for change in changes:
        run = bench.run(
            state["image"],
            dict(zip(bench.stages, change, strict=True)),
            share=state["share"],
            seed=state["seed"],
        )
        before = run.reference_mean_iou
        falls.append(before - run.mean_iou)
    worse = int(np.argmax(falls))
    answer = 2 if abs(falls[0] - falls[1]) < SAME else worse
    points = " and ".join(
        f"{100 * fall:.1f} points with {name}" for fall, name in zip(falls, named, strict=True)
    )
    return Question(
        f"In {bench.names[state['image']]}, by which change of the indices will the mean IoU fall more?",
        answer,
        f"From {100 * before:.1f} % it falls by {points}. {why}.",
        choices=(*named, "about the same, less than a point apart"),
        before={"image": state["image"]},
        after={"modes": changes[worse]},
    )
