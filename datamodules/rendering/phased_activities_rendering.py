"""Phased activities: their vocabulary, and clips of them rendered from a seed.

An activity has an invented name that no text tower knows ("glorv"), and two or three phases, one after the other. A
phase shows one of the 16 objects of the moving shapes (4 colours x 4 shapes) that comes from one of four places to the
middle: single frames of the moving shapes, as the tiny CLIP was trained on.

All activities come in pairs, of which each is the swap of the other: the same colours, shapes and places, but two
colours have exchanged their shapes (red circle, then blue square; red square, then blue circle). Only what belongs to
one moment tells them apart. There are 72 activities of two phases, every choice of two colours and two shapes, and 32
of three phases, of which a swap keeps one.

Base and novel activities use the same colours, shapes, objects and places, but no two objects meet in a base activity
that also meet in a novel one. With the path red - green - blue - yellow through the colours, and circle - square -
triangle - cross through the shapes, two objects meet in base if both their colours and their shapes are neighbours, or
neither are; else in novel. That gives 52 activities each.

Fixed parts that disturb, as in real videos: in half of the clips, an eighth of the time shows an object that no prompt
of the activity names, at its beginning, at its end or between two phases (`DISTRACTED`); how long each phase takes
differs from clip to clip. What prompts say is in `phased_activities_text.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.rendering.moving_shapes_rendering import COLOURS, SHAPES, MovingShape, clip_generator, render_clip

PLACES: dict[str, str] = {
    "on the left": "right",
    "on the right": "left",
    "on the top": "bottom",
    "on the bottom": "top",
}
"""Places in the frame, and the direction in which an object moves from there to the middle."""

N_SLOTS = 8
FRAMES_OF_A_SLOT = 3
"""A clip is slots of equal length, each of one phase, so that 8 frames in 8 segments see every slot once."""

DISTRACTED = 0.5
"""Share of the clips in which one slot shows an object that belongs to no phase and no prompt."""

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Phase:
    """A part of an activity.

    Attributes:
        colour: One of `COLOURS`.
        shape: One of `SHAPES`.
        place: One of `PLACES`.
    """

    colour: str
    shape: str
    place: str

    @property
    def object_name(self) -> str:
        """What is seen: "red circle"."""
        return f"{self.colour} {self.shape}"


@dataclass(frozen=True)
class Activity:
    """A class of the benchmark.

    Attributes:
        name: An invented word.
        phases: Two or three, in the order in which they are seen.
        is_base: Whether it is a base class.
    """

    name: str
    phases: tuple[Phase, ...]
    is_base: bool

    @property
    def absent_objects(self) -> tuple[str, ...]:
        """The objects that are in no phase, in an order of this activity: the first is named by its wrong prompt."""
        present = {phase.object_name for phase in self.phases}
        others = [f"{colour} {shape}" for colour in COLOURS for shape in SHAPES]
        return tuple(_shuffled([name for name in others if name not in present], f"absent from {self.name}"))


@cache
def all_activities() -> tuple[Activity, ...]:
    """The 104 activities: those of two phases, then those of three, each next to its swap."""
    found = [*_of_phases(2), *_of_phases(3)]
    # Shuffled, since names share syllables, which must not say what the activities share.
    names = _shuffled([onset + ending for onset in _ONSETS for ending in _ENDINGS], "names")
    return tuple(Activity(name, *activity) for name, activity in zip(names, found, strict=True))


def render_activity(
    activity: Activity, *, purpose: str, index: int, seed: int, size_px: int = 32
) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Renders a clip.

    Args:
        activity: The class to show.
        purpose: What it is for ("train", "test"); other purposes give other clips.
        index: Which clip of the class, 0-based.
        seed: The seed of the whole set.
        size_px: H and W.

    Returns:
        Frames uint8 [T, H, W, 3] of `N_SLOTS` slots, and the object that each slot shows.
    """
    purpose = f"{purpose} of {activity.name}"
    timing = clip_generator(_moving(activity.phases[0]), purpose=f"timing, {purpose}", index=index, seed=seed)
    shown = _timed(activity, timing)
    frames = []
    for number, (phase, n_slots) in enumerate(shown):
        n_frames = n_slots * FRAMES_OF_A_SLOT
        generator = clip_generator(_moving(phase), purpose=f"{number}, {purpose}", index=index, seed=seed)
        clip = render_clip(_moving(phase), generator, n_frames=2 * n_frames, size_px=size_px)
        frames.append(clip.frames[:n_frames])  # the first half of its way
    return np.concatenate(frames), tuple(phase.object_name for phase, n_slots in shown for _ in range(n_slots))


def _timed(activity: Activity, generator: np.random.Generator) -> list[tuple[Phase, int]]:
    """The phases of a clip with their slots, with a distractor among them where the clip has one."""
    is_distracted = generator.uniform() < DISTRACTED
    n_phases = len(activity.phases)
    n_slots = N_SLOTS - is_distracted
    longer = generator.permutation(n_phases) < n_slots % n_phases
    timed = [(phase, n_slots // n_phases + int(more)) for phase, more in zip(activity.phases, longer, strict=True)]
    absent = activity.absent_objects[1:]
    colour, shape = absent[generator.integers(len(absent))].split()
    distractor = Phase(colour, shape, list(PLACES)[generator.integers(len(PLACES))])
    position = int(generator.integers(n_phases + 1))
    return [*timed[:position], *([(distractor, 1)] if is_distracted else []), *timed[position:]]


def _moving(phase: Phase) -> MovingShape:
    return MovingShape(phase.colour, phase.shape, PLACES[phase.place])


# --- which activities there are ---------------------------------------------------------------------------------------

_ONSETS = ("gl", "br", "sn", "pl", "tr", "kr", "fl", "sk", "dr", "zl", "vr", "st", "gr")
_ENDINGS = ("orv", "imf", "ezk", "ulb", "axt", "ogd", "ipv", "ebn")


def _of_phases(n_phases: int) -> Iterator[tuple[tuple[Phase, ...], bool]]:
    """The phases of each activity, and whether it is a base class."""
    for colours in combinations(COLOURS, n_phases):
        for shapes in combinations(SHAPES, n_phases):
            places = _shuffled(list(PLACES), f"places of {colours} and {shapes}")[:n_phases]
            for matched in permutations(shapes):
                sides = {_meet_in_base(colours, matched, i, j) for i, j in combinations(range(n_phases), 2)}
                if len(sides) == 1:
                    phases = tuple(Phase(*parts) for parts in zip(colours, matched, places, strict=True))
                    yield phases, sides.pop()


def _meet_in_base(colours: Sequence[str], shapes: Sequence[str], one: int, other: int) -> bool:
    return _are_neighbours(list(COLOURS), colours, one, other) == _are_neighbours(SHAPES, shapes, one, other)


def _are_neighbours(path: Sequence[str], names: Sequence[str], one: int, other: int) -> bool:
    return abs(path.index(names[one]) - path.index(names[other])) == 1


def _shuffled(items: list[_Item], key: str) -> list[_Item]:
    """The items in an order that the key determines, the same on every platform."""
    return sorted(items, key=lambda item: hashlib.sha256(f"{key}: {item}".encode()).hexdigest())
