import hashlib

import numpy as np
import pytest

from zsar.datamodules.rendering.moving_shapes_rendering import COLOURS
from zsar.datamodules.rendering.untrimmed_shapes_rendering import UntrimmedClip, draw_stretches, render_untrimmed

SEEDS = range(200)


def time_line(seed: int) -> list[tuple[str, int, int]]:
    return [tuple(s) for s in draw_stretches(np.random.Generator(np.random.PCG64(seed)))]  # type: ignore[misc]


def gaps(line: list[tuple[str, int, int]]) -> list[int]:
    """Frames of background before, between and after actions."""
    found = [0]
    for kind, _, n_frames in line:
        if kind == "action":
            found.append(0)
        else:
            found[-1] += n_frames
    return found


@pytest.fixture(scope="module")
def clip() -> UntrimmedClip:
    return render_untrimmed("red", "circle", index=0, seed=0)


def test_a_time_line_has_one_to_three_actions_of_two_to_four_seconds_in_twelve_to_twenty() -> None:
    lines = [time_line(seed) for seed in SEEDS]
    actions = [[n for kind, _, n in line if kind == "action"] for line in lines]
    assert {len(lengths) for lengths in actions} == {1, 2, 3}
    lengths = [n for of_video in actions for n in of_video]
    assert (min(lengths), max(lengths)) == (16, 32)
    totals = [line[-1][1] + line[-1][2] for line in lines]
    assert min(totals) == 96
    assert 150 < max(totals) <= 160


def test_stretches_follow_each_other_without_gaps_and_a_second_of_background_is_around_each_action() -> None:
    for line in map(time_line, SEEDS):
        starts = [first for _, first, _ in line]
        assert starts == [0, *np.cumsum([n for *_, n in line]).tolist()[:-1]]
        assert min(gaps(line)) >= 8
        assert all(n > 0 for *_, n in line)


def test_background_is_of_every_kind() -> None:
    kinds = {kind for seed in SEEDS for kind, *_ in time_line(seed)}
    assert kinds == {"action", "noise", "bars", "still"}


def test_the_frames_are_those_of_the_time_line(clip: UntrimmedClip) -> None:
    assert clip.frames.dtype == np.uint8
    n_frames = sum(stretch.n_frames for stretch in clip.stretches)
    assert clip.frames.shape == (n_frames, 32, 32, 3)
    seen = set()
    for stretch in clip.stretches:
        frames = clip.frames[stretch.first_frame : stretch.first_frame + stretch.n_frames].astype(int)
        is_held = bool((frames == frames[:1]).all())
        is_grey = bool((frames == frames[..., :1]).all())
        assert is_held == (stretch.kind == "still" or stretch.n_frames == 1), stretch
        assert is_grey == (stretch.kind in ("noise", "bars")), stretch
        seen.add(stretch.kind)
    assert seen == {"action", "noise", "bars", "still"}


def test_only_in_actions_the_object_of_the_class_is_seen() -> None:
    red = np.array(COLOURS["red"])
    in_actions, in_background = list[float](), list[float]()
    for index in range(6):
        clip = render_untrimmed("red", "square", index=index, seed=0)
        for kind, first, n_frames in clip.stretches:
            distance = np.abs(clip.frames[first : first + n_frames].astype(int) - red).max(axis=-1)
            share = float((distance < 35).mean(axis=(1, 2)).min())
            (in_actions if kind == "action" else in_background).append(share)
    assert min(in_actions) > 0.05
    assert np.mean(in_background) < 0.02


def test_a_video_is_the_same_on_every_machine_and_another_for_another_index_and_seed(clip: UntrimmedClip) -> None:
    digests = {
        hashlib.sha256(render_untrimmed("red", "circle", index=i, seed=s).frames.tobytes()).hexdigest()[:12]
        for i in (0, 1)
        for s in (0, 1)
    }
    assert len(digests) == 4
    assert hashlib.sha256(clip.frames.tobytes()).hexdigest()[:12] == "232491b3e2bd"


def test_seconds_are_those_of_eight_frames_a_second(clip: UntrimmedClip) -> None:
    assert clip.stretches[0].seconds == (0.0, clip.stretches[0].n_frames / 8)
    assert clip.stretches[-1].seconds[1] == len(clip.frames) / 8
