"""What was used last, kept for the next time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Held"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class Held(Generic[Key, Value]):
    """What was used last, up to a size. Safe to use from several threads."""

    def __init__(self, most: int, size: Callable[[Value], int] = lambda _: 1) -> None:
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._left = most
        self._size = size
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """Return what is held."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: Key, value: Value) -> None:
        """Hold a value, and let go of those used longest ago."""
        with self._lock:
            before = self._values.pop(key, None)
            self._left += 0 if before is None else self._size(before)
            self._values[key] = value
            self._left -= self._size(value)
            while self._left < 0:
                self._left += self._size(self._values.popitem(last=False)[1])
