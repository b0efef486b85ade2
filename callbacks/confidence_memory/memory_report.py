"""Reports a memory: what it changed, in the table of prompt tuning, and how many videos of each class it holds."""

from __future__ import annotations

from collections.abc import Mapping

from zsar.callbacks.confidence_memory.memory_rule import Memory
from zsar.callbacks.prompt_tuning.tuning_report import TuningTotals, print_report
from zsar.datamodules.batch import ClassText
from zsar.runtime.terminal import say

Stored = Mapping[str, Mapping[str, int]]
"""Part of a memory ("positive") -> class -> number of videos."""

_CAPTION = (
    "untuned: top-1 without the memory; by views: top-1 of the averaged confident views, without it; tuned: with it; "
    "flips: made right / wrong by it; seconds per video: encoding in the first pass, the memory itself as tuning"
)


def stored_videos(memory: Memory, text: ClassText) -> dict[str, dict[str, int]]:
    """How many videos of each class a memory holds, by part of the memory; classes without any are left out.

    Args:
        memory: The memory.
        text: The classes of its set.
    """
    return {
        part: {name: n for name, n in zip(text.names, counts, strict=True) if n}
        for part, counts in memory.counts().items()
    }


def print_memories(method: str, sets: Mapping[str, TuningTotals], stored: Mapping[str, Stored]) -> None:
    """Prints the table of all sets, and a line about each memory.

    Args:
        method: The name of the method.
        sets: {set name: sums over all processes}.
        stored: What the memory of each set holds.
    """
    print_report(method, sets, caption=_CAPTION)
    for name, parts in stored.items():
        held = ", ".join(f"{part} {sum(of.values())} of {len(of)} classes" for part, of in parts.items())
        say(f"videos in the memory of {name}: {held}")
