"""What a worker process of this machine does before its first run; Dask loads it by its name."""

from __future__ import annotations

import logging
import signal
from typing import Any


def dask_setup(_worker: Any) -> None:
    """Leave Ctrl-C to the command, which ends its workers, and hold back logs of tasks that it cancels."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
