"""The texts of the project: links lead somewhere, code runs, commands parse, names exist."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

import segnet_nb
from segnet_nb import cli

ROOT = Path(__file__).parents[1]
SKIPPED = {".venv", ".git", "reports", "runs", "node_modules"}
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if path.relative_to(ROOT).parts[0] not in SKIPPED)
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of one language; ``""`` is the language of those that name none."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S)
    return [text for name, text in fenced if name == language]


def without_blocks(path: Path) -> str:
    """A document without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)


def test_all_documents_are_found():
    names = {named(path) for path in DOCUMENTS}
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/glossary.md", "data/README.md"} <= names


@pytest.mark.parametrize(("name", "low", "high"), [("README.md", 520, 650), ("CONTRIBUTING.md", 300, 800)])
def test_length_in_words(name, low, high):
    assert low <= len((ROOT / name).read_text(encoding="utf-8").split()) <= high


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_no_cell_of_a_table_is_long(path):
    cells = [
        cell
        for line in without_blocks(path).splitlines()
        if line.startswith("|")
        for cell in line.strip("|").split("|")
    ]
    assert not [cell for cell in cells if len(cell.split()) > 25]


class TestLinks:
    @staticmethod
    def anchors(path: Path) -> set[str]:
        """The anchors that GitHub gives the headings of a document, and JupyterLab those of a notebook."""
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
            headings = [found for text in texts for found in re.findall(r"^#+ (.+)$", text, re.M)]
            return {heading.replace(" ", "-") for heading in headings}
        headings = re.findall(r"^#+ (.+)$", without_blocks(path), re.M)
        return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    def broken(self, path: Path) -> list[str]:
        found = []
        for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", link):
                continue
            place, _, anchor = link.partition("#")
            target = path.parent / place if place else path
            if not target.exists() or (anchor and anchor not in self.anchors(target)):
                found.append(link)
        return found

    @pytest.mark.parametrize("path", DOCUMENTS, ids=named)
    def test_relative_links_lead_somewhere(self, path):
        assert self.broken(path) == []

    def test_broken_ones_are_found(self, tmp_path):
        text = "# A heading\n[a](none.md) [b](#a-heading) [c](#another) [d](https://a.org/none) ![e](f.jpg)\n"
        (tmp_path / "a.md").write_text(text)
        assert self.broken(tmp_path / "a.md") == ["none.md", "#another", "f.jpg"]

    def test_headings_of_notebooks_are_found(self, tmp_path):
        cells = [
            {"cell_type": "markdown", "source": ["# A title\n", "\n", "## Why: a heading, and more?\n"]},
            {"cell_type": "code", "source": "# a comment"},
        ]
        (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}))
        (tmp_path / "a.md").write_text("[a](a.ipynb#Why:-a-heading,-and-more?) [b](a.ipynb#a-comment)\n")
        assert self.broken(tmp_path / "a.md") == ["a.ipynb#a-comment"]

    def test_readme_and_contributing_are_linked_to_every_page(self):
        linked = "".join(
            (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md")
        )
        assert [path.name for path in (ROOT / "docs").glob("*.md") if f"docs/{path.name}" not in linked] == []


def test_each_of_the_twelve_questions_leads_to_a_section_of_a_lesson():
    questions = re.split(r"^\d+\. ", (ROOT / "docs" / "quiz.md").read_text(encoding="utf-8"), flags=re.M)[1:]
    assert len(questions) == 12
    for question in questions:
        links = re.findall(r"\]\(\.\./(notebooks/\w+\.ipynb)#([^)\s]+)\)", question)
        assert links and "?" in question.split("\n")[0], question
        for notebook, anchor in links:
            assert anchor in TestLinks.anchors(ROOT / notebook), f"{notebook} has no heading {anchor}"


README_RESULTS = """
assert labels.shape == (4, 96, 128)
assert upsampled.shape == (4, 96, 128, 3)
assert (run.directory / "best.keras").exists()
assert sn.TrainConfig(network="mine").network == "mine"
assert mine((48, 64, 3), 5).output_shape == (None, 48, 64, 5)
"""


def test_python_blocks_of_the_readme_run(tmp_path):
    """In a process of their own, since they register a network."""
    code = blocks(ROOT / "README.md", "python")
    assert len(code) == 2
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*code, README_RESULTS])],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("name", ["docs/usage.md", "docs/inspectors.md"])
def test_python_blocks_run(name, tmp_path, monkeypatch):
    """One after the other in one namespace, as a reader would."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    code = blocks(ROOT / name, "python")
    assert code
    for block in code:
        exec(compile(block, name, "exec"), namespace)


# --- commands ---------------------------------------------------------------------------------------


def fenced_commands(path: Path) -> list[str]:
    lines = [
        line
        for block in (*blocks(path, ""), *blocks(path, "console"))
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return [line.removeprefix("$ ") for line in lines if line.removeprefix("$ ").startswith("segnet-nb ")]


def inline_commands(path: Path) -> list[str]:
    found = re.findall(r"`(segnet-nb [^`]+)`", without_blocks(path))
    return [" ".join(command.split()) for command in found if "..." not in command]


COMMANDS = [(named(path), command) for path in DOCUMENTS for command in fenced_commands(path)]
MENTIONS = [(named(path), command) for path in DOCUMENTS for command in inline_commands(path)]


class Parsed(BaseException):
    """Raised in place of running a command that has parsed."""


@pytest.fixture
def parse(monkeypatch, capsys):
    """A function that parses the arguments of ``segnet-nb`` and runs nothing."""
    original = argparse.ArgumentParser.parse_args

    def stop(self, *arguments, **options):
        raise Parsed(original(self, *arguments, **options))

    def parse(command: str) -> argparse.Namespace:
        try:
            status = cli.main(shlex.split(command, comments=True)[1:])
        except Parsed as parsed:
            return parsed.args[0]
        except SystemExit as error:
            status = error.code
        pytest.fail(f"{command!r} ends with status {status}: {capsys.readouterr().err}")

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    return parse


@pytest.mark.parametrize(("document", "command"), COMMANDS)
def test_commands_parse(document, command, parse):
    from segnet_nb.training import TrainConfig, recipes

    given = vars(parse(command))
    if command.startswith("segnet-nb train"):
        base = recipes.recipe(given["recipe"]) if given.get("recipe") else TrainConfig()
        fields = {field.name for field in dataclasses.fields(TrainConfig)} - {"dataset"}
        # Raises if a value is impossible; the dataset may be a folder of the reader.
        dataclasses.replace(base, **{name: given[name] for name in fields if name in given})


@pytest.mark.parametrize(("document", "command"), MENTIONS)
def test_mentioned_commands_and_options_exist(document, command, capsys):
    """As in `segnet-nb evaluate --flip`, where what else is required is left out."""
    words = shlex.split(command)[1:]
    names = [word for word in words if word.islower() and not word.startswith("-")]
    with pytest.raises(SystemExit) as error:
        cli.main([*names, "--help"])
    shown, complaint = capsys.readouterr()
    assert error.value.code == 0, complaint
    assert not [word for word in words if word.startswith("--") and word not in shown]


def test_commands_are_found_and_wrong_ones_refused(parse):
    assert len(COMMANDS) > 30 and len(MENTIONS) > 5
    assert {"README.md", "docs/results.md", "docs/usage.md"} <= {document for document, _ in COMMANDS}
    with pytest.raises(pytest.fail.Exception, match="--no-such-option"):
        parse("segnet-nb train --no-such-option 3")


# --- glossary ---------------------------------------------------------------------------------------

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
TERMS = re.split(r"^### ", GLOSSARY, flags=re.M)[1:]


def test_glossary_has_the_terms_of_the_lessons():
    names = [term.splitlines()[0] for term in TERMS]
    assert len(names) == len(set(names))
    assert 40 <= len(names) <= 60
    assert {"Pooling indices", "Unpooling", "Mean IoU", "Predictive entropy", "ONNX"} <= set(names)


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.splitlines()[0])
def test_a_term_has_a_text_a_place_and_a_lesson(term):
    text = " ".join(term.splitlines()[1:]).split("In the package:")
    assert len(text) == 2 and 5 <= len(text[0].split()) <= 45
    assert re.search(r"Lessons?: \[\d\d\]|Page: \[", text[1])


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`sn\.([\w.]+)", GLOSSARY))))
def test_names_in_the_glossary_exist(name):
    assert functools.reduce(getattr, name.split("."), segnet_nb) is not None


# --- project files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WORKFLOWS, ids=named)
def test_workflows_pin_actions_by_commit(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    uses = [step["uses"] for step in steps if "uses" in step]
    assert uses
    for action in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
    commented = re.findall(
        r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", path.read_text(encoding="utf-8"), re.M
    )
    assert len(commented) == len(uses)
    assert "contents" in workflow["permissions"]


def test_an_action_has_one_commit_in_all_workflows():
    text = "".join(path.read_text(encoding="utf-8") for path in WORKFLOWS)
    pins = set(re.findall(r"uses: (\S+)@(\S+) # (\S+)", text))
    assert len({action for action, *_ in pins}) == len(pins)


def test_a_release_uses_no_stored_token():
    release = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    publish = release["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"} and publish["environment"] == "pypi"
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text()


def test_citation():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors", "version", "license"} <= set(citation)
    assert str(citation["version"]) == segnet_nb.__version__
    paper = citation["preferred-citation"]
    assert paper["title"].startswith("SegNet: A Deep Convolutional Encoder-Decoder")
    assert {"type", "authors", "year", "journal", "doi"} <= set(paper)


def test_changelog_keeps_its_form():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^##+ (.+)$", text, re.M)
    assert headings[0].startswith("[Unreleased]") and segnet_nb.__version__ in headings[0]
    assert headings[1:4] == ["Added", "Changed", "Fixed"]


@pytest.mark.parametrize("path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml")), ids=named)
def test_issue_templates_are_forms(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.stem == "config":
        assert "blank_issues_enabled" in form
        return
    assert {"name", "description", "body"} <= set(form)
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))


class TestPreCommit:
    REPOSITORIES: ClassVar = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    LOCAL: ClassVar = {
        hook["id"]: hook for each in REPOSITORIES if each["repo"] == "local" for hook in each["hooks"]
    }

    def run(self, hook: str, path: Path) -> int:
        program, *words = shlex.split(self.LOCAL[hook]["entry"])
        assert program == "python" and self.LOCAL[hook]["language"] == "system"
        done = subprocess.run(
            [sys.executable, *words, str(path)], cwd=ROOT, capture_output=True, check=False, timeout=60
        )
        return done.returncode

    def test_remote_hooks_are_pinned(self):
        remote = [each for each in self.REPOSITORIES if each["repo"] != "local"]
        assert all(re.fullmatch(r"v\d+\.\d+\.\d+|[0-9a-f]{40}", each["rev"]) for each in remote)
        assert "check-added-large-files" in {hook["id"] for each in remote for hook in each["hooks"]}

    def test_an_invalid_notebook_is_refused(self, tmp_path):
        spoilt = tmp_path / "spoilt.ipynb"
        spoilt.write_text('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]}')
        assert self.run("nbformat", spoilt) != 0
        assert self.run("nbformat", ROOT / "notebooks" / "00_start_here.ipynb") == 0

    def test_ruff_checks_and_formats(self, tmp_path):
        source = tmp_path / "a.py"
        source.write_text("x = undefined_name\n")
        assert self.run("ruff", source) != 0
        source.write_text("x=1\n")
        assert self.run("ruff-format", source) == 0
        assert source.read_text() == "x = 1\n"
