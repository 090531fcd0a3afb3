"""Exports: what files they have, that students' versions give nothing away, and what is refused."""

from __future__ import annotations

import re

import nbformat
import pytest

from segnet_nb import UserError
from segnet_nb._shared.errors import MissingFileError
from segnet_nb.teaching import GRADERS, export_course, otter
from segnet_nb.teaching.folders import RECORD
from segnet_nb.teaching.links import moved_links
from tests.teaching.small_course import NAME, ROOT, WHY, names, sources

ANSWER = "my_weight = 0.9 / 0.1"


@pytest.fixture
def with_glossary(course):
    (course.parent / "docs").mkdir()
    (course.parent / "docs" / "glossary.md").write_text("# Glossary\n\nSee [more](usage.md).\n")
    return course


def test_files_for_nbgrader(with_glossary, tmp_path):
    out = export_course(tmp_path / "out", "nbgrader", notebooks=with_glossary, points=2)
    both = {
        f"{version}/{NAME}/{file}"
        for version in ("source", "release")
        for file in (f"{NAME}.ipynb", "glossary.md")
    }
    assert names(out) == both | {"nbgrader_config.py", "README.md", f"answers/{NAME}.html", RECORD}
    source = sources(out / "source" / NAME / f"{NAME}.ipynb")
    assert source[3] == f"my_weight = None  # your turn\n### BEGIN SOLUTION\n{ANSWER}\n### END SOLUTION"
    release = nbformat.read(out / "release" / NAME / f"{NAME}.ipynb", as_version=4).cells
    assert release[3].source == "my_weight = None  # your turn\n# YOUR CODE HERE"
    assert release[4].source == 'course.grade("04.3", my_weight)'
    marks = release[4].metadata.nbgrader
    assert (marks.points, marks.grade, marks.locked, marks.grade_id) == (2, True, True, "exercise_04_3_test")
    assert (release[3].metadata.nbgrader.solution, release[3].metadata.nbgrader.grade) == (True, False)
    assert "[IoU](glossary.md#iou)" in release[0].source
    assert "[" not in (out / "release" / NAME / "glossary.md").read_text()  # its links lead nowhere here


def test_files_for_otter(course, tmp_path):
    out = export_course(tmp_path / "out", "otter", notebooks=course, points=0.5)
    assert names(out) == {
        *(f"master/{NAME}.ipynb", "master/requirements.txt", "README.md", f"answers/{NAME}.html", RECORD),
    }
    cells = sources(out / "master" / f"{NAME}.ipynb")
    begin = cells.index("# BEGIN QUESTION\nname: exercise_04_3\npoints: 0.5")
    assert cells[begin + 2 : begin + 8] == [
        "# BEGIN SOLUTION",
        otter.answer_cell_source("my_weight = None  # your turn", ANSWER),
        "# END SOLUTION",
        "# BEGIN TESTS",
        "def test_exercise_04_3(my_weight):\n    from segnet_nb import course\n    "
        'course.grade("04.3", my_weight)',
        "# END TESTS",
    ]


def test_files_for_no_tool(with_glossary, tmp_path):
    out = export_course(tmp_path / "out", "plain", notebooks=with_glossary)
    assert names(out) == {
        *("release/00_start.ipynb", f"release/{NAME}.ipynb", "release/glossary.md"),
        *(f"solutions/{NAME}.ipynb", "README.md", f"answers/{NAME}.html", RECORD),
    }
    solved = sources(out / "solutions" / f"{NAME}.ipynb")
    assert ANSWER in solved and WHY in solved and 'course.check("04.3", my_weight)' in solved
    assert sources(out / "release" / f"{NAME}.ipynb")[3] == "my_weight = None  # your turn"


@pytest.mark.parametrize("grader", GRADERS)
def test_an_export_is_the_same_every_time(course, tmp_path, grader):
    first = export_course(tmp_path / "a", grader, notebooks=course)
    second = export_course(tmp_path / "b", grader, notebooks=course)
    assert (first / RECORD).read_bytes() == (second / RECORD).read_bytes()  # the digests of all files


@pytest.fixture(scope="module", params=["nbgrader", "plain"])
def whole(request, tmp_path_factory):
    """All lessons of the course, exported."""
    return export_course(tmp_path_factory.mktemp(request.param) / "out", request.param)


def squeezed(text):
    return re.sub(r"\s+", "", text)


def test_students_get_no_answer_of_the_course(whole):
    """The oracle reads the solutions: their answers, and cells tagged as solution, are nowhere."""
    seen = 0
    for path in sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb")):
        (student,) = (whole / "release").rglob(path.name)
        text = squeezed("\n".join(sources(student)))
        kept = squeezed("\n".join(sources(ROOT / "notebooks" / path.name)))
        for cell in nbformat.read(path, as_version=4).cells:
            if "unsolved" in cell.metadata or "solution" in cell.metadata.get("tags", ()):
                seen += 1
                assert squeezed(cell.source) not in text
                assert squeezed(cell.source) not in kept
        assert "BEGINSOLUTION" not in text and '"unsolved"' not in student.read_text()
    assert seen > 60


def test_links_of_students_lead_to_files_that_are_there(whole):
    found = 0
    for path in (whole / "release").rglob("*.ipynb"):
        for link in re.findall(r"\]\(([^)\s]+)\)", "\n".join(sources(path))):
            if not re.match(r"[a-z]+:|#", link):
                found += 1
                assert (path.parent / link.partition("#")[0]).is_file(), (path.name, link)
    assert found > 20


@pytest.mark.parametrize("points", [0, -1, float("nan"), float("inf")], ids=["0", "below", "nan", "inf"])
def test_points_are_above_0(course, tmp_path, points):
    with pytest.raises(UserError, match="points must be a number above 0, but got"):
        export_course(tmp_path / "out", "otter", notebooks=course, points=points)
    assert not (tmp_path / "out").exists()


def test_a_lesson_without_exercises_has_nothing_to_grade(course, tmp_path):
    with pytest.raises(
        UserError, match="00_start has no exercises, so otter has nothing to grade: leave it out"
    ):
        export_course(tmp_path / "out", "otter", ["00"], notebooks=course)
    out = export_course(tmp_path / "out", "plain", ["00"], notebooks=course)
    assert names(out) == {"release/00_start.ipynb", "README.md", RECORD}


def test_slides_bring_reveal_along(course, reveal, tmp_path):
    out = export_course(tmp_path / "out", "plain", ["04"], notebooks=course, slides=True, reveal=reveal)
    copied = {f"slides/reveal.js/{name}" for name in ("dist/reveal.js", "dist/reveal.css", "LICENSE")}
    assert {name for name in names(out) if name.startswith("slides/")} == copied | {
        f"slides/{NAME}.slides.html"
    }
    page = (out / "slides" / f"{NAME}.slides.html").read_text()
    assert 'src="reveal.js/dist/reveal.js"' in page and 'href="reveal.js/dist/reveal.css"' in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "No network is needed" in (out / "README.md").read_text()


def test_slides_without_reveal_name_that_of_nbconvert(course, tmp_path, monkeypatch):
    monkeypatch.setattr("segnet_nb.teaching.reveal._CHECKOUT", tmp_path / "none")
    out = export_course(tmp_path / "out", "plain", ["04"], notebooks=course, slides=True)
    page = (out / "slides" / f"{NAME}.slides.html").read_text()
    assert len(re.findall(r"(?:src|href)=\"https://[^\"]*/dist/reveal\.(?:js|css)\"", page)) == 2
    assert "from the network" in (out / "README.md").read_text()


def test_a_folder_that_is_not_reveal_is_refused(course, tmp_path):
    with pytest.raises(MissingFileError, match=r"has no dist/reveal\.css: pass the folder of reveal\.js"):
        export_course(tmp_path / "out", "plain", notebooks=course, slides=True, reveal=tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a [b](c.ipynb) d", "a b d"),
        ("a [b](https://c.org) d", "a [b](https://c.org) d"),
        ("[b](#c)", "[b](#c)"),
        ("![b](c.png)", "![b](c.png)"),
        ("a\n\n[← 03](03.ipynb) | [05 →](05.ipynb)\n\nb", "a\n\nb"),
        ("[← 03](03.ipynb) | [04 →](04.ipynb)", "[04 →](04_.ipynb)"),
        ("a\n\nSolved in [s](solutions/04.ipynb).", "a"),
    ],
    ids=["lost", "web", "anchor", "image", "arrows", "one-arrow", "solutions"],
)  # fmt: skip
def test_links(text, expected):
    assert moved_links(text, {"04.ipynb": "04_.ipynb"}.get) == expected
