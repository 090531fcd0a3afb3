"""An explorer says when it replaces one that a reader had changed, and only then."""

from __future__ import annotations

import pytest

from segnet_nb.widgets import LossLab, PoolingPlayground
from segnet_nb.widgets.shared import renewed


@pytest.fixture
def run_cell(monkeypatch):
    """A function that pretends to run a cell, and makes what is passed in it."""
    monkeypatch.setattr(renewed, "_changed", set())

    def run(cell, make):
        monkeypatch.setattr(renewed, "present_cell", lambda: cell)
        return make()

    return run


def by_reader(playground, seed=3):
    """What the browser sends when a reader moves a control."""
    playground.set_state({"seed": seed})


def test_an_explorer_of_a_cell_that_is_run_again_says_so_if_the_first_was_changed(run_cell):
    first = run_cell("a", PoolingPlayground)
    assert not first.renewed
    by_reader(first)
    second = run_cell("a", PoolingPlayground)
    assert second.renewed and second.seed == PoolingPlayground().seed  # the settings are those of a new one
    assert not run_cell("a", PoolingPlayground).renewed  # the second was not changed


def test_another_cell_another_kind_and_no_cell_say_nothing(run_cell):
    by_reader(run_cell("a", PoolingPlayground))
    assert not run_cell("b", PoolingPlayground).renewed
    assert not run_cell("a", LossLab).renewed
    by_reader(run_cell("", PoolingPlayground))
    assert not run_cell("", PoolingPlayground).renewed


def test_settings_that_a_cell_makes_are_made_again_and_say_nothing(run_cell):
    first = run_cell("a", PoolingPlayground)
    first.seed = 7
    assert not run_cell("a", PoolingPlayground).renewed


def test_what_was_refused_is_no_change(run_cell):
    first = run_cell("a", PoolingPlayground)
    by_reader(first, "many")
    assert first.error and not run_cell("a", PoolingPlayground).renewed


def test_without_a_kernel_there_is_no_cell():
    assert renewed.present_cell() == ""


def test_the_cell_is_that_of_the_message_that_runs(monkeypatch):
    class Shell:
        def get_parent(self):
            return {"metadata": {"cellId": "c0ffee"}}

    monkeypatch.setattr("IPython.core.getipython.get_ipython", Shell)
    assert renewed.place_of("LossLab") == ("LossLab", "c0ffee")


def test_closing_leaves_nothing_in_the_kernel():
    """The layout, a widget too, is closed with its explorer, unless another one has it."""
    import ipywidgets

    kept = ipywidgets.widgets.widget._instances
    before = set(kept)
    PoolingPlayground().close()
    assert set(kept) == before
    first, second = PoolingPlayground(), PoolingPlayground()
    first.layout = second.layout
    first.close()
    assert second.layout.comm is not None
    second.close()
    assert {type(kept[each]).__name__ for each in set(kept) - before} == {"Layout"}  # that it had before
