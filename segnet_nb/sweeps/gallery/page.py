"""The page: markup, style, script and data in one file, with a policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib import resources
from typing import Any

from segnet_nb._shared import view_assets as assets
from segnet_nb.sweeps.gallery import contents
from segnet_nb.sweeps.gallery.masks import SharedImage, within_budget
from segnet_nb.sweeps.gallery.records import Sweep

# The hashes admit the script and the style of this page alone. Images lie beside it, on disk or on a server.
POLICY = (
    "default-src 'none'; img-src 'self' file:; style-src '{style}'; script-src '{script}'; "
    "base-uri 'none'; form-action 'none'"
)
ENTRY = "sweeps/gallery/main.js"


def page(sweep: Sweep, images: list[SharedImage], problems: list[str]) -> tuple[str, list[str]]:
    """The page as text, and the problems that it tells.

    Args:
        sweep: as ``read_sweep`` returns it.
        images: as ``shared_images`` returns them.
        problems: one sentence for each thing that is missing or damaged.
    """
    table = contents.table(sweep)
    histories = sum(len(_json(contents.block(run, []))) for run in sweep.runs)
    style, script = assets.page_style(ENTRY), assets.page_script(ENTRY)
    spent = sum(map(len, (style, script, _json(table)))) + histories
    shown, left_out = within_budget(images, spent, len(sweep.runs))
    problems = [*problems, *left_out]
    table |= {"images": [contents.image(one) for one in shown], "problems": problems}
    truths = {one.key: one.truth for one in shown if one.truth}
    blocks = [_data("truth", truths), *(_data(f"run-{r.key}", contents.block(r, shown)) for r in sweep.runs)]
    parts = {
        "policy": html.escape(POLICY.format(style=_digest(style), script=_digest(script)), quote=True),
        "title": html.escape(f"{sweep.name}: gallery"),
        "name": html.escape(sweep.name),
        "style": style,
        "script": script,
        # The script draws as soon as it has the table; the blocks behind it are read later.
        "table": _data("table", table),
        "blocks": "\n".join(blocks),
    }
    template = resources.files("segnet_nb.sweeps.gallery").joinpath("page.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template), problems


def _digest(text: str) -> str:
    """How a content security policy names an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _data(name: str, value: Any) -> str:
    return f'<script type="application/json" id="{name}">{_json(value)}</script>'


def _json(value: Any) -> str:
    """JSON that cannot close the script element around it, nor open a comment in it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
