"""The page of a report asks nothing of a network, whatever the notebook holds."""

from __future__ import annotations

import base64
import doctest
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from segnet_nb import reports
from segnet_nb.reports import formulas as _report_math
from tests.report_helpers import requests_of

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def page_of(path: Path, *cells: Any, **metadata: Any) -> str:
    nbformat.write(new_notebook(cells=list(cells), metadata=metadata), path)
    return reports.write_html(path).read_text(encoding="utf-8")


def test_the_page_fetches_nothing(tmp_path):
    (tmp_path / "pixel.png").write_bytes(PIXEL)
    view = {"model_id": "m1", "version_major": 2, "version_minor": 0}
    widget = {"application/vnd.jupyter.widget-view+json": view, "text/plain": "Explorer(5)"}
    state = {"m1": {"model_name": "M", "model_module": "m", "state": {"secret": 1}}}
    page = page_of(
        tmp_path / "a.ipynb",
        new_markdown_cell("# Pooling\n\n![here](pixel.png) ![there](https://example.org/x.png)"),
        new_markdown_cell("```mermaid\ngraph TD; A-->B\n```\n\n$a_i$ and [a link](https://a.org)"),
        new_code_cell("w", execution_count=1, outputs=[new_output("display_data", data=widget)]),
        widgets={"application/vnd.jupyter.widget-state+json": {"state": state}},
    )
    assert requests_of(page) == []
    assert "default-src 'none'" in page
    assert base64.b64encode(PIXEL).decode() in page
    assert '<a href="https://example.org/x.png">there</a>' in page
    assert "Explorer(5)" in page
    assert "secret" not in page
    assert "<title>Pooling</title>" in page


def test_the_check_of_the_page_sees_what_nbconvert_fetches(tmp_path):
    from nbconvert.exporters import HTMLExporter

    page, _ = HTMLExporter().from_notebook_node(new_notebook(cells=[new_markdown_cell("$a$")]))
    assert any("require" in request for request in requests_of(page))
    assert any("mathjax" in request.lower() for request in requests_of(page))
    assert any("mermaid" in request for request in requests_of(page))
    assert requests_of("<style>a { background: url(https://a.org/b.png) }</style>")
    assert requests_of("<link rel='stylesheet' href='//a.org/b.css'>")
    assert not requests_of("<a href='https://a.org'>text</a>")


@pytest.mark.parametrize(
    "tex",
    [
        r"\mathrm{IoU}_c = \frac{\mathrm{TP}_c}{\mathrm{TP}_c + \mathrm{FP}_c + \mathrm{FN}_c}",
        r"\mathcal{L} = -\frac1N \sum_{i=1}^{N} w_{y_i} \log p_{i, y_i}",
        r"\begin{aligned} h' &= \lceil h / 2 \rceil \\ w' &\le w \end{aligned}",
        r"\lVert x \rVert_2 \ne \lvert y \rvert,\quad x \in \mathbb{R}^{H \times W}",
        r"\hat y = \operatorname{argmax}_k \, p_k < 1",
    ],
)
def test_formulas_are_drawn(tex):
    drawn = _report_math.formula(tex, display=True)
    assert drawn.count("<img") == drawn.count("data:image/svg+xml;base64,") >= 1
    assert "<code" not in drawn


def test_formulas_that_cannot_be_drawn_stay_readable(tmp_path):
    tex = r"\begin{pmatrix} a & b \end{pmatrix}"
    page = page_of(tmp_path / "a.ipynb", new_markdown_cell(f"$${tex}$$ and $x < y$"))
    assert f'<code class="formula">{tex.replace("&", "&amp;")}</code>' in page
    assert 'alt="x &lt; y"' in page


def test_a_page_of_any_executed_notebook_has_no_header(tmp_path):
    page = page_of(tmp_path / "plain.ipynb", new_code_cell("1 + 1", execution_count=1))
    assert 'class="report-header' not in page
    assert "<title>plain</title>" in page


def test_examples_in_docstrings_hold():
    assert doctest.testmod(_report_math).failed == 0
