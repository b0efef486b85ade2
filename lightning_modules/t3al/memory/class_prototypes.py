"""Settings of the memory of localization: LLT, a lookup table of classes (Jiang et al., CVPR 2026), at T = 0.

The frames of a video that are most similar to the name of its class show what the class looks like. Their mean is a
candidate; the mean of the surest few candidates of a class, over all videos of the test, is its prototype, and takes
the place of the text when frames are scored. Nothing is trained: LLT's residuals and its drifting text need settings
that are not public, and are not offered.

In LLT a video is scored by what came before it, so that results depend on the order of videos. The candidates that are
kept at the end do not: in two passes, one that fills the table and one that uses it, neither do the results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.pseudo_labels import PseudoLabels
from zsar.runtime.choices import check_choices

Order = Literal["two_pass", "stream"]


@dataclass(frozen=True, kw_only=True)
class ClassPrototypes:
    """Settings of the memory; the defaults are LLT's, but for the order.

    Attributes:
        capacity: B, most videos that the prototype of a class is the mean of.
        easy_share: gamma, the share of a video's frames whose mean is its candidate; at least one frame.
        order: "two_pass" scores every video by the prototypes of all videos. "stream" is LLT's: by those of the videos
            up to this one, itself included, in the order of the SHA-256 of their ids.
    """

    capacity: int = 4
    easy_share: float = 0.05
    order: Order = "two_pass"

    def __post_init__(self) -> None:
        """Checks ranges and choices."""
        check_choices(self)
        if self.capacity < 1:
            raise ValueError(f"memory.capacity must be at least 1; got {self.capacity}; memory: null has no prototypes")
        if not 0 < self.easy_share <= 1:
            raise ValueError(f"memory.easy_share must be above 0 and at most 1; got {self.easy_share}")

    def check_fits(self, tuning: ProjectionTuning, pseudo_labels: PseudoLabels) -> None:
        """Checks that the other settings of T3AL leave the memory what it needs.

        Raises:
            ValueError: They do not.
        """
        if tuning.n_steps:
            raise ValueError(
                f"memory is LLT at T = 0, which adapts nothing; set tuning.n_steps: 0, not {tuning.n_steps}, or "
                "memory: null"
            )
        if tuning.background == "pseudo_label":
            raise ValueError(
                "memory stores frames without their video's background; set tuning.background to video_mean or none, "
                "not pseudo_label, or memory: null"
            )
        if pseudo_labels.most > 1:
            raise ValueError(
                f"memory takes the frames of a video for one class; set pseudo_labels.most: 1, not "
                f"{pseudo_labels.most}, or memory: null"
            )
