"""Paths in parameters are relative to where the person is; where they were looked for is said."""

from __future__ import annotations

import pytest

from segnet_nb import reports
from segnet_nb.cli import main
from segnet_nb.reports.notebook_parameters import read_parameters
from segnet_nb.reports.parameter_paths import located, missing
from tests.report_helpers import write_notebook

CELL = (
    "dataset: str = 'synthetic'  # a name, or the path of a folder\n"
    "directory: str = ''  # where runs are stored\n"
    "word: str = 'x'  # any text\n"
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A person in ``work``, a notebook in ``work/notebooks``, data in both."""
    for folder in ("work/notebooks/there", "work/data/mine", "work/mine", "work/camvid"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    source = "from pathlib import Path\nprint([each.as_posix() for each in Path(dataset).iterdir()])"
    path = write_notebook(tmp_path / "work", source, parameters=CELL, path="notebooks/lesson.ipynb")
    return path.relative_to(tmp_path / "work")


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("dataset", "data/mine", "../data/mine"),
        ("dataset", "./data/../mine", "../mine"),
        ("dataset", "mine", "../mine"),
        ("dataset", "there", "there"),  # beside the notebook, as in Jupyter
        ("dataset", "camvid", "camvid"),  # a name of data, whatever folders there are
        ("dataset", "cityscape", "cityscape"),
        ("dataset", "https://a/b", "https://a/b"),
        ("directory", "runs/new", "../runs/new"),
        ("directory", "", ""),
        ("word", "data/mine", "data/mine"),
        ("word", "mine", "mine"),
    ],
)
def test_where_a_path_leads(place, name, given, expected):
    assert located(place, {name: given}, read_parameters(place) or {}) == {name: expected}


def test_absolute_paths_stay(place, tmp_path):
    given = {"dataset": str(tmp_path / "work" / "mine")}
    assert located(place, given, read_parameters(place) or {}) == given


def test_where_it_looked(place, tmp_path):
    declared = read_parameters(place) or {}
    assert missing(place, {"dataset": "data/mine", "word": "gone/away"}, declared) == ""
    said = missing(place, {"dataset": "gone/away"}, declared)
    work = tmp_path / "work"
    assert said == (
        f"Not found in {work} (the current folder) and {work / 'notebooks'} (that of the notebook): "
        "dataset='gone/away'."
    )


def test_a_report_reads_the_folder_of_the_person_and_says_where_it_looked(place, tmp_path):
    (tmp_path / "work" / "data" / "mine" / "a.png").touch()
    paths = reports.run(place, {"dataset": "data/mine"}, progress=False, html=False)
    assert "data/mine/a.png" in paths.notebook.read_text()
    with pytest.raises(reports.ReportError, match=r"Not found in .*: dataset='gone/away'"):
        reports.run(place, {"dataset": "gone/away"}, progress=False, html=False)


def test_a_notebook_that_is_missing_says_where_it_looked(place, tmp_path, capsys):
    assert main(["report", "gone.ipynb"]) == 2
    assert f"there is no notebook at gone.ipynb. Looked in {tmp_path / 'work'}." in capsys.readouterr().err
