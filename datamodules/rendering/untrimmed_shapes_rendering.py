"""Untrimmed videos of the moving shapes: time lines drawn from a seed, and their frames.

A video shows one kind of action, one to three times: an object of the moving shapes ("red circle") that moves, each
time in a random direction. Before, between and after is background, which changes about every second: drifting grey
noise, drifting grey bars, and stills, which are frozen pictures of the other objects. A model that knows the objects
can separate actions from background by single frames; directions do not matter.

Videos are the same on every platform, for the reasons given in `moving_shapes_rendering`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.rendering.moving_shapes_rendering import COLOURS, DIRECTIONS, SHAPES, MovingShape, render_clip
from zsar.runtime.seeds import derive_seed

Kind = Literal["action", "noise", "bars", "still"]

FRAMES_PER_SECOND = 8
SIZE_PX = 32
VIDEO_FRAMES = (96, 160)  # 12 to 20 s
INSTANCE_FRAMES = (16, 32)  # 2 to 4 s
MOST_INSTANCES = 3
LEAST_BACKGROUND_FRAMES = 8  # 1 s before, between and after actions
# A model that never saw a frame without an object takes it for some object. Background therefore changes often and
# consists mostly of stills, so that over a video it favours no class.
_BACKGROUND_FRAMES = (4, 10)
_BACKGROUND: tuple[Kind, ...] = ("noise", "bars", "still", "still", "still")
_MOST_FRAMES_PER_ACTION_FRAME = 4
_GREYS = (40, 200)
_GRAIN_PX = 4
_BAR_PX = (3, 7)
_SPEED_PX = (1, 4)


class Stretch(NamedTuple):
    """Consecutive frames of one kind.

    Attributes:
        kind: "action", or the kind of background.
        first_frame: Index of its first frame.
        n_frames: Number of frames.
    """

    kind: Kind
    first_frame: int
    n_frames: int

    @property
    def seconds(self) -> tuple[float, float]:
        """Start of its first frame and end of its last one, in seconds."""
        return self.first_frame / FRAMES_PER_SECOND, (self.first_frame + self.n_frames) / FRAMES_PER_SECOND


class UntrimmedClip(NamedTuple):
    """A video and its time line.

    Attributes:
        frames: uint8 [T, H, W, 3], RGB.
        stretches: The time line, without gaps, from the first frame to the last.
    """

    frames: NDArray[np.uint8]
    stretches: tuple[Stretch, ...]


def render_untrimmed(colour: str, shape: str, *, index: int, seed: int) -> UntrimmedClip:
    """Renders a video.

    Args:
        colour: Colour of the moving object, one of `COLOURS`.
        shape: Its shape, one of `SHAPES`.
        index: Which video of this object, 0-based.
        seed: Seed of the whole set.
    """
    generator = np.random.Generator(np.random.PCG64(derive_seed(seed, "untrimmed", colour, shape, index)))
    stretches = draw_stretches(generator)
    objects = [(other_colour, other_shape) for other_colour in COLOURS for other_shape in SHAPES]
    others = [other for other in objects if other != (colour, shape)]
    # In turn, so that over a video the stills favour no object.
    stills = cycle([others[i] for i in generator.permutation(len(others))])
    frames = []
    for stretch in stretches:
        if stretch.kind == "action":
            frames.append(_moving(colour, shape, stretch.n_frames, generator))
        elif stretch.kind == "still":
            other_colour, other_shape = next(stills)
            picture = _moving(other_colour, other_shape, 3, generator)[1]
            frames.append(np.repeat(picture[None], stretch.n_frames, axis=0))
        else:
            draw = _drifting_noise if stretch.kind == "noise" else _drifting_bars
            frames.append(np.repeat(draw(stretch.n_frames, generator)[..., None], 3, axis=-1))
    return UntrimmedClip(np.concatenate(frames), stretches)


def draw_stretches(generator: np.random.Generator) -> tuple[Stretch, ...]:
    """Draws a time line: background, action, background, ..., background."""
    n_instances = int(generator.integers(1, MOST_INSTANCES + 1))
    actions = generator.integers(INSTANCE_FRAMES[0], INSTANCE_FRAMES[1] + 1, n_instances).tolist()
    least = max(sum(actions) + LEAST_BACKGROUND_FRAMES * (n_instances + 1), VIDEO_FRAMES[0])
    most = max(min(sum(actions) * _MOST_FRAMES_PER_ACTION_FRAME, VIDEO_FRAMES[1]), least)
    n_background = int(generator.integers(least, most + 1)) - sum(actions)
    spare = n_background - LEAST_BACKGROUND_FRAMES * (n_instances + 1)
    cuts = [0, *sorted(generator.integers(0, spare + 1, n_instances).tolist()), spare]
    stretches: list[Stretch] = []
    for number, (before, after) in enumerate(pairwise(cuts)):
        _append_background(stretches, LEAST_BACKGROUND_FRAMES + after - before, generator)
        if number < n_instances:
            stretches.append(Stretch("action", _end(stretches), actions[number]))
    return tuple(stretches)


def _append_background(stretches: list[Stretch], n_frames: int, generator: np.random.Generator) -> None:
    """Fills a gap with short stretches of background."""
    end = _end(stretches) + n_frames
    while (at := _end(stretches)) < end:
        kind = _BACKGROUND[int(generator.integers(len(_BACKGROUND)))]
        length = int(generator.integers(_BACKGROUND_FRAMES[0], _BACKGROUND_FRAMES[1] + 1))
        stretches.append(Stretch(kind, at, min(length, end - at)))


def _end(stretches: Sequence[Stretch]) -> int:
    return stretches[-1].first_frame + stretches[-1].n_frames if stretches else 0


def _moving(colour: str, shape: str, n_frames: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """An object that moves in a random direction, uint8 [T, H, W, 3]."""
    moving_shape = MovingShape(colour, shape, DIRECTIONS[int(generator.integers(len(DIRECTIONS)))])
    return render_clip(moving_shape, generator, n_frames=n_frames, size_px=SIZE_PX).frames


def _drifting_noise(n_frames: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Grey grains that drift across the frame and re-enter on the other side, uint8 [T, H, W]."""
    grains = generator.integers(*_GREYS, (SIZE_PX // _GRAIN_PX, SIZE_PX // _GRAIN_PX), dtype=np.uint8)
    picture = grains.repeat(_GRAIN_PX, axis=0).repeat(_GRAIN_PX, axis=1)
    speed = int(generator.integers(*_SPEED_PX))
    axis = int(generator.integers(2))
    return np.stack([np.roll(picture, speed * t, axis=axis) for t in range(n_frames)])


def _drifting_bars(n_frames: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Bars of two greys that drift across the frame, uint8 [T, H, W]."""
    greys = generator.integers(*_GREYS, 2, dtype=np.uint8)
    width, speed = int(generator.integers(*_BAR_PX)), int(generator.integers(*_SPEED_PX))
    place = np.arange(SIZE_PX)[None, :] + speed * np.arange(n_frames)[:, None]  # [T, size]
    bars = greys[place // width % 2]
    is_upright = bool(generator.integers(2))
    lines = bars[:, None, :] if is_upright else bars[:, :, None]
    return np.ascontiguousarray(np.broadcast_to(lines, (n_frames, SIZE_PX, SIZE_PX)))
