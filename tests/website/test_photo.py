"""The website's page for photos: its card, its files, and its policy."""

from __future__ import annotations

import html
import re

import pytest

from segnet_nb.reports import page_engine
from segnet_nb.reports.sanitizing import source_hash
from tools.site import photo

needs_engine = pytest.mark.skipif(
    not all(map(page_engine.has_engine, (page_engine.ENGINE, page_engine.GPU_ENGINE))),
    reason="no engine: tools/build_engine.py makes it",
)
INDEX = "before\n% the card of the page for photos\nafter\n"


def test_the_first_page_leads_to_it(monkeypatch):
    monkeypatch.setattr(photo, "has_engine", lambda: True)
    text = photo.with_card(INDEX)
    assert text.startswith("before\n:::{grid-item-card}") and text.endswith(":::\nafter\n")
    assert f":link: {photo.NAME}\n" in text


def test_without_an_engine_there_is_neither_page_nor_card(monkeypatch, tmp_path):
    monkeypatch.setattr(photo, "has_engine", lambda *_: False)
    assert photo.with_card(INDEX) == "before\nafter\n"
    photo.write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_first_page_without_a_place_for_the_card():
    with pytest.raises(ValueError, match="has no line '% the card"):
        photo.with_card("before\nafter\n")


@needs_engine
def test_engines_are_files_of_their_own_and_the_policy_allows_the_scripts(folder):
    text = (folder / photo.NAME).read_text(encoding="utf-8")
    assert len(text) < 1_600_000  # 1.1 MB of weights as base64, and no engine
    engines = {path.read_text(encoding="utf-8") for path in (folder / "explorers").iterdir()}
    assert {len(re.findall(r'add\("data-(?:gpu-)?engine"', each)) for each in engines} == {1}
    assert len(engines) == 2
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1])
    allowed = set(re.search(r"script-src ([^;]*);", policy)[1].split())
    run = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert allowed == {"'self'", "blob:", "'wasm-unsafe-eval'", *map(source_hash, run)}
    assert "connect-src" not in policy and policy.startswith("default-src 'none'")
