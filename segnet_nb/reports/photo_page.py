"""A page that segments the reader's own photo or camera: one file that opens from disk without a network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segnet_nb._shared import view_assets
from segnet_nb._shared.errors import UserRuntimeError
from segnet_nb._shared.files import write_whole
from segnet_nb.datasets.classes import ClassList
from segnet_nb.reports import sanitizing
from segnet_nb.reports.page_engine import GPU_ENGINE, engine_text, has_engine

if TYPE_CHECKING:
    from segnet_nb.probes.page_parts import PageNetwork


def write_photo_page(
    path: str | Path,
    network: PageNetwork,
    classes: ClassList,
    *,
    title: str = "Your own photo",
    gpu: bool = False,
) -> Path:
    """Write a page that shows the classes of a photo that is chosen, dropped or pasted, or of a camera.

    The network runs in the page, in a worker. Frames of the camera that come while one is computed are
    dropped. Nothing is fetched, and the Content-Security-Policy of the page lets it send nothing.

    Args:
        path: file to write.
        network: ``segnet_nb.probes.page_network(model)``, best of a fast model.
        classes: names and colours of its classes.
        title: of the page.
        gpu: whether the page also holds an engine for graphics processors, by WebGPU, 5.6 MB more. It is
            used where the browser has WebGPU, JavaScript Promise Integration and a real graphics processor;
            elsewhere the page computes on the processor as it does without this option.

    Returns:
        The path.

    Raises:
        RuntimeError: if this installation has no engine for pages.
    """
    if not has_engine() or (gpu and not has_engine(GPU_ENGINE)):
        raise UserRuntimeError(
            "this installation has no engine to run a network in a page. In a clone, run python "
            "tools/build_engine.py where npm can be reached."
        )
    engines = f'<script type="text/plain" data-engine>{engine_text()}</script>'
    if gpu:
        engines += f'<script type="text/plain" data-gpu-engine>{engine_text(GPU_ENGINE)}</script>'
    path = Path(path)
    write_whole(path, photo_page(network, classes, title=title, engines=engines).encode())
    return path


def photo_page(
    network: PageNetwork,
    classes: ClassList,
    *,
    title: str,
    engines: str,
    scripts: Sequence[str] = (),
    head: str = "",
    notice: str = "",
) -> str:
    """The HTML of ``write_photo_page``, with engines that it holds or, on a website, loads when needed.

    Args:
        network: ``segnet_nb.probes.page_network(model)``.
        classes: names and colours of its classes.
        title: of the page, text.
        engines: HTML elements that hold the engines or offer them, see ``web/engine.js``.
        scripts: of the page, before its own; with any, the page may load scripts of its own host.
        head: HTML before the heading.
        notice: text after the one that says that nothing leaves the machine.
    """
    parts = [network.encoder, *network.decoder]
    assets = {hashlib.sha256(each).hexdigest()[:16]: base64.b64encode(each).decode() for each in parts}
    encoder, *decoder = ({"asset": hashlib.sha256(each).hexdigest()[:16]} for each in parts)
    page = {
        "kind": "prediction",
        "network": {"encoder": encoder, "decoder": decoder, "probabilities": network.probabilities},
        "images": [],
        "names": list(classes.names),
        "palette": classes.palette.tolist(),
        "notice": notice,
    }
    own_host = ["'self'"] if scripts else []
    scripts = [*scripts, view_assets.page_script("web/photo.js")]
    allowed = " ".join((*own_host, *map(sanitizing.source_hash, scripts)))
    policy = (
        f"default-src 'none'; img-src blob:; media-src blob:; style-src 'unsafe-inline'; "
        f"script-src {allowed} blob: 'wasm-unsafe-eval'; worker-src blob:; "
        "form-action 'none'; base-uri 'none'"
    )
    heading = html.escape(title)
    held = "".join(
        f'<script type="text/plain" data-asset="{name}">{text}</script>' for name, text in assets.items()
    )
    run = "".join(f"<script>{script}</script>" for script in scripts)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">'
        f'<meta name="viewport" content="width=device-width"><title>{heading}</title>'
        f"<style>{view_assets.page_style('web/photo.js')}</style>{head}<main><h1>{heading}</h1></main>{held}"
        f'{engines}<script type="application/json" data-page-worker>'
        f"{_json(view_assets.page_script('web/worker.js'))}</script>"
        f'<script type="application/json" data-photo-page>{_json(page)}</script>'
        f"{run}</html>\n"
    )


def _json(value: object) -> str:
    """JSON that cannot close the script element around it."""
    return json.dumps(value, separators=(",", ":")).replace("</", "<\\/").replace("<!--", "<\\u0021--")
