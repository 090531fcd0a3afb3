"""The script and the style sheet of an explorer or a page, put together from its folder and from ``shared``.

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

_FRAME = "widgets/shared/explorer.js"
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
    return _joined(_modules_of(explorer))


def style(explorer: str) -> str:
    """The style sheet of an explorer: those beside the modules of ``script``, in the same order.

    Args:
        explorer: its folder, such as ``"mask_inspector"``.
    """
    # The style of the frame comes before every other.
    return _sheets((_FRAME, *_modules_of(explorer)))


def control_script(entry: str) -> str:
    """The ES module of a control that has no frame: the modules that its entry imports, then the entry.

    Args:
        entry: a module below ``segnet_nb``, such as ``"widgets/own_photo/source.js"``.

    Example:
        >>> text = control_script("widgets/own_photo/source.js")
        >>> "import " in text, text.count("export default")
        (False, 1)
    """
    return _joined(_modules_behind(entry))


def page_script(entry: str) -> str:
    """The script of a page: the modules that its entry imports, each once, then the entry.

    Args:
        entry: a module below ``segnet_nb``, such as ``"sweeps/gallery/main.js"``, that exports nothing.

    Returns:
        Text for a script element that is no module: it runs at once, and its names are its own.
    """
    return f'(() => {{\n"use strict";\n{_joined(_modules_behind(entry))}}})();\n'


def page_style(entry: str) -> str:
    """The style sheets beside the modules of ``page_script``, after the one of the frame of explorers.

    Args:
        entry: a module below ``segnet_nb``.
    """
    return _sheets((_FRAME, *_modules_behind(entry)))


def page_modules(entry: str) -> tuple[str, ...]:
    """The modules of a page below ``segnet_nb``, each behind all that it imports.

    Args:
        entry: a module below ``segnet_nb``.

    Example:
        >>> page_modules("widgets/shared/ticks.js")
        ('widgets/shared/ticks.js',)
    """
    return _modules_behind(entry)


def modules(explorer: str) -> tuple[str, ...]:
    """The modules of an explorer below ``segnet_nb/widgets``, each behind all that it imports.

    Example:
        >>> modules("mask_inspector")[-1]
        'mask_inspector/view.js'
    """
    return tuple(path.removeprefix("widgets/") for path in _modules_of(explorer))


def _modules_of(explorer: str) -> tuple[str, ...]:
    return _modules_behind(_FRAME, f"widgets/{explorer}/view.js")


@functools.cache
def _modules_behind(*entries: str) -> tuple[str, ...]:
    """Modules below ``segnet_nb``, each behind all that it imports."""
    found: dict[str, None] = {}

    def follow(path: str) -> None:
        if path in found:
            return
        for target in _IMPORT.findall(_asset(path)):
            follow(posixpath.normpath(posixpath.join(posixpath.dirname(path), target)))
        found[path] = None

    for entry in entries:
        follow(entry)
    return tuple(found)


def _joined(paths: tuple[str, ...]) -> str:
    return "".join(_joinable(_asset(path)) for path in paths)


def _sheets(paths: tuple[str, ...]) -> str:
    sheets = (path.removesuffix(".js") + ".css" for path in dict.fromkeys(paths))
    return "\n".join(squeezed_style(_asset(path)) for path in sheets if _file(path).is_file())


def _joinable(module: str) -> str:
    # A notebook stores the text with every widget, so it is kept small. No text of a view spans lines.
    return squeezed(without_comments(_EXPORT.sub("", _IMPORT.sub("", module))))


def _file(path: str) -> Traversable:
    return resources.files("segnet_nb").joinpath(*path.split("/"))


@functools.cache
def _asset(path: str) -> str:
    return _file(path).read_text(encoding="utf-8")


@functools.cache
def explorers() -> tuple[str, ...]:
    """The folders of all explorers, sorted.

    Example:
        >>> "mask_inspector" in explorers()
        True
    """
    folders = resources.files("segnet_nb").joinpath("widgets").iterdir()
    return tuple(sorted(each.name for each in folders if each.joinpath("view.js").is_file()))
