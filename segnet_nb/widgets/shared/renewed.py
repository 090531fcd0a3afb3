"""Whether an explorer takes the place of one whose settings a reader had changed: its cell was run again."""

from __future__ import annotations

from typing import Any

# Places whose last explorer was changed in a browser. A place is a kind of explorer and a cell.
_changed: set[tuple[str, str]] = set()


def present_cell() -> str:
    """The id of the notebook cell that runs, if the front end tells; else an empty text."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return ""
    shell: Any = get_ipython()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else None
    return str(((parent or {}).get("metadata") or {}).get("cellId") or "")


def place_of(kind: str) -> tuple[str, str]:
    """The place of an explorer that is made now.

    Args:
        kind: name of its class.
    """
    return kind, present_cell()


def mark(place: tuple[str, str]) -> None:
    """Remember that the explorer of a place was changed in a browser."""
    if place[1]:
        _changed.add(place)


def take(place: tuple[str, str]) -> bool:
    """Whether the earlier explorer of a place was changed; asked once, since the next one starts anew.

    Example:
        >>> mark(("MaskInspector", "a1b2"))
        >>> take(("MaskInspector", "a1b2")), take(("MaskInspector", "a1b2"))
        (True, False)
    """
    known = place in _changed
    _changed.discard(place)
    return known
