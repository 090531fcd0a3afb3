"""Whether what is shown shall live on in a page: a report says so to the kernel that it starts."""

from __future__ import annotations

import os

VARIABLE = "SEGNET_NB_LIVING_PAGE"
"""Set to 1 in the environment of a report's kernel, where the engine for networks in pages is installed."""


def wanted() -> bool:
    """Whether explorers shall hold all that a page without a kernel needs."""
    return os.environ.get(VARIABLE) == "1"
