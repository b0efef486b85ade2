"""`Localization`: when actions happen in a video, as `zsar.localize` returns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from zsar.datamodules.lists.localization_splits import Instance


@dataclass(frozen=True)
class Segment:
    """A stretch of a video in which an action happens.

    Attributes:
        start_seconds: Its start, in seconds on the player's clock.
        end_seconds: Its end.
        class_name: The action.
        score: From 0 to 1; how methods define it, see `zsar.localize`.
    """

    start_seconds: float
    end_seconds: float
    class_name: str
    score: float


@dataclass(frozen=True, eq=False)
class Curve:
    """Scores of an action over a video.

    Attributes:
        class_name: The action.
        scores: One for each of the frames that were used, from 0 to 1, float [N] on the CPU.
        threshold: Segments are where the scores are above it.
    """

    class_name: str
    scores: Tensor
    threshold: float


@dataclass(frozen=True, eq=False)
class Localization:
    """What was found in a video, and how.

    Attributes:
        path: The file; None for given frames.
        duration_seconds: When its last frame ends, in seconds on the player's clock; 0 if there is an error, as `fps`.
        fps: Its mean frame rate.
        segments: The actions, in temporal order.
        suppressed: Segments that the method discarded in its last step, in temporal order.
        curves: The score curves that segments come from, at least one; none if there is an error.
        settings: The model and all settings, JSON-serializable.
        times_seconds: When each of the N frames used is shown, float64 [N]; includes the video's first frame.
        class_names: The classes searched for.
        pseudo_labels: The classes that the model was adapted to; None if the method has none.
        n_steps: Adaptation steps.
        n_damaged: Number of accepted damaged frames among those used.
        name: The video's name in output files.
        annotated: The ground truth; None if unknown.
        error: Why the video has no answer, or None.
    """

    path: str | None
    duration_seconds: float
    fps: float
    segments: tuple[Segment, ...]
    curves: tuple[Curve, ...] = field(repr=False)
    settings: Mapping[str, Any] = field(repr=False)
    error: str | None = None
    suppressed: tuple[Segment, ...] = ()
    times_seconds: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.float64), repr=False)
    class_names: tuple[str, ...] = ()
    pseudo_labels: tuple[str, ...] | None = None
    n_steps: int = 0
    n_damaged: int = 0
    name: str = ""
    annotated: tuple[Instance, ...] | None = None

    @property
    def start_seconds(self) -> float:
        """When the first frame is shown; 0 if there is an error."""
        return float(self.times_seconds[0]) if len(self.times_seconds) else 0.0

    @property
    def found(self) -> list[tuple[Segment, bool]]:
        """All segments in temporal order, and whether each was suppressed."""
        marked = [*((segment, False) for segment in self.segments), *((segment, True) for segment in self.suppressed)]
        return sorted(marked, key=lambda pair: (pair[0].start_seconds, pair[0].end_seconds))

    @property
    def lacks_captions(self) -> bool:
        """Whether the method suppresses segments by comparing their captions, and there are several but no captions."""
        return self.settings.get("settings", {}).get("suppression", False) is None and len(self.segments) > 1

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON, with the keys of `zsar localize --json`; times in seconds on the player's clock.

        A video without an answer has `video`, `path` and `error` only.
        """
        if self.error is not None:
            return {"video": self.name, "path": self.path, "error": self.error}
        return {
            "video": self.name,
            "path": self.path,
            "fps": round(self.fps, 4),
            "start_seconds": round(self.start_seconds, 4),
            "duration_seconds": round(self.duration_seconds, 4),
            "n_frames_looked_at": len(self.times_seconds),
            "n_damaged_frames": self.n_damaged,
            "classes": list(self.class_names),
            "pseudo_labels": None if self.pseudo_labels is None else list(self.pseudo_labels),
            "adaptation_steps": self.n_steps,
            "segments": [_described(segment, suppressed) for segment, suppressed in self.found],
            "scores": {
                "times_seconds": [round(seconds, 4) for seconds in self.times_seconds.tolist()],
                "classes": [
                    {
                        "class": curve.class_name,
                        "threshold": round(curve.threshold, 6),
                        "scores": [round(score, 6) for score in curve.scores.tolist()],
                    }
                    for curve in self.curves
                ],
            },
            "annotated": None
            if self.annotated is None
            else [
                {"start_seconds": i.start_seconds, "end_seconds": i.end_seconds, "class": i.class_name}
                for i in self.annotated
            ],
            **self.settings,
            "error": None,
        }


def _described(segment: Segment, suppressed: bool) -> dict[str, Any]:
    return {
        "start_seconds": round(segment.start_seconds, 4),
        "end_seconds": round(segment.end_seconds, 4),
        "class": segment.class_name,
        "score": round(segment.score, 6),
        "suppressed": suppressed,
    }
