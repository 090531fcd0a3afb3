"""``segnet-nb sweep``: run a notebook or a training with many parameters."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser("sweep", help="run a notebook or a training with many parameters")
    parser.add_argument("sweep", type=Path, metavar="SWEEP.yml")
    parser.add_argument(
        "--output-dir",
        type=Path,
        metavar="DIR",
        help="folder of the runs and the gallery (default: reports/NAME)",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask scheduler such as tcp://host:8786 (default: processes of this machine)",
    )
    parser.add_argument(
        "--workers", type=int, metavar="INT", help="local processes (default: by cores and memory)"
    )
    parser.add_argument("--dry-run", action="store_true", help="check, describe and stop")


def run(options: argparse.Namespace) -> int:
    """Run what is missing; 1 if a run did not finish."""
    from segnet_nb.sweeps.sweeping import sweep

    done = sweep(
        options.sweep,
        options.output_dir,
        scheduler=options.scheduler,
        workers=options.workers,
        dry_run=options.dry_run,
    )
    return 0 if options.dry_run or done.is_complete else 1
