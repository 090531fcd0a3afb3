"""Choices of speed-ups that earlier trainings measured, one small file for each machine and network."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from segnet_nb._shared.files import write_whole
from segnet_nb._shared.versions import versions_of
from segnet_nb.training.config import TrainConfig
from segnet_nb.training.speed import onednn

if TYPE_CHECKING:
    import keras

# Lines of Linux's /proc/cpuinfo that tell processors apart; a name like "Xeon Processor" alone does not.
_PROCESSOR = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags", "CPU part", "Features")
# Fields of a configuration that a step's time depends on.
_CONFIG = (
    "network",
    "decoder",
    "dropout",
    "loss",
    "optimizer",
    "image_size",
    "batch_size",
    "sampled_statistics",
)


def directory() -> Path:
    """Where the choices are kept: ``SEGNET_NB_CACHE``, or the user's cache folder."""
    given = os.environ.get("SEGNET_NB_CACHE")
    return Path(given or platformdirs.user_cache_dir("segnet-nb", appauthor=False)) / "speed-ups"


def key(model: keras.Model, config: TrainConfig) -> dict[str, Any]:
    """What the time of a training step depends on: machine, versions, network, and sizes."""
    fields = config.to_dict()
    return {
        "processor": processor(),
        "processors": _available_processors(),
        "onednn": os.environ.get(onednn.VARIABLE),
        "versions": versions_of("segnet-nb", "keras", "tensorflow", "numpy"),
        "config": {name: fields[name] for name in _CONFIG},
        "weights": [
            [type(layer).__name__, *(list(w.shape) for w in layer.weights)] for layer in model.layers
        ],
    }


def processor() -> str:
    """The model of the processor with its instruction sets, as far as the system tells."""
    with suppress(OSError):
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0]
        lines = [line for line in first.splitlines() if line.partition(":")[0].strip() in _PROCESSOR]
        if lines:
            return "\n".join(lines)
    return f"{platform.machine()} {platform.processor()}"


def _available_processors() -> int:
    """Those that this process may use: fewer than the machine has, in a container or under ``taskset``."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def read(key: dict[str, Any]) -> dict[str, Any] | None:
    """The choice for a key; None if there is none, or its file cannot be read."""
    try:
        stored = json.loads(_path(key).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(stored, dict) or stored.get("key") != _plain(key):
        return None
    choice = stored.get("choice")
    return choice if isinstance(choice, dict) else None


def write(key: dict[str, Any], choice: dict[str, Any]) -> None:
    """Keep a choice for the next training; a folder that cannot be written to keeps nothing."""
    content = json.dumps({"key": _plain(key), "choice": choice}, indent=1) + "\n"
    with suppress(OSError):
        write_whole(_path(key), content, concurrent=True)


def _path(key: dict[str, Any]) -> Path:
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    return directory() / f"{digest[:24]}.json"


def _plain(key: dict[str, Any]) -> Any:
    """As JSON gives it back."""
    return json.loads(json.dumps(key))
