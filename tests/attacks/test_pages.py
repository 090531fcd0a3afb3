"""Pages made of hostile notebooks: nothing runs, nothing is requested, and the page stays where it is."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from segnet_nb.reports import sanitizing, widget_views
from tests.attacks.pages import GO, MARKUP, NOTEBOOKS, markdown, page_of

FORBIDDEN = {
    "script",
    "form",
    "iframe",
    "object",
    "embed",
    "base",
    "link",
    "svg",
    "math",
    "input",
    "template",
}


class Elements(HTMLParser):
    """Everything in the body that could act; ``meta`` and ``style`` are of nbconvert's head."""

    def __init__(self) -> None:
        super().__init__()
        self.bad, self._in_body = [], False

    def handle_starttag(self, tag, attrs):
        self._in_body |= tag == "body"
        if self._in_body and tag in FORBIDDEN | {"meta", "style"}:
            self.bad.append(tag)
        if not self._in_body and (tag in FORBIDDEN or ("http-equiv", "refresh") in attrs):
            self.bad.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (
                name in ("name", "ping", "srcset", "srcdoc", "action") and self._in_body
            ):
                self.bad.append(f"{tag} {name}")
            if "".join((value or "").split()).lower().startswith(("javascript:", "data:text")):
                self.bad.append(f"{tag} {name}={value[:30]}")


def actors(page):
    parser = Elements()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.bad


# nbconvert does not know the language that one of them names.
pytestmark = pytest.mark.filterwarnings("ignore:No lexer found")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_nothing_that_acts_is_in_the_page(name, tmp_path):
    assert actors(page_of(NOTEBOOKS[name], tmp_path)) == []


def test_the_reader_of_the_page_sees_what_acts(tmp_path):
    """What it looks for is there when the notebook is trusted."""
    found = {
        bad.split()[0]
        for text in MARKUP.values()
        for bad in actors(page_of(markdown(text), tmp_path, trusted=True))
    }
    assert {
        "script",
        "form",
        "iframe",
        "object",
        "embed",
        "base",
        "link",
        "svg",
        "math",
        "meta",
        "img",
    } <= found


def test_the_policy_allows_the_starter_of_widgets_and_no_other_script(tmp_path):
    text = page_of(markdown("text"), tmp_path).read_text(encoding="utf-8")
    (policy,) = re.findall(r"<meta content=\"([^\"]*)\" http-equiv=\"Content-Security-Policy\"/>", text)
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["script-src"].split() == [
        sanitizing.source_hash(widget_views.starter()),
        "blob:",
        "'wasm-unsafe-eval'",  # a live network
    ]
    assert parts["worker-src"] == "blob:"
    assert parts["default-src"] == parts["form-action"] == parts["base-uri"] == "'none'"
    assert sanitizing.source_hash(GO) not in policy


def test_markup_that_shows_something_stays():
    shown = [
        '<table class="dataframe"><thead><tr><th colspan="2">a</th></tr></thead>',
        "<tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
        '<p style="color:red">b <sub>i</sub> <a href="https://a.org/b#c">d</a></p>',
        '<details open=""><summary>e</summary>f</details>',
        '<img src="data:image/png;base64,AAAA" alt="g" width="20">',
        '<video controls="" src="data:video/mp4;base64,AAAA"></video>',
        '<h2 id="h">i<a class="anchor-link" href="#h">¶</a></h2>',
    ]
    for markup in ["".join(shown[:2]), *shown[2:]]:
        assert sanitizing.safe(markup) == markup
