"""The ES module and the style sheet of an explorer, put together from its folder and from ``shared``.

A view is written as ES modules that import from each other, so that editors, type checker and linter
understand them. A widget carries one text, so here the modules are joined in the order of their imports, and
lines that only tools read and indentation are left out. A style sheet beside a module has the module's name.
"""

from __future__ import annotations

import functools
import posixpath
import re
from importlib import resources
from importlib.resources.abc import Traversable

from segnet_nb._shared.scripts import squeezed, squeezed_style, without_comments

_FRAME = "shared/explorer.js"
_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.[^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)


def script(explorer: str) -> str:
    """The ES module of an explorer.

    Args:
        explorer: its folder, such as ``"mask_inspector"``.

    Returns:
        The modules that its ``view.js`` imports, each once, then the view itself; all names share one scope.

    Example:
        >>> text = script("mask_inspector")
        >>> "import " in text, text.count("export ")
        (False, 1)
    """
    return "".join(_joinable(_asset(path)) for path in modules(explorer))


def style(explorer: str) -> str:
    """The style sheet of an explorer: those beside the modules of ``script``, in the same order.

    Args:
        explorer: its folder, such as ``"mask_inspector"``.
    """
    order = dict.fromkeys((_FRAME, *modules(explorer)))  # the style of the frame comes before every other
    sheets = (path.removesuffix(".js") + ".css" for path in order)
    return "\n".join(squeezed_style(_asset(path)) for path in sheets if _file(path).is_file())


@functools.cache
def modules(explorer: str) -> tuple[str, ...]:
    """The modules of an explorer below ``segnet_nb/widgets``, each behind all that it imports.

    Example:
        >>> modules("mask_inspector")[-1]
        'mask_inspector/view.js'
    """
    found: dict[str, None] = {}

    def follow(path: str) -> None:
        if path in found:
            return
        for target in _IMPORT.findall(_asset(path)):
            follow(posixpath.normpath(posixpath.join(posixpath.dirname(path), target)))
        found[path] = None

    follow(_FRAME)
    follow(f"{explorer}/view.js")
    return tuple(found)


def _joinable(module: str) -> str:
    # A notebook stores the text with every widget, so it is kept small. No text of a view spans lines.
    return squeezed(without_comments(_EXPORT.sub("", _IMPORT.sub("", module))))


def _file(path: str) -> Traversable:
    return resources.files("segnet_nb.widgets").joinpath(*path.split("/"))


@functools.cache
def _asset(path: str) -> str:
    return _file(path).read_text(encoding="utf-8")
