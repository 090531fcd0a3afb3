"""The memory of trainings: kept from step to step, released at the end. Both change the whole process."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from typing import Any

# Parameters of glibc's mallopt: free bytes above which the heap is trimmed; how many blocks may be mapped.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_freed_memory() -> None:
    """Let each training step reuse the memory of the step before, for the rest of the process.

    glibc returns large freed blocks to the system, which clears new ones for every feature map:
    ``benchmarks/freed_memory.py`` measures how much of a training step that takes. Other systems are left
    as they are.
    """
    if sys.platform.startswith("linux"):
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(_M_MMAP_MAX, 0)
            mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def release_compiled_steps() -> None:
    """Let TensorFlow free the steps of trainings once their networks are gone.

    TensorFlow registers a gradient for each step that it compiles and never removes it, and with it keeps the
    step's graph: 4 MB for each network that was trained in a process. A step's gradients are part of its
    graph, so a compiled one needs the registration no more; steps that are being compiled keep theirs.
    """
    registered = _registered_gradients()
    for name, entry in [*registered.items()]:
        graphs = [*_graphs_of(entry.get("type"))]
        steps = [graph for graph in graphs if graph.name.startswith(("one_step_on", "multi_step_on"))]
        if steps and len(steps) == len(graphs) and all(graph.outputs for graph in steps):
            registered.pop(name, None)


def _registered_gradients() -> dict[str, Any]:
    """TensorFlow's table of gradients; empty if it is not loaded or keeps the table elsewhere."""
    ops = sys.modules.get("tensorflow.python.framework.ops")
    table = getattr(getattr(ops, "gradient_registry", None), "_registry", None)
    return table if isinstance(table, dict) else {}


def _graphs_of(function: Any, depth: int = 3) -> Iterator[Any]:
    """The graphs of the tensors that a function and those it calls hold."""
    for cell in getattr(function, "__closure__", None) or ():
        held = cell.cell_contents
        if callable(held) and depth:
            yield from _graphs_of(held, depth - 1)
        for each in held if isinstance(held, list | tuple) else (held,):
            graph = getattr(each, "graph", None)
            if hasattr(graph, "outputs"):
                yield graph
