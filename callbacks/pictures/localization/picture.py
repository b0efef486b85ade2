"""The content of a picture of temporal localization: score curves, segments, annotated instances and frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]
_SLACK_SECONDS = 1.0  # containers round the duration, and the last segment may extend one frame beyond it


@dataclass(frozen=True, eq=False)
class ScoreCurve:
    """The scores of one class.

    Attributes:
        class_name: Its name.
        scores: [N], from 0 to 1.
        threshold: Frames of a segment lie above it, from 0 to 1.
    """

    class_name: str
    scores: Floats | Tensor
    threshold: float


@dataclass(frozen=True)
class PicturedSegment:
    """A stretch of the video, predicted or annotated.

    Attributes:
        start_seconds: Start of the segment.
        end_seconds: End of the segment.
        class_name: Its action class.
        score: Score of a predicted segment; None for an annotated one.
        suppressed: Whether it was predicted and then discarded.
    """

    start_seconds: float
    end_seconds: float
    class_name: str
    score: float | None = None
    suppressed: bool = False


@dataclass(frozen=True, eq=False)
class LocalizationPicture:
    """The content of a video's figure.

    Attributes:
        title: One line; shortened in the middle if too long.
        duration_seconds: How long the video is.
        times_seconds: [N], when each scored frame is shown, increasing.
        curves: One or more, each of a different class.
        segments: Predicted segments, including suppressed ones.
        truth: Annotated instances; they may extend beyond the end of the video, as in some data sets.
        thumbnails: Frames, uint8 [n, H, W, 3]; [0, H, W, 3] for none.
        thumbnail_times_seconds: [n], when each thumbnail is shown.
    """

    title: str
    duration_seconds: float
    times_seconds: Floats | Tensor
    curves: tuple[ScoreCurve, ...]
    segments: tuple[PicturedSegment, ...]
    truth: tuple[PicturedSegment, ...]
    thumbnails: NDArray[np.uint8]
    thumbnail_times_seconds: Floats | Tensor

    @property
    def last_moment_seconds(self) -> float:
        """End of the video, or of the last frame, segment or instance if later."""
        ends = [segment.end_seconds for segment in (*self.segments, *self.truth)]
        times = (as_floats(self.times_seconds), as_floats(self.thumbnail_times_seconds))
        return max(self.duration_seconds, *ends, *(float(seconds.max(initial=0.0)) for seconds in times))


def as_floats(numbers: Floats | Tensor) -> Floats:
    """An array or tensor on any device as a float64 array of the same shape."""
    values = numbers.detach().double().cpu().numpy() if isinstance(numbers, Tensor) else numbers
    return np.asarray(values, dtype=np.float64)


def check_picture(picture: LocalizationPicture) -> None:
    """Checks that a picture is consistent.

    Args:
        picture: The picture to draw.

    Raises:
        ValueError: Shapes that do not match, times outside the video, scores or thresholds outside 0..1.
    """
    duration = picture.duration_seconds
    if not (np.isfinite(duration) and duration > 0):
        raise ValueError(f"a video lasts more than 0 s; got duration_seconds {duration}")
    times = as_floats(picture.times_seconds)
    if times.ndim != 1 or len(times) == 0:
        raise ValueError(
            f"times_seconds must be [N], one per scored frame, at least one; got shape {list(times.shape)}"
        )
    _check_times("times_seconds", times, duration)
    if (np.diff(times) <= 0).any():
        at = int((np.diff(times) <= 0).argmax())
        raise ValueError(
            f"times_seconds must increase; frame {at} is at {times[at]:g} s, the next at {times[at + 1]:g} s"
        )
    names = [curve.class_name for curve in picture.curves]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"a picture needs one curve or more, each of another class; got {names}")
    for curve in picture.curves:
        _check_curve(curve, len(times))
    for segment in picture.segments:
        _check_segment(segment, duration + _SLACK_SECONDS)
    for instance in picture.truth:
        _check_segment(instance, float("inf"))
        if instance.suppressed:
            raise ValueError(f"an annotated instance cannot be suppressed: {instance}")
    _check_thumbnails(picture.thumbnails, as_floats(picture.thumbnail_times_seconds), duration)


def _check_times(name: str, times: Floats, duration_seconds: float) -> None:
    wrong = ~((times >= 0) & (times <= duration_seconds + _SLACK_SECONDS))  # NaN is wrong, too
    if wrong.any():
        at = int(wrong.argmax())
        raise ValueError(
            f"{name}[{at}] is {times[at]:g}, outside the video of {duration_seconds:g} s; are these seconds?"
        )


def _check_curve(curve: ScoreCurve, n: int) -> None:
    scores = as_floats(curve.scores)
    if scores.shape != (n,):
        raise ValueError(f"scores of {curve.class_name!r} must be [{n}], one per time; got shape {list(scores.shape)}")
    for what, values in (("scores", scores), ("the threshold", np.asarray([curve.threshold]))):
        wrong = ~((values >= 0) & (values <= 1))
        if wrong.any():
            raise ValueError(
                f"{what} of {curve.class_name!r} must lie in 0..1; {int(wrong.sum())} do not, the first is "
                f"{values[wrong.argmax()]:g}: scale both by `min_max`"
            )


def _check_segment(segment: PicturedSegment, latest_end_seconds: float) -> None:
    start, end = segment.start_seconds, segment.end_seconds
    if not 0 <= start <= end < float("inf"):
        raise ValueError(f"a segment starts at 0 s or later and ends after that; got {segment}")
    if end > latest_end_seconds:
        raise ValueError(f"a segment must end by {latest_end_seconds:g} s, 1 s after the video; got {segment}")
    if segment.score is not None and not np.isfinite(segment.score):
        raise ValueError(f"the score of a segment must be finite; got {segment}")


def _check_thumbnails(thumbnails: NDArray[np.uint8], times: Floats, duration_seconds: float) -> None:
    shape = thumbnails.shape
    if thumbnails.dtype != np.uint8 or len(shape) != 4 or shape[3] != 3 or 0 in shape[1:3]:
        raise ValueError(f"thumbnails must be uint8 [n, H, W, 3]; got {thumbnails.dtype} {list(shape)}")
    if times.shape != shape[:1]:
        raise ValueError(f"thumbnail_times_seconds must be [{shape[0]}], one per frame; got shape {list(times.shape)}")
    _check_times("thumbnail_times_seconds", times, duration_seconds)
