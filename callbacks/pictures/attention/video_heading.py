"""VideoHeading: what is said above the pictures of a tested video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zsar.callbacks.pictures.tested_videos import TestedSet


@dataclass(frozen=True)
class VideoHeading:
    """A tested video in a few words.

    Attributes:
        tested: The predictions of its set.
        position: Its position among them.
        key: Its name in tables.
        n_views: Number of its views.
        n_frames: Frames of a view.
    """

    tested: TestedSet
    position: int
    key: str
    n_views: int
    n_frames: int

    @property
    def set_name(self) -> str:
        """The name of its set."""
        return self.tested.set_name

    @property
    def true(self) -> str | None:
        """The name of its class; None if unknown."""
        label = int(self.tested.labels[self.position])
        return self.tested.text.names[label] if label >= 0 else None

    @property
    def predicted(self) -> str:
        """The name of the most probable class."""
        return self.tested.text.names[int(self.tested.predictions[self.position])]

    @property
    def numbers(self) -> dict[str, Any]:
        """Its prediction, and the number of its frames."""
        return {
            "true": self.true,
            "predicted": self.predicted,
            "probability": round(float(self.tested.confidences[self.position]), 6),
            "correct": bool(self.tested.correct[self.position]),
            "n_views": self.n_views,
            "n_frames_per_view": self.n_frames,
        }

    @property
    def title(self) -> str:
        """One line that tells it from other videos."""
        if self.true in (self.predicted, None):
            return f"{self.key}: {self.predicted}"
        return f"{self.key}: {self.true}, predicted {self.predicted}"

    @property
    def marked(self) -> str:
        """True and predicted class; a mark says whether they agree, as not everyone sees colours."""
        predicted = f"{self.predicted} ({float(self.tested.confidences[self.position]):.2f})"
        if self.true is None:
            return f"predicted: {predicted}"
        return f"✓ {predicted}" if self.true == self.predicted else f"✗ true: {self.true}, predicted: {predicted}"

    @property
    def line(self) -> str:
        """The set, the video, and which of its frames are shown."""
        view = f"view 1 of {self.n_views}, " if self.n_views > 1 else ""
        return f"{self.set_name}: {self.key} ({view}{self.n_frames} frame{'' if self.n_frames == 1 else 's'})"
