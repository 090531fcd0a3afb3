"""The paper's table of decoders, made again: train each alike, score it, weigh it, time it.

PAPER = arXiv 1511.00561, table 1: quality, millions of parameters, and what the decoder needs of the encoder.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segnet_nb._shared.errors import UserError
from segnet_nb.datasets.base import Dataset
from segnet_nb.training.config import TrainConfig

if TYPE_CHECKING:
    import keras

    from segnet_nb.inference.evaluation import Evaluation


@dataclass(frozen=True, eq=False)
class DecoderResult:
    """What became of one decoder with one seed.

    Attributes:
        decoder: its name in ``segnet_nb.networks.decoders.DECODERS``.
        seed: of the training.
        evaluation: scores of the best weights on the validation images.
        parameters: of the network, trained ones alone.
        storage_bytes: what the encoder must hand over for one image, see ``decoder_storage``.
        seconds_per_image: median time to predict one image.
        minutes: the training took.
        curve: validation mean IoU after each epoch.
    """

    decoder: str
    seed: int
    evaluation: Evaluation
    parameters: int
    storage_bytes: int
    seconds_per_image: float
    minutes: float
    curve: tuple[float, ...]


def decoder_storage(
    decoder: str, image_size: tuple[int, int], *, num_classes: int = 11, filters: int = 64, stages: int = 4
) -> int:
    """Bytes that must be kept from the encoder until the decoder has used them, for one image.

    Indices count 2 bits per window, as PAPER section 3 counts them; maps are float32. Its example: 64 maps
    of 180 x 240 are 11 MB, their indices 0.17 MB.

    Args:
        decoder: a name of ``segnet_nb.networks.decoders.DECODERS``.
        image_size: height and width of the image in pixels.
        num_classes: maps of a decoder that reduces to one map a class.
        filters: maps of every stage.
        stages: poolings.

    Raises:
        ValueError: if there is no such decoder.

    Example:
        >>> decoder_storage("segnet", (180, 240), stages=1)  # 64 * 90 * 120 windows, 2 bits each
        172800
        >>> decoder_storage("fcn_no_reduction", (180, 240), stages=1)
        11059200
    """
    from segnet_nb.networks.decoders import DECODERS, check_decoder

    check_decoder(decoder)
    keeps = DECODERS[decoder].keeps
    total, (height, width) = 0, image_size
    for _ in range(stages):
        windows = ((height + 1) // 2) * ((width + 1) // 2)
        if "indices" in keeps:
            total += -(-windows * filters // 4)  # four indices a byte
        if "maps" in keeps:
            total += height * width * (num_classes if keeps == "reduced maps" else filters) * 4
        height, width = (height + 1) // 2, (width + 1) // 2
    return total


def seconds_per_image(model: keras.Model, image: np.ndarray, *, repeats: int = 5) -> float:
    """Median wall time to predict one image, after one prediction to warm up.

    Args:
        model: a network of this package.
        image: shape ``(height, width, 3)``, RGB in 0..255.
        repeats: predictions to time, at least 1.
    """
    from segnet_nb.inference.prediction import predict

    predict(model, image)
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        predict(model, image)
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def compare_decoders(
    decoders: Sequence[str],
    config: TrainConfig,
    directory: str | Path,
    *,
    seeds: Sequence[int] = (0,),
    data: tuple[Dataset, Dataset] | None = None,
    progress: bool = True,
) -> list[DecoderResult]:
    """Train SegNet-Basic's encoder with each decoder, all alike, and measure what PAPER's table 1 compares.

    What was trained before in the same folder is not trained again, so a comparison that was stopped goes on,
    and one that is run again is only scored and timed again.

    Args:
        decoders: names of ``segnet_nb.networks.decoders.DECODERS``.
        config: how each is trained, with network ``"basic"`` or ``"basic16"``; ``decoder`` and ``seed`` are
            filled in.
        directory: a folder for the runs, one each.
        seeds: every decoder is trained with each of them.
        data: training and validation data to use instead of loading ``config.dataset``.
        progress: print what is going on.

    Returns:
        One result per decoder and seed.

    Raises:
        ValueError: if a decoder is unknown, nothing is asked for, the network has one decoder alone, or a
            folder holds a run of another configuration.
    """
    if not decoders or not seeds:
        raise UserError("nothing to compare: pass at least one decoder and one seed.")
    # All checked before the first is trained.
    configs = [replace(config, decoder=decoder, seed=seed) for decoder in decoders for seed in seeds]
    from segnet_nb import training
    from segnet_nb.inference import evaluation
    from segnet_nb.networks.model import BASIC_FILTERS
    from segnet_nb.training.data import load_data

    if config.network not in BASIC_FILTERS:
        raise UserError(
            f"network={config.network!r} has one decoder alone. Choose from: {', '.join(BASIC_FILTERS)}."
        )
    data = data or load_data(config)
    found = []
    for each in configs:
        if progress:
            print(f"--- {each.decoder}, seed {each.seed}", flush=True)
        run = training.train(
            each,
            directory=Path(directory) / f"{each.decoder}-seed{each.seed}",
            resume=True,
            progress=progress,
            data=data,
        )
        if run.status != "finished":
            raise KeyboardInterrupt(f"stopped amid {each.decoder}; the same call goes on from there")
        val = data[1]
        found.append(
            DecoderResult(
                decoder=each.decoder,
                seed=each.seed,
                evaluation=evaluation.evaluate(run.model, val),
                parameters=sum(int(np.prod(w.shape)) for w in run.model.trainable_weights),
                storage_bytes=decoder_storage(
                    each.decoder,
                    val.image_size,
                    num_classes=val.classes.num_classes,
                    filters=BASIC_FILTERS[config.network],
                ),
                seconds_per_image=seconds_per_image(run.model, val.images[0]),
                minutes=sum(run.curve("seconds")) / 60,
                curve=tuple(run.curve("mean_iou")),
            )
        )
    return found


def comparison_table(results: Sequence[DecoderResult]) -> str:
    """The results beside the published figures, as Markdown; with several seeds, means over them.

    Published figures are of the test split of CamVid at 360 x 480, trained with median frequency balancing.

    Raises:
        ValueError: if there are no results.
    """
    from segnet_nb.networks.decoders import DECODERS

    if not results:
        raise UserError("no results came. Pass what compare_decoders gave.")
    lines = [
        "| decoder | G / C / mIoU / BF here | published | parameters | published | needs | ms an image |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(result.decoder for result in results):
        own, known = [result for result in results if result.decoder == name], DECODERS[name]
        scores = np.mean(
            [
                (
                    each.evaluation.scores.global_accuracy,
                    each.evaluation.scores.class_average,
                    each.evaluation.scores.mean_iou,
                    each.evaluation.boundary_f1 or 0.0,
                )
                for each in own
            ],
            axis=0,
        )
        published = " / ".join(f"{value:.1f}" for value in known.published) if known.published else "–"
        lines.append(
            f"| {known.title} | {' / '.join(f'{100 * value:.1f}' for value in scores)} | {published} "
            f"| {own[0].parameters / 1e6:.3f} M | {f'{known.parameters} M' if known.parameters else '–'} "
            f"| {_megabytes(own[0].storage_bytes)} "
            f"| {1000 * np.mean([each.seconds_per_image for each in own]):.0f} |"
        )
    return "\n".join(lines)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count else "nothing"
