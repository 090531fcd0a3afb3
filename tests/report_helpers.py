"""Shared by the tests of reports: notebooks to run, and the resources that a page would load."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = """\
epochs: int = 3  # the full run: 80
rate: float = 0.1  # of learning
augment: bool = True
decoder: Literal["full", "small"] = "full"  # which decoder
size: tuple[int, int] = (180, 240)
limit: int | None = None  # images; None: all
label = "a=b # c"  # a name
"""


def write_notebook(
    folder: Path, *sources: str, parameters: str | None = None, path: str = "in/lesson.ipynb"
) -> Path:
    """Write a notebook: text is a code cell, text from '#M ' on is Markdown."""
    cells = [
        new_markdown_cell(source[3:]) if source.startswith("#M ") else new_code_cell(source)
        for source in sources
    ]
    if parameters is not None:
        tagged = new_code_cell(parameters, metadata={"tags": ["parameters"]})
        titled = bool(cells) and cells[0].cell_type == "markdown"
        cells.insert(1 if titled else 0, tagged)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), target)
    return target


class Requests(HTMLParser):
    """Collects the resources that a browser would load with the page."""

    LOADED = ("src", "srcset", "data", "poster", "background")
    CODE = re.compile(r"""(?:url\(|@import\s|import\(|from\s)\s*["']?\s*((?:https?:)?//[^\s"')]+)""")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        for name, value in attrs:
            fetched = name in self.LOADED or (name.endswith("href") and tag != "a")
            if fetched and re.match(r"\s*(https?:)?//", value or ""):
                self.found.append(f"<{tag} {name}={value}>")
            if name == "style":
                self.found += self.CODE.findall(value or "")

    def handle_data(self, data: str) -> None:
        if self._inside in ("style", "script"):
            self.found += self.CODE.findall(data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def requests_of(page: str) -> list[str]:
    parser = Requests()
    parser.feed(page)
    return parser.found
