"""Runs the plan of a sweep on the workers of Dask, and stores each run as it ends."""

from __future__ import annotations

import logging
import queue
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from segnet_nb._shared.errors import MissingPackageError, TaskFailedError, UserError
from segnet_nb.sweeps import worker
from segnet_nb.sweeps.limits import Limits
from segnet_nb.sweeps.plan import Plan, PlannedRun
from segnet_nb.sweeps.store import DONE, Store
from segnet_nb.sweeps.subjects import NotebookSubject

GB_OF_A_RUN = 2.0  # to size the local cluster, where the plan sets no limit
LOST_SECONDS = 20
ALLOWED_FAILURES = 10  # deaths of workers that a run survives

Say = Callable[[str], None]


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
                env={name: str(limits.threads) for name in worker.THREADS},
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
        for name in here:
            if found.get(name) != here[name]:
                has = found.get(name, "none")
                raise UserError(
                    f"the worker {address} has {name} {has}, but here it is {here[name]}. Install the same."
                )


def job_of(plan: Plan, run: PlannedRun, topic: str) -> dict[str, Any]:
    """What a worker needs to run a run."""
    subject, limits = plan.subject, plan.limits
    job = {
        "key": run.key,
        "topic": topic,
        "kind": subject.kind,
        "parameters": run.parameters,
        "timeout_seconds": limits.timeout_seconds,
        "memory_gb": limits.memory_gb,
        "threads": limits.threads,
        "cwd": str(Path.cwd()),
    }
    if isinstance(subject, NotebookSubject):
        return job | {"path": str(subject.path.absolute()), "content": subject.content}
    return job | {"config": subject.config(run.parameters)}


def execute(plan: Plan, runs: list[PlannedRun], store: Store, client: Any, say: Say) -> dict[str, str]:
    """Run what is missing and store each run as it ends.

    Returns:
        How each run ended, by key.

    Raises:
        RuntimeError: if the scheduler was lost; finished runs are stored.
        OSError: if a run cannot be stored.
    """
    topic = f"segnet-nb-sweep-{uuid.uuid4().hex[:8]}"
    messages: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
    by_key = {run.key: run for run in runs}
    client.subscribe_topic(topic, lambda event: messages.put(("event", event[1])))
    futures: dict[str, Any] = {}

    def start(key: str, attempt: int = 0) -> None:
        job = job_of(plan, by_key[key], topic)
        name = f"{topic}-{key}-{attempt}"
        resources = plan.limits.resources
        future = client.submit(worker.run_job, job, key=name, pure=False, resources=resources)
        futures[key] = future
        future.add_done_callback(lambda _: messages.put(("done", (key, attempt))))

    def again(key: str, attempt: int) -> bool:
        if attempt >= plan.limits.retries:
            return False
        start(key, attempt + 1)
        return True

    try:
        for run in runs:
            start(run.key)
        return _collect(futures, by_key, store, client, messages, say, again)
    finally:
        client.cancel(list(futures.values()))


def _collect(
    futures: dict[str, Any],
    runs: dict[str, PlannedRun],
    store: Store,
    client: Any,
    messages: queue.SimpleQueue[tuple[str, Any]],
    say: Say,
    again: Callable[[str, int], bool],
) -> dict[str, str]:
    ended: dict[str, str] = {}
    started = last_seen = time.monotonic()
    while futures:
        if client.status == "running":
            last_seen = time.monotonic()
        elif time.monotonic() - last_seen > LOST_SECONDS or client.status == "closed":
            raise _lost(len(ended), len(runs))
        try:
            what, content = messages.get(timeout=0.5)
        except queue.Empty:
            continue
        if what == "event":
            say(f"{content['key']}  {content['state']}  {_described(runs[content['key']])}")
            continue
        key, attempt = content
        future = futures.pop(key)
        if future.status in ("cancelled", "lost"):
            raise _lost(len(ended), len(runs))
        record = _stored(store, key, future)
        if record["state"] not in DONE and again(key, attempt):
            say(f"{key}  {record['state']}, run again: {record['error']}")
            continue
        ended[key] = record["state"]
        left = (time.monotonic() - started) / len(ended) * len(futures)
        score = record["scores"].get("mean_iou")
        parts = [record["state"], f"{record['seconds']:.0f} s"]
        parts += [f"mIoU {score:.3f}"] if score is not None else []
        parts += [record["error"]] if record["error"] else []
        say(f"{key}  {', '.join(parts)}  ({len(ended)} of {len(runs)}, {left:.0f} s left)")
    return ended


def _stored(store: Store, key: str, future: Any) -> dict[str, Any]:
    try:
        archive, digest = future.result()
    except Exception as error:  # its workers died too often, or a bug
        return {"state": "failed", "seconds": 0, "scores": {}, "error": f"{type(error).__name__}: {error}"}
    return store.put(key, archive, digest)


def _described(run: PlannedRun) -> str:
    return " ".join(f"{name}={value}" for name, value in run.parameters.items())


def _lost(done: int, total: int) -> TaskFailedError:
    return TaskFailedError(
        f"the connection to Dask's scheduler was lost; {done} of {total} runs are stored. Run the same "
        "command again: it runs what is missing."
    )
