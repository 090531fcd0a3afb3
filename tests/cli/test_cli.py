"""The command line: what reaches the package, exit statuses, and help that loads nothing."""

from __future__ import annotations

import doctest
import importlib
import re
import subprocess
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

import segnet_nb as sn
from segnet_nb import cli, reports
from segnet_nb._shared.errors import TaskFailedError, UserError
from segnet_nb.cli import main
from segnet_nb.training import recipes


@dataclass(frozen=True)
class FakeConfig:
    epochs: int = field(default=3, metadata={"help": "passes over 100% of the data"})
    learning_rate: float = 0.1
    dataset: Literal["synthetic", "camvid"] = "synthetic"
    image_size: tuple[int, int] = (180, 240)
    crop: tuple[int, int] | None = None
    name: str | None = None
    horizontal_flip: bool = field(default=True, metadata={"help": "mirror at random"})


@dataclass
class FakeRun:
    epochs: int
    status: str

    def __str__(self) -> str:
        return f"trained for {self.epochs}"


@pytest.fixture
def trained(monkeypatch):
    """Stand in for ``segnet_nb.training``; the list receives what ``train`` was called with."""
    calls: list[tuple[FakeConfig, bool]] = []

    def train(config: FakeConfig, *, directory: Path | None = None, resume: bool = False) -> FakeRun:
        calls.append((config, resume))
        if config.epochs > 1000:
            raise UserError(f"epochs must be at most 1000, got {config.epochs}.")
        return FakeRun(config.epochs, "interrupted" if config.name == "stopped" else "finished")

    module: Any = types.ModuleType("segnet_nb.training")

    def load_run(directory: Path) -> types.SimpleNamespace:
        return types.SimpleNamespace(config=FakeConfig(epochs=9, learning_rate=0.5))

    module.TrainConfig, module.train, module.load_run = FakeConfig, train, load_run
    module.recipes = recipes
    monkeypatch.setitem(sys.modules, "segnet_nb.training", module)
    monkeypatch.setattr("segnet_nb.training", module, raising=False)
    return calls


@pytest.fixture
def ran(monkeypatch):
    """Stand in for ``reports.run``; the list receives its arguments."""
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def run(*arguments: Any, **options: Any) -> reports.ReportPaths:
        calls.append((arguments, options))
        page = Path("out/a.html") if options["html"] else None
        return reports.ReportPaths(Path("out/a.ipynb"), page)

    monkeypatch.setattr(reports, "run", run)
    return calls


def error_of(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    return err


# --- report ---


def test_report_passes_everything_on_and_prints_the_paths(ran, capsys):
    line = "report a.ipynb -p epochs 5 -p size 3x4 --output-dir out --timeout 60 --name five --trust"
    assert main(line.split()) == 0
    assert ran == [
        (
            (Path("a.ipynb"), {"epochs": "5", "size": "3x4"}, Path("out")),
            {"timeout_seconds": 60.0, "html": True, "name": "five", "trusted": True},
        )
    ]
    assert capsys.readouterr() == (f"{Path('out/a.ipynb')}\n{Path('out/a.html')}\n", "")


def test_report_has_defaults_and_can_leave_the_page_out(ran, capsys):
    assert main(["report", "a.ipynb", "--no-html", "-p", "offset", "-5"]) == 0
    arguments, options = ran[0]
    assert arguments == (Path("a.ipynb"), {"offset": "-5"}, Path("reports"))
    assert options == {"timeout_seconds": 3600, "html": False, "name": None, "trusted": False}
    assert "html" not in capsys.readouterr().out


def test_report_refuses_a_parameter_given_twice(ran, capsys):
    assert main(["report", "a.ipynb", "-p", "epochs", "5", "-p", "epochs", "6"]) == 2
    assert error_of(capsys) == "error: -p epochs is given twice: '5' and '6'.\n"
    assert ran == []


@pytest.mark.parametrize(
    "value", ["-1e-3", "1e-5", "-5", "-x", "--list", "--", "-p", "['a b', 'c']", "", "a=b"]
)
def test_report_takes_parameters_of_any_value(ran, value):
    line = ["report", "-p", "first", value, "a.ipynb", "--no-html", "-p", "second", "-2e+5"]
    assert main(line) == 0
    arguments, options = ran[0]
    assert arguments[1] == {"first": value, "second": "-2e+5"}
    assert not options["html"]


@pytest.mark.parametrize("line", ["a.ipynb -p", "a.ipynb -p lr", "a.ipynb -p --list 5", "-p 5 lr a.ipynb"])
def test_report_refuses_parameters_without_name_or_value(ran, capsys, line):
    with pytest.raises(SystemExit) as caught:
        main(["report", *line.split()])
    assert caught.value.code == 2
    assert "argument -p: expected a name and a value, as in -p epochs 5" in error_of(capsys)
    assert ran == []


def test_report_lists_parameters(tmp_path, capsys):
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    cell = new_code_cell("epochs: int = 3  # few", metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    nbformat.write(new_notebook(), tmp_path / "empty.ipynb")
    assert main(["report", str(tmp_path / "a.ipynb"), "--list"]) == 0
    assert capsys.readouterr().out.endswith("a.ipynb:\n  epochs: int = 3  # few\n")
    assert main(["report", str(tmp_path / "empty.ipynb"), "--list"]) == 0
    assert capsys.readouterr().out.endswith("(none)\n")


# --- data ---


@pytest.fixture
def download(monkeypatch):
    """Stand in for ``segnet_nb.datasets.download``."""
    importlib.import_module("segnet_nb.datasets.download")  # the real one is what comes back afterwards
    module: Any = types.ModuleType("segnet_nb.datasets.download")
    module.DownloadError = type("DownloadError", (TaskFailedError,), {})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("segnet_nb.datasets.download", module, raising=False)
    return module


def test_data_camvid_downloads(download, capsys):
    calls = []

    def download_camvid(destination: Path | None, *, progress: bool) -> Path:
        calls.append((destination, progress))
        return Path("there")

    download.download_camvid = download_camvid
    assert main(["data", "camvid", "--data-dir", "here"]) == 0
    assert main(["data", "camvid"]) == 0
    assert calls == [(Path("here"), True), (None, True)]
    assert capsys.readouterr().out == "there\nthere\n"


@pytest.mark.parametrize("ok", [True, False])
def test_data_verify_says_whether_all_is_well(download, capsys, ok):
    report = types.SimpleNamespace(ok=ok, summary=lambda: "701 files")
    download.verify_camvid = lambda root, *, progress: report
    assert main(["data", "verify", "--data-dir", "here"]) == (0 if ok else 1)
    assert capsys.readouterr().out == "701 files\n"


def test_a_failed_download_is_an_error_without_traceback(download, capsys):
    def download_camvid(*_: Any, **__: Any) -> None:
        raise download.DownloadError("the server is away")

    download.download_camvid = download_camvid
    assert main(["data", "camvid"]) == 1
    assert error_of(capsys) == "error: the server is away\n"


# --- train ---


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", {}),
        ("--epochs 5 --learning-rate 1e-3", {"epochs": 5, "learning_rate": 0.001}),
        ("--dataset camvid", {"dataset": "camvid"}),
        ("--image-size 90x120", {"image_size": (90, 120)}),
        ("--image-size 90 120", {"image_size": (90, 120)}),
        ("--crop 64x64", {"crop": (64, 64)}),
        ("--crop None --name None", {}),
        ("--no-horizontal-flip", {"horizontal_flip": False}),
        ("--horizontal-flip --name five", {"name": "five"}),
    ],
)
def test_train_options_are_the_fields_of_the_configuration(trained, capsys, line, expected):
    assert main(["train", *line.split()]) == 0
    assert trained == [(FakeConfig(**expected), False)]
    assert capsys.readouterr().out.startswith("trained for")


def test_ctrl_c_ends_with_130(trained):
    """So that ``train && evaluate`` stops."""
    assert main(["train", "--name", "stopped"]) == 130


def test_train_resumes(trained):
    assert main(["train", "--resume", "--epochs", "7"]) == 0
    assert trained == [(FakeConfig(epochs=7), True)]


def test_a_run_resumes_with_the_options_it_was_started_with(trained, tmp_path):
    (tmp_path / "record.json").touch()
    assert main(["train", "--resume", "--run-dir", str(tmp_path), "--epochs", "12"]) == 0
    assert trained == [(FakeConfig(epochs=12, learning_rate=0.5), True)]


def test_resuming_in_an_empty_folder_starts_with_the_options_given(trained, tmp_path):
    assert main(["train", "--resume", "--run-dir", str(tmp_path), "--epochs", "12"]) == 0
    assert trained == [(FakeConfig(epochs=12), True)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--epochs many", "argument --epochs: expected int, got 'many'"),
        ("--image-size 90", r"argument --image-size: expected tuple[int, int], got '90'"),
        ("--dataset cityscapes", "expected one of 'synthetic', 'camvid', got 'cityscapes'"),
        ("--epoch 3", "unrecognized arguments: --epoch 3"),
    ],
)
def test_train_refuses_what_does_not_fit(trained, capsys, line, message):
    with pytest.raises(SystemExit) as caught:
        main(["train", *line.split()])
    assert caught.value.code == 2
    assert message in error_of(capsys)
    assert trained == []


def test_train_help_shows_help_and_defaults(trained, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["train", "--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "passes over 100% of the data (default: 3)" in text
    assert "--image-size INTxINT" in text
    assert "(default: 180x240)" in text
    assert "--dataset {synthetic,camvid}" in text
    assert "--horizontal-flip, --no-horizontal-flip mirror at random (default: True)" in text
    assert "--resume" in text


# --- help, version, commands ---


@pytest.mark.parametrize("line", ["--help", "report --help", "data verify --help", "evaluate --help"])
def test_help_loads_nothing(line):
    code = (
        "import sys\nfrom segnet_nb.cli import main\n"
        f"try:\n    main({line.split()!r})\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'keras', 'tensorflow', 'papermill', 'nbformat', 'PIL', 'requests'}\n"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: segnet-nb")
    assert done.stdout.splitlines()[-1] == "set()"


def test_version(capsys):
    from importlib.metadata import version

    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"segnet-nb {version('segnet-nb')}\n"


@pytest.mark.parametrize("line", ["", "data", "unknown"])
def test_a_command_is_required(line, capsys):
    with pytest.raises(SystemExit) as caught:
        main(line.split())
    assert caught.value.code == 2
    assert "usage: segnet-nb" in error_of(capsys)


def test_it_runs_as_a_module():
    command = [sys.executable, "-m", "segnet_nb.cli", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"segnet-nb {sn.__version__}\n"


def test_the_function_stays_where_its_module_was_imported_first():
    code = "import segnet_nb.cli.main; from segnet_nb import cli; print(callable(cli.main))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


HELLO = """
def add(commands):
    commands.add_parser("hello", help="greet").add_argument("name")

def run(options):
    print(f"hello {options.name}")
    return 7
"""


def test_a_command_is_added_by_adding_a_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "hello.py").write_text(HELLO)
    (tmp_path / "helper.py").write_text("nothing = None")
    monkeypatch.setattr(cli, "__path__", [*cli.__path__, str(tmp_path)])
    try:
        assert main(["hello", "world"]) == 7
        assert capsys.readouterr().out == "hello world\n"
        with pytest.raises(SystemExit):
            main(["--help"])
        told = capsys.readouterr().out
        assert "greet" in told and "helper" not in told and "segment images" in told
    finally:
        for name in ("hello", "helper"):
            sys.modules.pop(f"segnet_nb.cli.{name}", None)
            cli.__dict__.pop(name, None)


def test_options_are_alike():
    """A folder to write to, a data folder and a run folder have one name each, in all commands."""
    names = {"--output-dir": set(), "--data-dir": set(), "--run-dir": set()}
    for line in ("report", "data camvid", "data verify", "predict", "evaluate", "export", "train"):
        code = f"from segnet_nb.cli import main; main({[*line.split(), '--help']!r})"
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
        for name, commands in names.items():
            if name in told:
                commands.add(line)
        told = told.replace("--output {probabilities,logits,labels}", "")  # of a network, not a place
        assert not re.search(r"--(dest|root|directory|output|folder)\b(?!-)", told), line
    assert names == {
        "--output-dir": {"report", "predict", "evaluate"},
        "--data-dir": {"data camvid", "data verify"},
        "--run-dir": {"train"},
    }


def test_examples_in_docstrings_hold():
    assert doctest.testmod(sys.modules["segnet_nb.cli.main"]).failed == 0
