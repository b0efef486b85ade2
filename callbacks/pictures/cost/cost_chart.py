"""What a chart of costs shows of a model; nothing is drawn here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CostPoint:
    """A model with one number of frames; None for what was not measured.

    Attributes:
        name: Its name.
        series: The same without the number of frames: the points of a series are joined by a line.
        n_frames: Frames of a view.
        trained_millions: Trained parameters.
        gflops: Of a video; of a localizer, of a frame.
        per_second: Videos a second of a test, with its tuning; of a localizer, frames.
        peak_mb: Highest memory of the same.
        accuracy: In percent.
    """

    name: str
    series: str
    n_frames: int | None
    trained_millions: float
    gflops: float | None
    per_second: float | None
    peak_mb: float | None
    accuracy: float | None
