"""Progress of a long pass over images, as text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_EVERY = 10


def counted(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """Pass items on and print how many are done: counting on a terminal, else one line at the start.

    Args:
        items: the items.
        total: how many there are.
        what: what is done with them, such as ``"counting classes"``.

    Example:
        >>> list(counted("ab", 2, "counting classes"))
        counting classes: 2 images
        ['a', 'b']
    """
    terminal = sys.stdout.isatty()
    if not terminal:
        print(f"{what}: {total} images", flush=True)
    for done, item in enumerate(items, start=1):
        if terminal and (done % _EVERY == 0 or done == total):
            end = "" if done < total else "\r\033[K"
            print(f"\r\033[K{what}: {done} of {total} images", end=end, flush=True)
        yield item
