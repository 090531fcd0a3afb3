"""Slides: where a new one begins, what is left out, and that nothing is cut off in a browser."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from segnet_nb.teaching.lessons import Lesson, read_lessons
from segnet_nb.teaching.slide_parts import blocks
from segnet_nb.teaching.slides import slides_notebook, slides_page
from tests.teaching.small_course import ROOT


def lesson(*cells):
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), *cells])
    return Lesson("00_a", notebook, None, ())


def laid_out(*cells):
    """Kind and first line of each piece."""
    found = slides_notebook(lesson(*cells)).cells
    return [(cell.metadata["slideshow"]["slide_type"], cell.source.split("\n")[0]) for cell in found]


def test_a_heading_begins_a_slide():
    cells = (new_markdown_cell("## A\n\na\n\n### B\n\nb"), new_code_cell("x = 1"), new_markdown_cell("## C"))
    assert laid_out(*cells) == [
        ("slide", "# Title"), ("slide", "## A"), ("slide", "### B"), ("-", "x = 1"), ("slide", "## C"),
    ]  # fmt: skip


def test_what_does_not_fit_goes_on_below_with_the_heading_again():
    text = "\n\n".join(f"paragraph {number} " + "word " * 30 for number in range(12))
    kinds = laid_out(new_markdown_cell(f"## A\n\n{text}"))
    below = [line for kind, line in kinds if kind == "subslide"]
    assert len(below) >= 2 and set(below) == {'<p class="again">A</p>'}
    shown = "\n".join(
        cell.source for cell in slides_notebook(lesson(new_markdown_cell(f"## A\n\n{text}"))).cells
    )
    assert all(f"paragraph {number} " in shown for number in range(12))  # nothing is lost


def test_what_sets_up_is_left_out_and_figures_stay():
    picture = new_output("display_data", {"image/png": "aGk="})
    shown = laid_out(
        new_code_cell("count: int = 3", metadata={"tags": ["parameters"]}),
        new_markdown_cell("## A"),
        new_code_cell("import segnet_nb as sn"),
        new_code_cell("assert True, 'fine'"),
        new_code_cell("# NBVAL_IGNORE_OUTPUT\nsn.draw()", outputs=[picture]),
    )
    assert [line for _, line in shown] == ["# Title", "## A", "sn.draw()"]


def test_a_table_that_is_too_long_has_its_head_on_each_slide():
    rows = "\n".join(f"| row {number} | x |" for number in range(40))
    notebook = slides_notebook(lesson(new_markdown_cell(f"## A\n\n| a | b |\n|---|---|\n{rows}")))
    tables = [cell.source for cell in notebook.cells if "| row" in cell.source]
    assert len(tables) >= 3 and all("| a | b |\n|---|---|" in table for table in tables)
    assert sum(table.count("| row") for table in tables) == 40


def test_a_figure_that_does_not_fit_below_its_code_follows_it():
    """12 lines of code and a figure are more than a slide; a line and a figure are not."""
    picture = new_output("display_data", {"image/png": "aGk="})
    code = "\n".join(f"x{number} = {number}" for number in range(12))
    cells = slides_notebook(
        lesson(new_markdown_cell("## A"), new_code_cell(code, outputs=[picture]), new_markdown_cell("## B"),
               new_code_cell("draw()", outputs=[picture]))
    ).cells  # fmt: skip
    shown = [(cell.source[:6], len(cell.get("outputs", ()))) for cell in cells if cell.cell_type == "code"]
    assert shown == [("x0 = 0", 0), ("", 1), ("draw()", 1)]
    html = slides_page(lesson(new_markdown_cell("## A"), new_code_cell(code, outputs=[picture])))
    boxes = html.count('class="jp-InputArea jp-Cell-inputArea"')
    assert boxes == 3 + 1  # two headings, one of them again, and the code: none is empty above the figure


def test_a_table_that_code_prints_is_split_too():
    rows = "\n".join(f"| row {number} | x |" for number in range(40))
    table = new_output(
        "execute_result", {"text/markdown": f"| a | b |\n|---|---|\n{rows}"}, execution_count=1
    )
    cells = slides_notebook(lesson(new_markdown_cell("## A"), new_code_cell("t()", outputs=[table]))).cells
    tables = [cell.source for cell in cells if "| row" in cell.source]
    assert len(tables) >= 3 and sum(part.count("| row") for part in tables) == 40


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n\nb", ["a", "b"]),
        ("$$\nx\n\ny\n$$\n\nb", ["$$\nx\n\ny\n$$", "b"]),
        ("```\na\n\nb\n```", ["```\na\n\nb\n```"]),
        ("\n\n", []),
    ],
    ids=["paragraphs", "formula", "code", "empty"],
)
def test_blocks(text, expected):
    assert blocks(text) == expected


@pytest.fixture(scope="module", params=["01", "04", "05"])
def chosen(request):
    (found,) = read_lessons(ROOT / "notebooks", [request.param])
    return found


def test_slides_of_a_lesson_are_valid_and_have_every_heading(chosen):
    notebook = slides_notebook(chosen)
    nbformat.validate(notebook)
    shown = "\n".join(cell.source for cell in notebook.cells)
    for cell in chosen.notebook.cells:
        if cell.cell_type == "markdown":
            assert all(line in shown for line in cell.source.splitlines() if line.startswith("## "))
    assert "course.check" not in shown


def test_a_page_loads_nothing_but_reveal(chosen):
    page = slides_page(chosen, reveal="reveal.js")
    loaded = {
        part.split('"')[1] for part in page.replace("<script src=", "<link href=").split("<link href=")[1:]
    }
    loaded |= {part.split('"')[0] for part in page.split('rel="stylesheet" href="')[1:]}
    assert loaded == {"reveal.js/dist/reveal.js", "reveal.js/dist/reveal.css"}
