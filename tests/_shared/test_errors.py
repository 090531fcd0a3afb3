"""Errors that users can fix: the built-in errors that they are, how they print, and how they travel."""

from __future__ import annotations

import ast
import builtins
import pickle
import traceback
from pathlib import Path

import pytest

import segnet_nb as sn
from segnet_nb import reports
from segnet_nb._shared import errors
from segnet_nb.datasets.download import DownloadError

BUILT_IN = {
    "UserError": ValueError,
    "UserTypeError": TypeError,
    "UserIndexError": IndexError,
    "UserRuntimeError": RuntimeError,
    "MissingFileError": FileNotFoundError,
    "MissingPackageError": ModuleNotFoundError,
    "DivergedError": FloatingPointError,
    "OutOfMemoryError": MemoryError,
}
TEXT = "image_size must be (height, width) in pixels, but got (3,). Pass two numbers."


def test_these_are_all():
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    assert {each.__name__ for each in kinds} == {*BUILT_IN, "TaskFailedError"}
    assert {name for name in dir(sn) if name.endswith("Error")} == {*BUILT_IN, "TaskFailedError"}


@pytest.mark.parametrize(("name", "built_in"), BUILT_IN.items())
def test_it_is_a_user_error_and_the_built_in_error(name, built_in):
    kind = getattr(sn, name)
    for caught in (built_in, ValueError, sn.UserError):
        with pytest.raises(caught):
            raise kind(TEXT)


@pytest.mark.parametrize("name", [*BUILT_IN, "TaskFailedError"])
class TestEach:
    def test_the_message_is_printed_plainly(self, name):
        error = getattr(sn, name)(TEXT)
        assert str(error) == TEXT and error.args == (TEXT,)

    def test_a_traceback_names_it_as_users_import_it(self, name):
        assert getattr(sn, name) is getattr(errors, name)
        lines = traceback.format_exception_only(getattr(sn, name)(TEXT))
        assert lines == [f"segnet_nb.{name}: {TEXT}\n"]

    def test_it_goes_to_another_process_and_back(self, name):
        error = getattr(sn, name)(TEXT)
        back = pickle.loads(pickle.dumps(error))
        assert type(back) is type(error) and str(back) == TEXT
        # As Dask sends it, once it is loaded.
        pickling = pytest.importorskip("tblib.pickling_support")
        function, arguments, *_ = pickling.pickle_exception(error)
        assert str(function(*arguments)) == TEXT


@pytest.mark.parametrize("kind", [DownloadError, reports.ReportError])
def test_what_fails_while_it_runs_is_no_mistake_of_the_user(kind):
    assert issubclass(kind, sn.TaskFailedError) and issubclass(kind, RuntimeError)
    assert not issubclass(kind, ValueError)


def plain_errors_in(source):
    """Lines that raise a built-in error with a message; NotImplementedError is for programmers."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Raise)
            and isinstance(node.exc, ast.Call)
            and isinstance(node.exc.func, ast.Name)
        ):
            kind = getattr(builtins, node.exc.func.id, None)
            if kind and issubclass(kind, Exception) and kind is not NotImplementedError:
                yield node.lineno


def test_the_search_for_plain_errors_finds_them():
    source = (
        "raise ValueError('a')\nraise UserError('b')\nraise\nraise KeyError\nraise IndexError(1) from None"
    )
    assert list(plain_errors_in(source)) == [1, 5]


def test_the_package_raises_no_plain_built_in_error():
    files = list(Path(sn.__file__).parent.rglob("*.py"))
    assert len(files) > 100
    found = {str(path): list(plain_errors_in(path.read_text(encoding="utf-8"))) for path in files}
    assert not {path: lines for path, lines in found.items() if lines}
