"""Lessons are made from their solutions, and every exercise's check tells the two apart."""

from __future__ import annotations

import copy
import importlib
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.notebook_rules import violations
from tools import make_lessons
from tools.store_notebooks import keep_answers_alone

FOLDER = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(path.name for path in FOLDER.glob("*.ipynb"))
SOLVED = LESSONS[1:]  # 00 is the map of the course and asks nothing


def exercises(notebook, answers):
    """The check after each answer, which is where its text and place are in the solution."""
    cells = notebook.cells
    return [cells[[cell.id for cell in cells].index(answer) + 1] for answer in answers]


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def said(cell):
    """What a cell has stored, but for the number of its run."""
    return [{k: v for k, v in output.items() if k != "execution_count"} for output in cell.outputs]


def test_every_lesson_but_the_first_has_a_solution():
    assert len(LESSONS) == 12
    assert sorted(path.name for path in make_lessons.SOLUTIONS.glob("*.ipynb")) == SOLVED


@pytest.mark.parametrize("name", SOLVED)
def test_a_lesson_is_what_its_solution_makes_it(name):
    assert make_lessons.in_step(name), "run python tools/make_lessons.py"


@pytest.mark.parametrize("name", SOLVED)
def test_a_check_says_not_yet_in_the_lesson_and_right_in_the_solution(name):
    lesson, solution = (nbformat.read(each / name, as_version=4) for each in (FOLDER, FOLDER / "solutions"))
    answers = [cell.id for cell in solution.cells if "unsolved" in cell.metadata]
    assert 2 <= len(answers) <= 4
    for unsolved, solved in zip(exercises(lesson, answers), exercises(solution, answers), strict=True):
        assert unsolved.source == solved.source
        assert printed(unsolved).startswith("Not yet"), unsolved.source
        assert printed(solved).startswith("Right"), solved.source
        # And why: the cell after it, which the lesson has not.
        why = solution.cells[solution.cells.index(solved) + 1]
        assert why.metadata.tags == ["solution"]
        assert len(why.source) > 60


def small_solution():
    answer = new_code_cell("x = 2", id="b", metadata={"tags": ["answer"], "unsolved": "x = None"})
    cells = [
        new_markdown_cell("# Solved", id="a", metadata={"tags": ["solution"]}),
        new_markdown_cell("See [02](../02.ipynb).", id="a2"),
        answer,
        new_code_cell("print(x)", id="c"),
    ]
    return new_notebook(cells=cells)


def test_what_becomes_of_a_solution():
    made = make_lessons.lesson_of(small_solution())
    assert make_lessons.what_is_read(made) == [
        ("markdown", "See [02](02.ipynb).", []),
        ("code", "x = None", ["answer"]),
        ("code", "print(x)", []),
    ]
    assert "unsolved" not in made.cells[1].metadata


def test_a_lesson_that_was_edited_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(make_lessons, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(make_lessons, "SOLUTIONS", tmp_path / "solutions")
    (tmp_path / "solutions").mkdir()
    nbformat.write(small_solution(), tmp_path / "solutions" / "x.ipynb")
    assert not make_lessons.in_step("x.ipynb")  # there is none
    make_lessons.write_lesson("x.ipynb")
    assert make_lessons.in_step("x.ipynb")
    lesson = nbformat.read(tmp_path / "x.ipynb", as_version=4)
    for cell, text in ((0, "See 02."), (1, "x = 3"), (2, "print(x, x)")):
        edited = copy.deepcopy(lesson)
        edited.cells[cell].source = text
        nbformat.write(edited, tmp_path / "x.ipynb")
        assert not make_lessons.in_step("x.ipynb")


def test_outputs_stay_with_cells_that_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(make_lessons, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(make_lessons, "SOLUTIONS", tmp_path / "solutions")
    (tmp_path / "solutions").mkdir()
    solution = small_solution()
    nbformat.write(solution, tmp_path / "solutions" / "x.ipynb")
    make_lessons.write_lesson("x.ipynb")
    lesson = nbformat.read(tmp_path / "x.ipynb", as_version=4)
    for cell in lesson.cells[1:]:
        cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text=cell.source)], 7
    nbformat.write(lesson, tmp_path / "x.ipynb")
    solution.cells[2].metadata["unsolved"] = "x = 0"
    nbformat.write(solution, tmp_path / "solutions" / "x.ipynb")
    make_lessons.write_lesson("x.ipynb")
    written = nbformat.read(tmp_path / "x.ipynb", as_version=4).cells
    assert (written[1].source, written[1].outputs) == ("x = 0", [])
    assert (printed(written[2]), written[2].execution_count) == ("print(x)", 7)


def test_a_solution_keeps_what_answers_and_checks_print():
    notebook = small_solution()
    notebook.cells.insert(1, new_code_cell("1", id="first"))
    notebook.cells.append(new_code_cell("2", id="last"))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("stream", text="shown")]
    keep_answers_alone(notebook)
    kept = {cell.id for cell in notebook.cells if cell.get("outputs")}
    assert kept == {"b", "c"}


# --- links to Colab and Binder, once there is an address ----------------------------------------------


@pytest.fixture
def linking(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER.parent / "tools"))
    return importlib.import_module("link_notebooks")


def without_links(linking, path):
    """A notebook of this repository as it was before it had an address."""
    notebook = nbformat.read(path, as_version=4)
    linking.unlink(notebook)
    return notebook.cells


def test_notebooks_get_links_and_an_installation(linking, tmp_path, monkeypatch):
    shutil.copytree(FOLDER, tmp_path / "notebooks")
    folder = tmp_path / "notebooks"
    # The tool imports its neighbour by that name.
    neighbour = importlib.import_module("make_lessons")
    monkeypatch.setattr(neighbour, "NOTEBOOKS", folder)
    monkeypatch.setattr(neighbour, "SOLUTIONS", folder / "solutions")
    for address in ("old/place", "someone/segnet.nb"):  # the second replaces the first
        linking.link_folder(folder, address)
    for name in LESSONS:
        assert violations(folder / name) == []
        cells = nbformat.read(folder / name, as_version=4).cells
        before = without_links(linking, FOLDER / name)
        title, links, rest = cells[0].source.split("\n\n", 2)
        assert f"{title}\n\n{rest}" == before[0].source
        assert links == (
            "[Open in Colab](https://colab.research.google.com/github/someone/segnet.nb/blob/main/"
            f"notebooks/{name}) | [Open on Binder](https://mybinder.org/v2/gh/someone/segnet.nb/main?"
            f"urlpath=lab/tree/notebooks/{name})"
        )
        code = [cell for cell in cells if cell.cell_type == "code"]
        assert "%pip install" in code[0].source and "someone/segnet.nb@main" in code[0].source
        old = [cell for cell in before if cell.cell_type == "code"]
        assert [cell.source for cell in code[1:]] == [cell.source for cell in old]
        assert [said(cell) for cell in code[1:]] == [said(cell) for cell in old]
    for name in SOLVED:
        assert violations(folder / "solutions" / name) == []


def test_links_are_taken_out_again(linking):
    notebook = small_solution()
    notebook.cells.insert(0, new_markdown_cell("# A title\n\nWhat it is about.", id="title"))
    before = copy.deepcopy(notebook)
    linking.link(notebook, "notebooks/x.ipynb", "someone/segnet-nb")
    assert len(notebook.cells) == len(before.cells) + 1
    linking.unlink(notebook)
    assert notebook == before


@pytest.mark.parametrize("address", ["segnet", "a/b/c", "a b/c", "https://example.org/a/b"])
def test_what_is_no_address_is_refused(linking, address):
    with pytest.raises(ValueError, match="repository must be OWNER/NAME"):
        linking.link(small_solution(), "x.ipynb", address)
