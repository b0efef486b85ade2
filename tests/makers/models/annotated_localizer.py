"""A localizer that finds what is annotated and one action too many, and short runs of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer

from zsar.datamodules.batch import ClassText
from zsar.datamodules.data_sets.untrimmed.untrimmed_shapes import UntrimmedShapes
from zsar.datamodules.settings import UntrimmedLoading
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.localization.contract import Detection, Localization, UntrimmedFeatures
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.localization.segments import Segment
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings


class AnnotatedLocalizer(ActionLocalizer):
    """Finds what is annotated with a score of 0.75, and takes back one action at the beginning of each video."""

    def __init__(self) -> None:
        super().__init__(backbone=ClipSettings("tiny-clip", "random"), iou_thresholds=(0.3, 0.5, 0.75, 0.95))

    def localize(
        self, videos: Sequence[UntrimmedFeatures], texts: Sequence[ClassText], *, seed: int = 0
    ) -> list[dict[int, Localization]]:
        self.n_adaptations += len(videos)
        too_many = Detection(Segment(0.0, 0.5, 0, 0, 1.0), 0)
        return [
            {
                index: Localization(
                    detections=tuple(
                        Detection(Segment(start, end, 0, 0, 0.75), label)
                        for label, (start, end) in zip(truth.labels.tolist(), truth.seconds.tolist(), strict=True)
                    ),
                    suppressed=(too_many,),
                )
                for index, truth in video.truths.items()
            }
            for video in videos
        ]


SPARSE = UntrimmedLoading(FrameStride(frames=16))


def shapes(root: Path, *, loading: UntrimmedLoading = SPARSE, **settings: Any) -> UntrimmedShapes:
    """The rendered benchmark with a video of each class, of which every 16th frame is looked at."""
    return UntrimmedShapes(data_root=root, n_videos=1, loading=loading, **settings)


def trainer(run_dir: Path, callback: Callback, **arguments: Any) -> Trainer:
    """A trainer that says nothing and writes into the run folder only."""
    return Trainer(
        accelerator="cpu",
        devices=1,
        default_root_dir=run_dir,
        callbacks=[callback],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **arguments,
    )
