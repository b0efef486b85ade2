"""Text-guided suppression: discards segments whose captions disagree with the others (T3AL, 4.4).

The paper captions every frame of a segment; here one frame each `seconds`, at the same times for all segments of a
video, so a frame is captioned once. `seconds: null` captions every sampled frame; there are never more captions than
sampled frames. The paper sums columns of a matrix whose diagonal is 1 and leaves open how the sum compares with alpha:
by default a segment must agree with more than alpha of the others; `counts_itself: true` takes the sum literally.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.segments import Segment
from zsar.lightning_modules.localization.stored.caption_files import SUFFIX, VideoCaptions, read_captions
from zsar.lightning_modules.localization.stored.stored_files import file_of_video
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.open_clip_captions import CaptionSettings, generate_captions

_FRAMES_AT_ONCE = 16
_SMALLEST_VOTE = 3  # segments; with fewer nothing is suppressed


@dataclass(frozen=True, kw_only=True)
class TextGuidedSuppression:
    """Settings of suppression; the defaults are the paper's, except for `seconds`.

    Attributes:
        similarity: beta, minimum cosine of mean captions of two agreeing segments.
        share: alpha; a segment is kept if more than this share of the others agree with it.
        counts_itself: Whether it is kept if at least this share of all segments, itself included, agree.
        seconds: Time between captioned frames if there are no caption files (the data's `captions`, made by `zsar
            extract --captions` or elsewhere) and the model, a CoCa, generates captions during the run; null for all
            sampled frames, which are used too if they are further apart.
        generation: How captions are generated.
    """

    similarity: float = 0.75
    share: float = 0.5
    counts_itself: bool = False
    seconds: float | None = 1.0
    generation: CaptionSettings = CaptionSettings()

    def __post_init__(self) -> None:
        """Checks the ranges."""
        if not -1 <= self.similarity <= 1:
            raise ValueError(f"similarity is a cosine, from -1 to 1; got {self.similarity}")
        if not 0 <= self.share < 1:
            raise ValueError(f"share must be at least 0 and below 1; got {self.share}")
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise ValueError(f"seconds must be above 0, or null for every frame; got {self.seconds}")


def agreeing_segments(embeddings: Tensor, *, similarity: float, share: float, counts_itself: bool = False) -> Tensor:
    """Which segments are kept (Eq. 11 and following text).

    Args:
        embeddings: d, unit vectors of the segments' captions, [M, D].
        similarity: beta.
        share: alpha.
        counts_itself: Whether a segment's agreement with itself counts.

    Returns:
        bool [M]; all true for one or two segments.
    """
    n = len(embeddings)
    if n < _SMALLEST_VOTE:
        return torch.ones(n, dtype=torch.bool, device=embeddings.device)
    agrees = embeddings @ embeddings.T >= similarity
    if counts_itself:
        return agrees.fill_diagonal_(True).sum(dim=1) / n >= share
    return agrees.fill_diagonal_(False).sum(dim=1) / (n - 1) > share


def kept_segments(
    segments: Sequence[Segment], captions: VideoCaptionTexts, embed: Callable[[Tensor], Tensor]
) -> list[bool]:
    """Which segments of a video are kept; generates no captions if nothing can be suppressed.

    Args:
        segments: M segments.
        captions: Captions of the video, with the settings of suppression.
        embed: Text features [n, 1, V] -> unit embeddings [n, D].

    Returns:
        Whether each segment is kept.
    """
    if len(segments) < _SMALLEST_VOTE:
        return [True] * len(segments)
    is_kept: list[bool] = agreeing_segments(
        torch.stack([caption_embedding(captions.features_of(segment), embed) for segment in segments]),
        similarity=captions.settings.similarity,
        share=captions.settings.share,
        counts_itself=captions.settings.counts_itself,
    ).tolist()
    return is_kept


class VideoCaptionTexts:
    """The captions of one video, read or generated on demand, and their text features.

    Attributes:
        settings: Settings of suppression and captions.
    """

    def __init__(
        self,
        video: UntrimmedFeatures,
        backbone: OpenClipBackbone,
        text_features: Callable[[Sequence[str]], Tensor],
        settings: TextGuidedSuppression,
    ) -> None:
        """Stores the arguments; reads nothing.

        Args:
            video: The video.
            backbone: The model that generates captions.
            text_features: N texts -> features before the text projection, [N, V].
            settings: Settings of suppression and captions.
        """
        self.settings = settings
        self._video, self._backbone, self._text_features = video, backbone, text_features
        self._features: dict[str, Tensor] = {}
        self._generated: dict[float, str] = {}
        self._stored: VideoCaptions | None = None

    def features_of(self, segment: Segment) -> Tensor:
        """Text features of the captions within a segment, [n, V], n at least 1.

        Raises:
            FileNotFoundError: There is no caption file, and no video to caption.
            CaptionFileError: The caption file cannot be used.
            BackboneError: The model cannot generate captions.
        """
        texts = self._read(segment) if self._video.captions_folder is not None else self._written(segment)
        new = [text for text in dict.fromkeys(texts) if text not in self._features]
        if new:
            self._features.update(zip(new, self._text_features(new), strict=True))
        return torch.stack([self._features[text] for text in texts])

    def _read(self, segment: Segment) -> list[str]:
        assert self._video.captions_folder is not None
        if self._stored is None:
            self._stored = read_captions(file_of_video(self._video.captions_folder, self._video.id, SUFFIX))
        return [self._stored.texts[i] for i in self._stored.within(segment.start_seconds, segment.end_seconds)]

    def _written(self, segment: Segment) -> list[str]:
        times = self._times(segment)
        missing = [seconds for seconds in times if seconds not in self._generated]
        for i in range(0, len(missing), _FRAMES_AT_ONCE):
            chunk = missing[i : i + _FRAMES_AT_ONCE]
            if self._video.frames_at is None:
                raise FileNotFoundError(
                    f"captions of {self._video.id!r} must be generated, but its frames are not available; give a "
                    "folder of captions (data.loading.captions), or suppression: null"
                )
            frames = self._video.frames_at(chunk)
            self._generated.update(
                zip(chunk, generate_captions(self._backbone, frames, self.settings.generation), strict=True)
            )
        return [self._generated[seconds] for seconds in times]

    def _times(self, segment: Segment) -> list[float]:
        """Times of captioned frames: multiples of the distance, or the middle if none is inside.

        There are never more captions than sampled frames: a frame shown for a year is captioned once.
        """
        step, n_looked_at = self.settings.seconds, segment.last_frame + 1 - segment.first_frame
        first = 0 if step is None else math.ceil(segment.start_seconds / step)
        if step is None or math.ceil(segment.end_seconds / step) - first > max(n_looked_at, 1):
            return self._video.times_seconds[segment.first_frame : segment.last_frame + 1].tolist()
        end = segment.end_seconds
        inside = [i * step for i in range(first, math.ceil(end / step)) if i * step < end]
        return inside or [(segment.start_seconds + end) / 2]


def caption_embedding(features: Tensor, embed: Callable[[Tensor], Tensor]) -> Tensor:
    """The direction of the mean of a segment's captions.

    Args:
        features: Text features of its captions, [n, V].
        embed: Features [n, 1, V] -> unit embeddings [n, D].

    Returns:
        [D].
    """
    return functional.normalize(embed(features[:, None]).mean(dim=0), dim=-1)
