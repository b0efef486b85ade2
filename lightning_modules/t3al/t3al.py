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

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, ClassVar, get_args

import torch
from torch import Tensor

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.localization.class_union import ClassUnion
from zsar.lightning_modules.localization.contract import Localization, UntrimmedFeatures
from zsar.lightning_modules.localization.frame_scoring import video_cosines
from zsar.lightning_modules.localization.localizer import THUMOS14_THRESHOLDS, ActionLocalizer
from zsar.lightning_modules.localization.untrimmed_source import untrimmed_source
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_captions import check_can_caption, check_can_generate
from zsar.lightning_modules.t3al.found_regions import FoundRegions, RegionClass, find_regions, localization_of
from zsar.lightning_modules.t3al.localization_oracles import Oracles, labels_of_sets
from zsar.lightning_modules.t3al.memory.candidates import Candidate, candidates_of
from zsar.lightning_modules.t3al.memory.class_prototypes import ClassPrototypes
from zsar.lightning_modules.t3al.memory.remembered_videos import RememberedVideos
from zsar.lightning_modules.t3al.projection_tuner import tune_projections
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning, TunedProjections, video_to_tune
from zsar.lightning_modules.t3al.pseudo_labels import PseudoLabels, distinct_jobs
from zsar.lightning_modules.t3al.region_proposals import RegionProposals
from zsar.lightning_modules.t3al.segment_scores.score_comparison import ScoreComparison
from zsar.lightning_modules.t3al.segment_scores.scored_segments import SegmentScore, check_has_similarities
from zsar.lightning_modules.t3al.text_guided_suppression import (
    TextGuidedSuppression,
    VideoCaptionTexts,
    kept_segments,
)
from zsar.runtime.choices import check_choice


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
        memory: ClassPrototypes | None = None,
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
            memory: Scores frames by what the videos of a test show of their classes, not by text (LLT at T = 0); null
                to let each video stand alone.
            iou_thresholds: Minimum temporal IoU of a match.

        Raises:
            BackboneError: The model cannot be built, or has no projections.
            ValueError: A number is out of range, or two settings contradict each other.
        """
        super().__init__(backbone=backbone, iou_thresholds=iou_thresholds)
        if pseudo_labels.most > 1 and oracles.perfect_class:
            raise ValueError("oracles.perfect_class gives a video one class; leave pseudo_labels.most at 1")
        if memory is not None:
            memory.check_fits(tuning, pseudo_labels)
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
        self.memory = memory
        self._remembered = RememberedVideos(memory)

    def described_settings(self, *, seed: int) -> dict[str, Any]:
        """See `DescribedMethod.described_settings`."""
        groups = {
            name: getattr(self, name) for name in ("tuning", "suppression", "pseudo_labels", "proposals", "memory")
        }
        return {
            **super().described_settings(seed=seed),
            "seed": seed,
            **{name: None if group is None else asdict(group) for name, group in groups.items()},
            "region_class": self.region_class,
            "segment_score": self.segment_score,
        }

    def memory_counts(self) -> dict[int, dict[str, int]]:
        """See `DescribedMethod.memory_counts`."""
        return self._remembered.counts()

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

        With a memory all videos are then shown to it, in the first of two passes.

        Raises:
            FileNotFoundError: Features of a video are missing.
            FeatureFileError, CaptionFileError: A file is damaged, or does not match model, settings or video.
        """
        super().on_test_start()
        if self._active_suppression is not None:
            self._active_suppression.check_stored(untrimmed_source(self))
        if self.memory is not None:
            texts = self.class_texts["predict" if self.trainer.predicting else "test"]
            read, candidates = partial(super()._readable, failed={}), partial(self._candidates, texts=texts)
            self._remembered.first_pass(self.trainer, read, candidates)

    def on_test_end(self) -> None:
        """Deletes what was kept between two passes."""
        self._remembered.close()

    on_predict_start, on_predict_end = on_test_start, on_test_end

    def _readable(self, row: int, failed: dict[int, str]) -> UntrimmedFeatures | None:
        kept = self._remembered.video(row)
        return super()._readable(row, failed) if kept is None else kept

    @property
    def _active_suppression(self) -> TextGuidedSuppression | None:
        """None if disabled or replaced by the count oracle."""
        return None if self.oracles.region_count else self.suppression

    def remember(self, videos: Iterable[UntrimmedFeatures], texts: Sequence[ClassText]) -> None:
        """Fills the memory anew with all videos to be localized, as `zsar test` does in the first of two passes."""
        self._remembered.fill(enumerate(videos), partial(self._candidates, texts=texts))

    @torch.no_grad()
    def _candidates(self, video: UntrimmedFeatures, *, texts: Sequence[ClassText]) -> dict[int, Candidate]:
        union, settings, projections = self.class_union(texts), self.memory, self.projections
        assert settings is not None
        labels = self._labels(video, union, projections.embed_classes(union.features))
        background = self.tuning.background
        return candidates_of(video, labels, union, projections, background=background, share=settings.easy_share)

    @torch.no_grad()
    def localize(
        self, videos: Sequence[UntrimmedFeatures], texts: Sequence[ClassText], *, seed: int = 0
    ) -> list[dict[int, Localization]]:
        """Finds actions; see `ActionLocalizer.localize`."""
        union = self.class_union(texts)
        start = self.projections
        embedded = start.embed_classes(union.features)
        labels = [self._labels(video, union, embedded) for video in videos]
        jobs = distinct_jobs(labels, self._remembered.table)
        to_tune = [
            video_to_tune(
                videos[i], union, label, self.tuning, seed, inside=self.oracles.inside(videos[i], union, label)
            )
            for i, label, _ in jobs
        ]
        tuned = tune_projections(to_tune, start, self.tuning)
        self.n_adaptations += len(jobs) if self.tuning.n_steps else 0
        captions = [self._captions(video) for video in videos]
        regions = {
            (i, label, table): self._regions(videos[i], union, label, result, captions[i], table)
            for (i, label, table), result in zip(jobs, tuned, strict=True)
        }
        return [
            {
                index: localization_of(
                    [regions[i, label, self._remembered.table(index)] for label in pseudo_labels],
                    union.members[index],
                    region_class=self.region_class,
                    segment_score=self.segment_score,
                    n_regions=self.oracles.n_regions(video, index),
                    compares_scores=self.compares_segment_scores,
                )
                for index, pseudo_labels in labels[i].items()
            }
            for i, video in enumerate(videos)
        ]

    def _labels(self, video: UntrimmedFeatures, union: ClassUnion, classes: Tensor) -> dict[int, list[int]]:
        cosines = video_cosines(video.features, classes, self.projections)
        return labels_of_sets(video, union, cosines, self.pseudo_labels, self.oracles)

    def _regions(
        self,
        video: UntrimmedFeatures,
        union: ClassUnion,
        label: int,
        tuned: TunedProjections,
        captions: VideoCaptionTexts | None,
        table: int | None,
    ) -> FoundRegions:
        scores = get_args(SegmentScore) if self.compares_segment_scores else (self.segment_score,)
        settings: dict[str, Any] = {"tuning": self.tuning, "proposals": self.proposals, "scores": scores}
        prototype = self._remembered.prototype(table, label, video)
        found = find_regions(video, label, union.features, tuned, prototype=prototype, **settings)
        if captions is None:
            return found
        return replace(found, kept=tuple(kept_segments(found.segments, captions, tuned.projections.embed_classes)))

    def _captions(self, video: UntrimmedFeatures) -> VideoCaptionTexts | None:
        settings = self._active_suppression
        if settings is None:
            return None
        return VideoCaptionTexts(video, self.backbone, partial(self.text_features, cut_anywhere=True), settings)
