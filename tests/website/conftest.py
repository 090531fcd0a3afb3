"""What tests of the website share."""

from __future__ import annotations

import pytest

from tools.site import photo


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    """A website that has a first page and the page for photos, if this clone has an engine."""
    made = tmp_path_factory.mktemp("site")
    (made / "index.html").write_text("<title>first page</title>", encoding="utf-8")
    photo.write(made)
    return made
