"""Widgets that keep working in an HTML page without a kernel and without a network.

An executed notebook contains the state of its widgets. Here each output with a widget that is marked as
``standalone`` is replaced by its state, its own module and a small model, all inside the page. Every other
widget is shown as the image that is stored with it, and so is one whose module is not one of this package:
a notebook can hold any program there.
"""

from __future__ import annotations

import base64
import copy
import functools
import hashlib
import html
import json
import secrets
from collections.abc import Iterator
from importlib import resources
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from segnet_nb._shared import view_assets
from segnet_nb._shared.scripts import without_comments
from segnet_nb.reports.page_engine import engine_text, has_engine

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
OWN = "own_markup"  # in nbconvert's resources: this package's markup, by what stands for it in the page
_REFERENCE = "IPY_MODEL_"


class KeepWidgets(Preprocessor):
    """Replaces the views of widgets by HTML that works in the page, or by their stored image.

    Args:
        trusted: keep widgets with any module, not only those of this package.
        **options: traits of nbconvert's preprocessor.
    """

    def __init__(self, *, trusted: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.trusted = trusted

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook with the views of its widgets replaced."""
        models = _object(_object(_object(nb.metadata, "widgets"), STATE), "state")
        modules: set[str] = set()
        for cell in nb.cells:
            for output in cell.get("outputs", ()):
                data = output.get("data", {})
                if VIEW not in data:
                    continue
                found = list(_standalone(models, _object(data, VIEW).get("model_id", ""), set()))
                del data[VIEW]
                if not self.trusted:
                    found = [model for model in found if _is_own(model["state"])]
                if found:
                    pages = [_html(model, modules, data) for model in found]
                    for kind in ("image/png", "image/jpeg"):
                        data.pop(kind, None)
                    data["text/html"] = self._kept("\n".join(pages), resources)
        return nb, resources

    def _kept(self, markup: str, resources: dict[str, Any]) -> str:
        """The markup of a widget, or what stands for it while the notebook's own is sanitized."""
        if self.trusted:
            return markup
        token = secrets.token_hex(16)
        resources.setdefault(OWN, {})[token] = markup
        return token


@functools.cache
def _own() -> frozenset[tuple[str, str]]:
    """Modules and style sheets of this package's explorers."""
    return frozenset((view_assets.script(each), view_assets.style(each)) for each in view_assets.explorers())


def _is_own(state: dict[str, Any]) -> bool:
    return (state["_esm"], state.get("_css", "")) in _own()


def _object(parent: Any, key: Any) -> dict[str, Any]:
    """An object inside another one; empty if there is something else, as in a file that was changed."""
    found = parent.get(key) if isinstance(key, str) else None
    return found if isinstance(found, dict) else {}


def _standalone(models: dict[str, Any], model_id: Any, seen: set[str]) -> Iterator[dict[str, Any]]:
    """The standalone widgets of a view, in order: the widget itself, or those inside a box."""
    state = _object(_object(models, model_id), "state")
    if not state or model_id in seen:  # a box that is inside itself
        return
    seen.add(model_id)
    texts = (state.get("_esm"), state.get("_css", ""))
    if all(isinstance(each, str) for each in texts) and texts[0] and state.get("standalone"):
        yield models[model_id]
    children = state.get("children")
    for child in children if isinstance(children, list) else ():
        if isinstance(child, str) and child.startswith(_REFERENCE):
            yield from _standalone(models, child.removeprefix(_REFERENCE), seen)


def _html(model: dict[str, Any], modules: set[str], data: dict[str, Any]) -> str:
    """One widget: its module and style unless the page has them already, its state, and its start script."""
    state = {name: value for name, value in model["state"].items() if not _is_of_protocol(name)}
    module, css = model["state"]["_esm"], model["state"].get("_css", "")
    key = hashlib.sha256((module + css).encode()).hexdigest()[:16]
    live = isinstance(state.get("_page"), dict) and bool(state["_page"]) and has_engine()
    buffers, assets = _sorted_buffers(model, state) if live else (_buffers(model), [])
    if not live:
        state.pop("_page", None)
        buffers = [each for each in buffers if each["path"][:1] != ["_page"]]
    parts = [f"<div data-standalone>{_fallback(data)}<div data-view></div>"]
    if live:
        parts += _live_parts(assets, modules)
    if key not in modules:
        modules.add(key)
        harmless = css.replace("</", "<\\/")
        parts.append(f"<style>{harmless}</style>")
        parts.append(f'<script type="application/json" data-module="{key}">{_json(module)}</script>')
    payload = _json({"state": state, "buffers": buffers, "module": key, "live": live})
    parts.append(f'<script type="application/json" data-state>{payload}</script>')
    parts.append(f"<script>{starter()}</script></div>")
    return "".join(parts)


def _buffers(model: dict[str, Any]) -> list[dict[str, Any]]:
    """The bytes of a saved widget as base64, each with its path in the state."""
    return [
        {"path": buffer["path"], "data": str(buffer["data"]).replace("\n", "")}
        for buffer in model.get("buffers") or ()
        if isinstance(buffer, dict) and {"path", "data"} <= buffer.keys()
    ]


def _sorted_buffers(
    model: dict[str, Any], state: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Buffers of the widget, and by name those of its live network; the state gets their names."""
    buffers, assets = [], []
    state["_page"] = copy.deepcopy(state["_page"])
    for buffer in _buffers(model):
        if buffer["path"][:1] != ["_page"]:
            buffers.append(buffer)
            continue
        name = hashlib.sha256(buffer["data"].encode()).hexdigest()[:16]
        _put(state, buffer["path"], {"asset": name})
        assets.append((name, buffer["data"]))
    return buffers, assets


def _is_of_protocol(name: str) -> bool:
    """Whether a trait is for widget managers, and not one of the widget's own."""
    return name.startswith(("_model_", "_view_", "_anywidget_")) or name in ("_esm", "_css", "_dom_classes")


def _put(state: dict[str, Any], path: list[Any], value: Any) -> None:
    """Put a value at a path into nested dicts and lists."""
    inner: Any = state
    for key in path[:-1]:
        inner = inner[key]
    if isinstance(inner, list):  # its binary items are left out, so that it may be too short
        inner += [None] * (path[-1] + 1 - len(inner))
    inner[path[-1]] = value


def _live_parts(assets: list[tuple[str, str]], held: set[str]) -> Iterator[str]:
    """The engine, its worker and what it works on, each once in a page.

    Args:
        assets: names and base64.
        held: names of what the page has already; those of new ones are added.
    """
    for name, content in assets:
        if name not in held:
            held.add(name)
            # Base64 is checked, since nothing else may stand here.
            checked = base64.b64encode(base64.b64decode(content, validate=True)).decode()
            yield f'<script type="text/plain" data-asset="{name}">{checked}</script>'
    if "engine" not in held:
        held.add("engine")
        yield f'<script type="text/plain" data-engine>{engine_text()}</script>'
        worker, host = view_assets.page_script("web/worker.js"), view_assets.control_script("web/host.js")
        yield f'<script type="application/json" data-page-worker>{_json(worker)}</script>'
        yield f'<script type="application/json" data-page-host>{_json(host)}</script>'


def _fallback(data: dict[str, Any]) -> str:
    """The stored image or text, shown until the module has drawn, and where scripts are disabled."""
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            content = html.escape(str(data[kind]).replace("\n", ""))
            text = html.escape(str(data.get("text/plain", "")))
            return f'<img data-fallback alt="{text}" src="data:{kind};base64,{content}">'
    text = str(data.get("text/plain", ""))
    return f"<pre data-fallback>{html.escape(text)}</pre>" if text else ""


def _json(value: Any) -> str:
    """JSON that cannot close the script element around it."""
    return json.dumps(value, separators=(",", ":")).replace("</", "<\\/").replace("<!--", "<\\u0021--")


@functools.cache
def starter() -> str:
    """The script that starts a widget; the same for all, so that a page can allow it by its hash.

    Example:
        >>> "createObjectURL" in starter(), "<" in starter().replace("=>", "").replace("<script", "")
        (True, False)
    """
    source = resources.files("segnet_nb.reports").joinpath("widget_views.js").read_text(encoding="utf-8")
    return without_comments(source)
