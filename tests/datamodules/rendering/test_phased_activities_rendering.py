"""The phased activities: what base, novel and swapped ones share, and that a clip shows its phases."""

from __future__ import annotations

import hashlib
from collections import Counter
from itertools import combinations

import numpy as np

from zsar.datamodules.rendering.phased_activities_rendering import (
    DISTRACTED,
    FRAMES_OF_A_SLOT,
    N_SLOTS,
    Activity,
    Phase,
    all_activities,
    render_activity,
)

ACTIVITIES = all_activities()
BASE = [activity for activity in ACTIVITIES if activity.is_base]
NOVEL = [activity for activity in ACTIVITIES if not activity.is_base]


def objects(activity: Activity) -> list[str]:
    return [phase.object_name for phase in activity.phases]


def meetings(activities: list[Activity]) -> set[frozenset[str]]:
    """The pairs of objects of one activity."""
    return {frozenset(pair) for activity in activities for pair in combinations(objects(activity), 2)}


def test_there_are_104_activities_of_two_and_three_phases_half_of_them_novel() -> None:
    counts = Counter((len(activity.phases), activity.is_base) for activity in ACTIVITIES)
    assert counts == {(2, True): 36, (2, False): 36, (3, True): 16, (3, False): 16}
    assert len({activity.name for activity in ACTIVITIES}) == len({frozenset(a.phases) for a in ACTIVITIES}) == 104


def test_red_and_green_meet_as_circle_and_square_in_base_as_circle_and_triangle_in_novel() -> None:
    """Red and green are neighbours on the path through the colours, circle and square on that through the shapes."""
    assert {"red circle", "green square"} in meetings(BASE)
    assert {"red circle", "green triangle"} in meetings(NOVEL)


def test_base_and_novel_use_the_same_phases_but_no_two_objects_meet_in_both() -> None:
    for part in ("colour", "shape", "place", "object_name"):
        used = [{getattr(phase, part) for a in side for phase in a.phases} for side in (BASE, NOVEL)]
        assert used[0] == used[1]
    assert meetings(BASE) & meetings(NOVEL) == set()
    assert len(meetings(BASE)) == len(meetings(NOVEL)) == 36


def test_every_activity_has_a_swap_with_the_same_colours_shapes_and_places_on_its_side() -> None:
    for activity in ACTIVITIES:
        parts = [{getattr(phase, part) for phase in activity.phases} for part in ("colour", "shape", "place")]
        twins = [
            other
            for other in ACTIVITIES
            if [{getattr(phase, part) for phase in other.phases} for part in ("colour", "shape", "place")] == parts
            and len(set(other.phases) - set(activity.phases)) == 2
        ]
        assert len(twins) == 1, activity
        assert twins[0].is_base == activity.is_base
        assert [phase.place for phase in twins[0].phases] == [phase.place for phase in activity.phases]


def test_names_do_not_tell_what_activities_share() -> None:
    """Names with a syllable in common have an object in common as often as others do, about."""
    shared = {same: list[bool]() for same in (True, False)}
    for one, other in combinations(ACTIVITIES, 2):
        has_syllable = one.name[:2] == other.name[:2] or one.name[2:] == other.name[2:]
        shared[has_syllable].append(bool(set(objects(one)) & set(objects(other))))
    assert abs(np.mean(shared[True]) - np.mean(shared[False])) < 0.03


def test_a_clip_shows_its_phases_in_order_and_in_half_of_the_clips_one_slot_of_another_object() -> None:
    n_distracted = 0
    for activity in ACTIVITIES[::5]:
        for index in range(4):
            frames, shown = render_activity(activity, purpose="test", index=index, seed=0)
            assert frames.shape == (N_SLOTS * FRAMES_OF_A_SLOT, 32, 32, 3)
            strange = [name for name in shown if name not in objects(activity)]
            assert len(strange) <= 1
            assert set(strange) <= set(activity.absent_objects[1:]), "no prompt names it, not even the wrong one"
            assert list(dict.fromkeys(name for name in shown if name not in strange)) == objects(activity)
            assert min(Counter(shown)[name] for name in objects(activity)) >= 2
            n_distracted += len(strange)
    assert abs(n_distracted / 84 - DISTRACTED) < 0.15


def test_a_phase_is_seen_at_its_place() -> None:
    """A yellow square from the left: in the first frame of its phase, yellow is in the left half."""
    phases = (Phase("yellow", "square", "on the left"), Phase("yellow", "circle", "on the bottom"))
    frames, shown = render_activity(Activity("glorv", phases, is_base=True), purpose="test", index=1, seed=0)
    starts = [FRAMES_OF_A_SLOT * shown.index(phase.object_name) for phase in phases]
    y, x = np.nonzero((frames[starts[0], ..., :2] > 150).all(axis=-1))
    assert x.mean() < 12
    y, x = np.nonzero((frames[starts[1], ..., :2] > 150).all(axis=-1))
    assert y.mean() > 19


def test_rendering_is_the_same_on_every_platform() -> None:
    """A change of this hash is a change of the benchmark: figures before and after it cannot be compared."""
    digest = hashlib.sha256()
    for activity in ACTIVITIES[::4]:
        digest.update(render_activity(activity, purpose="test", index=0, seed=0)[0].tobytes())
    assert digest.hexdigest()[:16] == "91335a44a8dbae11"
