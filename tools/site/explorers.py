"""Explorers of a page in files of their own, which are loaded when a reader comes near.

In a report all is one file. Here a lesson would then be several megabytes, most of them for explorers further
down. Each becomes a script, since a page opened from disk may load scripts but no data.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from segnet_nb.reports.widget_views import starter

FOLDER = "explorers"
_STATE = re.compile(
    r'<script type="application/json" (data-(?:module="\w+"|state))>(.*?)</script>', re.DOTALL
)
_CURRENT = "document.currentScript"


def apart(markup: str, folder: Path) -> str:
    """Move what explorers need into files.

    Args:
        markup: an output as ``KeepWidgets`` makes it.
        folder: for the files; created if needed.

    Returns:
        The markup with the stored image of each explorer and the name of its file.
    """
    found = []
    for part in markup.split("<div data-standalone>"):
        pieces = _STATE.findall(part)
        if not pieces:
            found.append(part)
            continue
        start = starter().replace(_CURRENT, "place").strip().removesuffix(";")
        if _CURRENT not in starter():
            raise ValueError("The script that starts an explorer no longer takes the place of its element.")
        adds = "\n".join(f"add({attribute!r}, {_text(text)});" for attribute, text in pieces)
        script = _FILE % {"adds": adds, "start": start}
        name = hashlib.sha256(script.encode()).hexdigest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.js").write_text(script.replace("NAME", name), encoding="utf-8")
        rest = _STATE.sub("", part).replace(f"<script>{starter()}</script>", "")
        found.append(f'<div data-standalone data-explorer="{name}">{rest}')
    return "".join(found)


_FILE = """\
(() => {
  const place = document.querySelector('[data-explorer="NAME"]');
  const add = (attribute, text) => {
    const [name, value = ""] = attribute.split("=");
    if (value && document.querySelector(`[${attribute}]`)) return;
    const element = document.createElement("script");
    element.type = "application/json";
    element.setAttribute(name, value.replaceAll('"', ""));
    element.textContent = text;
    place.append(element);
  };
  %(adds)s
  const started = %(start)s;
  // Two explorers of a kind on one page get names that differ.
  started.then(() => {
    const own = place.querySelector("[aria-label].sn-explorer");
    const name = own?.getAttribute("aria-label");
    const all = [...document.querySelectorAll(".sn-explorer")];
    const same = all.filter((each) => each.getAttribute("aria-label") === name).length;
    if (own && same > 1) own.setAttribute("aria-label", `${name} ${same}`);
  });
})();
"""


def _text(content: str) -> str:
    """A string of JavaScript."""
    return json.dumps(content)
