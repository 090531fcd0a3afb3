"""The notebooks run: as lessons, through plain papermill, and as reports."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from segnet_nb import reports
from segnet_nb.datasets import camvid

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
SANITIZE = Path(__file__).parents[1] / "nbval_sanitize.cfg"
LESSONS = (
    "00_start_here",
    "01_theory",
    "02_architecture",
    "03_data",
    "04_losses_and_metrics",
    "06_inspect_unpooling",
    "07_inspect_predictions",
    "08_uncertainty",
    "10_speed_and_deployment",
)  # compared output by output with what is stored; what trains, with a run of its own below
SMALL = {"epochs": 1, "height": 48, "width": 64, "train_count": 6, "val_count": 4}
# What notebooks that train are run with, and what they print when they have.
TRAINED = {
    "05_training": ({**SMALL, "intro_epochs": 1}, "Run finished after 1 of 1 epochs"),
    "09_decoder_comparison": ({**SMALL, "variants": "segnet"}, "1,415,040 weights"),
    "11_your_own_data": (
        {"epochs": 1, "height": 48, "width": 64, "count": 10, "other_loss": "dice"},
        "predictions.json",
    ),
}
# What the others are run with once more, and quicker; 06 to 08 are run so as reports, by
# tests/browser/test_reports_offline.py and test_uncertainty_lens.py.
PARAMETERS = {
    "00_start_here": {"count": 1},
    "01_theory": {"seed": 3, "height": 21, "width": 18},
    "02_architecture": {"height": 48, "width": 64, "repeats": 1},
    "03_data": {"count": 24, "height": 90, "width": 120},
    "04_losses_and_metrics": {"count": 6, "height": 48, "width": 64, "preset": "pole"},
    "10_speed_and_deployment": {"height": 48, "width": 64, "frames": 3, "repeats": 1},
    **{name: values for name, (values, _) in TRAINED.items()},
}

pytestmark = pytest.mark.notebook


def python(*arguments: str, timeout: int = 600) -> subprocess.CompletedProcess[str]:
    # Without the test run's own settings: a reader's kernel has none of them.
    environment = {k: v for k, v in os.environ.items() if k not in ("MPLBACKEND", "PYTEST_ADDOPTS")}
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def printed(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    return "".join(output.get("text", "") for output in outputs)


def said(cell: nbformat.NotebookNode) -> str:
    """What a cell printed; warnings of frameworks go to stderr."""
    return "".join(each.text for each in cell.get("outputs", ()) if each.get("name") == "stdout")


def with_answers(name: str) -> tuple[nbformat.NotebookNode, list[str]]:
    """A lesson whose exercises are answered after their checks and checked again; the ids of all checks."""
    lesson = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    path = NOTEBOOKS / "solutions" / f"{name}.ipynb"
    solution = nbformat.read(path, as_version=4).cells if path.exists() else []
    checks = []
    for answer in (cell for cell in solution if "unsolved" in cell.metadata):
        place = next(i for i, cell in enumerate(lesson.cells) if cell.id == answer.id) + 1
        check = lesson.cells[place]
        solved = copy.deepcopy([answer, solution[solution.index(answer) + 1]])
        for cell in solved:
            cell.id += "-solved"
        lesson.cells[place + 1 : place + 1] = solved
        checks += [check.id, solved[1].id]
    return lesson, checks


def gives_its_outputs_again(path: Path) -> None:
    """Run a notebook and compare every output with the stored one, but where a cell says not to."""
    done = python(
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "--nbval-cell-timeout=300",
        f"--nbval-sanitize-with={SANITIZE}",
        "-p",
        "no:cacheprovider",
        f"--rootdir={path.parent}",
        "-q",
        str(path),
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    code = sum(cell.cell_type == "code" for cell in nbformat.read(path, as_version=4).cells)
    assert f"{code} passed" in done.stdout


def without_answers(path: Path) -> Path:
    """The lesson alone, as it ran."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not cell.id.endswith("-solved")]
    (path.parent / "again").mkdir()
    nbformat.write(notebook, path.parent / "again" / path.name)
    return path.parent / "again" / path.name


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_and_its_answers_give_their_stored_outputs_again(name, tmp_path):
    notebook, _ = with_answers(name)
    nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    gives_its_outputs_again(tmp_path / f"{name}.ipynb")


@pytest.mark.parametrize("name", PARAMETERS)
def test_plain_papermill_runs_a_lesson_and_its_exercises_tell_right_from_wrong(name, tmp_path):
    options = [part for key, value in PARAMETERS[name].items() for part in ("-p", key, str(value))]
    notebook, checks = with_answers(name)
    nbformat.write(notebook, tmp_path / "in.ipynb")
    target = tmp_path / "out.ipynb"
    done = python(
        "papermill",
        str(tmp_path / "in.ipynb"),
        str(target),
        "--cwd",
        str(NOTEBOOKS),
        "--execution-timeout",
        "400",
        "--no-progress-bar",
        *options,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert TRAINED.get(name, ({}, ""))[1] in printed(target)
    told = {cell.id: said(cell) for cell in nbformat.read(target, as_version=4).cells}
    for before, after in zip(checks[::2], checks[1::2], strict=True):
        assert told[before].startswith("Not yet")
        assert told[after].startswith("Right")
    if name in TRAINED:
        gives_its_outputs_again(without_answers(target))


@pytest.mark.slow
def test_the_training_notebook_learns_with_its_defaults(tmp_path):
    # Its own last check asserts a validation mIoU above 0.5 on drawn scenes.
    executed, page = reports.run(
        NOTEBOOKS / "05_training.ipynb", output_dir=tmp_path, timeout_seconds=1500, progress=False
    )
    assert "epochs; best epoch" in printed(executed)
    assert "data:image/png" in page.read_text()


@pytest.mark.camvid
@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("00_start_here", 4),
        pytest.param("02_architecture", 4, marks=pytest.mark.slow),
        pytest.param("03_data", 3, marks=pytest.mark.slow),
        pytest.param("04_losses_and_metrics", 2, marks=pytest.mark.slow),
        pytest.param("05_training", 4, marks=pytest.mark.slow),
        pytest.param("06_inspect_unpooling", 4, marks=pytest.mark.slow),
        pytest.param("07_inspect_predictions", 3, marks=pytest.mark.slow),
        pytest.param("08_uncertainty", 1, marks=pytest.mark.slow),
        pytest.param("09_decoder_comparison", 1, marks=pytest.mark.slow),
    ],
)
def test_the_same_notebook_reports_on_real_camvid(name, least, tmp_path):
    if not camvid.is_available("val"):
        pytest.skip("CamVid is not here: set SEGNET_NB_CAMVID or run `segnet-nb data camvid`")
    values = {"dataset": "camvid", **TRAINED.get(name, ({}, ""))[0]}
    executed, page = reports.run(
        NOTEBOOKS / f"{name}.ipynb", values, output_dir=tmp_path, timeout_seconds=500, progress=False
    )
    assert "camvid" in page.read_text()
    pictures = [
        kind
        for cell in nbformat.read(executed, as_version=4).cells
        for output in cell.get("outputs", ())
        for kind in output.get("data", ())
        if kind.startswith("image/")
    ]
    assert len(pictures) >= least
