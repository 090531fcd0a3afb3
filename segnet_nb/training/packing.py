"""The best weights of a run as a file of pretrained weights with its card."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import UserError
from segnet_nb._shared.files import write_whole
from segnet_nb.inference import pretrained, weight_files
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.run import Run


def validated_on(config: TrainConfig) -> str:
    """What the validation scores of a run were measured on: for CamVid, which drives.

    Example:
        >>> validated_on(TrainConfig(dataset="camvid", hold_out=("0006R0",)))
        'training images of camvid, held out of training: 0006R0'
    """
    if config.hold_out:
        return f"training images of {config.dataset}, held out of training: {', '.join(config.hold_out)}"
    if config.dataset == "camvid":
        return (
            f"CamVid's validation split: {config.val_count or 101} images of the drive 0016E5; 204 of the "
            "367 training images are of it, too"
        )
    name = "synthetic scenes" if config.dataset == "synthetic" else Path(config.dataset).name
    return f"{name}, validation split"


def pack(run: Run, name: str, *, command: str, licence: str, directory: Path | None = None) -> Path:
    """Write the best weights of a run and their card, so that ``load_pretrained`` finds them.

    Args:
        run: a finished run.
        name: what the set will be called.
        command: the command that trained the run, for the card.
        licence: the license of the weights.
        directory: where to write; None: where ``load_pretrained`` reads.

    Returns:
        The path of the card.

    Raises:
        ValueError: if the run has no completed epoch.
    """
    if not run.best_epoch:
        raise UserError("the run has no completed epoch, so nothing to pack. Train it first.")
    directory = directory or pretrained.directory()
    content = weight_files.packed(run.model)
    about = {
        "name": name,
        "num_classes": int(run.model.output_shape[-1]),
        "parameters": int(run.model.count_params()),
        "command": command,
        "licence": licence,
        "validation": {k: v for k, v in run.best.items() if k != "seconds"},
        "validated_on": validated_on(run.config),
        "minutes": round(sum(run.curve("seconds")) / 60, 1),
        "history": [_rounded(epoch) for epoch in run.history],
        "config": run.config.to_dict(),
        **({"offsets": run.adjustment["offsets"]} if run.is_adjusted else {}),
        "versions": run.versions,
        "classes": run.classes and run.classes.to_dict(),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    write_whole(directory / f"{name}.safetensors", content)
    write_whole(directory / f"{name}.json", json.dumps(about, indent=1) + "\n")
    return directory / f"{name}.json"


def _rounded(epoch: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 5) if isinstance(value, float) else value for name, value in epoch.items()}
