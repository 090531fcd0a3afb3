"""Explorers of a page in files of their own, which are loaded when a reader comes near.

In a report all is one file. Here a lesson would then be several megabytes, most of them for explorers further
down. Each becomes a script, since a page opened from disk may load scripts but no data. Those that run a
network share the engine, in a file that is loaded when a reader starts one of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from segnet_nb.reports.widget_views import starter

FOLDER = "explorers"
_PIECE = re.compile(r'<script type="(?:application/json|text/plain)" (data-[^>]*)>(.*?)</script>', re.DOTALL)
_SHARED = ("data-engine", "data-page-worker", "data-page-host")
_CURRENT = "document.currentScript"


def apart(markup: str, folder: Path) -> str:
    """Move what explorers need into files.

    Args:
        markup: an output as ``KeepWidgets`` makes it.
        folder: for the files; created if needed.

    Returns:
        The markup with the stored image of each explorer and the names of its files.
    """
    if _CURRENT not in starter():
        raise ValueError("The script that starts an explorer no longer takes the place of its element.")
    first, *explorers = markup.split("<div data-standalone>")
    return first + "".join(_one(each, folder) for each in explorers)


def _one(markup: str, folder: Path) -> str:
    pieces = _PIECE.findall(markup)
    start = starter().replace(_CURRENT, "place").strip().removesuffix(";")
    later = any(_needs_engine_later(text) for attribute, text in pieces if attribute == "data-state")
    shared = ("data-engine",) if later else _SHARED
    own = [piece for piece in pieces if piece[0] not in shared]
    name, size = _write(folder, _EXPLORER, own, start)
    attributes = f'data-explorer="{name}"'
    if later:
        engine, _ = _write(folder, _ENGINE, [piece for piece in pieces if piece[0] in shared])
        attributes += f' data-later="{engine}"'
    elif len(own) < len(pieces):
        engine, more = _write(folder, _ENGINE, [piece for piece in pieces if piece[0] in _SHARED])
        megabytes = (size + more) / 1e6
        attributes += f' data-needs="{engine}" data-megabytes="{megabytes:.0f}"'
    rest = _PIECE.sub("", markup).replace(f"<script>{starter()}</script>", "")
    return f"<div data-standalone {attributes}>{rest}"


def write_engine(folder: Path, attribute: str, text: str) -> tuple[str, int]:
    """Write a script that adds an engine to the page; its name, and its size in bytes.

    Args:
        folder: for the file; created if needed.
        attribute: by which a page finds the engine.
        text: of the engine.
    """
    return _write(folder, _ENGINE, [(attribute, text)])


def _needs_engine_later(state: str) -> bool:
    """Whether an explorer works without the engine but for its button for new samples."""
    saved = json.loads(state)
    return bool(saved.get("live") and saved["state"].get("can_sample"))


def _write(folder: Path, template: str, pieces: list[tuple[str, str]], start: str = "") -> tuple[str, int]:
    """Write a script that puts elements into the page; its name and its size in bytes."""
    adds = "\n  ".join(f"add({json.dumps(attribute)}, {json.dumps(text)});" for attribute, text in pieces)
    script = template % {"add": _ADD, "adds": adds, "start": start}
    name = hashlib.sha256(script.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.js").write_text(script.replace("NAME", name), encoding="utf-8")
    return name, len(script)


_ADD = """\
const add = (attribute, text) => {
    if (attribute !== "data-state" && document.querySelector(`[${attribute}]`)) return;
    const [name, value = ""] = attribute.split("=");
    const element = document.createElement("script");
    element.type = "text/plain";
    element.setAttribute(name, value.replaceAll('"', ""));
    element.textContent = text;
    place.append(element);
  };"""

_ENGINE = """\
(() => {
  const place = document.body;
  %(add)s
  %(adds)s%(start)s
})();
"""

_EXPLORER = """\
(() => {
  // The same explorer may be shown twice on a page.
  const place = document.querySelector('[data-explorer="NAME"][data-wanted]:not([data-started])');
  place.dataset.started = "";
  %(add)s
  %(adds)s
  const started = %(start)s;
  // Two explorers of a kind on one page get names that differ.
  started.then(() => {
    const own = place.querySelector("[aria-label].sn-explorer");
    const name = own?.getAttribute("aria-label");
    const all = [...document.querySelectorAll(".sn-explorer")];
    const same = all.filter((each) => each.getAttribute("aria-label").startsWith(name)).length;
    if (own && same > 1) own.setAttribute("aria-label", `${name} ${same}`);
  });
})();
"""
