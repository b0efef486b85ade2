"""Multiple-choice questions about frames that are not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zsar.datamodules.rendering.frame_captions import (
    FRAMES_OF_A_CLIP,
    CaptionedShapesSettings,
    captioned_background,
    place_in_frame,
)
from zsar.datamodules.rendering.moving_shapes_rendering import (
    DIRECTIONS,
    all_classes,
    clip_generator,
    render_clip,
)

FrameQuestions = tuple[str, Tensor, list[tuple[str, ...]], Tensor]
"""A test batch: the probe's name, frames uint8 [N, 3, H, W], N choices of K texts, the right ones int64 [N].

A single text is no choice: the question is then whether a caption of the frame begins with it.
"""

_PROBE_BACKGROUND_VIDEOS = 16


def held_out_questions(settings: CaptionedShapesSettings) -> list[FrameQuestions]:
    """Questions about single frames of held-out clips.

    Every clip occurs in both directions, as each other's reversal, so that guessing the direction from one frame is
    right in exactly half of the cases.

    Args:
        settings: Seed and number of clips.

    Returns:
        "object" (which of 16), "left or right" and "top or bottom" (for frames with an object clearly at one of them),
        and "direction" (which of the two along its axis: chance is 1/2).
    """
    probes: dict[str, list[tuple[NDArray[np.uint8], tuple[str, ...], str]]] = {
        name: [] for name in ("object", "left or right", "top or bottom", "direction")
    }
    for moving_shape in all_classes():
        is_what = f"a photo of a {moving_shape.object_name}"
        for index in range(settings.n_probe_clips):
            generator = clip_generator(moving_shape, purpose="probe", index=index, seed=settings.seed)
            clip = render_clip(moving_shape, generator, n_frames=FRAMES_OF_A_CLIP)
            # Symmetric in time, so that a clip and its reversal give the same frames.
            for frame, centre in zip(clip.frames[::5], clip.centres_px[::5], strict=True):
                probes["object"].append((frame, tuple(f"a photo of a {o}" for o in _object_names()), is_what))
                directions = DIRECTIONS[:2] if moving_shape.is_horizontal else DIRECTIONS[2:]
                texts = tuple(f"{is_what} moving to the {direction}" for direction in directions)
                probes["direction"].append((frame, texts, moving_shape.name))
                place = place_in_frame(centre, frame.shape[0])
                if place != "in the middle":
                    name, places = _places_like(place)
                    probes[name].append((frame, tuple(f"{is_what} {p}" for p in places), f"{is_what} {place}"))
    return [_stacked(name, questions) for name, questions in probes.items()]


def caption_questions(settings: CaptionedShapesSettings) -> list[FrameQuestions]:
    """Questions about captions of held-out frames.

    Args:
        settings: As for `held_out_questions`.

    Returns:
        "caption of an object" (for the frames of the probe "object": does the caption begin with colour and shape?) and
        "caption of background" (for noise and bars: does it begin with the kind of background?).
    """
    _, frames, choices, labels = held_out_questions(settings)[0]
    right: list[tuple[str, ...]] = [(texts[label],) for texts, label in zip(choices, labels.tolist(), strict=True)]
    objects = ("caption of an object", frames, right, torch.zeros_like(labels))
    background = [(f, (c,), c) for f, c in captioned_background("probe", _PROBE_BACKGROUND_VIDEOS, settings)]
    return [objects, _stacked("caption of background", background)]


def _stacked(name: str, questions: Sequence[tuple[NDArray[np.uint8], tuple[str, ...], str]]) -> FrameQuestions:
    frames = torch.from_numpy(np.stack([frame for frame, _, _ in questions])).permute(0, 3, 1, 2).contiguous()
    labels = torch.tensor([texts.index(answer) for _, texts, answer in questions])
    return name, frames, [texts for _, texts, _ in questions], labels


def _places_like(place: str) -> tuple[str, tuple[str, str]]:
    """The probe for a place, and its two possible places."""
    if place in ("on the left", "on the right"):
        return "left or right", ("on the left", "on the right")
    return "top or bottom", ("on the top", "on the bottom")


def _object_names() -> list[str]:
    return list(dict.fromkeys(c.object_name for c in all_classes()))
