"""Input and output of localizers: a video's features, and the actions found in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from zsar.lightning_modules.localization.segments import Segment


@dataclass(frozen=True)
class Truth:
    """Annotated instances of one set's classes in a video, for oracles: labels int64 [M], seconds float64 [M, 2]."""

    labels: Tensor
    seconds: Tensor


@dataclass(frozen=True)
class UntrimmedFeatures:
    """A video as a localizer sees it.

    Attributes:
        id: The video's name.
        features: Features of N frames in temporal order, before the visual projection, float32 [N, W].
        times_seconds: When each frame is shown, in seconds on the player's clock (`video_files.decoding`), float64 [N]
            on the CPU.
        duration_seconds: End of the video's last frame, on that clock.
        sets: The sets of classes to look for in it, as indices into a list of class texts.
        truths: Annotations by set; empty if there are none.
        frames_at: Returns the frames at given times, uint8 [n, 3, S, S]; None if the video file is not available.
        captions_folder: Folder of caption files, `VIDEO.captions.json`; None for none.
        n_damaged: Number of damaged frames that were accepted.
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
        """Duration that each frame represents: to the next sampled frame, or to the end; float64 [N]."""
        end = torch.tensor([self.duration_seconds], dtype=torch.float64)
        return torch.cat([self.times_seconds, end]).diff()


@dataclass(frozen=True)
class Detection:
    """A detected action.

    Attributes:
        segment: Where it is, with its score.
        label: Its class, an index into the set's names.
        scores: Its scores by several rules, that of the segment among them; empty where they are not compared.
    """

    segment: Segment
    label: int
    scores: Mapping[str, float] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class ScoreCurve:
    """Scores of a class over a video's frames, from 0 to 1, [N] on the CPU, and the threshold of its segments."""

    label: int
    scores: Tensor
    threshold: float


@dataclass(frozen=True)
class Localization:
    """The output of a localizer for one video and one set of classes.

    Attributes:
        detections: The actions, in temporal order.
        suppressed: Actions discarded in the last step.
        curves: The score curves that segments come from, at least one.
        n_steps: Adaptation updates; 0 without adaptation.
        pseudo_labels: The classes that the model was adapted to; None if the method has none.
    """

    detections: tuple[Detection, ...]
    suppressed: tuple[Detection, ...] = ()
    curves: tuple[ScoreCurve, ...] = ()
    n_steps: int = 0
    pseudo_labels: tuple[int, ...] | None = None


class Predictions:
    """The localizations of a batch's videos, in batch order: for each video {set: `Localization`}.

    Not a list: Lightning traverses what steps return, including dataclasses, and fails on frozen ones.
    """

    def __init__(self, of_videos: Sequence[Mapping[int, Localization]]) -> None:
        """Stores the localizations of each video, in batch order."""
        self._of_videos = tuple(of_videos)

    def __len__(self) -> int:
        """B, the number of videos."""
        return len(self._of_videos)

    def __iter__(self) -> Iterator[Mapping[int, Localization]]:
        """The localizations of each video."""
        return iter(self._of_videos)

    def __getitem__(self, i: int) -> Mapping[int, Localization]:
        """The localizations of video `i`."""
        return self._of_videos[i]


def sort_by_start(detections: Sequence[Detection]) -> tuple[Detection, ...]:
    """Sorts detections by start, then end, then class."""
    return tuple(sorted(detections, key=lambda d: (d.segment.start_seconds, d.segment.end_seconds, d.label)))
