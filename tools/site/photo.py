"""The page that segments a visitor's own photo or camera, by the real-time network, in the browser."""

from __future__ import annotations

import json
from pathlib import Path

import segnet_nb as sn
from segnet_nb.reports.page_engine import ENGINE, GPU_ENGINE, engine_text, has_engine
from segnet_nb.reports.photo_page import photo_page
from tools.site import explorers

NAME = "photo.html"
_WEIGHTS = "realtime-camvid"
_PLACE = "% the card of the page for photos\n"
_CARD = f"""\
:::{{grid-item-card}} Your own photo
:link: {NAME}
:link-type: url
:link-alt: Your own photo

A SegNet that runs in the browser, on a photo or on your camera.
:::
"""
_HEAD = '<nav><a href="index.html">segnet-nb</a></nav>'
# The page asks for an engine by an event; until then it has loaded none.
_LOADER = """\
(() => {
  for (const [name, src] of Object.entries(%s)) {
    document.addEventListener(`segnet-nb:${name}`, () => {
      const script = document.createElement("script");
      script.src = src;
      script.addEventListener("error", () => document.dispatchEvent(new Event("segnet-nb:no-engine")));
      document.head.append(script);
    });
  }
})();
"""


def with_card(index: str) -> str:
    """The text of the first page, with a card that leads to the page for photos if there will be one.

    Args:
        index: the text, with a comment at the place of the card.

    Raises:
        ValueError: if the text has no such comment.
    """
    if _PLACE not in index:
        raise ValueError(f"The first page has no line {_PLACE.strip()!r} for the card of {NAME}.")
    return index.replace(_PLACE, _CARD if has_engine() else "")


def write(folder: Path) -> None:
    """Write the page, and its engines into files beside those of the explorers; nothing without an engine."""
    if not has_engine():
        return
    offered = {"engine": ENGINE, "gpu-engine": GPU_ENGINE}
    files = {
        name: explorers.write_engine(folder / explorers.FOLDER, f"data-{name}", engine_text(path))
        for name, path in offered.items()
        if has_engine(path)
    }
    sources = {name: f"{explorers.FOLDER}/{file}.js" for name, (file, _) in files.items()}
    network = sn.probes.page_network(sn.load_pretrained(_WEIGHTS))
    page = photo_page(
        network,
        sn.datasets.CAMVID,
        title="Your own photo",
        engines='<script type="text/plain" data-gpu-engine-later></script>' * ("gpu-engine" in files),
        scripts=[_LOADER % json.dumps(sources)],
        head=_HEAD,
        notice=f"The first picture loads {files['engine'][1] / 1e6:.0f} MB. The network is {_WEIGHTS}, "
        "trained on streets seen from a car; its weights are for non-commercial use (CC BY-NC 4.0).",
    )
    (folder / NAME).write_text(page, encoding="utf-8")
