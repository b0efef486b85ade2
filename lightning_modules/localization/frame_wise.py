"""FrameWiseCLIP: classifies each frame alone, joins confident ones to segments: T3AL's baselines (section 5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.contract import (
    Detection,
    Localization,
    ScoreCurve,
    UntrimmedFeatures,
    sort_by_start,
)
from zsar.lightning_modules.localization.localizer import THUMOS14_THRESHOLDS, ActionLocalizer
from zsar.lightning_modules.localization.segments import segments_above
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings


class FrameWiseCLIP(ActionLocalizer):
    """Finds contiguous runs of frames in which a class has a probability above a threshold.

    Probabilities are the softmax of scaled cosines over the classes of a set. The score of a segment, which the paper
    does not define, is the mean probability of its frames.
    """

    method: ClassVar[str] = "frame-wise"
    least_classes: ClassVar[int] = 2  # each frame is assigned to one of them

    def __init__(
        self,
        *,
        backbone: ClipSettings = ClipSettings("ViT-B-16-quickgelu", "openai"),
        threshold: float = 0.8,
        iou_thresholds: Sequence[float] = THUMOS14_THRESHOLDS,
    ) -> None:
        """Builds the model, frozen.

        Args:
            backbone: The CLIP model or CoCa, whose visual tower is a ViT of open_clip's or timm's.
            threshold: Probability above which a frame counts as showing its most probable class.
            iou_thresholds: Minimum temporal IoU of a match; one metric for each.

        Raises:
            BackboneError: The model cannot be built, or has no features before a projection.
            ValueError: A number is out of range.
        """
        super().__init__(backbone=backbone, iou_thresholds=iou_thresholds)
        check_frame_threshold(threshold)
        self.threshold = threshold

    def described_settings(self, *, seed: int) -> dict[str, Any]:
        """See `DescribedMethod.described_settings`; draws nothing."""
        return {**super().described_settings(seed=seed), "threshold": self.threshold}

    @torch.no_grad()
    def localize(
        self, videos: Sequence[UntrimmedFeatures], texts: Sequence[ClassText], *, seed: int = 0
    ) -> list[dict[int, Localization]]:
        """Finds actions; see `ActionLocalizer.localize`. Draws nothing."""
        union = self.class_union(texts)
        projections = self.projections
        classes = projections.embed_classes(union.features)
        localizations = []
        for video in videos:
            embedded = functional.normalize(video.features @ projections.visual, dim=-1)
            cosines = projections.log_scale.exp() * embedded @ classes.T
            localizations.append(
                {
                    index: confident_runs(
                        video, cosines[:, union.members[index]].softmax(dim=1), threshold=self.threshold
                    )
                    for index in video.sets
                }
            )
        return localizations


def check_frame_threshold(threshold: float) -> None:
    """Checks that a threshold is one that a probability can exceed.

    Raises:
        ValueError: It is not.
    """
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold is a probability, at least 0 and below 1; got {threshold}")


def confident_runs(video: UntrimmedFeatures, probabilities: Tensor, *, threshold: float) -> Localization:
    """Finds contiguous runs of frames in which a class is the most probable one, above a threshold.

    Args:
        video: When its frames are shown.
        probabilities: Of the classes of a set, for each frame, [N, C].
        threshold: Probability above which a frame counts.

    Returns:
        The segments, scored by their mean probability, and the curve of each of their classes, or of the closest class.
    """
    best, labels = probabilities.max(dim=1)
    detections: list[Detection] = []
    curves: list[ScoreCurve] = []
    for label in labels[best > threshold].unique().tolist():
        scores = torch.where(labels == label, best, 0).cpu()
        segments = segments_above(
            scores, video.times_seconds, video.frame_seconds, largest_gap_seconds=0.0, threshold=threshold
        )
        detections += [Detection(segment, label) for segment in segments]
        curves.append(ScoreCurve(label, probabilities[:, label].cpu(), threshold))
    if not curves:  # the closest class, for the picture
        label = int(labels[best.argmax()])
        curves.append(ScoreCurve(label, probabilities[:, label].cpu(), threshold))
    return Localization(sort_by_start(detections), curves=tuple(curves))
