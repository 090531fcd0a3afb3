"""A cache of recent results, limited in bytes and items."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class LRUCache:
    """A cache that evicts the least recently used values.

    Args:
        max_bytes: maximum of the sizes passed to ``put``, in total.
        max_items: maximum number of values.

    Example:
        >>> cache = LRUCache(max_bytes=10, max_items=5)
        >>> for name in "abc":
        ...     cache.put(name, name.upper(), size=4)
        >>> cache.get("a"), cache.get("c")
        (None, 'C')
    """

    def __init__(self, max_bytes: int, max_items: int) -> None:
        self._max_bytes, self._max_items = max_bytes, max_items
        self._items: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> Any:
        """The value, or None if it was never stored or has been evicted."""
        if key not in self._items:
            return None
        self._items.move_to_end(key)
        return self._items[key][0]

    def put(self, key: Hashable, value: Any, size: int) -> None:
        """Store a value of ``size`` bytes under a key that is not in the cache."""
        self._items[key] = (value, size)
        self._bytes += size
        # The newest is kept whatever its size, since it is about to be used.
        while len(self._items) > 1 and (self._bytes > self._max_bytes or len(self._items) > self._max_items):
            self._bytes -= self._items.popitem(last=False)[1][1]
