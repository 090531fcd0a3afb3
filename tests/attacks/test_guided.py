"""A few seconds of fuzzing led by coverage for every reader that needs no network."""

from __future__ import annotations

import pytest

from tests.attacks import fuzz, guided

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not guided.is_installed(), reason="no atheris: `make test-all` installs it"),
]


@pytest.mark.parametrize("name", fuzz.readers(frameworks=False))
def test_no_file_breaks_a_reader(name, tmp_path):
    count, finding = guided.fuzzed(name, 5, 3, str(tmp_path))
    assert not finding
    assert count >= 20


def test_a_broken_reader_is_a_finding(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import segnet_nb.datasets.layouts.text_files as files\n"
        "def read_lines(path):\n    return [1 / (len(line) != 7) for line in path.read_bytes().split()]\n"
        "files.read_lines = read_lines\n"
    )
    _, finding = guided.fuzzed("lines", 60, 3, str(tmp_path), path=str(tmp_path))
    assert "ZeroDivisionError" in finding
