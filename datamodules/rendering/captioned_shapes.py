"""Single frames of the moving shapes with captions, rendered in memory, for pretraining the tiny CLIP.

A caption names the object, sometimes that it moves, and sometimes its place in the frame. It never names the direction
of motion, which a single frame does not show: such captions would make "left" and "right" the same word to the text
tower. Held-out frames come as multiple-choice questions, which show what a model knows, and that it does not know
directions.

A captioner also gets frames without an object, the noise and the bars of `untrimmed_shapes_rendering`, so that it can
caption them, and questions about captions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from lightning.pytorch import LightningDataModule
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler

from zsar.datamodules.rendering.moving_shapes_rendering import (
    DIRECTIONS,
    MovingShape,
    all_classes,
    clip_generator,
    render_clip,
)
from zsar.datamodules.rendering.untrimmed_shapes_rendering import render_untrimmed
from zsar.runtime.seeds import derive_seed

CaptionedFrames = tuple[Tensor, list[str]]
"""A training batch: frames uint8 [B, 3, H, W] and their B captions."""

FrameQuestions = tuple[str, Tensor, list[tuple[str, ...]], Tensor]
"""A test batch: the probe's name, frames uint8 [N, 3, H, W], N choices of K texts, the correct ones int64 [N].

If K is 1, the question is whether a caption of the frame begins with the text.
"""

_FRAMES_OF_A_CLIP = 16
_NEAR_THE_CENTRE = 0.1  # fraction of the frame's size
_BACKGROUND_CAPTIONS = {"noise": "a photo of grey noise", "bars": "a photo of grey bars"}
_PROBE_BACKGROUND_VIDEOS = 16
_FINGERPRINT_VIDEOS = 8  # all background frames would take a second


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
        if self.frames_per_clip > _FRAMES_OF_A_CLIP:
            raise ValueError(f"frames_per_clip is {self.frames_per_clip}, but a clip has {_FRAMES_OF_A_CLIP} frames")
        if self.n_background_videos < 0:
            raise ValueError(f"n_background_videos must be at least 0; got {self.n_background_videos}")
        for name in ("position_share", "moving_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share between 0 and 1; got {getattr(self, name)}")

    def as_dict(self) -> dict[str, int | float]:
        """The settings by name; without `n_background_videos` if it is 0."""
        # Left out because older weights, trained before there were backgrounds, are described without it.
        return {name: value for name, value in asdict(self).items() if name != "n_background_videos" or value}


class CaptionedShapes(LightningDataModule):
    """Captioned frames for training, questions about held-out frames for testing."""

    def __init__(self, settings: CaptionedShapesSettings, *, asks_for_captions: bool = False) -> None:
        """Renders nothing yet.

        Args:
            settings: What is rendered.
            asks_for_captions: Whether to add the questions that only a captioner can answer.
        """
        super().__init__()
        self.settings = settings
        self.asks_for_captions = asks_for_captions

    def train_dataloader(self) -> DataLoader[CaptionedFrames]:
        """`n_batches` batches of `CaptionedFrames`."""
        settings = self.settings
        frames = CaptionedFrameDataset(settings)
        rows = RandomSampler(
            frames,
            replacement=True,
            num_samples=settings.n_batches * settings.batch_size,
            generator=torch.Generator().manual_seed(settings.seed),
        )
        batches = BatchSampler(rows, settings.batch_size, drop_last=True)
        return DataLoader(frames, sampler=batches, batch_size=None)

    def test_dataloader(self) -> DataLoader[FrameQuestions]:
        """The probes, one batch of `FrameQuestions` each."""
        questions = held_out_questions(self.settings)
        if self.asks_for_captions:
            questions += caption_questions(self.settings)
        return DataLoader(questions, batch_size=None)  # type: ignore[arg-type] # a list is a map-style data set

    def fingerprint(self) -> str:
        """SHA-256 (first 16 hex digits) of settings and the first rendered frames and captions.

        It changes with the rendering or the captions, in code or in settings, and is the same on any machine.
        """
        digest = hashlib.sha256(repr(sorted(self.settings.as_dict().items())).encode())
        for moving_shape in all_classes():
            frames, captions = _captioned_clip(moving_shape, 0, self.settings)
            digest.update(frames.tobytes())
            digest.update("\n".join(captions).encode())
        n_videos = min(self.settings.n_background_videos, _FINGERPRINT_VIDEOS)
        for frame, caption in _captioned_background("pretraining", n_videos, self.settings):
            digest.update(frame.tobytes())
            digest.update(caption.encode())
        return digest.hexdigest()[:16]


class CaptionedFrameDataset(Dataset[CaptionedFrames]):
    """All captioned frames, rendered once; an item is a batch."""

    def __init__(self, settings: CaptionedShapesSettings) -> None:
        """Renders all frames, about 2 ms per clip.

        Args:
            settings: What is rendered.
        """
        classes = all_classes()
        frames, self._captions = [], list[str]()
        for i in range(settings.n_clips):
            moving_shape = classes[i % len(classes)]
            clip, captions = _captioned_clip(moving_shape, i // len(classes), settings)
            frames.append(torch.from_numpy(clip).permute(0, 3, 1, 2))
            self._captions += captions
        for frame, caption in _captioned_background("pretraining", settings.n_background_videos, settings):
            frames.append(torch.from_numpy(frame).permute(2, 0, 1)[None])
            self._captions.append(caption)
        self._frames = torch.cat(frames).contiguous()

    def __len__(self) -> int:
        """N, the number of frames."""
        return len(self._captions)

    def __getitem__(self, indices: Sequence[int]) -> CaptionedFrames:
        """The frames of a batch, uint8 [B, 3, H, W], and their captions."""
        return self._frames[torch.as_tensor(indices)], [self._captions[i] for i in indices]


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
            generator = _generator(moving_shape, "probe", index, settings)
            clip = render_clip(moving_shape, generator, n_frames=_FRAMES_OF_A_CLIP)
            # Symmetric in time, so that a clip and its reversal give the same frames.
            for frame, centre in zip(clip.frames[::5], clip.centres_px[::5], strict=True):
                probes["object"].append((frame, tuple(f"a photo of a {o}" for o in _object_names()), is_what))
                directions = DIRECTIONS[:2] if moving_shape.is_horizontal else DIRECTIONS[2:]
                texts = tuple(f"{is_what} moving to the {direction}" for direction in directions)
                probes["direction"].append((frame, texts, moving_shape.name))
                place = _place(centre, frame.shape[0])
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
    background = [(f, (c,), c) for f, c in _captioned_background("probe", _PROBE_BACKGROUND_VIDEOS, settings)]
    return [objects, _stacked("caption of background", background)]


def _stacked(name: str, questions: Sequence[tuple[NDArray[np.uint8], tuple[str, ...], str]]) -> FrameQuestions:
    frames = torch.from_numpy(np.stack([frame for frame, _, _ in questions])).permute(0, 3, 1, 2).contiguous()
    labels = torch.tensor([texts.index(answer) for _, texts, answer in questions])
    return name, frames, [texts for _, texts, _ in questions], labels


def _captioned_clip(
    moving_shape: MovingShape, index: int, settings: CaptionedShapesSettings
) -> tuple[NDArray[np.uint8], list[str]]:
    """Some frames of a clip, uint8 [T, H, W, 3], and a caption for each."""
    # The purpose includes the direction, so that training does not use both a clip and its reversal, which have the
    # same frames.
    generator = _generator(moving_shape, f"pretraining {moving_shape.direction}", index, settings)
    clip = render_clip(moving_shape, generator, n_frames=_FRAMES_OF_A_CLIP)
    chosen = np.sort(generator.permutation(len(clip.frames))[: settings.frames_per_clip])
    size = clip.frames.shape[1]
    says_moving = generator.uniform(size=len(chosen)) < settings.moving_share
    says_place = generator.uniform(size=len(chosen)) < settings.position_share
    captions = [
        _caption(moving_shape, _place(clip.centres_px[t], size), says_moving=bool(moving), says_place=bool(placed))
        for t, moving, placed in zip(chosen, says_moving, says_place, strict=True)
    ]
    return clip.frames[chosen], captions


def _captioned_background(
    purpose: str, n_videos: int, settings: CaptionedShapesSettings
) -> Iterator[tuple[NDArray[np.uint8], str]]:
    """Frames of noise and bars, uint8 [H, W, 3], with captions, from untrimmed videos with their own seed."""
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


def _place(centre_px: NDArray[np.float64], size_px: int) -> str:
    """The place of a centre (x, y) in the frame, along the axis on which it is farther from the middle."""
    x, y = centre_px - (size_px - 1) / 2
    if max(abs(x), abs(y)) < _NEAR_THE_CENTRE * size_px:
        return "in the middle"
    if abs(x) >= abs(y):
        return "on the left" if x < 0 else "on the right"
    return "on the top" if y < 0 else "on the bottom"


def _places_like(place: str) -> tuple[str, tuple[str, str]]:
    """The probe for a place, and its two possible places."""
    if place in ("on the left", "on the right"):
        return "left or right", ("on the left", "on the right")
    return "top or bottom", ("on the top", "on the bottom")


def _object_names() -> list[str]:
    return list(dict.fromkeys(c.object_name for c in all_classes()))


def _generator(
    moving_shape: MovingShape, purpose: str, index: int, settings: CaptionedShapesSettings
) -> np.random.Generator:
    return clip_generator(moving_shape, purpose=purpose, index=index, seed=settings.seed)
