"""Whether an exported file gives what Keras gives.

Two values of a pooling window that are equal but for rounding may swap places, and then whole neighbourhoods
of the output differ although nothing is wrong. So a second file is made of the same function with more
outputs: the scores, and the index of every pooling. Keras then runs once more *at the indices of that file*.
There no order can swap, and

- the index of every window must point at its maximum, and at the first where all are equal,
- scores must agree within rounding,
- the output must be that of the scores, and both files must give the same.

What remains is how many labels differ from those that Keras gives by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.inference.export_graph import CheckOutputs, Size, scores_form
from segnet_nb.inference.runtimes import Runner

if TYPE_CHECKING:
    import keras

# Largest accepted difference between scores, as a share of the largest; trained networks differ by 1e-6.
TOLERANCE = 1e-3
# Largest accepted share of labels that differ from those that Keras gives by itself.
LABELS = 0.05
LABELS_INT8 = 0.25
# Of windows whose values Keras finds all equal, the share that may not point at the first: rounding again.
TIES = 0.02
# Of pixels, the share that may differ between the two files.
FILES = 1e-3
# Of the test images; larger ones are not checked in batches.
_PIXELS_TOGETHER = 64 * 64


@dataclass(frozen=True)
class Agreement:
    """How well a file agrees with Keras.

    Attributes:
        max_difference: largest difference between scores at the same pooling indices, divided by the largest
            score where that is above 1; None for int8.
        labels_differ: share of labels, 0..1, that differ from those of Keras.
    """

    max_difference: float | None
    labels_differ: float


def compare(model: keras.Model, output: str, size: Size, run: Runner, run_check: Runner) -> Agreement:
    """Compare a float32 file with Keras on a synthetic scene and on noise.

    Args:
        model: the network.
        output: the form of the output.
        size: height and width that the file takes; None: any, and odd sizes are tried.
        run: runs the file.
        run_check: runs the file of ``check_graph_of``.

    Raises:
        ValueError: if they do not agree.
    """
    of_scores = scores_form(model)
    differences, changed, pixels = [0.0], 0, 0
    files: list[tuple[np.ndarray, np.ndarray]] = []
    for images in _images(size, model.input_shape[-1]):
        found = _ordered(run_check(images), of_scores == output)
        files.append((images, run(images)[0]))
        _check_alike(output, files[-1][1], found, of_scores)
        expected = at_indices(model, of_scores, images, found.indices)
        differences.append(_difference(found.scores, expected))
        labels = _labels_of(model, images)
        changed += int((found.scores.argmax(-1) != labels).sum())
        pixels += labels.size
    if all(len(images) == 1 for images, _ in files):
        _check_batch(run, *(np.concatenate(parts) for parts in zip(*files, strict=True)))
    share = changed / pixels
    if share > LABELS:
        raise _refusal(f"{share:.1%} of the labels differ, more than {LABELS:.0%}")
    return Agreement(max(differences), share)


def _check_batch(run: Runner, images: np.ndarray, alone: np.ndarray) -> None:
    """Raise unless a batch gives what its images give one at a time."""
    together = run(images)[0]
    if together.shape != alone.shape:
        raise _refusal(f"the output of a batch has the shape {together.shape}, not {alone.shape}")
    slack = TOLERANCE * max(1.0, float(np.abs(alone).max())) if alone.dtype.kind == "f" else 0
    differ = np.abs(together.astype("float64") - alone) > slack
    if not differ.mean() <= FILES:
        raise _refusal(f"{differ.mean():.1%} of the output of a batch are not those of its single images")


def compare_labels(model: keras.Model, output: str, run: Runner, images: Sequence[np.ndarray]) -> Agreement:
    """Compare the labels of an int8 file with those of Keras on the images that calibrated it.

    Raises:
        ValueError: if too many differ, or a value is not finite.
    """
    changed, pixels = 0, 0
    for batch in images:
        found = run(batch)[0]
        labels = _labels_of(model, batch)
        shape = (*labels.shape, *found.shape[3:])
        if found.shape != shape:
            raise _refusal(f"its output has the shape {found.shape}, not {shape}")
        if not np.isfinite(found).all():
            raise _refusal("some of its values are nan or infinite")
        changed += int(((found if output == "labels" else found.argmax(-1)) != labels).sum())
        pixels += labels.size
    share = changed / pixels
    if share > LABELS_INT8:
        raise _refusal(
            f"{share:.1%} of the labels on the calibration images differ, more than {LABELS_INT8:.0%}",
            "Is the network trained, and are these images like those it was trained on?",
        )
    return Agreement(None, share)


def _refusal(what: str, question: str = "") -> UserError:
    question = question or "Does it have layers of neither this package nor Keras?"
    return UserError(
        f"the exported network differs from the Keras network: {what}. Nothing was written. {question}"
    )


def _images(size: Size, channels: int) -> Iterator[np.ndarray]:
    """A scene with noise, then the scene alone, at odd sizes where any size is accepted.

    Large ones come one at a time: VGG16 has maps of 44 MB at 360 x 480, and several are held at once.
    """
    from segnet_nb.datasets.synthetic import draw_scene

    for odd, count in (((45, 67), 2), ((32, 49), 1)):
        sides = tuple(given or side for given, side in zip(size, odd, strict=True))
        scene, _ = draw_scene(0, (max(sides[0], 16), max(sides[1], 16)))
        scene = np.resize(scene[: sides[0], : sides[1]].transpose(2, 0, 1), (channels, *sides))
        noise = np.random.default_rng(0).uniform(0, 255, (*sides, channels))
        if sides[0] * sides[1] > _PIXELS_TOGETHER:
            yield (scene.transpose(1, 2, 0) if count == 1 else noise)[None].astype("float32")
        else:
            yield np.stack([scene.transpose(1, 2, 0), noise][:count]).astype("float32")


def _ordered(outputs: list[np.ndarray], only_scores: bool) -> CheckOutputs:
    first = outputs[0]
    return CheckOutputs(
        first, first if only_scores else outputs[1], tuple(outputs[1 if only_scores else 2 :])
    )


def _labels_of(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.asarray(model(images, training=False)).argmax(-1)


def _check_alike(output: str, found: np.ndarray, check: CheckOutputs, of_scores: str) -> None:
    """Raise unless the output is that of the scores, and both files give the same."""
    if found.shape != check.output.shape:
        raise _refusal(f"its output has the shape {found.shape}, not {check.output.shape}")
    if not all(np.isfinite(each).all() for each in (found, check.output, check.scores)):
        raise _refusal("some of its values are nan or infinite")
    scores = check.scores.astype("float64")
    slack = TOLERANCE * max(1.0, float(np.abs(scores).max()))
    if output == "labels":
        differ = found != check.output
        chosen = np.take_along_axis(scores, check.output[..., None].astype(int) % scores.shape[-1], -1)[
            ..., 0
        ]
        wrong = scores.max(-1) - chosen > slack
    else:
        differ = np.abs(found - check.output).max(-1) > TOLERANCE * max(1.0, np.abs(check.output).max())
        expected = _softmax(scores) if output != of_scores else scores
        wrong = np.abs(check.output - expected).max(-1) > (slack if output == of_scores else TOLERANCE)
    if wrong.any():
        raise _refusal(f"the {output} of {wrong.mean():.1%} of the pixels are not those of its scores")
    if differ.mean() > FILES:
        raise _refusal(f"the {output} of {differ.mean():.1%} of the pixels are not those of its check")


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def _difference(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference between scores, as a share of the largest score."""
    if found.shape != expected.shape:
        raise _refusal(f"its scores have the shape {found.shape}, not {expected.shape}")
    # The rounding error grows with the values: logits of 1000 have fewer decimals.
    difference = float(np.abs(found - expected).max() / max(1.0, float(np.abs(expected).max())))
    if not difference <= TOLERANCE:  # unlike >, this refuses nan
        raise _refusal(f"its values differ by {difference:.1e}, more than {TOLERANCE}")
    return difference


def at_indices(
    model: keras.Model, form: str, images: np.ndarray, indices: Sequence[np.ndarray]
) -> np.ndarray:
    """What Keras gives if every pooling takes the values at these indices, which must be the largest.

    Args:
        model: the network.
        form: of the output, ``"probabilities"`` or ``"logits"``.
        images: in 0..255, float32, shape ``(batch, height, width, channels)``.
        indices: of each pooling in the order of computation, 0 to 3, ``(batch, height, width, channels)``.

    Raises:
        ValueError: if an index misses the largest value of its window by more than rounding.
    """
    from segnet_nb._shared.framework import ops
    from segnet_nb.networks.forms import in_form
    from segnet_nb.networks.replacing import replaced

    left, wrong = list(indices), []

    def pool(x: Any) -> tuple[Any, Any]:
        windows = _windows(np.asarray(x))
        given = left.pop(0) if left else None
        # Keras wraps what is raised in a layer, so it is raised after the run.
        fault = _fault(windows, given, len(indices) - len(left))
        if fault or given is None:
            wrong.append(fault)
            given = windows.argmax(0)
        picked = np.take_along_axis(windows, given[None].astype(int), 0)[0]
        return ops.convert_to_tensor(picked), ops.convert_to_tensor(given.astype("uint8"))

    with replaced(max_pool_with_indices=pool):
        found = np.asarray(in_form(model, form)(images, training=False))
    if left:
        wrong.append("it pools more often")
    if wrong:
        raise _refusal(wrong[0])
    return found


def _windows(x: np.ndarray) -> np.ndarray:
    """The four values of every window, first in a new first axis; odd sides are padded with copies."""
    odd = ((0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2), (0, 0))
    x = np.pad(x, odd, mode="edge")
    return np.stack([x[:, dy::2, dx::2] for dy in range(2) for dx in range(2)])


def _fault(windows: np.ndarray, given: np.ndarray | None, number: int) -> str:
    """Why the indices of a pooling do not point at the largest values; empty if they do."""
    if given is None:
        return "it pools less often"
    where = f"the indices of its pooling {number}"
    if given.shape != windows.shape[1:]:
        return f"{where} have the shape {given.shape}, not {windows.shape[1:]}"
    if not np.isin(given, range(4)).all():
        return f"{where} are not in 0..3"
    picked = np.take_along_axis(windows, given[None].astype(int), 0)[0]
    gap = float((windows.max(0) - picked).max() / max(1.0, float(np.abs(windows).max())))
    if not gap <= TOLERANCE:
        return f"{where} miss the largest values by {gap:.1e}, more than {TOLERANCE}"
    equal = (windows == windows[:1]).all(0)
    later = float((given[equal] != 0).mean()) if equal.any() else 0.0
    if later > TIES:
        return f"{where} are not the first of equal values in {later:.1%} of such windows"
    return ""
