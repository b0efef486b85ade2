"""What goes into a localizer and what comes out: a video's features, and actions found in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from zsar.lightning_modules.localization.segments import Segment


@dataclass(frozen=True)
class Truth:
    """What is annotated in a video of the classes of one set, for oracles; labels int64 [M], seconds float64 [M, 2]."""

    labels: Tensor
    seconds: Tensor


@dataclass(frozen=True)
class UntrimmedFeatures:
    """A video as a localizer sees it.

    Attributes:
        id: Its name.
        features: Of N frames in order of time, before the visual projection, float32 [N, W].
        times_seconds: When each is shown, in seconds on the player's clock (`video_files.decoding`), float64 [N], on
            the CPU.
        duration_seconds: When the video's last frame ends, on that clock.
        sets: The sets of classes that are looked for in it, as indices into a list of class texts.
        truths: What is annotated, by set; empty where nothing is known.
        frames_at: Frames of the video at some times, uint8 [n, 3, S, S]; None where the file is not at hand.
        captions_folder: Where files of captions lie, `VIDEO.captions.json`; None for none.
        n_damaged: How many of the frames are damaged and were accepted.
    """

    id: str
    features: Tensor
    times_seconds: Tensor
    duration_seconds: float
    sets: tuple[int, ...] = (0,)
    truths: Mapping[int, Truth] = field(default_factory=dict)
    frames_at: Callable[[Sequence[float]], Tensor] | None = None
    captions_folder: Path | None = None
    n_damaged: int = 0

    @property
    def frame_seconds(self) -> Tensor:
        """Until when each frame stands for the video: to the next one that was taken, or the end; float64 [N]."""
        end = torch.tensor([self.duration_seconds], dtype=torch.float64)
        return torch.cat([self.times_seconds, end]).diff()


@dataclass(frozen=True)
class Detection:
    """An action that was found: where, how surely, and its class, an index into the set's names."""

    segment: Segment
    label: int


@dataclass(frozen=True)
class ScoreCurve:
    """The scores of a class over the frames of a video, from 0 to 1, [N] on the CPU, and what segments are above."""

    label: int
    scores: Tensor
    threshold: float


@dataclass(frozen=True)
class Localization:
    """What a localizer says of one video and one set of classes.

    Attributes:
        detections: The actions, in order of time.
        suppressed: Those that a last step took back.
        curves: What they were made of, one or more.
        n_steps: Updates of the adaptation; 0 where nothing is adapted.
    """

    detections: tuple[Detection, ...]
    suppressed: tuple[Detection, ...] = ()
    curves: tuple[ScoreCurve, ...] = ()
    n_steps: int = 0


class Predictions:
    """What was found in the videos of a batch, in their order: for each {set: `Localization`}.

    No list, as Lightning goes through what steps return, down to dataclasses, and refuses to go through frozen ones.
    """

    def __init__(self, of_videos: Sequence[Mapping[int, Localization]]) -> None:
        """Keeps what was found in each video, in the order of the batch."""
        self._of_videos = tuple(of_videos)

    def __len__(self) -> int:
        """B, the number of videos."""
        return len(self._of_videos)

    def __iter__(self) -> Iterator[Mapping[int, Localization]]:
        """What was found in each video."""
        return iter(self._of_videos)

    def __getitem__(self, i: int) -> Mapping[int, Localization]:
        """What was found in a video."""
        return self._of_videos[i]


def sort_by_start(detections: Sequence[Detection]) -> tuple[Detection, ...]:
    """Detections by start, then end, then class."""
    return tuple(sorted(detections, key=lambda d: (d.segment.start_seconds, d.segment.end_seconds, d.label)))
