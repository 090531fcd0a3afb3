"""A small memory of what was computed last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class LRUCache:
    """The latest results, forgotten from the oldest on when there are too many bytes or items.

    Args:
        most_bytes: of all values together, as told to ``put``.
        most_items: of all values.

    Example:
        >>> kept = LRUCache(most_bytes=10, most_items=5)
        >>> for name in "abc":
        ...     kept.put(name, name.upper(), size=4)
        >>> kept.get("a"), kept.get("c")
        (None, 'C')
    """

    def __init__(self, most_bytes: int, most_items: int) -> None:
        self._most = most_bytes, most_items
        self._items: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> Any:
        """The value, or None if it was never put or is forgotten."""
        if key not in self._items:
            return None
        self._items.move_to_end(key)
        return self._items[key][0]

    def put(self, key: Hashable, value: Any, size: int) -> None:
        """Keep a value of ``size`` bytes under a key that is not kept yet."""
        self._items[key] = (value, size)
        self._bytes += size
        # The newest stays, however large: it is about to be used.
        while len(self._items) > 1 and (self._bytes > self._most[0] or len(self._items) > self._most[1]):
            self._bytes -= self._items.popitem(last=False)[1][1]
