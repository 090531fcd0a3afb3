"""Parameters say their range, and refuse what is outside in one sentence."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from segnet_nb import UserError, course
from segnet_nb.reports.notebook_parameters import parse_parameters

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
# Lessons whose parameters have limits, and the parameters that are text of any kind.
LIMITED = {
    "00_start_here": set(),
    "01_theory": set(),
    "02_architecture": set(),
    "03_data": {"dataset"},
    "04_losses_and_metrics": set(),
    "05_training": {"directory"},
    "06_inspect_unpooling": {"weights"},
    "07_inspect_predictions": {"weights"},
    "08_uncertainty": {"weights"},
    "09_decoder_comparison": {"variants", "folder"},
    "10_speed_and_deployment": {"weights", "clip", "video_weights"},
    "11_your_own_data": {"folder"},
}


@pytest.mark.parametrize(
    "limits",
    [
        (1, 1, 20),
        (20, 1, 20),
        (np.int64(7), 1, 20),
        (10**9, 1, None),
        (0, 24, 400, (0,)),
        (None, 4, None, (None,)),
        (0.5, 0.1, 1.0),
        (1, 0.1, 1.0),
        ("camvid", ("synthetic", "camvid")),
        ("", ("", "small")),
    ],
    ids=repr,
)
def test_what_is_allowed(limits):
    course.require(x=limits)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ((0, 1, 20), "x is 0, it must be a whole number from 1 to 20"),
        ((21, 1, 20), "x is 21, it must be a whole number from 1 to 20"),
        ((True, 1, 20), "x is True, it must be a whole number from 1 to 20"),
        ((3.0, 1, 20), "x is 3.0, it must be a whole number from 1 to 20"),
        (("3", 1, 20), "x is '3', it must be a whole number from 1 to 20"),
        ((None, 1, 20), "x is None, it must be a whole number from 1 to 20"),
        ((-1, 0, None), "x is -1, it must be a whole number 0 or more"),
        ((8, 24, 400, (0,)), "x is 8, it must be a whole number from 24 to 400 or 0"),
        ((False, 24, 400, (0,)), "x is False, it must be a whole number from 24 to 400 or 0"),
        ((3, 4, None, (None,)), "x is 3, it must be a whole number 4 or more or None"),
        ((float("nan"), 0.1, 1.0), "x is nan, it must be a number from 0.1 to 1.0"),
        (("kitti", ("a", "b", "c")), "x is 'kitti', it must be 'a', 'b' or 'c'"),
        ((["a"], ("a",)), "x is ['a'], it must be 'a'"),
    ],
    ids=repr,
)
def test_what_is_refused(limits, told):
    with pytest.raises(UserError) as refused:
        course.require(first=(1, 1, 1), x=limits)
    assert str(refused.value) == told


def cells_of(name):
    return {cell.id: cell for cell in nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells}


def limits_of(name):
    """Name to what its limits are written as, after the value."""
    (call,) = (
        node
        for node in ast.walk(ast.parse(cells_of(name)["limits"].source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "course.require"
    )
    assert all(ast.unparse(each.value.elts[0]) == each.arg for each in call.keywords)
    return {each.arg: each.value.elts[1:] for each in call.keywords}


def parameters_of(name):
    (cell,) = (cell for cell in cells_of(name).values() if "parameters" in cell.metadata.get("tags", ()))
    return parse_parameters(cell.source), list(cells_of(name)).index(cell.id)


@pytest.mark.parametrize("name", LIMITED)
def test_limits_come_right_after_the_parameters_and_name_them_all(name):
    parameters, place = parameters_of(name)
    order = [key for key, cell in list(cells_of(name).items())[place:] if cell.cell_type == "code"]
    assert order[1] == "limits"
    assert set(limits_of(name)) == set(parameters) - LIMITED[name]


@pytest.mark.parametrize("name", LIMITED)
def test_a_comment_says_the_limits_that_are_checked(name):
    parameters, _ = parameters_of(name)
    for key, limits in limits_of(name).items():
        comment = parameters[key].help
        said = {float(each) for each in re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", comment)}
        for node in ast.walk(ast.Tuple(limits, ast.Load())):
            if not isinstance(node, ast.Constant):
                continue
            match node.value:
                case str(word):
                    assert word in comment
                case int() | float():
                    assert node.value in said, (
                        f"{name}: {key} may be {node.value}, its comment is {comment!r}"
                    )
                case None:
                    assert "or more" in comment
    assert limits_of(name)


@pytest.mark.parametrize("name", LIMITED)
def test_the_defaults_are_allowed_and_nonsense_is_refused(name):
    parameters, _ = parameters_of(name)
    source = cells_of(name)["limits"].source
    import segnet_nb

    values = {key: ast.literal_eval(each.default) for key, each in parameters.items()}
    variables = {"course": course, "sn": segnet_nb, **values}
    exec(source, dict(variables))
    for key in limits_of(name):
        for nonsense in (-1, "nonsense"):
            with pytest.raises(UserError, match=f"^{key} is {nonsense!r}, it must be "):
                exec(source, variables | {key: nonsense})


@pytest.mark.parametrize("name", LIMITED)
def test_every_assertion_has_a_message(name):
    for cell in cells_of(name).values():
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(re.sub(r"\bawait ", "", cell.source))):
                if isinstance(node, ast.Assert):
                    assert node.msg is not None, ast.unparse(node)
