"""What `zsar localize` found in a video, and its description for a JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from zsar.datamodules.lists.localization_splits import Instance
from zsar.lightning_modules.localization.contract import Detection, Localization


@dataclass(frozen=True, eq=False)
class LocalizedVideo:
    """What was found in a video, and how.

    Attributes:
        id: Its path in the given folder, or the name of the given file, without the suffix.
        path: The file.
        fps: Its mean frame rate.
        n_damaged: Number of accepted damaged frames among the frames used.
        duration_seconds: When its last frame ends, in seconds on the player's clock (`video_files.decoding`).
        times_seconds: When each frame used is shown, float64 [N]; includes the video's first frame.
        class_names: The classes searched for, in label order.
        localization: What was found.
        pseudo_labels: The classes that the model was adapted to; None if the method has none.
        annotated: The ground truth; None if unknown.
        settings: Model and settings, JSON-serializable.
    """

    id: str
    path: Path
    fps: float
    duration_seconds: float
    times_seconds: Tensor
    class_names: tuple[str, ...]
    localization: Localization
    pseudo_labels: tuple[str, ...] | None
    annotated: tuple[Instance, ...] | None
    settings: Mapping[str, Any]
    n_damaged: int = 0

    @property
    def start_seconds(self) -> float:
        """When its first frame is shown."""
        return float(self.times_seconds[0])

    @property
    def found(self) -> list[tuple[Detection, bool]]:
        """Segments in temporal order, and whether each was suppressed."""
        detections, suppressed = self.localization.detections, self.localization.suppressed
        marked = [(detection, False) for detection in detections] + [(detection, True) for detection in suppressed]
        return sorted(marked, key=lambda pair: (pair[0].segment.start_seconds, pair[0].segment.end_seconds))

    @property
    def lacks_captions(self) -> bool:
        """Whether the method suppresses segments by comparing their captions, and there are several but no captions."""
        settings = self.settings["settings"]
        return settings.get("suppression", False) is None and len(self.localization.detections) > 1


def described(video: LocalizedVideo) -> dict[str, Any]:
    """The results and settings for a JSON file; times in seconds on the player's clock."""
    return {
        "video": video.id,
        "path": str(video.path),
        "fps": round(video.fps, 4),
        "start_seconds": round(video.start_seconds, 4),
        "duration_seconds": round(video.duration_seconds, 4),
        "n_frames_looked_at": len(video.times_seconds),
        "n_damaged_frames": video.n_damaged,
        "classes": list(video.class_names),
        "pseudo_labels": None if video.pseudo_labels is None else list(video.pseudo_labels),
        "adaptation_steps": video.localization.n_steps,
        "segments": [
            {
                "start_seconds": round(detection.segment.start_seconds, 4),
                "end_seconds": round(detection.segment.end_seconds, 4),
                "class": video.class_names[detection.label],
                "score": round(detection.segment.score, 6),
                "suppressed": suppressed,
            }
            for detection, suppressed in video.found
        ],
        "scores": {
            "times_seconds": [round(seconds, 4) for seconds in video.times_seconds.tolist()],
            "classes": [
                {
                    "class": video.class_names[curve.label],
                    "threshold": round(curve.threshold, 6),
                    "scores": [round(score, 6) for score in curve.scores.tolist()],
                }
                for curve in video.localization.curves
            ],
        },
        "annotated": None
        if video.annotated is None
        else [
            {"start_seconds": i.start_seconds, "end_seconds": i.end_seconds, "class": i.class_name}
            for i in video.annotated
        ],
        **video.settings,
    }
