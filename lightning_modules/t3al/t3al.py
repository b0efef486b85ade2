"""T3AL: actions found in untrimmed videos without training (Liberatori et al. 2024, Test-Time Zero-Shot TAL).

For each video: the class nearest to its mean frame is its pseudo-label; the projections of a copy of the model are
adapted to both (`projection_tuning`); what scores above the mean becomes segments, each named after its nearest class;
segments whose captions agree with few others are taken back (`text_guided_suppression`). What was adapted is thrown
away after each video, so that the order of videos changes nothing, and draws of classes that give a video the same
pseudo-label share its adaptation.

Departures and what the paper leaves open: see the two modules; the score of a segment is the mean of its frames' scores
after scaling to 0..1; a gap of one frame is bridged. Beyond the paper: several pseudo-labels of a video.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.class_union import ClassUnion
from zsar.lightning_modules.localization.contract import (
    Detection,
    Localization,
    ScoreCurve,
    Truth,
    UntrimmedFeatures,
    sort_by_start,
)
from zsar.lightning_modules.localization.frame_scoring import background_features, frame_scores, score_rounding
from zsar.lightning_modules.localization.localizer import THUMOS14_THRESHOLDS, ActionLocalizer
from zsar.lightning_modules.localization.segments import Segment, min_max, moving_average, segments_above
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_captions import check_can_caption, check_can_generate
from zsar.lightning_modules.t3al.localization_oracles import Oracles, frames_inside, longest_class
from zsar.lightning_modules.t3al.projection_tuning import (
    ProjectionTuning,
    TunedProjections,
    VideoToTune,
    draw_selection,
    tune_projections,
)
from zsar.lightning_modules.t3al.text_guided_suppression import (
    TextGuidedSuppression,
    VideoCaptionTexts,
    kept_segments,
)
from zsar.runtime.seeds import derive_seed


@dataclass(frozen=True, kw_only=True)
class PseudoLabels:
    """How many classes are looked for in a video; beyond one is beyond the paper.

    Attributes:
        most: The most pseudo-labels of a video. With several a segment keeps the one that it was found by, and is
            dropped where another one of them is nearer.
        margin: How much less similar than the best a further one may be, a difference of cosines.
    """

    most: int = 1
    margin: float | None = None

    def __post_init__(self) -> None:
        """Refuses numbers out of range, and a margin that nothing reads."""
        if self.most < 1:
            raise ValueError(f"pseudo_labels.most must be at least 1; got {self.most}")
        if (self.margin is None) != (self.most == 1) or (self.margin is not None and not 0 <= self.margin <= 2):
            raise ValueError(
                "pseudo_labels.margin, from 0 to 2, goes with several pseudo-labels and is null for one; got "
                f"{self.margin} with most={self.most}"
            )


class T3AL(ActionLocalizer):
    """The test-time localizer."""

    def __init__(
        self,
        *,
        backbone: ClipSettings = ClipSettings("coca_ViT-L-14", "mscoco_finetuned_laion2B-s13B-b90k"),
        tuning: ProjectionTuning = ProjectionTuning(),
        suppression: TextGuidedSuppression | None = TextGuidedSuppression(),
        region_class: Literal["nearest", "pseudo_label"] = "nearest",
        segment_score: Literal["mean", "max"] = "mean",
        largest_gap_seconds: float | None = None,
        pseudo_labels: PseudoLabels = PseudoLabels(),
        oracles: Oracles = Oracles(),
        iou_thresholds: Sequence[float] = THUMOS14_THRESHOLDS,
    ) -> None:
        """Builds the model; the defaults are the paper's for THUMOS14.

        Args:
            backbone: A CoCa, or a CLIP model with a ViT.
            tuning: How projections are adapted; `tuning.n_steps: 0` is the paper's T = 0.
            suppression: Text-guided suppression; null for none.
            region_class: Segments are named after the class nearest to their mean frame, or after the pseudo-label as
                in the authors' code.
            segment_score: Whether a segment gets the mean of its frames' scores or the largest.
            largest_gap_seconds: Longest gap between two runs of frames that is bridged; null for one frame.
            pseudo_labels: How many classes are looked for in a video.
            oracles: What is read from annotations instead.
            iou_thresholds: Temporal IoU from which on an action counts as found.

        Raises:
            BackboneError: The model cannot be built, or has no projections.
            ValueError: A number is out of range, or two settings contradict each other.
        """
        super().__init__(backbone=backbone, iou_thresholds=iou_thresholds)
        if largest_gap_seconds is not None and not 0 <= largest_gap_seconds < float("inf"):
            raise ValueError(f"largest_gap_seconds must be at least 0, or null; got {largest_gap_seconds}")
        if pseudo_labels.most > 1 and oracles.perfect_class:
            raise ValueError("oracles.perfect_class gives a video one class; leave pseudo_labels.most at 1")
        self.tuning = tuning
        self.suppression = suppression
        self.region_class = region_class
        self.segment_score: Literal["mean", "max"] = segment_score
        self.largest_gap_seconds = largest_gap_seconds
        self.pseudo_labels = pseudo_labels
        self.oracles = oracles

    def setup(self, stage: str) -> None:
        """Fetches class text, and checks that captions can be had before any work is done.

        Raises:
            BackboneError: There are no files of captions, and the model, or the package it needs, cannot write any.
        """
        super().setup(stage)
        if self._active_suppression is not None and self._source.captions_folder is None:
            check_can_caption(self.backbone)
            check_can_generate()

    @property
    def _active_suppression(self) -> TextGuidedSuppression | None:
        """None also where the oracle of the count takes its place."""
        return None if self.oracles.region_count else self.suppression

    @torch.no_grad()
    def localize(
        self, videos: Sequence[UntrimmedFeatures], texts: Sequence[ClassText], *, seed: int = 0
    ) -> list[dict[int, Localization]]:
        """Finds actions; see `ActionLocalizer.localize`."""
        union = self.class_union(texts)
        start = self.projections
        embedded = start.embed_classes(union.features)
        labels = [self._labels(video, union, embedded) for video in videos]
        jobs = [
            (i, label)
            for i, of_sets in enumerate(labels)
            for label in dict.fromkeys(label for of_set in of_sets.values() for label in of_set)
        ]
        to_tune = [self._to_tune(videos[i], union, label, seed) for i, label in jobs]
        tuned = tune_projections(to_tune, start, self.tuning)
        self.n_adaptations += len(jobs) if self.tuning.n_steps else 0
        captions = [self._captions(video) for video in videos]
        regions = {
            (i, label): self._regions(videos[i], union, label, result, captions[i])
            for (i, label), result in zip(jobs, tuned, strict=True)
        }
        return [
            {
                index: self._answer(
                    [regions[i, label] for label in found], union.members[index], video.truths.get(index)
                )
                for index, found in labels[i].items()
            }
            for i, video in enumerate(videos)
        ]

    # --- the pseudo-label -----------------------------------------------------------------------------------------

    def _labels(self, video: UntrimmedFeatures, union: ClassUnion, embedded: Tensor) -> dict[int, list[int]]:
        """The pseudo-labels of a video among the classes of each set, the best first, as places in the union."""
        members = {index: union.members[index] for index in video.sets}
        if self.oracles.perfect_class:
            return {i: [int(own[longest_class(video, i, len(own))])] for i, own in members.items()}
        mean = functional.normalize(video.features.mean(dim=0) @ self.projections.visual, dim=-1)
        cosines = embedded @ mean
        return {index: self._nearest(cosines[own], own) for index, own in members.items()}

    def _nearest(self, cosines: Tensor, members: Tensor) -> list[int]:
        """Those of a set's classes, cosines [C] and places int64 [C], that are within the margin of the nearest."""
        ranked = cosines.argsort(descending=True, stable=True)[: self.pseudo_labels.most]
        margin = self.pseudo_labels.margin or 0.0
        return [int(members[c]) for c in ranked if cosines[c] >= cosines[ranked[0]] - margin]

    def _to_tune(self, video: UntrimmedFeatures, union: ClassUnion, label: int, seed: int) -> VideoToTune:
        return VideoToTune(
            features=video.features,
            text=union.features[label],
            # From the run's seed, the video and the pseudo-label: draws depend on nothing else.
            draws=draw_selection(self.tuning, derive_seed("t3al", seed, video.id, union.names[label])),
            inside=frames_inside(video, union, label) if self.oracles.selection else None,
        )

    # --- segments of one pseudo-label -----------------------------------------------------------------------------

    def _regions(
        self,
        video: UntrimmedFeatures,
        union: ClassUnion,
        label: int,
        tuned: TunedProjections,
        captions: VideoCaptionTexts | None,
    ) -> _Regions:
        projections = tuned.projections
        classes = projections.embed_classes(union.features)
        background = background_features(video.features, removed=self.tuning.remove_background)
        scores = frame_scores(video.features, background, classes[label], projections, self.tuning.similarity)
        rounding = score_rounding(video.features, classes[label], projections, self.tuning.similarity)
        curve = min_max(moving_average(scores, self.tuning.window_frames), rounding=rounding).cpu()
        gap = self.largest_gap_seconds
        segments = segments_above(
            curve,
            video.times_seconds,
            video.frame_seconds,
            largest_gap_seconds=float(video.frame_seconds.median()) if gap is None else gap,
            segment_score=self.segment_score,
        )
        means = [video.features[s.first_frame : s.last_frame + 1].mean(dim=0) for s in segments]
        embedded = functional.normalize(torch.stack(means) @ projections.visual, dim=-1) if means else None
        cosines = torch.empty(0, len(classes)) if embedded is None else (embedded @ classes.T).cpu()
        kept = [True] * len(segments)
        if captions is not None:
            kept = kept_segments(segments, captions, projections.embed_classes)
        return _Regions(label, curve, tuple(segments), cosines, tuple(kept), tuned.n_steps)

    def _captions(self, video: UntrimmedFeatures) -> VideoCaptionTexts | None:
        settings = self._active_suppression
        if settings is None:
            return None
        of_captions = partial(self.text_features, cut_anywhere=True)
        return VideoCaptionTexts(video, self.backbone, of_captions, settings)

    # --- what a set of classes makes of them ----------------------------------------------------------------------

    def _answer(self, regions: Sequence[_Regions], members: Tensor, truth: Truth | None) -> Localization:
        places = members.tolist()
        found: list[tuple[Detection, bool, float]] = []
        for of_label in regions:
            for segment, cosines, kept in zip(of_label.segments, of_label.cosines, of_label.kept, strict=True):
                label = self._class_of(of_label.label, cosines, places, [r.label for r in regions])
                if label is not None:
                    found.append((Detection(segment, label), kept, float(cosines[of_label.label])))
        if self.oracles.region_count:
            n = 0 if truth is None else len(truth.labels)
            best = sorted(range(len(found)), key=lambda i: -found[i][2])[:n]
            found = [(detection, i in best, cosine) for i, (detection, _, cosine) in enumerate(found)]
        return Localization(
            detections=sort_by_start([detection for detection, kept, _ in found if kept]),
            suppressed=sort_by_start([detection for detection, kept, _ in found if not kept]),
            curves=tuple(ScoreCurve(places.index(r.label), r.curve, float(r.curve.double().mean())) for r in regions),
            n_steps=sum(r.n_steps for r in regions),
        )

    def _class_of(self, label: int, cosines: Tensor, places: list[int], labels: Sequence[int]) -> int | None:
        """The class of a segment, as an index into the set; None where another pseudo-label is nearer to it."""
        own = places.index(label)
        if self.region_class == "pseudo_label":
            return own
        if len(labels) > 1:
            return own if label == max(labels, key=lambda each: float(cosines[each])) else None
        return int(cosines[places].argmax())


@dataclass(frozen=True)
class _Regions:
    """What was found of one pseudo-label in one video, whatever the other classes of a set are.

    Attributes:
        label: The pseudo-label's place in the union.
        curve: Scores [N], from 0 to 1, on the CPU.
        segments: M segments.
        cosines: Of their mean frames and all classes of the union, [M, U], on the CPU.
        kept: Which of them text-guided suppression leaves.
        n_steps: Updates of the adaptation.
    """

    label: int
    curve: Tensor
    segments: tuple[Segment, ...]
    cosines: Tensor
    kept: tuple[bool, ...]
    n_steps: int
