"""A lesson as slides, made by nbconvert: a new one for each heading, figures and formulas in the page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import nbformat
from nbconvert.exporters import SlidesExporter
from nbformat import NotebookNode
from traitlets import default

from segnet_nb.reports.html import ReportExporter
from segnet_nb.teaching.cells import METADATA
from segnet_nb.teaching.lessons import Lesson
from segnet_nb.teaching.slide_parts import CAPACITY, bare, is_heading, lines_of, parts_of

_FOR_READERS = ("course.require", "course.quiz", "course.test")  # calls that are of use in a notebook alone

TEMPLATE = """\
{%- extends 'reveal/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block header -%}
{{ super() | without_theme }}
<style>{{ resources.slide_style }}</style>
{%- endblock -%}
{%- block footer_js -%}
<script src="{{ resources.reveal.url_prefix }}/dist/reveal.js"></script>
<script>
Reveal.initialize({ hash: true, slideNumber: 'c/t', transition: 'none', width: 1280, height: 760,
  margin: 0.04, center: false });
</script>
{%- endblock -%}
"""

STYLE = """
body { background: #fff; }
:root { --jp-content-font-size1: 28px; --jp-ui-font-size1: 28px; --jp-code-font-size: 21px; }
.reveal { font: 28px/1.4 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; color: #1f2933; }
.reveal .slides { text-align: left; }
.reveal .slides section { max-height: 100%; overflow: auto; }
.reveal h1 { font-size: 2em; margin: .2em 0 .6em; }
.reveal h2 { font-size: 1.5em; margin: .1em 0 .5em; }
.reveal h3 { font-size: 1.25em; margin: .1em 0 .4em; }
.reveal p, .reveal ul, .reveal table { margin: .4em 0 .6em; }
.reveal table { border-collapse: collapse; font-size: .85em; }
.reveal th, .reveal td { padding: .2em .8em; border-bottom: 1px solid #cbd2d9; text-align: left; }
.reveal pre { font-size: 21px; line-height: 1.3; margin: 0; white-space: pre-wrap; }
.reveal img { max-width: 100%; max-height: 430px; width: auto; }
.reveal img.formula { display: inline; margin: 0; }
.reveal .formula-row { display: block; text-align: center; margin: .5em 0; }
.jp-InputPrompt, .jp-OutputPrompt { display: none; }
.jp-Cell { padding: 0 0 6px; }
.reveal p.again { margin: 0 0 .3em; font-size: .7em; color: #52606d; }
.reveal .slide-number { left: 8px; right: auto; color: #52606d; background: none; font-size: 16px; }
.reveal .controls { font-size: 7px; }
"""


class SlidePage(SlidesExporter):
    """nbconvert's slides with formulas in the page, and nothing from another host but reveal.js."""

    markdown2html = ReportExporter.markdown2html

    @default("raw_template")
    def _raw_template_default(self) -> str:
        return TEMPLATE

    @default("embed_images")
    def _embed_images_default(self) -> bool:
        return True

    def default_filters(self) -> Any:
        """Add the filter that takes the theme of reveal.js out, which ``STYLE`` replaces."""
        yield from super().default_filters()
        yield "without_theme", lambda text: re.sub(r"<link [^>]*id=\"theme\"[^>]*>", "", text)


def slides_page(lesson: Lesson, *, reveal: str | None = None) -> str:
    """The slides of a lesson as one HTML file.

    Args:
        lesson: the lesson.
        reveal: the address of a folder with reveal.js, relative to the file; None: nbconvert's, which a
            browser loads from the network.
    """
    page = SlidePage() if reveal is None else SlidePage(reveal_url_prefix=reveal)
    resources = {"metadata": {"name": lesson.name}, "slide_style": STYLE}
    text, _ = page.from_notebook_node(slides_notebook(lesson), resources)
    return text


def slides_notebook(lesson: Lesson) -> NotebookNode:
    """The lesson with slide metadata, as nbconvert reads it.

    A heading begins a new slide, and what does not fit below it continues on a slide further down. Code that
    sets something up (imports, parameters, what comes before the first section) and the checks of exercises
    are left out. Figures are kept.
    """
    cells: list[NotebookNode] = []
    filled, section = 0.0, ""
    for piece in _shown(lesson):
        size = lines_of(piece)
        if is_heading(piece):
            section = piece.source.splitlines()[0].lstrip("# ")
            _add(cells, piece, "slide")
            filled = size
        elif filled + size > CAPACITY:
            _add(cells, nbformat.v4.new_markdown_cell(f'<p class="again">{section}</p>'), "subslide")
            _add(cells, piece, "-")
            filled = 1.0 + size
        else:
            _add(cells, piece, "-")
            filled += size
    return nbformat.v4.new_notebook(cells=cells, metadata={**METADATA, "title": lesson.title})


def _shown(lesson: Lesson) -> Iterator[NotebookNode]:
    """The pieces of the lesson that are shown, in order."""
    checks = {question.number for question in lesson.questions}
    begun = False
    for place, cell in enumerate(lesson.notebook.cells):
        if cell.cell_type == "code" and (_sets_up(cell) or _is_check(cell, checks)):
            continue
        for piece in parts_of(cell):
            begun = begun or (is_heading(piece) and piece.source.startswith("##"))
            # Between the first cell and the first section there are the parameters, and what is said of them.
            if begun or place == 0:
                yield piece


def _add(cells: list[NotebookNode], piece: NotebookNode, kind: str) -> None:
    piece.metadata = NotebookNode({**piece.metadata, "slideshow": {"slide_type": kind}})
    piece.id = f"slide-{len(cells)}"
    cells.append(piece)


def _sets_up(cell: NotebookNode) -> bool:
    """Whether a cell only imports, sets parameters or checks them."""
    if "parameters" in cell.metadata.get("tags", ()) or bare(cell).startswith(_FOR_READERS):
        return True
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError:  # a magic command
        return False
    return all(isinstance(each, ast.Import | ast.ImportFrom | ast.Assert) for each in statements)


def _is_check(cell: NotebookNode, numbers: set[str]) -> bool:
    return any(bare(cell).startswith(f'course.check("{number}"') for number in numbers)
