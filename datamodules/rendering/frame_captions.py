"""Frames of the moving shapes and of backgrounds, each with a caption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.rendering.moving_shapes_rendering import (
    MovingShape,
    all_classes,
    clip_generator,
    render_clip,
)
from zsar.datamodules.rendering.untrimmed_shapes_rendering import render_untrimmed
from zsar.runtime.seeds import derive_seed

FRAMES_OF_A_CLIP = 16

_NEAR_THE_CENTRE = 0.1  # fraction of the frame's size

_BACKGROUND_CAPTIONS = {"noise": "a photo of grey noise", "bars": "a photo of grey bars"}


@dataclass(frozen=True)
class CaptionedShapesSettings:
    """What is rendered, and how it is batched.

    Attributes:
        seed: Seed of clips, captions and batches.
        n_clips: Rendered clips, divided equally among the classes as far as possible.
        frames_per_clip: Frames taken from each clip, of its 16 frames.
        n_probe_clips: Held-out clips of each class.
        n_batches: Batches in the whole training.
        batch_size: B, frames in a batch.
        position_share: Fraction of captions that state where the object is.
        moving_share: Fraction of captions that state that it moves, among those with a place and among those without.
            This keeps "left" and "right" different words to the text tower in sentences about motion too.
        n_background_videos: Untrimmed videos whose frames of noise or bars are captioned, every second one, about 15
            per video; 0 for objects only.
    """

    seed: int = 0
    n_clips: int = 2400
    frames_per_clip: int = 8
    n_probe_clips: int = 4
    n_batches: int = 500
    batch_size: int = 128
    position_share: float = 0.6
    moving_share: float = 0.2
    n_background_videos: int = 0

    def __post_init__(self) -> None:
        """Checks that the settings can be rendered."""
        for name in ("n_clips", "frames_per_clip", "n_probe_clips", "n_batches", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1; got {getattr(self, name)}")
        if self.n_clips < len(all_classes()):
            raise ValueError(f"n_clips is {self.n_clips}, but must be at least {len(all_classes())}, one per class")
        if self.frames_per_clip > FRAMES_OF_A_CLIP:
            raise ValueError(f"frames_per_clip is {self.frames_per_clip}, but a clip has {FRAMES_OF_A_CLIP} frames")
        if self.n_background_videos < 0:
            raise ValueError(f"n_background_videos must be at least 0; got {self.n_background_videos}")
        for name in ("position_share", "moving_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share between 0 and 1; got {getattr(self, name)}")

    def as_dict(self) -> dict[str, int | float]:
        """The settings by name; without `n_background_videos` if it is 0."""
        # Left out because older weights, trained before there were backgrounds, are described without it.
        return {name: value for name, value in asdict(self).items() if name != "n_background_videos" or value}


def captioned_clip(
    moving_shape: MovingShape, index: int, settings: CaptionedShapesSettings
) -> tuple[NDArray[np.uint8], list[str]]:
    """Some frames of a clip, and a caption for each.

    Args:
        moving_shape: What the clip shows.
        index: Which of the clips of this class.
        settings: Seed, frames and shares of the captions.

    Returns:
        Frames uint8 [T, H, W, 3] and T captions.
    """
    # The purpose includes the direction, so that training does not use both a clip and its reversal, which have the
    # same frames.
    generator = clip_generator(
        moving_shape, purpose=f"pretraining {moving_shape.direction}", index=index, seed=settings.seed
    )
    clip = render_clip(moving_shape, generator, n_frames=FRAMES_OF_A_CLIP)
    chosen = np.sort(generator.permutation(len(clip.frames))[: settings.frames_per_clip])
    size = clip.frames.shape[1]
    says_moving = generator.uniform(size=len(chosen)) < settings.moving_share
    says_place = generator.uniform(size=len(chosen)) < settings.position_share
    captions = [
        _caption(
            moving_shape, place_in_frame(clip.centres_px[t], size), says_moving=bool(moving), says_place=bool(placed)
        )
        for t, moving, placed in zip(chosen, says_moving, says_place, strict=True)
    ]
    return clip.frames[chosen], captions


def captioned_background(
    purpose: str, n_videos: int, settings: CaptionedShapesSettings
) -> Iterator[tuple[NDArray[np.uint8], str]]:
    """Frames of noise and bars with captions, from untrimmed videos with their own seed.

    Args:
        purpose: What they are for: others than for another purpose.
        n_videos: Untrimmed videos that are rendered.
        settings: Their seed.

    Yields:
        A frame uint8 [H, W, 3] and its caption.
    """
    seed = derive_seed(settings.seed, "captioned background", purpose)
    for index in range(n_videos):
        # The moving object does not occur in the background.
        clip = render_untrimmed("red", "circle", index=index, seed=seed)
        for stretch in clip.stretches:
            if stretch.kind in _BACKGROUND_CAPTIONS:
                end = stretch.first_frame + stretch.n_frames
                for frame in clip.frames[stretch.first_frame : end : 2]:
                    yield frame, _BACKGROUND_CAPTIONS[stretch.kind]


def _caption(moving_shape: MovingShape, place: str, *, says_moving: bool, says_place: bool) -> str:
    words = [f"a photo of a {moving_shape.object_name}", "moving" if says_moving else "", place if says_place else ""]
    return " ".join(filter(None, words))


def place_in_frame(centre_px: NDArray[np.float64], size_px: int) -> str:
    """The place of a centre in the frame, along the axis on which it is farther from the middle.

    Args:
        centre_px: (x, y).
        size_px: Height and width of the frame.

    Returns:
        Words as a caption has them: "on the left", "in the middle", ...
    """
    x, y = centre_px - (size_px - 1) / 2
    if max(abs(x), abs(y)) < _NEAR_THE_CENTRE * size_px:
        return "in the middle"
    if abs(x) >= abs(y):
        return "on the left" if x < 0 else "on the right"
    return "on the top" if y < 0 else "on the bottom"
