"""Exports in the tools themselves: a solved notebook gets all points, an unsolved one none.

The tools are optional: ``make graders`` installs them into ``.venv/graders``, apart from this package's own
packages, which they would change.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from segnet_nb.teaching import export_course
from segnet_nb.teaching.lessons import read_lessons
from tests.teaching import small_course
from tests.teaching.small_course import ROOT, sources

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # each tool runs a lesson several times
GRADERS = Path(sys.prefix) / "graders" / ("Scripts" if os.name == "nt" else "bin")


class Tool:
    """A command with its Python, in a folder in which it runs."""

    def __init__(self, name: str, folder: Path) -> None:
        found = shutil.which(name, path=os.pathsep.join([str(GRADERS), os.environ.get("PATH", "")]))
        if found is None:
            pytest.skip(f"{name} is not installed, and is optional: make graders")
        self.path, self.folder = Path(found), folder

    def __call__(self, *words: str) -> str:
        searched = os.pathsep.join([str(self.path.parent), os.environ.get("PATH", "")])
        environment = {**os.environ, "PATH": searched, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [str(self.path), *words],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=550,
        )  # fmt: skip
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return done.stdout + done.stderr


@pytest.fixture(params=["tiny", "04_losses_and_metrics", "05_training", "09_decoder_comparison"])
def lesson(request, tmp_path):
    """A folder of lessons and the name of one: of two cells, and a real one."""
    if request.param == "tiny":
        return small_course.write(tmp_path / "clone" / "notebooks"), small_course.NAME
    return ROOT / "notebooks", request.param


def hand_in(student: Path, place: Path, answers: dict[str, str]) -> None:
    """A students' notebook with these answers, by the id of the cell."""
    notebook = nbformat.read(student, as_version=4)
    for cell in notebook.cells:
        if cell.get("id") in answers:
            cell.source = answers.pop(cell.id)
    assert not answers, "each answer has a place in the students' version"
    place.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, place)


def answers_of(folder: Path, name: str) -> dict[str, str]:
    (found,) = read_lessons(folder, [name])
    cells = [found.solution.cells[question.answer] for question in found.questions]
    return {cell.id: cell.source for cell in cells}


def test_nbgrader(lesson, tmp_path):
    folder, name = lesson
    out = export_course(tmp_path / "out", "nbgrader", [name], notebooks=folder, points=2)
    run = Tool("nbgrader", out)
    student = out / "release" / name / f"{name}.ipynb"
    before = sources(student)
    run("generate_assignment", name)
    assert sources(student) == before  # the release that the export has is the one that nbgrader makes
    answers = answers_of(folder, name)
    for who, given in (("solved", answers), ("unsolved", {})):
        hand_in(student, out / "submitted" / who / name / f"{name}.ipynb", dict(given))
    assert "Success" in run("validate", f"source/{name}/{name}.ipynb")
    assert "failed" in run("validate", f"release/{name}/{name}.ipynb").lower()
    run("autograde", name)
    run("export")
    with (out / "grades.csv").open() as file:
        scores = {
            row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(file)
        }
    most = 2.0 * len(answers)
    assert scores == {"solved": (most, most), "unsolved": (0.0, most)}


def test_otter(lesson, tmp_path):
    folder, name = lesson
    out = export_course(tmp_path / "out", "otter", [name], notebooks=folder, points=2)
    run = Tool("otter", out)
    run("assign", f"master/{name}.ipynb", "dist", "--no-run-tests")
    student, answers = out / "dist" / "student" / f"{name}.ipynb", answers_of(folder, name)
    text = "".join("\n".join(sources(student)).split())
    assert not [source for source in answers.values() if "".join(source.split()) in text]
    (archive,) = (out / "dist" / "autograder").glob("*.zip")
    points = {}
    for who, given in (("solved", answers), ("unsolved", {})):
        place = out / who / f"{name}.ipynb"
        hand_in(student, place, dict(given))
        run("run", str(place), "-a", str(archive), "-o", str(place.parent))
        tests = json.loads((place.parent / "results.json").read_text())["tests"]
        points[who] = {test["name"]: test.get("score", 0) for test in tests if test.get("max_score")}
    number = len(answers)
    assert sorted(points["solved"].values()) == [2.0] * number
    assert sorted(points["unsolved"].values()) == [0.0] * number
