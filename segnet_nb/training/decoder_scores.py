"""The kept scores of the comparison of decoders on CamVid, in ``data/results/decoders.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import MissingFileError, UserError
from segnet_nb.networks.catalogue import decoder_info
from segnet_nb.training.kept_sweeps import kept_file

SCORES = ("mean_iou", "global_accuracy", "class_average", "boundary_f1")


@dataclass(frozen=True)
class DecoderScores:
    """The validation scores of one decoder, one value per seed.

    Attributes:
        decoder: its name in ``segnet_nb.decoders.DECODERS``.
        title: its name for people.
        keeps: what it needs from the encoder, as in ``DECODERS``.
        seeds: of the trainings, ascending.
        mean_iou: 0..1, in the order of the seeds; the other scores likewise.
        global_accuracy: share of correct pixels.
        class_average: mean of the accuracies of the classes.
        boundary_f1: agreement of the outlines.
    """

    decoder: str
    title: str
    keeps: str
    seeds: tuple[int, ...]
    mean_iou: tuple[float, ...]
    global_accuracy: tuple[float, ...]
    class_average: tuple[float, ...]
    boundary_f1: tuple[float, ...]


def kept_scores(path: str | Path | None = None) -> tuple[DecoderScores, ...]:
    """Read kept scores of decoders, by default those of all training images of CamVid.

    These were trained for 12 epochs with 16 channels at 120 x 160, and scored on the validation split (drive
    0016E5). ``python tools/keep_sweep.py decoders`` makes them again.

    Args:
        path: a JSON file with a list of objects that have ``decoder``, ``seed`` and the four scores (0..1);
            None: the file of the project.

    Returns:
        One entry per decoder, in the order of their first occurrence.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is no such list, or holds a seed of a decoder twice.

    Example:
        >>> kept = {each.decoder: each for each in kept_scores()}
        >>> 0 in kept["segnet"].seeds, kept["segnet"].keeps
        (True, 'indices')
    """
    path = Path(path) if path else kept_file("decoders")
    if not path.is_file():
        raise MissingFileError(f"there are no kept scores at {path}. Pass the path of a JSON file of scores.")
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path.name} is not JSON: {error}. Restore it, for example with git.") from None
    if not isinstance(rows, list) or not rows:
        raise UserError(f"{path.name} must hold a list of scores, at least one, but it holds {rows!r:.40}.")
    by_decoder: dict[str, dict[int, dict[str, Any]]] = {}
    for row in rows:
        _check(row, path.name)
        seeds = by_decoder.setdefault(row["decoder"], {})
        if row["seed"] in seeds:
            raise UserError(f"{path.name} holds seed {row['seed']} of {row['decoder']} twice. Remove one.")
        seeds[row["seed"]] = row
    return tuple(_collected(decoder, seeds) for decoder, seeds in by_decoder.items())


def _check(row: Any, name: str) -> None:
    wanted = {"decoder", "seed", *SCORES}
    if not isinstance(row, dict) or not wanted <= set(row):
        raise UserError(f"{name} needs {', '.join(sorted(wanted))} in each entry, but has {row!r:.80}.")
    decoder_info(row["decoder"])  # says which there are
    if type(row["seed"]) is not int or row["seed"] < 0:
        raise UserError(f"{name}: seed must be an integer, 0 or more, but is {row['seed']!r}.")
    for score in SCORES:
        value = row[score]
        if type(value) not in (int, float) or not 0 <= value <= 1:
            raise UserError(f"{name}: {score} must be a number in 0..1, not percent, but is {value!r}.")


def _collected(decoder: str, seeds: dict[int, dict[str, Any]]) -> DecoderScores:
    known, ordered = decoder_info(decoder), sorted(seeds)
    scores = {score: tuple(float(seeds[seed][score]) for seed in ordered) for score in SCORES}
    return DecoderScores(decoder, known.title, known.keeps, tuple(ordered), **scores)
