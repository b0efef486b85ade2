"""T3AL: localizes actions in untrimmed videos without training (Liberatori et al. 2024, Test-Time Zero-Shot TAL).

For each video, the class nearest to its mean frame is the pseudo-label; the projections of a copy of the model are
adapted to both (`projection_tuner`); runs of scores above the mean become segments, each with its nearest class;
segments whose captions disagree with the others are discarded (`text_guided_suppression`). The adaptation is discarded
after each video, so the order of videos does not matter, and draws of classes that give a video the same pseudo-label
share it.

Departures, what the paper is silent on, and the authors' code are options; the README has a table of them. Beyond the
paper: several pseudo-labels per video.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, ClassVar, get_args

import torch
from torch import Tensor
from torch.nn import functional

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.class_union import ClassUnion
from zsar.lightning_modules.localization.contract import Localization, UntrimmedFeatures
from zsar.lightning_modules.localization.localizer import THUMOS14_THRESHOLDS, ActionLocalizer
from zsar.lightning_modules.localization.stored.stored_sources import check_caption_stride
from zsar.lightning_modules.localization.untrimmed_source import untrimmed_source
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_captions import check_can_caption, check_can_generate
from zsar.lightning_modules.t3al.found_regions import FoundRegions, RegionClass, find_regions, localization_of
from zsar.lightning_modules.t3al.localization_oracles import Oracles, frames_inside, longest_class
from zsar.lightning_modules.t3al.projection_tuner import tune_projections
from zsar.lightning_modules.t3al.projection_tuning import (
    ProjectionTuning,
    TunedProjections,
    VideoToTune,
    draw_selection,
)
from zsar.lightning_modules.t3al.pseudo_labels import PseudoLabels
from zsar.lightning_modules.t3al.region_proposals import RegionProposals
from zsar.lightning_modules.t3al.segment_scores.score_comparison import ScoreComparison
from zsar.lightning_modules.t3al.segment_scores.scored_segments import SegmentScore, check_has_similarities
from zsar.lightning_modules.t3al.text_guided_suppression import (
    TextGuidedSuppression,
    VideoCaptionTexts,
    kept_segments,
)
from zsar.runtime.choices import check_choice
from zsar.runtime.seeds import derive_seed


class T3AL(ActionLocalizer):
    """Localizes actions by test-time adaptation."""

    method: ClassVar[str] = "t3al"

    def __init__(
        self,
        *,
        backbone: ClipSettings = ClipSettings("coca_ViT-L-14", "mscoco_finetuned_laion2B-s13B-b90k"),
        tuning: ProjectionTuning = ProjectionTuning(),
        suppression: TextGuidedSuppression | None = TextGuidedSuppression(),
        proposals: RegionProposals = RegionProposals(),
        region_class: RegionClass = "nearest",
        segment_score: SegmentScore = "probability",
        compares_segment_scores: bool = False,
        pseudo_labels: PseudoLabels = PseudoLabels(),
        oracles: Oracles = Oracles(),
        iou_thresholds: Sequence[float] = THUMOS14_THRESHOLDS,
    ) -> None:
        """Builds the model; the defaults are the paper's for THUMOS14.

        Args:
            backbone: A CoCa, or a CLIP model with a ViT of open_clip's or timm's.
            tuning: How projections are adapted; `tuning.n_steps: 0` is the paper's T = 0.
            suppression: Text-guided suppression; null to disable it.
            proposals: How frames become segments.
            region_class: Whether a segment gets the class nearest to its mean frame, or the pseudo-label as in the
                authors' code.
            segment_score: The score of a segment: the softmax probability of its class among the classes of the set,
                as in the authors' code; the mean or maximum of its frames' scores, scaled to 0..1 within the video; its
                length; or FreeZAD's "log_oic" of unscaled cosines, or that times the actionness ("log_oic_actionness").
            compares_segment_scores: Whether a test also ranks its segments by every other score, at random, and by
                their true IoU, for a table of what each is worth.
            pseudo_labels: The number of pseudo-labels of a video.
            oracles: What is read from annotations instead of predicted.
            iou_thresholds: Minimum temporal IoU of a match.

        Raises:
            BackboneError: The model cannot be built, or has no projections.
            ValueError: A number is out of range, or two settings contradict each other.
        """
        super().__init__(backbone=backbone, iou_thresholds=iou_thresholds)
        if pseudo_labels.most > 1 and oracles.perfect_class:
            raise ValueError("oracles.perfect_class gives a video one class; leave pseudo_labels.most at 1")
        self.tuning = tuning
        self.suppression = suppression
        self.region_class: RegionClass = region_class
        check_choice(SegmentScore, segment_score=segment_score)
        check_choice(RegionClass, region_class=region_class)
        check_has_similarities(segment_score, tuning, compares_all=compares_segment_scores)
        self.segment_score: SegmentScore = segment_score
        self.compares_segment_scores = compares_segment_scores
        self.proposals = proposals
        self.pseudo_labels = pseudo_labels
        self.oracles = oracles

    def described_settings(self, *, seed: int) -> dict[str, Any]:
        """See `DescribedMethod.described_settings`."""
        groups = {name: getattr(self, name) for name in ("tuning", "suppression", "pseudo_labels", "proposals")}
        return {
            **super().described_settings(seed=seed),
            "seed": seed,
            **{name: None if group is None else asdict(group) for name, group in groups.items()},
            "region_class": self.region_class,
            "segment_score": self.segment_score,
        }

    def setup(self, stage: str) -> None:
        """Fetches class text, and checks that captions are available before any work is done.

        Raises:
            BackboneError: There are no caption files, and the model cannot generate any or its package is missing.
        """
        super().setup(stage)
        if stage == "test" and self.compares_segment_scores:
            self._metrics = ScoreComparison(self.class_texts[stage], self.iou_thresholds, get_args(SegmentScore))
        if self._active_suppression is not None and untrimmed_source(self).captions_folder is None:
            check_can_caption(self.backbone)
            check_can_generate()

    def on_test_start(self) -> None:
        """Checks the stored files of all videos; captions must be as far apart as `suppression.seconds` says.

        Raises:
            FileNotFoundError: Features of a video are missing.
            FeatureFileError, CaptionFileError: A file is damaged, or does not match model, settings or video.
        """
        super().on_test_start()
        source, settings = untrimmed_source(self), self._active_suppression
        if settings is not None and source.captions_folder is not None:
            check_caption_stride(
                source.captions_folder,
                source.videos,
                stride=str(source.stride) if settings.seconds is None else f"{float(settings.seconds)} seconds",
                remedy="set model.suppression.seconds to that of the file (null for all sampled frames), or make "
                "captions again with `zsar extract --captions --caption_stride N` or `--caption_seconds S`",
            )

    on_predict_start = on_test_start

    @property
    def _active_suppression(self) -> TextGuidedSuppression | None:
        """None if disabled or replaced by the count oracle."""
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
                index: localization_of(
                    [regions[i, label] for label in pseudo_labels],
                    union.members[index],
                    region_class=self.region_class,
                    segment_score=self.segment_score,
                    n_regions=self._n_annotated(video, index),
                    compares_scores=self.compares_segment_scores,
                )
                for index, pseudo_labels in labels[i].items()
            }
            for i, video in enumerate(videos)
        ]

    def _n_annotated(self, video: UntrimmedFeatures, index: int) -> int | None:
        """For the count oracle, the number of a set's instances in a video; None without the oracle."""
        if not self.oracles.region_count:
            return None
        truth = video.truths.get(index)
        return 0 if truth is None else len(truth.labels)

    # --- the pseudo-label -----------------------------------------------------------------------------------------

    def _labels(self, video: UntrimmedFeatures, union: ClassUnion, embedded: Tensor) -> dict[int, list[int]]:
        """The pseudo-labels of a video for each set, best first, as indices into the union."""
        members = {index: union.members[index] for index in video.sets}
        if self.oracles.perfect_class:
            return {i: [int(classes[longest_class(video, i, len(classes))])] for i, classes in members.items()}
        mean = functional.normalize(video.features.mean(dim=0) @ self.projections.visual, dim=-1)
        cosines = embedded @ mean
        return {i: [int(c[n]) for n in self.pseudo_labels.nearest(cosines[c])] for i, c in members.items()}

    def _to_tune(self, video: UntrimmedFeatures, union: ClassUnion, label: int, seed: int) -> VideoToTune:
        return VideoToTune(
            features=video.features,
            text=union.features[label],
            # The draws depend only on the run's seed, the video and the pseudo-label.
            draws=draw_selection(self.tuning, derive_seed("t3al", seed, video.id, union.names[label])),
            inside=frames_inside(video, union, label) if self.oracles.selection else None,
        )

    def _regions(
        self,
        video: UntrimmedFeatures,
        union: ClassUnion,
        label: int,
        tuned: TunedProjections,
        captions: VideoCaptionTexts | None,
    ) -> FoundRegions:
        scores = get_args(SegmentScore) if self.compares_segment_scores else (self.segment_score,)
        settings: dict[str, Any] = {"tuning": self.tuning, "proposals": self.proposals, "scores": scores}
        found = find_regions(video, label, union.features, tuned, **settings)
        if captions is None:
            return found
        return replace(found, kept=tuple(kept_segments(found.segments, captions, tuned.projections.embed_classes)))

    def _captions(self, video: UntrimmedFeatures) -> VideoCaptionTexts | None:
        settings = self._active_suppression
        if settings is None:
            return None
        return VideoCaptionTexts(video, self.backbone, partial(self.text_features, cut_anywhere=True), settings)
