"""Annotations are data: what Python would make of harmless ones, and nothing run of hostile ones."""

from __future__ import annotations

import ast
import typing
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from segnet_nb import reports
from segnet_nb.reports.annotations import UnknownAnnotation, parse_annotation
from tests.report_helpers import write_notebook


def parsed(text):
    return parse_annotation(ast.parse(text, mode="eval").body)


scalars = st.sampled_from(["int", "float", "str", "bool", "bytes", "object", "Any", "typing.Any"])
choices = st.one_of(st.integers(-9, 9), st.text("ab'\" \\", max_size=4), st.booleans(), st.none())
literals = st.lists(choices, min_size=1, max_size=3).map(
    lambda found: f"Literal[{', '.join(map(repr, found))}]"
)


def larger(inner):
    members = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        inner.map("list[{}]".format),
        inner.map("tuple[{}, ...]".format),
        inner.map("typing.Optional[{}]".format),
        members.map(", ".join).map("tuple[{}]".format),
        members.map(", ".join).map("Union[{}]".format),
        st.tuples(inner, inner).map(lambda pair: f"Dict[{pair[0]}, {pair[1]}]"),
        st.tuples(inner, inner).map(lambda pair: f"typing.Union[{pair[0]}, {pair[1]}]"),
    )


annotations = st.recursive(scalars | literals, larger, max_leaves=6)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(annotations)
def test_the_same_as_python_makes_of_it(text):
    """These texts come from our own grammar, so evaluating them here is safe; typing's Dict is dict."""
    names = {**vars(typing), "typing": typing, "Dict": dict, "List": list, "Tuple": tuple}
    assert parsed(text) == eval(text, names)
    assert parsed(repr(text)) == parsed(text)  # `epochs: "int" = 3`


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int | None", typing.Optional[int]),  # noqa: UP045
        ("str | int | None", typing.Union[str, int, None]),  # noqa: UP007
        ("tuple[int, int] | None", typing.Optional[tuple[int, int]]),  # noqa: UP045
        ("list", list),
        ("None", None),
        ("Literal[-1, 'a']", typing.Literal[-1, "a"]),
    ],
)
def test_by_hand(text, expected):
    assert parsed(text) == expected


HOSTILE = [
    "sys.modules['os'].system('touch MARK')",
    "__import__('os').system('touch MARK')",
    "open('MARK', 'w')",
    "Literal[open('MARK', 'w')]",
    "Literal[(open('MARK', 'w'),)]",
    "list[open('MARK', 'w')]",
    "int | open('MARK', 'w')",
    "[open('MARK', 'w') for _ in 'a']",
    "(lambda: open('MARK', 'w'))()",
    "f'{open(chr(77) + chr(65) + chr(82) + chr(75), chr(119))}'",
    "\"open('MARK', 'w')\"",
    'Optional[\'open("MARK", "w")\']',
    "9**9**9**9",
    "'a' * 10**12",
    "int.__class__",
    "typing.sys.modules",
    "list[()]",
    "list[int, int]",
    "dict[int]",
    "tuple[..., int]",
    "tuple[int, ..., int]",
    "Literal[...]",
    "3",
    "'" + "list[" * 40 + "int" + "]" * 40 + "'",
    "list[" * 60 + "int" + "]" * 60,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_annotation_is_not_run(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownAnnotation):
        parsed(text)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", HOSTILE)
def test_listing_a_hostile_notebook_runs_nothing_and_takes_the_default(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook = write_notebook(tmp_path, parameters=f"import sys\nepochs: {text} = 3  # of training")
    before = sorted(tmp_path.iterdir())
    found = reports.parameters(notebook)
    assert found["epochs"].help == "of training"
    assert found["epochs"].hint is int
    with pytest.raises(ValueError, match="there is no parameter"):
        reports.notebook_parameters.check_parameters(notebook, {"no_such": 1})
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "source", ["epochs = " + "(" * 500 + ")" * 500, "a: int = 3\0", "x = " + "-" * 99999 + "1"]
)
def test_a_cell_that_the_parser_cannot_take_is_one_sentence(source, tmp_path):
    notebook = write_notebook(tmp_path, parameters=source)
    try:
        found = reports.parameters(notebook)
    except ValueError as error:
        assert "not plain Python" in str(error)
        assert len(str(error)) < 1000
    else:
        assert [parameter.hint for parameter in found.values()] == [Any]


def test_no_eval_in_the_package():
    from pathlib import Path

    import segnet_nb

    for path in Path(segnet_nb.__file__).parent.rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        names = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
        assert not names & {"eval", "exec", "compile"}, path
