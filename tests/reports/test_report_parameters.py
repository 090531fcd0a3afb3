"""A notebook's parameters: read from its cell, checked before anything runs."""

from __future__ import annotations

import doctest
import functools
import re

import pytest

from segnet_nb import reports
from segnet_nb._shared import typed_values
from segnet_nb.reports import notebook_parameters
from tests.report_helpers import PARAMETERS, write_notebook


@pytest.fixture
def notebook(tmp_path):
    return functools.partial(write_notebook, tmp_path)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("epochs", "5", 5),
        ("epochs", 7, 7),
        ("rate", "0.25", 0.25),
        ("rate", 1, 1.0),
        ("augment", "false", False),
        ("augment", "True", True),
        ("decoder", "small", "small"),
        ("size", "90x120", (90, 120)),
        ("size", "(90, 120)", (90, 120)),
        ("size", "90, 120", (90, 120)),
        ("size", [90, 120], (90, 120)),
        ("limit", "None", None),
        ("limit", "12", 12),
        ("label", "5", "5"),
    ],
)
def test_values_take_the_declared_type(notebook, name, given, expected):
    checked = notebook_parameters.check_parameters(notebook(parameters=PARAMETERS), {name: given})
    assert checked == {name: expected}
    assert type(checked[name]) is type(expected)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("epochs", "abc", "expected int, got 'abc'"),
        ("epochs", "2.5", "expected int, got '2.5'"),
        ("epochs", True, r"expected int, got True \(bool\)"),
        ("rate", False, r"expected float, got False \(bool\)"),
        ("augment", 1, r"expected bool, got 1 \(int\)"),
        ("augment", "maybe", "expected bool, got 'maybe'"),
        ("decoder", "medium", "expected one of 'full', 'small', got 'medium'"),
        ("size", "90", r"expected tuple\[int, int\], got '90'"),
        ("size", (90, 120.5), r"expected tuple\[int, int\]"),
        ("limit", "all", "expected int or None, got 'all'"),
        ("label", 5, r"expected str, got 5 \(int\)"),
    ],
)
def test_ill_typed_values_are_refused_with_the_list(notebook, name, given, message):
    with pytest.raises(ValueError, match=f"'{name}': {message}") as caught:
        reports.run(notebook(parameters=PARAMETERS), {name: given})
    assert re.search(r"epochs: int = 3 +# the full run: 80", str(caught.value))
    assert "decoder: Literal['full', 'small'] = \"full\"" in str(caught.value)


LISTS = "words: list[str] = []\nrates: tuple[float, ...] = ()\nlr: float = 0.1\n"


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("lr", "-1e-3", -0.001),
        ("lr", "1e-5", 0.00001),
        ("lr", "-.5", -0.5),
        ("words", "['a b', \"it's\"]", ["a b", "it's"]),
        ("words", "'a b' c", ["a b", "c"]),
        ("words", '"a b", "c d"', ["a b", "c d"]),
        ("words", "a, b c", ["a", "b", "c"]),
        ("words", "-a --b", ["-a", "--b"]),
        ("words", "5 06", ["5", "06"]),
        ("words", "", []),
        ("rates", "-1e-3 2", (-0.001, 2.0)),
        ("rates", "(1e-5, -2)", (0.00001, -2.0)),
    ],
)
def test_any_value_and_lists_with_spaces_and_quotes(notebook, name, given, expected):
    checked = notebook_parameters.check_parameters(notebook(parameters=LISTS), {name: given})
    assert checked == {name: expected}


@pytest.mark.parametrize("given", ["['a', 'b'", "[a, b]", "'a b", "it's", "a]", "{'a'", "['a' 'b"])
def test_malformed_lists_are_refused(notebook, given):
    with pytest.raises(
        ValueError, match=r"'words': expected list\[str\], got .*brackets or quotes do not fit"
    ):
        notebook_parameters.check_parameters(notebook(parameters=LISTS), {"words": given})


def test_unknown_names_are_refused_with_a_suggestion(notebook):
    path = notebook(parameters=PARAMETERS)
    with pytest.raises(ValueError, match=r"there is no parameter 'epoch'\. Did you mean 'epochs'\?"):
        reports.run(path, {"epoch": 3})
    with pytest.raises(ValueError, match="there is no parameter 'quite_other'") as caught:
        reports.run(path, {"quite_other": 3})
    assert "Did you mean" not in str(caught.value)


def test_all_problems_are_told_at_once(notebook):
    with pytest.raises(ValueError, match=r"'epoch'.*'rate': expected float"):
        reports.run(notebook(parameters=PARAMETERS), {"epoch": 3, "rate": "fast"})


def test_a_notebook_without_a_parameters_cell_takes_none(notebook):
    path = notebook("1 + 1")
    assert reports.parameters(path) == {}
    with pytest.raises(ValueError, match=r"no cell tagged 'parameters'.*got 'epochs'"):
        reports.run(path, {"epochs": 3})


def test_a_parameters_cell_that_is_not_python_is_refused(notebook):
    with pytest.raises(ValueError, match=r"not plain Python \(line 2"):
        reports.parameters(notebook(parameters="epochs: int = 3\n%matplotlib inline"))


def test_parameters_are_read_as_papermill_reads_them(notebook):
    import papermill

    plain = "epochs: int = 3  # the full run: 80\nrate: float = 0.1\nname = 'x'  # of the run\n"
    path = notebook(parameters=plain)
    for name, theirs in papermill.inspect_notebook(path).items():
        ours = reports.parameters(path)[name]
        assert (ours.annotation or "None") == theirs["inferred_type_name"]
        assert (ours.default, ours.help) == (theirs["default"], theirs["help"])


def test_comments_belong_to_their_line_and_defaults_may_span_lines(notebook):
    cell = '# not this\nwords = ["a",\n         "b"]  # this\n\ncolour: str = "#fff"\nquoted: "int" = 1'
    found = reports.parameters(notebook(parameters=cell))
    assert found["words"].help == "this"
    assert (found["colour"].default, found["colour"].help) == ('"#fff"', "")
    assert (found["words"].hint, found["quoted"].hint) == (list, int)


@pytest.mark.parametrize("module", [typed_values, notebook_parameters])
def test_examples_in_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0
