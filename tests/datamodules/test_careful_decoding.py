"""Tests of `datamodules.careful_decoding`: what the decoder complains of is noted, and spoils what is built on it."""

from __future__ import annotations

from datamodules.careful_decoding import ShownFrame, spoiled_frames

# Decoding order I0 P3 b1 b2 P6 b4 b5 I9 b7 b8 P10: the last two b are shown before the keyframe I9 that they follow.
SHOWN = [0, 2, 3, 1, 5, 6, 4, 8, 9, 7, 10]
FRAMES = [ShownFrame(position, is_key=i in (0, 9), pts=i) for i, position in enumerate(SHOWN)]
PLACES = {position: i for i, position in enumerate(SHOWN)}


def spoiled(own: set[int], spoiling: set[int]) -> list[int]:
    return sorted(spoiled_frames(FRAMES, dict.fromkeys(own, "x"), dict.fromkeys(spoiling, "x"), PLACES))


def test_a_damaged_frame_spoils_what_is_decoded_after_it_until_the_next_keyframe() -> None:
    assert spoiled({1}, {1}) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert spoiled({4}, {4}) == [4, 5, 6, 7, 8]
    assert spoiled({10}, {10}) == [10]
    assert spoiled({7}, {7}) == [7, 8, 9, 10]  # the frames before the keyframe may refer to it, too
    assert spoiled({0}, {0}) == list(range(9))


def test_a_damaged_frame_that_nothing_refers_to_spoils_itself() -> None:
    assert spoiled({2}, set()) == [1]
    assert spoiled({8}, {8}) == [7, 8]  # shown before the keyframe: what follows that does not refer to it
    assert spoiled(set(), set()) == []
