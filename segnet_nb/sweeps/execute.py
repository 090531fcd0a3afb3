"""The workers of Dask that a sweep runs on: found, or started on this machine, and checked."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from segnet_nb._shared.errors import MissingPackageError, UserError
from segnet_nb.sweeps import supervising, worker
from segnet_nb.sweeps.limits import Limits

GB_OF_A_RUN = 2.0  # to size the local cluster, where the plan sets no limit
ALLOWED_FAILURES = 10  # deaths of workers that a run survives


def local_slots(limits: Limits, runs: int) -> int:
    """How many runs fit this machine side by side, by cores and memory; at least 1."""
    from dask.system import CPU_COUNT
    from distributed.system import MEMORY_LIMIT

    gigabytes = limits.memory_gb or GB_OF_A_RUN
    fit = min(CPU_COUNT // limits.threads, int(MEMORY_LIMIT / 1e9 / gigabytes))
    return max(1, min(fit, runs))


@contextmanager
def connected(limits: Limits, runs: int, scheduler: str | None, workers: int | None) -> Iterator[Any]:
    """A client of the scheduler, or of a cluster of local processes that ends with the block.

    Raises:
        ModuleNotFoundError: if Dask is not installed.
        ValueError: if the scheduler cannot be reached, or a worker has other packages.
    """
    try:
        from dask import config
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingPackageError("workers need Dask. Run: pip install 'segnet-nb[sweep]'") from error
    # Logs of lost connections would repeat for every run what one sentence says.
    settings = {
        "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
        "distributed.admin.large-graph-warning-threshold": "1TB",  # inputs are sent on purpose
        "logging.distributed": "critical",
    }
    with config.set(settings), _quiet_logs():
        if scheduler is not None:
            try:
                client = Client(scheduler, timeout=10, set_as_default=False)
            except (OSError, ValueError) as error:
                raise UserError(
                    f"no scheduler answers at {scheduler} ({error}). Start it, or omit it."
                ) from None
            with client:
                yield client
            return
        resources = dict(limits.resources or {})
        with (
            LocalCluster(
                n_workers=workers or local_slots(limits, runs),
                threads_per_worker=1,
                memory_limit=None,
                dashboard_address="127.0.0.1:0",
                resources=resources,
                env={name: str(limits.threads) for name in supervising.THREADS},
                preload=["segnet_nb.sweeps.local_worker"],
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Hold back the logs of this process: Dask reads its configuration of them only when it is imported."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [each.level for each in loggers]
    try:
        for each in loggers:
            each.setLevel(logging.CRITICAL)
        yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)


def check_workers(client: Any) -> None:
    """Raise if a worker lacks this package or has other versions.

    Raises:
        ValueError: naming the worker, the package and both versions.
    """
    here = worker.versions_here()
    for address, found in client.run(worker.versions_here, on_error="return").items():
        if not isinstance(found, dict):
            raise UserError(f"the worker {address} cannot run segnet-nb: {found}. Install it there.")
        if other := worker.other_version(here, found):
            raise UserError(f"the worker {address} has {other}. Install the same.")
