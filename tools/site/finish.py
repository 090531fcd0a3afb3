"""What is done to the pages of Sphinx: a policy for scripts, images loaded late, and a check of all links."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from segnet_nb.reports.sanitizing import source_hash

_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script>", re.DOTALL | re.IGNORECASE)
# What the theme leaves out and people with a screen reader or without a mouse need.
_ACCESSIBLE = (
    (' role="heading"', ' role="heading" aria-level="2"'),
    ('<aside class="sidebar-drawer"', '<aside class="sidebar-drawer" aria-label="Pages"'),
    ('<aside class="toc-drawer', '<aside aria-label="On this page" class="toc-drawer'),
    ("<pre>", '<pre tabindex="0">'),
    ('<div class="table-wrapper', '<div tabindex="0" role="group" aria-label="Table" class="table-wrapper'),
    ('<th class="head"><p></p></th>', '<td class="head"></td>'),
    ('<div id="search-results">', '<h1>Search</h1><div id="search-results">'),
)
_CHARSET = re.compile(r'<meta charset="utf-8"\s*/?>', re.IGNORECASE)


def policy(page: str) -> str:
    """The Content-Security-Policy of a page: scripts of the site, and by hash those that stand in the page.

    Example:
        >>> "script-src 'self' blob: 'wasm-unsafe-eval' ;" in policy("<p>no script</p>")
        True
    """
    inline = {
        source_hash(found["text"])
        for found in _SCRIPT.finditer(page)
        if "src=" not in found["attributes"] and "application/json" not in found["attributes"]
    }
    return (
        "default-src 'none'; img-src 'self' data: blob:; font-src 'self' data:; "
        "media-src 'self' data: blob:; "
        "connect-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"script-src 'self' blob: 'wasm-unsafe-eval' {' '.join(sorted(inline))}; worker-src blob:; "
        "form-action 'self'; base-uri 'none'"
    )


def finish(folder: Path) -> None:
    """Give each page its policy, make it accessible, and load images when they come into view."""
    for path in sorted(folder.rglob("*.html")):
        text = path.read_text(encoding="utf-8")
        if "Content-Security-Policy" in text:  # a report, which has its own
            continue
        text = re.sub(r"<img (?![^>]*loading=)", '<img loading="lazy" ', text)
        for before, after in _ACCESSIBLE:
            text = text.replace(before, after)
        meta = f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy(text))}">'
        text, count = _CHARSET.subn(lambda found, meta=meta: found[0] + meta, text, count=1)
        if not count:
            raise ValueError(f"{path}: no <meta charset> to put the policy after.")
        temporary = path.with_suffix(".part")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)


class _Links(HTMLParser):
    """Where a page leads, what it loads, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name in ("id", "name"):
                self.anchors.add(value)
            elif name == "href" and tag == "a":
                self.links.append(value)
            elif name in ("src", "href", "poster"):
                self.loaded.append(value)


def faults(folder: Path) -> Iterator[str]:
    """What is wrong with the links of a site: a file or an anchor that is not there, a file of another host.

    Args:
        folder: of the finished site.

    Yields:
        A sentence for each fault.
    """
    pages: dict[Path, _Links] = {}
    for path in sorted(folder.rglob("*.html")):
        if path.relative_to(folder).parts[0] == "_downloads":  # a report, to be kept as a file
            continue
        pages[path.resolve()] = _Links()
        pages[path.resolve()].feed(path.read_text(encoding="utf-8"))
    for path, page in pages.items():
        name = path.relative_to(folder.resolve())
        for link in page.loaded:
            if urlsplit(link).scheme not in ("", "data", "blob") or link.startswith("//"):
                yield f"{name} loads {link[:100]} from another host."
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                yield f"{name} leads to {link}, which is not there."
            elif parts.fragment and target in pages and not _has(pages[target], parts.fragment):
                yield f"{name} leads to {link}: the page has no such anchor."


def _has(page: _Links, fragment: str) -> bool:
    return fragment in page.anchors or unquote(fragment) in page.anchors
