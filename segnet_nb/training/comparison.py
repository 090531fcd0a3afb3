"""The paper's table of decoders, reproduced: train each alike, then measure scores, size and time.

PAPER = arXiv 1511.00561, table 1: scores, millions of parameters, and what the decoder needs of the encoder.
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
from segnet_nb.networks.catalogue import DECODERS, decoder_info, network_info, networks_with_decoders
from segnet_nb.training.config import TrainConfig

if TYPE_CHECKING:
    import keras

    from segnet_nb.inference.evaluation import Evaluation
    from segnet_nb.training.loop import Run


@dataclass(frozen=True, eq=False)
class DecoderResult:
    """The measurements of one decoder with one seed.

    Attributes:
        decoder: its name in ``segnet_nb.decoders.DECODERS``.
        seed: of the training.
        evaluation: scores of the best weights on the validation images.
        parameters: trainable parameters of the network.
        storage_bytes: what must be kept of the encoder for one image, see ``decoder_storage``.
        seconds_per_image: median time to predict one image.
        minutes: training time.
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

    Indices take 2 bits per window, as in PAPER section 3; feature maps are float32. Its example: 64 channels
    of 180 x 240 are 11 MB, their indices 0.17 MB.

    Args:
        decoder: a name of ``segnet_nb.decoders.DECODERS``.
        image_size: height and width of the image in pixels.
        num_classes: channels of a decoder that reduces to one channel per class.
        filters: channels of every stage.
        stages: number of poolings.

    Raises:
        ValueError: if there is no such decoder.

    Example:
        >>> decoder_storage("segnet", (180, 240), stages=1)  # 64 * 90 * 120 windows, 2 bits each
        172800
        >>> decoder_storage("fcn_no_reduction", (180, 240), stages=1)
        11059200
    """
    keeps = decoder_info(decoder).keeps
    total, (height, width) = 0, image_size
    for _ in range(stages):
        windows = ((height + 1) // 2) * ((width + 1) // 2)
        if "indices" in keeps:
            total += -(-windows * filters // 4)  # four indices per byte
        if "maps" in keeps:
            total += height * width * (num_classes if keeps == "reduced maps" else filters) * 4
        height, width = (height + 1) // 2, (width + 1) // 2
    return total


def seconds_per_image(model: keras.Model, image: np.ndarray, *, repeats: int = 5) -> float:
    """Median wall time to predict one image, after one prediction to warm up.

    Args:
        model: a network of this package.
        image: shape ``(height, width, 3)``, RGB in 0..255.
        repeats: number of timed predictions, at least 1.
    """
    from segnet_nb.inference.prediction import predict

    predict(model, image)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        predict(model, image)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def compare_decoders(
    decoders: Sequence[str],
    config: TrainConfig,
    directory: str | Path,
    *,
    seeds: Sequence[int] = (0,),
    data: tuple[Dataset, Dataset] | None = None,
    progress: bool = True,
) -> list[DecoderResult]:
    """Train one encoder with each decoder, all alike, and measure what PAPER's table 1 compares.

    Runs that are in the folder already are not trained again, so an interrupted comparison continues, and a
    finished one is only evaluated and timed again.

    Args:
        decoders: names of ``segnet_nb.decoders.DECODERS``.
        config: how each is trained, with a network whose decoder can be chosen; ``decoder`` and ``seed`` are
            filled in.
        directory: a folder for the runs, one each.
        seeds: every decoder is trained with each of them.
        data: training and validation data to use instead of loading ``config.dataset``.
        progress: print what is going on.

    Returns:
        One result per decoder and seed.

    Raises:
        ValueError: if a decoder is unknown, there is nothing to compare, the network has no choice of
            decoder, or a folder holds a run of another configuration.
    """
    if not decoders or not seeds:
        raise UserError("nothing to compare: pass at least one decoder and one seed.")
    # All are checked before the first is trained.
    configs = [replace(config, decoder=decoder, seed=seed) for decoder in decoders for seed in seeds]
    if not network_info(config.network).takes_decoder:
        raise UserError(
            f"network={config.network!r} has no choice of decoder. Choose from: "
            f"{', '.join(networks_with_decoders())}."
        )
    from segnet_nb import training
    from segnet_nb.training.data import load_data

    data, results = data or load_data(config), []
    for each in configs:
        if progress:
            print(f"--- {each.decoder}, seed {each.seed}", flush=True)
        folder = Path(directory) / f"{each.decoder}-seed{each.seed}"
        run = training.train(each, directory=folder, resume=True, progress=progress, data=data)
        if run.status != "finished":
            raise KeyboardInterrupt(f"stopped during {each.decoder}; the same call continues from there")
        results.append(_measured(run, data[1]))
    return results


def _measured(run: Run, val: Dataset) -> DecoderResult:
    """Evaluate and time the best weights of a run."""
    from segnet_nb.inference import evaluation
    from segnet_nb.networks.layers import MaxPoolingWithIndices2D

    model = run.model
    pools = [layer for layer in model.layers if isinstance(layer, MaxPoolingWithIndices2D)]
    return DecoderResult(
        decoder=run.config.decoder,
        seed=run.config.seed,
        evaluation=evaluation.evaluate(model, val),
        parameters=sum(int(np.prod(w.shape)) for w in model.trainable_weights),
        storage_bytes=decoder_storage(
            run.config.decoder,
            val.image_size,
            num_classes=val.classes.num_classes,
            filters=pools[0].output[0].shape[-1] if pools else 0,
            stages=len(pools),
        ),
        seconds_per_image=seconds_per_image(model, val.images[0]),
        minutes=sum(run.curve("seconds")) / 60,
        curve=tuple(run.curve("mean_iou")),
    )


def comparison_table(results: Sequence[DecoderResult]) -> str:
    """The results as Markdown, on the validation images; with several seeds, means over them.

    Published scores are of another split, so they have a table of their own: ``published_table``.

    Raises:
        ValueError: if there are no results.
    """
    if not results:
        raise UserError("results is empty. Pass what compare_decoders returned.")
    names = dict.fromkeys(result.decoder for result in results)
    return "\n".join(
        [
            "| decoder | G / C / mIoU / BF, validation | parameters | published parameters | needs "
            "| ms an image |",
            "|---|---|---|---|---|---|",
            *(_row(name, [result for result in results if result.decoder == name]) for name in names),
        ]
    )


def published_table(names: Sequence[str]) -> str:
    """The published scores of some decoders as Markdown; those that have none are left out.

    They are of CamVid's test split (drives 0001TP and Seq05VD) at 360 x 480, trained with median frequency
    balancing: arXiv 1511.00561, table 1.

    Example:
        >>> print(published_table(["segnet", "nearest"]))
        | decoder | G / C / mIoU / BF, test, published |
        |---|---|
        | SegNet-Basic | 82.7 / 62.0 / 47.7 / 35.8 |
    """
    lines = ["| decoder | G / C / mIoU / BF, test, published |", "|---|---|"]
    for known in map(DECODERS.__getitem__, dict.fromkeys(names)):
        if known.published:
            lines.append(f"| {known.title} | {' / '.join(f'{value:.1f}' for value in known.published)} |")
    return "\n".join(lines)


def _row(name: str, results: Sequence[DecoderResult]) -> str:
    """A row of the table: the results of one decoder."""
    known = DECODERS[name]
    scores = np.mean(
        [
            (
                each.evaluation.scores.global_accuracy,
                each.evaluation.scores.class_average,
                each.evaluation.scores.mean_iou,
                each.evaluation.boundary_f1 or 0.0,
            )
            for each in results
        ],
        axis=0,
    )
    milliseconds = 1000 * np.mean([each.seconds_per_image for each in results])
    cells = (
        known.title,
        " / ".join(f"{100 * value:.1f}" for value in scores),
        f"{results[0].parameters / 1e6:.3f} M",
        f"{known.parameters} M" if known.parameters else "–",
        _megabytes(results[0].storage_bytes),
        f"{milliseconds:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count else "nothing"
