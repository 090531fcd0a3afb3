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
    pytest.param("10_speed_and_deployment", marks=pytest.mark.slow),  # it exports and times for long
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
QUICKEST = "09_decoder_comparison"  # of them; nbval runs the others among the slow tests
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

# Lessons whose cells may be run again, in the order of the course. What trains is tried among the slow tests.
AGAIN = ("00_start_here", "01_theory", "02_architecture", "03_data", "04_losses_and_metrics", "05_training")
# The same for those that inspect a network, among the slow tests alone.
INSPECTED = {
    "06_inspect_unpooling": {"count": 2, "height": 48, "width": 64},
    "07_inspect_predictions": {"count": 3, "height": 96, "width": 128},
    "08_uncertainty": {"count": 2, "height": 96, "width": 128, "samples": 4},
    **{
        name: PARAMETERS[name]
        for name in ("09_decoder_comparison", "10_speed_and_deployment", "11_your_own_data")
    },
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


def again(notebook: nbformat.NotebookNode, suffix: str) -> list[nbformat.NotebookNode]:
    """Copies of all code cells, but for the parameters, which would replace those that were passed."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    copies = copy.deepcopy([cell for cell in cells if "parameters" not in cell.metadata.get("tags", ())])
    for cell in copies:
        cell.id += suffix
    return copies


def with_each_cell_twice(notebook: nbformat.NotebookNode) -> None:
    """Put a copy after every code cell."""
    copies = {cell.id.removesuffix("-twice"): cell for cell in again(notebook, "-twice")}
    for cell in list(notebook.cells):
        if cell.id in copies:
            notebook.cells.insert(notebook.cells.index(cell) + 1, copies[cell.id])


def shown(cell: nbformat.NotebookNode) -> list[object]:
    """All that a cell shows on standard output or as a result, but for the numbers of views of widgets."""
    found: list[object] = []
    for output in cell.outputs:
        if output.get("name") == "stderr":
            continue
        if output.output_type == "stream":
            # What is printed may arrive in several pieces.
            before = found.pop() if found and isinstance(found[-1], str) else ""
            found.append(f"{before}{output.text}")
        else:
            data = {kind: each for kind, each in output.get("data", {}).items() if "widget-view" not in kind}
            found.append((output.output_type, data))
    return found


def assert_the_same_again(path: Path, suffix: str) -> None:
    """Compare every copy with its cell in an executed notebook, but where a cell says not to."""
    cells = {cell.id: cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"}
    compared = 0
    for name, cell in cells.items():
        first = cells.get(name.removesuffix(suffix))
        if first is None or first is cell or cell.source.startswith("# NBVAL_IGNORE_OUTPUT"):
            continue
        assert shown(cell) == shown(first), f"{name}: {cell.source}"
        compared += 1
    assert compared > 10


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


def run_by_papermill(notebook: nbformat.NotebookNode, folder: Path, parameters: dict) -> Path:
    options = [part for key, value in parameters.items() for part in ("-p", key, str(value))]
    nbformat.write(notebook, folder / "in.ipynb")
    target = folder / "out.ipynb"
    done = python(
        "papermill",
        str(folder / "in.ipynb"),
        str(target),
        "--cwd",
        str(NOTEBOOKS),
        "--execution-timeout",
        "400",
        "--no-progress-bar",
        *options,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return target


@pytest.mark.parametrize("name", PARAMETERS)
def test_plain_papermill_runs_a_lesson_and_its_exercises_tell_right_from_wrong(name, tmp_path):
    notebook, checks = with_answers(name)
    if name in AGAIN and name not in TRAINED:
        with_each_cell_twice(notebook)
    target = run_by_papermill(notebook, tmp_path, PARAMETERS[name])
    if name in AGAIN and name not in TRAINED:
        assert_the_same_again(target, "-twice")
    assert TRAINED.get(name, ({}, ""))[1] in printed(target)
    told = {cell.id: said(cell) for cell in nbformat.read(target, as_version=4).cells}
    for before, after in zip(checks[::2], checks[1::2], strict=True):
        assert told[before].startswith("Not yet")
        assert told[after].startswith("Right")
    if name == QUICKEST:
        gives_its_outputs_again(without_answers(target))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in TRAINED if name != QUICKEST])
def test_what_trains_gives_its_outputs_again(name, tmp_path):
    target = run_by_papermill(with_answers(name)[0], tmp_path, PARAMETERS[name])
    gives_its_outputs_again(without_answers(target))


@pytest.mark.slow
@pytest.mark.parametrize("name", [*AGAIN, *INSPECTED])
def test_run_all_twice_gives_the_same(name, tmp_path):
    notebook, _ = with_answers(name)
    everything = again(notebook, "-all")
    each_twice = name in TRAINED or name in INSPECTED
    if each_twice:
        with_each_cell_twice(notebook)
    notebook.cells += everything
    target = run_by_papermill(notebook, tmp_path, {**PARAMETERS, **INSPECTED}[name])
    assert_the_same_again(target, "-all")
    if each_twice:
        assert_the_same_again(target, "-twice")


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
