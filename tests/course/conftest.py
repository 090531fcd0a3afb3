"""A progress file of a test's own, and nothing left of what other tests have answered."""

from __future__ import annotations

import pytest

from segnet_nb.course import progress_file, quizzes


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The progress file, in a folder that does not exist yet."""
    path = tmp_path / "data" / "mine.json"
    monkeypatch.setenv(progress_file.VARIABLE, str(path))
    monkeypatch.setattr(progress_file, "_sessions", {})
    monkeypatch.setattr(progress_file, "_notices", [])
    monkeypatch.setattr(quizzes, "_shown", {})
    return path


@pytest.fixture
def unkept(kept, monkeypatch):
    """Nothing is kept: this is a test run, and no variable names a file."""
    monkeypatch.delenv(progress_file.VARIABLE)
    return kept
