"""Widgets in an HTML page: which live on, which become pictures, and no state breaks the page."""

from __future__ import annotations

import base64
import json
import re

import nbformat
import pytest

from segnet_nb._shared import view_assets
from segnet_nb.reports.widget_views import STATE, VIEW, KeepWidgets

PNG = base64.b64encode(b"picture").decode()


def notebook_of(models, *shown):
    cells = []
    for model_id in shown:
        data = {VIEW: {"model_id": model_id}, "text/plain": "Thing(1 < 2)", "image/png": PNG}
        cells.append(
            nbformat.v4.new_code_cell("thing", outputs=[nbformat.v4.new_output("display_data", data)])
        )
    nb = nbformat.v4.new_notebook(cells=cells)
    nb.metadata["widgets"] = {STATE: {"state": models}}
    return nb


def model_of(buffers=(), **state):
    basic = {"_esm": "export default {}", "_css": ".a{}", "_view_name": "AnyView", "standalone": True}
    return {"model_name": "AnyModel", "state": {**basic, **state}, "buffers": list(buffers)}


def data_of(nb, cell=0):
    return nb.cells[cell].outputs[0].data


def scripts(html, marker):
    return [
        json.loads(text)
        for text in re.findall(
            rf'<script type="application/json" {marker}[^>]*>(.*?)</script>', html, re.DOTALL
        )
    ]


def test_a_standalone_widget_becomes_its_state_and_its_module():
    buffer = {"path": ["pictures", "0"], "encoding": "base64", "data": "AAEC\nAwQ=\n"}
    nb, _ = KeepWidgets(trusted=True).preprocess(notebook_of({"m": model_of([buffer], value=3)}, "m"), {})
    data = data_of(nb)
    assert set(data) == {"text/html", "text/plain"}
    (state,) = scripts(data["text/html"], "data-state")
    assert state["state"] == {"standalone": True, "value": 3}
    assert state["buffers"] == [{"path": ["pictures", "0"], "data": "AAECAwQ="}]
    assert scripts(data["text/html"], "data-module") == ["export default {}"]
    assert f'src="data:image/png;base64,{PNG}"' in data["text/html"]  # until it is drawn
    assert 'alt="Thing(1 &lt; 2)"' in data["text/html"]


def test_the_module_of_two_alike_stands_in_the_page_once():
    models = {"a": model_of(value=1), "b": model_of(value=2), "c": model_of(_esm="other")}
    nb, _ = KeepWidgets(trusted=True).preprocess(notebook_of(models, "a", "b", "c"), {})
    pages = [data_of(nb, i)["text/html"] for i in range(3)]
    assert [len(scripts(page, "data-module=")) for page in pages] == [1, 0, 1]
    assert [page.count("<style>") for page in pages] == [1, 0, 1]


@pytest.mark.parametrize(
    "model", [{"standalone": False}, {"_esm": ""}, None], ids=["needs a kernel", "not ours", "no state"]
)
def test_others_are_shown_as_their_picture(model):
    models = {} if model is None else {"m": model_of(**model)}
    nb, _ = KeepWidgets(trusted=True).preprocess(notebook_of(models, "m"), {})
    assert dict(data_of(nb)) == {"text/plain": "Thing(1 < 2)", "image/png": PNG}


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({"_esm": "export default {}"}, False),
        ({"_css": "body { display: none }"}, False),
    ],
    ids=["of the package", "another module", "another style sheet"],
)
def test_without_trust_only_modules_of_the_package_are_kept(change, kept):
    own = {"_esm": view_assets.script("loss_lab"), "_css": view_assets.style("loss_lab")}
    nb, _ = KeepWidgets().preprocess(notebook_of({"m": model_of(**{**own, **change})}, "m"), {})
    assert ("text/html" in data_of(nb)) == kept
    assert ("image/png" in data_of(nb)) != kept


def test_those_in_a_box_are_found_in_order():
    box = {"state": {"children": ["IPY_MODEL_b", "IPY_MODEL_gone", "IPY_MODEL_a"]}}
    models = {"box": box, "a": model_of(value=1), "b": model_of(value=2)}
    nb, _ = KeepWidgets(trusted=True).preprocess(notebook_of(models, "box"), {})
    assert [s["state"]["value"] for s in scripts(data_of(nb)["text/html"], "data-state")] == [2, 1]


@pytest.mark.parametrize("evil", ["</script><script>alert(1)</script>", "<!--<script>", "</style>"])
def test_no_text_can_end_the_element_it_stands_in(evil):
    models = {"m": model_of(name=evil, _esm=f"// {evil}", _css=f"/* {evil} */")}
    nb, _ = KeepWidgets(trusted=True).preprocess(notebook_of(models, "m"), {})
    html = data_of(nb)["text/html"]
    assert "alert(1)</script>" not in html
    assert (
        "<!--" not in html.split("</style>")[1]
    )  # in a style it means nothing, in a script it hides the end
    assert html.count("</script>") == 3 and html.count("</style>") == 1
    assert scripts(html, "data-state")[0]["state"]["name"] == evil
    assert scripts(html, "data-module")[0] == f"// {evil}"


def test_a_notebook_without_widgets_stays_as_it_is():
    nb = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text="1")])]
    )
    before = json.dumps(nb)
    KeepWidgets().preprocess(nb, {})
    assert json.dumps(nb) == before
