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
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone


class FrameWiseCLIP(ActionLocalizer):
    """Finds contiguous runs of frames in which a class has a probability above a threshold.

    Probabilities are the softmax of scaled cosines over the classes of a set. The score of a segment, which the paper
    does not define, is the mean probability of its frames.

    Of a model with a logit bias (SigLIP), the softmax chooses the class of a frame, and the threshold, the curves and
    the scores are of the probability of this class by itself, sigmoid(s cos + b): whether the frame shows it at all.
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
            threshold: Probability above which a frame counts as showing its most probable class; of a model with a
                logit bias, the own probability of this class.
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
        return {**super().described_settings(seed=seed), **described_threshold(self.threshold, self.backbone)}

    @torch.no_grad()
    def localize(
        self, videos: Sequence[UntrimmedFeatures], texts: Sequence[ClassText], *, seed: int = 0
    ) -> list[dict[int, Localization]]:
        """Finds actions; see `ActionLocalizer.localize`. Draws nothing."""
        union = self.class_union(texts)
        projections = self.projections
        classes = projections.embed_classes(union.features)
        localizations = []
        bias = self.backbone.logit_bias
        for video in videos:
            embedded = functional.normalize(video.features @ projections.visual, dim=-1)
            cosines = projections.log_scale.exp() * embedded @ classes.T
            found = {}
            for index in video.sets:
                logits = cosines[:, union.members[index]]
                own = None if bias is None else (logits + bias).sigmoid()
                found[index] = confident_runs(video, logits.softmax(dim=1), threshold=self.threshold, own=own)
            localizations.append(found)
        return localizations


def described_threshold(threshold: float, backbone: OpenClipBackbone) -> dict[str, Any]:
    """The threshold as a method describes it, with what it is compared with where that is the own probability."""
    of_own = {} if backbone.logit_bias is None else {"threshold_of": "own probability"}
    return {"threshold": threshold, **of_own}


def check_frame_threshold(threshold: float) -> None:
    """Checks that a threshold is one that a probability can exceed.

    Raises:
        ValueError: It is not.
    """
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold is a probability, at least 0 and below 1; got {threshold}")


def confident_runs(
    video: UntrimmedFeatures, probabilities: Tensor, *, threshold: float, own: Tensor | None = None
) -> Localization:
    """Finds contiguous runs of frames in which a class is the most probable one, above a threshold.

    Args:
        video: When its frames are shown.
        probabilities: Of the classes of a set, for each frame, [N, C].
        threshold: Probability above which a frame counts.
        own: Of each class by itself, [N, C]: these are compared with the threshold, and the most probable class above
            it is that of the frame. None for `probabilities`.

    Returns:
        The segments, scored by their mean probability, and the curve of each of their classes, or of the closest class.
    """
    shown = probabilities if own is None else own
    labels = probabilities.argmax(dim=1)
    if own is not None:
        above = own > threshold
        labels = torch.where(above.any(dim=1), probabilities.where(above, -1).argmax(dim=1), labels)
    best = shown.gather(1, labels[:, None])[:, 0]
    detections: list[Detection] = []
    curves: list[ScoreCurve] = []
    for label in labels[best > threshold].unique().tolist():
        scores = torch.where(labels == label, best, 0).cpu()
        segments = segments_above(
            scores, video.times_seconds, video.frame_seconds, largest_gap_seconds=0.0, threshold=threshold
        )
        detections += [Detection(segment, label) for segment in segments]
        curves.append(ScoreCurve(label, shown[:, label].cpu(), threshold))
    if not curves:  # the closest class, for the picture
        label = int(labels[best.argmax()])
        curves.append(ScoreCurve(label, shown[:, label].cpu(), threshold))
    return Localization(sort_by_start(detections), curves=tuple(curves))
