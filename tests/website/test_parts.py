"""What the website is put together from: anchors, links, policies, explorers in files, reference."""

from __future__ import annotations

import base64
import hashlib
import inspect
import json
import re

import nbformat
import pytest

import segnet_nb as sn
from segnet_nb.reports.widget_views import KeepWidgets, starter
from tests.reports.test_report_widgets import data_of, model_of, notebook_of
from tools.site import __main__ as site, api, explorers, finish, lessons


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](../x/04_losses.ipynb#Dice-loss,-by-hand)", "[a](../x/04_losses.ipynb#dice-loss-by-hand)"),
        ("[a](#Verdict:-all-of-CamVid)", "[a](#verdict-all-of-camvid)"),
        ("[docs](../docs/usage.md#self-tests)", "[docs](../docs/usage.md#self-tests)"),
        ("see [solutions](solutions/01_theory.ipynb).", "see solutions."),
        ("[tests](../tests/website)", "tests"),
        ("[paper](https://arxiv.org/abs/1511.00561#tests)", "[paper](https://arxiv.org/abs/1511.00561#tests)"),
    ],
)  # fmt: skip
def test_links_are_those_of_the_website(text, expected):
    assert site.for_the_site(text) == expected


def test_a_policy_allows_the_scripts_of_the_page_and_no_others():
    page = (
        "<script>first()</script><script src='a.js'></script>"
        '<script type="application/json">{"a": 1}</script><script async>\nsecond()\n</script>'
    )
    hashes = [
        "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
        for text in ("first()", "\nsecond()\n")
    ]
    scripts = re.search(r"script-src ([^;]*);", finish.policy(page))[1].split()
    assert scripts == ["'self'", "blob:", "'wasm-unsafe-eval'", *sorted(hashes)]


def write(folder, **pages):
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(f'<html><head><meta charset="utf-8"></head>{text}</html>')


def test_links_that_lead_nowhere_are_found(tmp_path):
    (tmp_path / "p").mkdir()
    write(
        tmp_path,
        a='<h1 id="top">A</h1><a href="b.html#here">1</a><a href="b.html#not">2</a><a href="c.html">3</a>',
        b='<p id="here"><a href="https://example.com">4</a><a href="#there">5</a><a href="p/">6</a></p>',
        d='<img src="https://example.com/x.png"><script src="//example.com/x.js"></script>',
    )
    assert sorted(finish.faults(tmp_path)) == [
        "a.html leads to b.html#not: the page has no such anchor.",
        "a.html leads to c.html, which is not there.",
        "b.html leads to #there: the page has no such anchor.",
        "b.html leads to p/, which is not there.",
        "d.html loads //example.com/x.js from another host.",
        "d.html loads https://example.com/x.png from another host.",
    ]


def test_a_finished_page(tmp_path):
    write(tmp_path, a='<script>go()</script><img src="data:,x"><pre>x</pre>')
    finish.finish(tmp_path)
    text = (tmp_path / "a.html").read_text()
    assert text.count("Content-Security-Policy") == 1
    assert '<img loading="lazy" src' in text and '<pre tabindex="0">' in text
    finish.finish(tmp_path)  # nothing more happens
    assert (tmp_path / "a.html").read_text() == text


def test_solutions_are_folded_after_their_checks():
    name = "01_theory"
    lesson = lessons.stored()[name]
    solution = nbformat.read(lessons.NOTEBOOKS / "solutions" / f"{name}.ipynb", as_version=4)
    answers = [cell.source for cell in solution.cells if "unsolved" in cell.metadata]
    shown = lessons.prepared(name, lesson, lessons.NOTEBOOKS, "owner/name")
    folded = [i for i, cell in enumerate(shown.cells) if "{dropdown} Solution" in cell.source]
    assert len(folded) == len(answers) > 1
    for place, answer in zip(folded, answers, strict=True):
        assert answer in shown.cells[place].source
        assert "course.check(" in shown.cells[place - 1].source
    assert "colab.research.google.com/github/owner/name/" in shown.cells[1].source
    assert not any("→](" in cell.source for cell in shown.cells)  # the theme links to the next lesson
    assert "NBVAL" not in "".join(cell.source for cell in shown.cells)
    assert "colab" not in lessons.prepared(name, lesson, lessons.NOTEBOOKS).cells[1].source


def test_every_public_name_of_the_package_has_an_entry():
    found = {id(member) for part in api.PARTS for member in api.public(part).values()}
    names = re.findall(r"\bas (\w+),", (lessons.ROOT / "segnet_nb" / "__init__.pyi").read_text())
    members = {name: getattr(sn, name) for name in names}
    callables = {
        name: each
        for name, each in members.items()
        if (inspect.isfunction(each) or inspect.isclass(each)) and not name.endswith("Error")
    }
    assert len(callables) > 20
    assert [name for name, each in callables.items() if id(each) not in found] == []


def test_an_explorer_is_a_file_of_its_own(tmp_path):
    models = {"a": model_of(value="</script>"), "b": model_of(value=2)}
    nb, _ = KeepWidgets(trusted=True).preprocess(notebook_of(models, "a", "b"), {})
    for place, value in ((0, "</script>"), (1, 2)):
        markup = explorers.apart(data_of(nb, place)["text/html"], tmp_path)
        (name,) = re.findall(r'data-explorer="(\w+)"', markup)
        assert "<script" not in markup and "data-fallback" in markup
        script = (tmp_path / f"{name}.js").read_text()
        assert f'[data-explorer="{name}"]' in script and "currentScript" not in script
        text = json.loads(re.search(r'add\("data-state", (".*")\);', script)[1])
        assert json.loads(text)["state"]["value"] == value
    assert explorers.apart("<p>none</p>", tmp_path) == "<p>none</p>"


def test_what_runs_a_network_shares_the_engine(tmp_path):
    """The engine of both is one file, and what a network has is in its own."""
    markup = [
        f'<div data-standalone><img data-fallback><script type="text/plain" data-asset="{name}">AAAA</script>'
        '<script type="text/plain" data-engine>BBBB</script>'
        '<script type="application/json" data-page-worker>"w"</script>'
        f'<script type="application/json" data-state>{{"x": "{name}"}}</script>'
        f"<script>{starter()}</script></div>"
        for name in ("n1", "n2")
    ]
    found = [explorers.apart(each, tmp_path) for each in markup]
    assert not any("<script" in each for each in found)
    needs = {re.search(r'data-needs="(\w+)"', each)[1] for each in found}
    names = {re.search(r'data-explorer="(\w+)"', each)[1] for each in found}
    assert len(needs) == 1 and len(names) == 2
    engine = (tmp_path / f"{needs.pop()}.js").read_text()
    assert "BBBB" in engine and "data-page-worker" in engine and "AAAA" not in engine
    for name in names:
        script = (tmp_path / f"{name}.js").read_text()
        assert "AAAA" in script and "BBBB" not in script


def test_the_lock_of_the_website_is_beside_that_of_the_package():
    package, website = (
        (lessons.ROOT / name).read_text().splitlines()
        for name in ("requirements.lock", "requirements-site.lock")
    )
    website, package = ({line for line in lines if "==" in line} for lines in (website, package))
    assert not website & package
    named = {line.split("==")[0] for line in website}
    assert {"sphinx", "myst-nb", "furo"} <= named
