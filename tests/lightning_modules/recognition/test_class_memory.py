"""ClassMemory: the best few of each class, whatever the order."""

from __future__ import annotations

import itertools
import random

import pytest

from zsar.lightning_modules.recognition.class_memory import ClassMemory


def _memory(shown: list[tuple[int, float, str]], capacity: int) -> ClassMemory[str]:
    memory: ClassMemory[str] = ClassMemory(capacity)
    for label, key, identity in shown:
        memory.insert(label, f"item {identity}", key=key, identity=identity)
    return memory


def _content(memory: ClassMemory[str]) -> list[tuple[int, float, str, str]]:
    return [(label, known.key, known.identity, known.item) for label, known in memory]


def test_by_hand_the_two_lowest_keys_of_each_class_are_kept() -> None:
    memory: ClassMemory[str] = ClassMemory(2)
    assert memory.insert(4, "A", key=0.7, identity="a")
    assert memory.insert(4, "B", key=0.5, identity="b")
    assert not memory.insert(4, "C", key=0.9, identity="c")
    assert memory.insert(4, "D", key=0.6, identity="d")  # in place of a
    assert memory.insert(1, "E", key=9.0, identity="e")
    assert _content(memory) == [(1, 9.0, "e", "E"), (4, 0.5, "b", "B"), (4, 0.6, "d", "D")]
    assert (memory.labels(), len(memory), memory.best(0)) == ((1, 4), 3, ())


def test_equal_keys_are_ordered_by_id_and_an_id_counts_once_in_a_class() -> None:
    shown = [(0, 1.0, "c"), (0, 1.0, "a"), (0, 1.0, "b"), (0, 1.0, "a"), (0, 2.0, "a")]
    for order in itertools.permutations(shown):
        assert [known.identity for known in _memory(list(order), 2).best(0)] == ["a", "b"]


def test_content_is_that_of_sorting_in_any_order_and_of_any_merged_parts() -> None:
    rng = random.Random(0)
    shown = [(rng.randrange(3), rng.randrange(8) / 8, f"{index:02d}") for index in range(40)]
    for capacity in (0, 1, 3, 50):
        expected = [
            (label, key, identity, f"item {identity}")
            for label in range(3)
            for key, identity in sorted((k, i) for of, k, i in shown if of == label)[:capacity]
        ]
        rng.shuffle(shown)
        merged = _memory(shown[:7], capacity)
        for part in (shown[7:8], shown[5:20], shown[20:]):  # an item that two parts saw counts once
            merged.merge(_memory(part, capacity))
        assert _content(_memory(shown, capacity)) == _content(merged) == expected


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more items of each class; got capacity -1"):
        ClassMemory(-1)
    for key in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"'a' must be finite, to be compared with others; got {key}"):
            ClassMemory(1).insert(0, "A", key=key, identity="a")
    with pytest.raises(ValueError, match="memories of 2 and of 3 items of a class"):
        ClassMemory(2).merge(ClassMemory(3))
