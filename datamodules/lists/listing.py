"""The videos of a subset and their classes, as annotation files have them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Listing:
    """The videos of a subset as annotated.

    Attributes:
        videos: N paths or names, with forward slashes.
        classes: N class names in the data set's original spelling.
        segments_seconds: Start and end of each annotated segment; empty if the videos are whole files.
    """

    videos: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    segments_seconds: list[tuple[float, float]] = field(default_factory=list)

    def add(self, video: str, class_name: str) -> None:
        """Appends a whole video."""
        self.videos.append(video)
        self.classes.append(class_name)

    def followed_by(self, other: Listing) -> Listing:
        """The videos of this listing and then those of another of the same kind."""
        segments = self.segments_seconds + other.segments_seconds
        return Listing(self.videos + other.videos, self.classes + other.classes, segments)
