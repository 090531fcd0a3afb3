"""Fixtures of the tests of exports."""

from __future__ import annotations

import pytest

from tests.teaching import small_course


@pytest.fixture
def course(tmp_path):
    """The folder of a course of two tiny lessons."""
    return small_course.write(tmp_path / "clone" / "notebooks")


@pytest.fixture
def reveal(tmp_path):
    """A folder with the files of reveal.js that slides load."""
    folder = tmp_path / "given" / "reveal.js"
    (folder / "dist").mkdir(parents=True)
    for name in ("dist/reveal.js", "dist/reveal.css", "LICENSE"):
        (folder / name).write_text(f"/* {name} */")
    return folder
