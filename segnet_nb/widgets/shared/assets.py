"""The ES module and the style sheet of an explorer, put together from its folder and from ``shared``."""

from __future__ import annotations

import functools
from importlib import resources

_WITH_CHARTS = ("loss_lab", "training_monitor", "uncertainty_lens")


def script(explorer: str) -> str:
    """The ES module of an explorer: the shared helpers, then its own code."""
    return "\n".join(_asset(f"{part}.js") for part in _parts(explorer))


def style(explorer: str) -> str:
    """The style sheet of an explorer: the shared one, then its own."""
    return "\n".join(_asset(f"{part}.css") for part in _parts(explorer))


def _parts(explorer: str) -> list[str]:
    charts = ["shared/charts"] if explorer in _WITH_CHARTS else []
    return ["shared/common", *charts, f"{explorer}/view"]


@functools.cache
def _asset(path: str) -> str:
    return resources.files("segnet_nb.widgets").joinpath(*path.split("/")).read_text(encoding="utf-8")
