"""ClassMemory: for each class the few best items that it was shown, the same whatever their order.

Caches of confident test videos are such memories (TDA, DMN), with the entropy of a prediction as the key; so is a table
of the surest segments of each class. An item with the lowest key is the best; equal keys are ordered by id. So the
content depends on what was inserted, not on the order or on the process that saw it: two memories that are merged hold
what one memory of all their items holds.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, order=True)
class Remembered(Generic[Item]):
    """An item of a memory; ordered from the best to the worst.

    Attributes:
        key: What the best have least of, such as an entropy.
        identity: Id of what the item was made of, such as a video; decides between equal keys.
        item: What is kept.
    """

    key: float
    identity: str
    item: Item = field(compare=False)


class ClassMemory(Generic[Item]):
    """The best items of each class, at most `capacity` of each."""

    def __init__(self, capacity: int) -> None:
        """Starts empty.

        Args:
            capacity: Most items of a class; 0 for a memory that keeps nothing.

        Raises:
            ValueError: The capacity is negative.
        """
        if capacity < 0:
            raise ValueError(f"a memory keeps 0 or more items of each class; got capacity {capacity}")
        self.capacity = capacity
        self._of_class: dict[int, list[Remembered[Item]]] = {}

    def insert(self, label: int, item: Item, *, key: float, identity: str) -> bool:
        """Shows an item to the memory, which keeps it if it is among the best of its class.

        An id that is already in the class counts once, with its lower key.

        Args:
            label: Index of the class.
            item: What to keep; not copied.
            key: What the best have least of, finite.
            identity: Id of what the item was made of.

        Returns:
            Whether it is kept, for now.

        Raises:
            ValueError: The key is infinite or not a number.
        """
        if not math.isfinite(key):
            raise ValueError(f"the key of {identity!r} must be finite, to be compared with others; got {key}")
        return self._insert(label, Remembered(key, identity, item))

    def merge(self, other: ClassMemory[Item]) -> None:
        """Adds what another memory holds: the memory of all items that the two were shown.

        Args:
            other: Unchanged.

        Raises:
            ValueError: It has another capacity, so that it may have dropped what this one would keep.
        """
        if other.capacity != self.capacity:
            raise ValueError(
                f"memories of {self.capacity} and of {other.capacity} items of a class cannot be merged; give both the "
                "same capacity"
            )
        for label in other.labels():
            for remembered in other.best(label):
                self._insert(label, remembered)

    def best(self, label: int) -> tuple[Remembered[Item], ...]:
        """The items of a class, the best one first; none of a class that was never inserted."""
        return tuple(self._of_class.get(label, ()))

    def labels(self) -> tuple[int, ...]:
        """The classes that have items, in ascending order."""
        return tuple(sorted(self._of_class))

    def __iter__(self) -> Iterator[tuple[int, Remembered[Item]]]:
        """All items with their classes: classes in ascending order, the best items first."""
        for label in self.labels():
            for remembered in self._of_class[label]:
                yield label, remembered

    def __len__(self) -> int:
        """Number of items."""
        return sum(map(len, self._of_class.values()))

    def _insert(self, label: int, new: Remembered[Item]) -> bool:
        items = self._of_class.get(label, [])
        before = next((index for index, known in enumerate(items) if known.identity == new.identity), None)
        if before is not None:
            if items[before].key <= new.key:
                return True
            del items[before]
        place = bisect_left(items, new)
        if place >= self.capacity:
            return False
        items.insert(place, new)
        del items[self.capacity :]
        self._of_class[label] = items
        return True


def stream_key(identity: str) -> str:
    """What videos are ordered by in a stream: the SHA-256 of the id, which has nothing to do with classes."""
    return sha256(identity.encode("utf-8")).hexdigest()
