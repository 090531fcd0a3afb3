"""Markup of a notebook without what could run, send or leave: only what shows something stays.

The work is done by nh3, a binding of the sanitizer Ammonia, on the whole body of a page, so that no place of
nbconvert's templates that inserts a text as it is has to be known.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping
from typing import Any

import nh3
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

SVG = "image/svg+xml"

_TAGS = nh3.ALLOWED_TAGS | {"audio", "figure", "main", "section", "source", "video"}
_EVERYWHERE = {"class", "id", "style", "title", "lang", "dir", "role", "tabindex", "hidden"}
_ATTRIBUTES = {
    **{tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()},
    "*": _EVERYWHERE,
    "a": {"href", "download"},
    "img": {"src", "alt", "width", "height"},
    "video": {"src", "controls", "loop", "muted", "autoplay", "width", "height", "poster"},
    "audio": {"src", "controls"},
    "source": {"src", "type"},
    "div": {"data-type"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "details": {"open"},
}
# Nothing that lifts an element out of its place, over other cells or over the browser's own.
_STYLES = {
    *("color", "background", "background-color", "opacity", "display", "visibility", "float", "clear"),
    *("width", "height", "min-width", "min-height", "max-width", "max-height", "overflow", "overflow-x"),
    *("margin", "margin-top", "margin-right", "margin-bottom", "margin-left", "vertical-align"),
    *("padding", "padding-top", "padding-right", "padding-bottom", "padding-left", "text-align"),
    *("border", "border-top", "border-right", "border-bottom", "border-left", "border-color"),
    *("border-collapse", "border-radius", "border-spacing", "border-style", "border-width"),
    *("font", "font-family", "font-size", "font-style", "font-weight", "line-height", "white-space"),
    *("gap", "flex", "flex-wrap", "flex-direction", "align-items", "justify-content", "list-style"),
    *("grid-template-columns", "text-decoration", "text-indent", "image-rendering", "aspect-ratio"),
}


def safe_body(body: str, own: Mapping[str, str] | None = None) -> str:
    """The body of a page without scripts, forms, frames, style sheets, redirections and handlers of events.

    Args:
        body: from after ``<body`` to the end of the page.
        own: markup of this package, by the text that stands for it in the body; it is put in as it is.

    Example:
        >>> safe_body("><p onclick='go()'>Hi<script>go()</script></p></body></html>")
        '><p>Hi</p></body></html>'
    """
    opening, _, content = body.partition(">")
    content = safe(content.rpartition("</body>")[0] or content)
    for token, markup in (own or {}).items():
        content = content.replace(token, markup, 1)
    kept = safe(f"<div{opening}>").removeprefix("<div").partition(">")[0]
    return f"{kept}>{content}</body></html>"


def safe(markup: str) -> str:
    """Markup without anything that could run, send or leave.

    Example:
        >>> safe('<a href="javascript:go()">here</a> <img src="data:image/gif;base64,R0=" onload="go()">')
        '<a>here</a> <img src="data:image/gif;base64,R0=">'
    """
    return nh3.clean(
        markup,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        generic_attribute_prefixes={"aria-", "data-mime", "data-jp-"},
        attribute_filter=_checked,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel=None,
    )


def _checked(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute; None removes it.

    What is shown is part of the page, and what is part of the page is no place to go to. A style sets nothing
    that would have to be fetched; a backslash could hide that it does.
    """
    in_page = value.strip().lower().startswith("data:")
    if name in ("src", "poster"):
        return value if in_page else None
    if name == "href":
        return None if in_page else value
    if name == "style":
        return None if "url" in value.lower() or "\\" in value else value
    return value


class DrawingsAsImages(Preprocessor):
    """Shows SVG as an image, in which scripts do not run and links lead nowhere."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Return the notebook with its drawings as images."""
        for cell in nb.cells:
            for output in cell.get("outputs", ()):
                data = output.get("data", {})
                if SVG in data:
                    content = base64.b64encode("".join(data.pop(SVG)).encode()).decode()
                    text = html.escape("".join(data.get("text/plain", "")))
                    data.setdefault("text/html", f'<img alt="{text}" src="data:{SVG};base64,{content}">')
        return nb, resources


def source_hash(script: str) -> str:
    """The source expression by which a Content-Security-Policy allows one inline script.

    Example:
        >>> source_hash("go()")
        "'sha256-5KYv+PUboo5h+0+YAtGRPbwv5d/QxzHslP4YGnUaxRw='"
    """
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
