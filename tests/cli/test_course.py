"""``segnet-nb course``: what reaches the package, and one sentence for what cannot work."""

from __future__ import annotations

import pytest

from segnet_nb import cli
from tests.teaching import small_course
from tests.teaching.small_course import NAME, names


@pytest.fixture
def course(tmp_path):
    return small_course.write(tmp_path / "clone" / "notebooks")


@pytest.fixture
def run(course, capsys):
    def run(*words: str, notebooks: bool = True) -> tuple[int, str, str]:
        status = cli.main(["course", *words, *(["--notebooks", str(course)] if notebooks else [])])
        return (status, *capsys.readouterr())

    return run


def test_export(run, tmp_path):
    out = tmp_path / "out"
    assert run("export", str(out), "--for", "nbgrader", "--points", "2.5") == (0, f"{out}\n", "")
    assert '"points": 2.5' in (out / "release" / NAME / f"{NAME}.ipynb").read_text()
    assert run("export", str(out), "--for", "nbgrader") == (0, f"{out}\n", "")  # again
    assert '"points": 1.0' in (out / "release" / NAME / f"{NAME}.ipynb").read_text()


def test_slides_say_where_reveal_is_from(run, tmp_path, monkeypatch):
    monkeypatch.setattr("segnet_nb.teaching.reveal._CHECKOUT", tmp_path / "none")
    status, said, note = run("export", str(tmp_path / "a"), "--for", "plain", "--slides")
    assert (status, said) == (0, f"{tmp_path / 'a'}\n")
    assert note.startswith("note: the slides load reveal.js from the network") and note.count("\n") == 1
    for name in ("dist/reveal.js", "dist/reveal.css"):
        (tmp_path / "given" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "given" / name).write_text("x")
    options = ("--slides", "--reveal", str(tmp_path / "given"))
    assert run("export", str(tmp_path / "b"), "--for", "plain", *options)[2] == ""
    assert "slides/reveal.js/dist/reveal.js" in names(tmp_path / "b")


def test_pack_and_verify(run, tmp_path):
    out = tmp_path / "class"
    assert run("pack", str(out), "--lessons", "4") == (0, f"{out}\n", "")
    assert run("verify", str(out), notebooks=False) == (0, "all files are as they were packed\n", "")
    (out / "README.md").write_text("x")
    assert run("verify", str(out), notebooks=False) == (1, "README.md differs\n1 faults\n", "")


OTHERS = "is not empty and was not made by this command: pass the path of a new folder."


@pytest.mark.parametrize(
    "action",
    [("export", "--for", "otter"), ("export", "--for", "plain", "--slides"), ("pack",)],
    ids=["graded", "slides", "pack"],
)
@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--lessons", "04", "99"], "there is no lesson '99'. Choose from: 00, 04."),
        (["--notebooks", "no/such"], "no/such has no lessons, such as"),
        (["--notebooks", ""], " has no lessons, such as"),
    ],
    ids=["lesson", "notebooks", "here"],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    action, more, message, course, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = names(tmp_path)
    words = ["course", action[0], str(tmp_path / "out"), *action[1:], "--notebooks", str(course), *more]
    assert cli.main(words) == 2
    said, error = capsys.readouterr()
    assert said == "" and error.startswith("error: ") and error.count("\n") == 1 and message in error
    assert names(tmp_path) == before and not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [("export", "--for", "otter"), ("pack",)], ids=["export", "pack"])
def test_a_folder_with_other_files_is_left_alone(words, run, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "a.tex").write_text("x")
    status, said, error = run(words[0], str(tmp_path / "thesis"), *words[1:])
    assert (status, said, error) == (2, "", f"error: {tmp_path / 'thesis'} {OTHERS}\n")
    assert names(tmp_path / "thesis") == {"a.tex"}


def test_missing_solutions_are_named(run, course, tmp_path):
    (course / "solutions" / f"{NAME}.ipynb").unlink()
    status, _, error = run("export", str(tmp_path / "out"), "--for", "nbgrader", "--lessons", "04")
    assert status == 2 and error.count("\n") == 1 and f"has no solutions/{NAME}.ipynb" in error
    assert not (tmp_path / "out").exists()
    assert run("pack", str(tmp_path / "out"))[0] == 0  # a class gets no solutions anyway


def test_an_installed_package_has_no_lessons(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("segnet_nb.teaching.lessons._CHECKOUT", tmp_path / "site-packages" / "notebooks")
    assert cli.main(["course", "export", str(tmp_path / "out"), "--for", "plain"]) == 2
    assert capsys.readouterr().err == (
        "error: the installed package has no lessons, such as 04_losses_and_metrics.ipynb with its solution "
        "in solutions/: pass the folder notebooks/ of a clone with --notebooks.\n"
    )


@pytest.mark.parametrize(
    "words",
    [("export", "out"), ("export", "out", "--for", "moodle"), ("export", "--for", "otter"), ("verify",), ()],
    ids=["none", "moodle", "out", "folder", "action"],
)
def test_arguments_that_do_not_parse(words, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["course", *words])
    assert stopped.value.code == 2 and "error" in capsys.readouterr().err
